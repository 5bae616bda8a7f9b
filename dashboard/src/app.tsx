import { toggleFrozen } from './api/live.ts'
import { Confirm } from './components/confirm.tsx'
import { Help } from './components/help.tsx'
import { Empty } from './components/notice.tsx'
import { Toasts } from './components/toasts.tsx'
import { TopBar } from './components/topbar.tsx'
import { useKeys } from './components/use.ts'
import { JOBS_PATH } from './state/jobs.ts'
import { isHelpOpen } from './state/keys.ts'
import { LOGIN_PATH } from './state/login.ts'
import { navigate, place } from './state/router.ts'
import { Add } from './views/add.tsx'
import { Dead } from './views/dead.tsx'
import { JobView } from './views/job.tsx'
import { Jobs } from './views/jobs.tsx'
import { Login } from './views/login.tsx'
import { Overview } from './views/overview.tsx'
import { Queues } from './views/queues.tsx'
import { Tasks } from './views/tasks.tsx'
import { Workers } from './views/workers.tsx'

const VIEWS: Readonly<Record<string, () => preact.JSX.Element>> = {
  '/dashboard': Overview,
  '/dashboard/jobs': Jobs,
  '/dashboard/queues': Queues,
  '/dashboard/workers': Workers,
  '/dashboard/dead': Dead,
  '/dashboard/tasks': Tasks,
  '/dashboard/add': Add,
}

export const App = () => {
  useKeys([
    { keys: ['/'], label: 'Search', run: focusSearch },
    { keys: ['n'], label: 'Add a job', run: () => navigate('/dashboard/add') },
    { keys: ['1'], label: 'Overview', run: () => navigate('/dashboard') },
    { keys: ['2'], label: 'Jobs', run: () => navigate(JOBS_PATH) },
    { keys: ['3'], label: 'Queues', run: () => navigate('/dashboard/queues') },
    { keys: ['4'], label: 'Workers', run: () => navigate('/dashboard/workers') },
    { keys: ['5'], label: 'Dead letters', run: () => navigate('/dashboard/dead') },
    { keys: ['6'], label: 'Tasks', run: () => navigate('/dashboard/tasks') },
    { keys: ['l'], label: 'Hold the page still, or follow again', run: toggleFrozen },
    {
      keys: ['?'],
      label: 'These keys',
      run: () => {
        isHelpOpen.value = true
      },
    },
  ])
  if (place.value.path === LOGIN_PATH) return <Login />
  return (
    <>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <TopBar />
      <main id="main" tabIndex={-1}>
        <View />
      </main>
      <Toasts />
      <Confirm />
      <Help />
    </>
  )
}

const View = () => {
  const { path } = place.value
  const Found = VIEWS[path]
  if (Found !== undefined) return <Found />
  const [, id] = /^\/dashboard\/jobs\/([^/]+)$/.exec(path) ?? []
  if (id !== undefined) return <JobView key={id} id={id} />
  return (
    <Empty alone title="There is nothing here">
      <p>
        <a href="/dashboard">Overview</a>
      </p>
    </Empty>
  )
}

/** The search box is on the page of jobs; elsewhere it is opened first. */
const focusSearch = (): void => {
  // At once where it is: the next key may come before the next frame, and would be taken for a shortcut.
  if (place.value.path === JOBS_PATH) focusField()
  else {
    navigate(JOBS_PATH)
    requestAnimationFrame(focusField)
  }
}

const focusField = (): void => {
  const input = document.getElementById('search')
  if (input instanceof HTMLInputElement) input.select()
  input?.focus()
}
