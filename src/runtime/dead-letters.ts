import { errorOfJob, errorPattern, fingerprintOf } from '../core/fingerprint.ts'
import { parseHistory } from '../core/history.ts'
import type { JobError, JobRecord } from '../core/job.ts'
import { DEAD_LETTERS_GROUPS_MAX, DEAD_LETTERS_SCAN_MAX, PAGE_SIZE_MAX } from '../core/limits.ts'
import { taskName } from '../core/task-name.ts'
import { shown } from '../core/text.ts'
import type { Engine, ListQuery } from '../engines/engine.ts'
import { checkWhole, refuse, refuseUnknown } from './arguments.ts'
import { type ListOptions, toListQuery, withVersions } from './query.ts'

type FailedState = 'dead' | 'retrying'

export interface DeadLettersOptions extends Pick<ListOptions, 'queue' | 'task' | 'group' | 'tag' | 'batch'> {
  /** Default: dead ones and those that will be retried. */
  readonly state?: FailedState | readonly FailedState[]
  /** Groups of the answer, the largest; 1 … 200. Default 50. */
  readonly limit?: number
}

/** Jobs whose newest errors are of one kind. */
export interface DeadLetterGroup {
  /** What `bulk` takes as a filter. */
  readonly fingerprint: string
  /** What the messages have in common. */
  readonly pattern: string
  /** The newest of the errors, without its stack. */
  readonly error: Omit<JobError, 'stack'>
  readonly count: number
  readonly dead: number
  readonly retrying: number
  /** When the first and the last of them failed. */
  readonly first: Date
  readonly last: Date
  /** By name, with how many jobs each. */
  readonly tasks: Readonly<Record<string, number>>
  readonly queues: Readonly<Record<string, number>>
  /** The newest of its jobs. */
  readonly sample: readonly string[]
}

export interface DeadLetters {
  /** The largest first. */
  readonly groups: DeadLetterGroup[]
  /** Jobs that were looked at. */
  readonly looked: number
  /** True: only the newest DEAD_LETTERS_SCAN_MAX jobs were looked at, or there are more groups than the answer names. */
  readonly bounded: boolean
}

const FIELDS: ReadonlySet<string> = new Set(['state', 'queue', 'task', 'group', 'tag', 'batch', 'limit'])
const FAILED: readonly FailedState[] = ['dead', 'retrying']
const GROUPS_DEFAULT = 50
const SAMPLE = 5

type Open = { -readonly [K in keyof DeadLetterGroup]: DeadLetterGroup[K] } & {
  tasks: Record<string, number>
  queues: Record<string, number>
  sample: string[]
}

/** Groups the jobs that failed by the kind of their newest error. */
export const deadLetters = async (engine: Engine, options: DeadLettersOptions = {}): Promise<DeadLetters> => {
  if (typeof options !== 'object' || options === null) refuse('deadLetters', 'takes an object')
  refuseUnknown(options, FIELDS, 'deadLetters')
  const { state = FAILED, limit = GROUPS_DEFAULT, ...filters } = options
  checkWhole(limit, 'limit', 1, DEAD_LETTERS_GROUPS_MAX)
  for (const one of Array.isArray(state) ? state : [state])
    if (!FAILED.includes(one)) refuse('state', `is ${shown(one)}; there are dead and retrying`)
  const asked = toListQuery({ ...filters, state }, '-id')
  const query: ListQuery = { ...(await withVersions(engine, asked)), limit: PAGE_SIZE_MAX }
  const groups = new Map<string, Open>()
  let looked = 0
  let isMore = true
  for (let after: ListQuery['after'] = null; isMore && looked < DEAD_LETTERS_SCAN_MAX; ) {
    const page = await engine.list({ ...query, after })
    for (const job of page.jobs) add(groups, job)
    looked += page.jobs.length
    const last = page.jobs.at(-1)
    isMore = page.more && last !== undefined
    if (last !== undefined) after = { id: last.id, value: last.id }
  }
  const sorted = [...groups.values()].sort((a, b) => b.count - a.count || b.last.getTime() - a.last.getTime())
  return { groups: sorted.slice(0, limit), looked, bounded: isMore || sorted.length > limit }
}

const add = (groups: Map<string, Open>, job: JobRecord): void => {
  const { stack: _, ...error } = errorOfJob(job)
  const fingerprint = fingerprintOf(error)
  const at = new Date(failedAt(job))
  const group: Open = groups.get(fingerprint) ?? {
    ...{ fingerprint, pattern: errorPattern(error.message), error, count: 0, dead: 0, retrying: 0 },
    ...{ first: at, last: at, tasks: {}, queues: {}, sample: [] },
  }
  groups.set(fingerprint, group)
  group.count++
  if (job.state === 'dead') group.dead++
  else group.retrying++
  if (at < group.first) group.first = at
  if (at > group.last) Object.assign(group, { last: at, error })
  const task = taskName(job.task)
  group.tasks[task] = (group.tasks[task] ?? 0) + 1
  group.queues[job.queue] = (group.queues[job.queue] ?? 0) + 1
  if (group.sample.length < SAMPLE) group.sample.push(job.id)
}

/** Its end; of one that will be retried, when its newest run failed. */
const failedAt = ({ finishedAt, history, runAt }: JobRecord): number =>
  finishedAt ?? parseHistory(history).at(-1)?.at ?? runAt
