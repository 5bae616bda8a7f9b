import { formatDuration } from '../core/durations.ts'
import { gateKey, settingsOf } from '../core/gates.ts'
import type { JobRecord } from '../core/job.ts'
import { PAGE_SIZE_MAX } from '../core/limits.ts'
import { taskName } from '../core/task-name.ts'
import type { Engine, LimitRow, ListQuery } from '../engines/engine.ts'
import { apart, iso, type Reason, reason } from './explain-words.ts'
import { targetOf } from './limit-options.ts'

/** A limit of a job with what is under it. */
export interface GateFacts {
  readonly setting: LimitRow
  /** Exact but for the groups of a queue, where more than a thousand running jobs are not counted. */
  readonly running: number
  /** Some of those that run under it. */
  readonly jobs: readonly string[]
  readonly opensAt: number | null
}

const JOBS_SHOWN = 5
/** Pages of running jobs that are looked at for those of a limit key, or of a group. */
const PAGES_MAX = 5

type Filter = Pick<ListQuery, 'queues' | 'tasks' | 'group'>

/** The ids of running jobs that fit, up to `enough` of them. */
const runningJobs = async (
  engine: Engine,
  filter: Filter,
  fits: (job: JobRecord) => boolean,
  enough: number,
): Promise<string[]> => {
  const ids: string[] = []
  let after: ListQuery['after'] = null
  for (let page = 0; page < PAGES_MAX && ids.length < enough; page++) {
    const query: ListQuery = {
      ...{ ...filter, states: ['running'], after, limit: PAGE_SIZE_MAX },
      sort: { field: 'id', descending: false },
    }
    const answer = await engine.list(query)
    ids.push(...answer.jobs.filter(fits).map(({ id }) => id))
    const last = answer.jobs.at(-1)
    if (!answer.more || last === undefined) break
    after = { id: last.id, value: last.id }
  }
  return ids
}

/** When the rate that every group of a queue has lets one of this group go: by the starts of its jobs. */
const groupOpensAt = async (
  engine: Engine,
  { queue, group }: JobRecord,
  { rate }: LimitRow,
  now: number,
): Promise<number | null> => {
  if (rate === null || group === null || rate.max > PAGE_SIZE_MAX) return null
  const { jobs } = await engine.list({
    ...{ queues: [queue], group, after: null, limit: rate.max },
    sort: { field: 'startedAt', descending: true },
  })
  const first = jobs[rate.max - 1]?.startedAt ?? null
  return first !== null && first + rate.perMs > now ? first + rate.perMs : null
}

const factsOf = async (
  engine: Engine,
  record: JobRecord,
  setting: LimitRow,
  now: number,
): Promise<GateFacts> => {
  const { scope, concurrency } = setting
  const any = (): boolean => true
  if (scope === 'groups') {
    const filter: Filter = { queues: [record.queue], group: record.group ?? '' }
    const jobs = concurrency === null ? [] : await runningJobs(engine, filter, any, Number.POSITIVE_INFINITY)
    const opensAt = await groupOpensAt(engine, record, setting, now)
    return { setting, running: jobs.length, jobs: jobs.slice(0, JOBS_SHOWN), opensAt }
  }
  const { running, opensAt } = setting
  const isFull = concurrency !== null && running >= concurrency && running > 0
  const filters: { readonly [S in Exclude<typeof scope, 'groups'>]: Filter } = {
    queue: { queues: [record.queue] },
    task: {},
    group: { queues: [record.queue], group: record.group ?? '' },
    key: {},
  }
  const isUnderKey = ({ ties }: JobRecord): boolean => ties?.limit === setting.name
  const isOfTask = ({ task }: JobRecord): boolean => taskName(task) === setting.name
  const fits = scope === 'key' ? isUnderKey : scope === 'task' ? isOfTask : any
  const jobs = isFull ? await runningJobs(engine, filters[scope], fits, JOBS_SHOWN) : []
  return { setting, running, jobs: jobs.slice(0, JOBS_SHOWN), opensAt }
}

/** The limits of a job, as they are now. */
export const readGates = async (
  engine: Engine,
  record: JobRecord,
  rows: readonly LimitRow[],
  now: number,
): Promise<GateFacts[]> => {
  const settings = settingsOf(record, new Map(rows.map((row) => [gateKey(row), row])))
  return Promise.all(settings.map((setting) => factsOf(engine, record, setting, now)))
}

const PAUSED = {
  queue: 'queue_paused',
  task: 'task_paused',
  group: 'group_paused',
  groups: 'group_paused',
  key: 'key_paused',
} as const

/** 'group acme of queue mail'. */
const gateText = ({ scope, name }: Pick<LimitRow, 'scope' | 'name'>, group?: string | null): string => {
  const { queue, group: own } = targetOf({ scope, name }) as {
    readonly queue?: string
    readonly group?: string
  }
  if (scope === 'group') return `group ${own} of queue ${queue}`
  if (scope === 'groups')
    return group == null ? `every group of queue ${name}` : `group ${group} of queue ${name}`
  return scope === 'key' ? `limit key ${name}` : `${scope} ${name}`
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

/** Why a limit lets nothing go now; none when it would. */
export const closedBecause = (
  { setting, running, jobs, opensAt }: GateFacts,
  now: number,
  group?: string | null,
): Reason[] => {
  const { scope, concurrency, rate, pausedBy, pausedAt } = setting
  const what = capital(gateText(setting, group))
  const target = { scope, ...targetOf(setting) }
  const found: Reason[] = []
  if (pausedBy !== null) {
    const since = pausedAt === null ? '' : ` since ${iso(pausedAt)}`
    const data = { ...target, by: pausedBy, since: pausedAt }
    found.push(reason(PAUSED[scope], `${what} is paused by ${pausedBy}${since}.`, data))
  }
  if (concurrency !== null && running >= concurrency) {
    const more = running > jobs.length ? ` and ${running - jobs.length} more` : ''
    const who = jobs.length === 0 ? '' : `: ${jobs.join(', ')}${more}`
    const data = { ...target, concurrency, running, jobs }
    const text =
      concurrency === 0
        ? `${what} has a limit of 0 jobs at the same time.`
        : `${what} is full: ${running} of ${concurrency} jobs run${who}.`
    found.push(reason('limit_reached', text, data))
  }
  if (rate !== null && opensAt !== null && opensAt > now) {
    const data = { ...target, max: rate.max, perMs: rate.perMs, until: opensAt }
    const text = `${what} has had its ${rate.max} ${rate.max === 1 ? 'job' : 'jobs'} of the last ${formatDuration(rate.perMs)}; the next may begin ${apart(opensAt, now)}, at ${iso(opensAt)}.`
    found.push(reason('rate_limited', text, data))
  }
  return found
}
