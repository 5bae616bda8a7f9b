import type { JobRecord, LimitScope, LimitSetting } from './job.ts'
import { taskName } from './task-name.ts'

/**
 * Which settings of limits bound a job. An engine judges them in the step of its claim; here they are found again for
 * people: for explanations, for lists, for what somebody wants to stop.
 */

/** What a limit is about, as the store knows it. */
export interface Gate {
  readonly scope: LimitScope
  readonly name: string
}

export const gateKey = ({ scope, name }: Gate): string => `${scope} ${name}`

export const groupGate = (queue: string, group: string): Gate => ({
  scope: 'group',
  name: `${queue}/${group}`,
})

/** The queue and the group of a gate of scope `group`. Neither has a slash in its name. */
export const groupOf = (name: string): { readonly queue: string; readonly group: string } => {
  const slash = name.indexOf('/')
  return { queue: name.slice(0, slash), group: name.slice(slash + 1) }
}

/** The settings that bound a job: of its queue, its task, its group (or its queue's groups), and its limit key. */
export const settingsOf = <Setting extends LimitSetting>(
  { queue, task, group, ties }: Pick<JobRecord, 'queue' | 'task' | 'group' | 'ties'>,
  settings: ReadonlyMap<string, Setting>,
): Setting[] => {
  const found = (scope: LimitScope, name: string): Setting | undefined =>
    settings.get(gateKey({ scope, name }))
  const ofGroup =
    group === null ? undefined : (settings.get(gateKey(groupGate(queue, group))) ?? found('groups', queue))
  const limit = ties?.limit ?? null
  return [
    found('queue', queue),
    found('task', taskName(task)),
    ofGroup,
    limit === null ? undefined : found('key', limit),
  ].filter((setting) => setting !== undefined)
}
