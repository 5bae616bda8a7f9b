import type { LimitScope, LimitSetting } from '../../core/job.ts'
import { taskName } from '../../core/task-name.ts'
import type { Lane } from './session.ts'

/** The columns of `limits-all.sql`. */
export type SettingRow = readonly [
  scope: LimitScope,
  name: string,
  concurrency: number | null,
  rateMax: number | null,
  rateMs: number | null,
  weight: number | null,
  pausedBy: string | null,
  by: string,
  version: number,
  pausedAt: number | null,
]

/** One setting as it is stored. */
export interface Setting extends LimitSetting {
  readonly version: number
  readonly pausedAt: number | null
}

/** A setting that bounds a job, with the name of those who share it: a group, say, and not its queue's groups. */
export interface Bound {
  readonly scope: Exclude<LimitScope, 'groups'>
  readonly name: string
  readonly setting: Setting
}

type Place = Pick<Lane, 'queue' | 'task' | 'group' | 'limit'>

/** Every setting. */
export interface Settings {
  readonly list: readonly Setting[]
  /** Whether there is one that counts running jobs, or claims. */
  readonly isCounting: boolean
  readonly isRated: boolean
  find(scope: LimitScope, name: string): Setting | undefined
  /** What bounds the jobs of a lane. */
  of(lane: Place): Bound[]
  /** Of the turns of a lane's group. */
  weight(lane: Pick<Lane, 'queue' | 'group'>): number
}

const toSetting = (row: SettingRow): Setting => {
  const [scope, name, concurrency, max, perMs, weight, pausedBy, by, version, pausedAt] = row
  const rate = max === null || perMs === null ? null : { max, perMs }
  return { scope, name, concurrency, rate, weight, pausedBy, by, version, pausedAt }
}

export const readSettings = (rows: readonly SettingRow[]): Settings => {
  const list = rows.map(toSetting)
  const byName = new Map(list.map((setting) => [`${setting.scope} ${setting.name}`, setting]))
  const find = (scope: LimitScope, name: string) => byName.get(`${scope} ${name}`)
  const ofGroup = (queue: string, group: string) =>
    find('group', `${queue}/${group}`) ?? find('groups', queue)
  return {
    list,
    isCounting: list.some(({ concurrency }) => concurrency !== null),
    isRated: list.some(({ rate }) => rate !== null),
    find,
    of({ queue, task, group, limit }) {
      if (list.length === 0) return []
      const bounds: Bound[] = []
      const add = (scope: Bound['scope'], name: string, setting: Setting | undefined) => {
        if (setting !== undefined) bounds.push({ scope, name, setting })
      }
      add('queue', queue, find('queue', queue))
      add('task', taskName(task), find('task', taskName(task)))
      if (group !== null) add('group', `${queue}/${group}`, ofGroup(queue, group))
      if (limit !== null) add('key', limit, find('key', limit))
      return bounds
    },
    weight: ({ queue, group }) => (group === null ? null : ofGroup(queue, group)?.weight) ?? 1,
  }
}
