import { connection, isFrozen, toggleFrozen } from '../api/live.ts'
import { isHelpOpen } from '../state/keys.ts'
import { isLoggedIn, postForm } from '../state/login.ts'
import { place } from '../state/router.ts'
import { stats } from '../state/stats.ts'
import { nextTheme, theme } from '../state/theme.ts'
import { Brand } from './brand.tsx'
import { Button } from './button.tsx'
import { Icon } from './icon.tsx'

const PAGES = [
  { href: '/dashboard', label: 'Overview' },
  { href: '/dashboard/jobs', label: 'Jobs' },
  { href: '/dashboard/queues', label: 'Queues' },
  { href: '/dashboard/workers', label: 'Workers' },
  { href: '/dashboard/dead', label: 'Dead letters' },
  { href: '/dashboard/tasks', label: 'Tasks' },
] as const

const logOut = (event: SubmitEvent): void => {
  event.preventDefault()
  void postForm(event.currentTarget as HTMLFormElement).then((url) => window.location.assign(url))
}

const isHere = (href: string, path: string): boolean =>
  href === '/dashboard' ? path === href : path === href || path.startsWith(`${href}/`)

export const TopBar = () => {
  const { path } = place.value
  return (
    <header class="topbar">
      <a class="brand" href="/dashboard">
        <Brand />
        Posthaste
      </a>
      <nav aria-label="Pages">
        {PAGES.map(({ href, label }) => (
          <a key={href} href={href} aria-current={isHere(href, path) ? 'page' : undefined}>
            {label}
          </a>
        ))}
      </nav>
      <div class="tools">
        <Live />
        <a class="button primary add" href="/dashboard/add" title="Add a job (n)" aria-keyshortcuts="n">
          <Icon name="add" />
          <span>Add job</span>
        </a>
        <Button
          bare
          icon={THEME_ICONS[theme.value]}
          label={`Colours: ${theme.value}. Change`}
          onClick={nextTheme}
        />
        <Button
          bare
          icon="help"
          label="Keys"
          shortcut="?"
          onClick={() => {
            isHelpOpen.value = true
          }}
        />
        {isLoggedIn() && (
          <form method="post" action="/dashboard/logout" onSubmit={logOut}>
            <Button bare icon="logout" label="Log out" type="submit" />
          </form>
        )}
      </div>
    </header>
  )
}

const THEME_ICONS = { system: 'system', light: 'light', dark: 'dark' } as const

/** Whether the page follows what happens, and the switch that holds it still. */
const Live = () => {
  const state = isFrozen.value ? 'frozen' : connection.value
  const where = stats.value === null ? '' : `\n${stats.value.engine.kind}: ${stats.value.engine.location}`
  return (
    <button
      type="button"
      class="live"
      data-live={state}
      aria-pressed={isFrozen.value}
      title={`${isFrozen.value ? 'Follow again' : 'Hold the page still'} (l)${where}`}
      aria-keyshortcuts="l"
      onClick={toggleFrozen}
    >
      {WORDS[state]}
    </button>
  )
}

const WORDS = { connecting: 'Connecting', live: 'Live', polling: 'Polling', frozen: 'Paused' } as const
