import { dismiss, toasts } from '../state/toasts.ts'
import { Button } from './button.tsx'
import { Icon } from './icon.tsx'

/** What was done, or could not be: told to screen readers when it comes. */
export const Toasts = () => (
  <div class="toasts" role="status" aria-live="polite">
    {toasts.value.map(({ id, kind, text, remedy, href }) => (
      <div key={id} class={`toast ${kind}`}>
        <Icon name={kind === 'done' ? 'check' : 'alert'} />
        <p>
          {href === null ? text : <a href={href}>{text}</a>}
          {remedy !== '' && <span class="quiet"> {remedy}</span>}
        </p>
        <Button bare icon="close" label="Dismiss" onClick={() => dismiss(id)} />
      </div>
    ))}
  </div>
)
