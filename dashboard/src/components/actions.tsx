import { ACTIONS, type Action, type ActionTarget, act, busy, isAllowed } from '../state/actions.ts'
import { Button } from './button.tsx'
import type { IconName } from './icon.tsx'

const ICONS: Readonly<Record<Action, IconName>> = {
  retry: 'retry',
  'run-now': 'play',
  cancel: 'stop',
  remove: 'trash',
}
const KEYS: Partial<Readonly<Record<Action, string>>> = { retry: 'r', cancel: 'c' }

interface ActionButtonsProps {
  readonly job: ActionTarget
  readonly actions: readonly Action[]
  /** Icons alone, for the rows of a table. */
  readonly bare?: boolean
}

/** Buttons for what the state of the job allows. */
export const ActionButtons = ({ job, actions, bare = false }: ActionButtonsProps) => (
  <>
    {actions
      .filter((action) => isAllowed(action, job))
      .map((action) => (
        <Button
          key={action}
          bare={bare}
          icon={ICONS[action]}
          label={bare ? `${ACTIONS[action].label} ${job.task}` : ACTIONS[action].label}
          kind={action === 'remove' ? 'risky' : 'plain'}
          disabled={busy.value.has(job.id)}
          onClick={() => act(action, job)}
          {...(KEYS[action] === undefined || bare ? {} : { shortcut: KEYS[action] })}
        />
      ))}
  </>
)
