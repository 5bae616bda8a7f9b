import { useRef } from 'preact/hooks'
import { ACTIONS, carryOut, confirming } from '../state/actions.ts'
import { Button } from './button.tsx'
import { Dialog } from './dialog.tsx'

/** Asks before something that cannot be taken back. */
export const Confirm = () => {
  const reason = useRef<HTMLInputElement>(null)
  const asked = confirming.value
  if (asked === null) return null
  const { action, job } = asked
  const close = (): void => {
    confirming.value = null
  }
  const confirm = (event: Event): void => {
    event.preventDefault()
    const why = reason.current?.value.trim() ?? ''
    close()
    void carryOut(action, job, why)
  }
  return (
    <Dialog title={`${ACTIONS[action].label} this job?`} onClose={close}>
      <form onSubmit={confirm}>
        <p>
          <strong>{job.task}</strong> <code>{job.id}</code>
        </p>
        <p class="quiet">{CONSEQUENCE[action](job.state === 'running')}</p>
        {action === 'cancel' && (
          <label class="field">
            <span>Reason, kept in its history (optional)</span>
            <input ref={reason} data-first name="reason" maxLength={500} autocomplete="off" />
          </label>
        )}
        <div class="dialog-foot">
          <Button label="Keep it" onClick={close} />
          <Button
            label={`${ACTIONS[action].label} job`}
            kind="danger"
            type="submit"
            first={action === 'remove'}
          />
        </div>
      </form>
    </Dialog>
  )
}

const CONSEQUENCE = {
  cancel: (isRunning: boolean) =>
    isRunning
      ? 'It is running: its handler is told to stop, and may have done part of its work.'
      : 'It will not run. A cancelled job can be retried later.',
  remove: () => 'The job, its history and its log are deleted for good.',
} as const
