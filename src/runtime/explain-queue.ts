import { formatDuration } from '../core/durations.ts'
import { isPosthasteError } from '../core/errors.ts'
import { groupOf } from '../core/gates.ts'
import type { JobRecord } from '../core/job.ts'
import { PAGE_SIZE_MAX } from '../core/limits.ts'
import { checkName } from '../core/names.ts'
import { FINISHED_STATES, type JobState } from '../core/states.ts'
import { taskName } from '../core/task-name.ts'
import { asArchived } from '../engines/archived.ts'
import type { Engine, LimitRow, ListQuery } from '../engines/engine.ts'
import { closedBecause } from './explain-gates.ts'
import { iso, type Reason, type ReasonCode, reason } from './explain-words.ts'
import { knowsTask, servesQueue, toWorkerInfo, type WorkerInfo } from './workers.ts'

/** How it is with a queue: in words for people, in codes and data for programs. */
export interface QueueExplanation {
  readonly queue: string
  /** The store's time of this answer. */
  readonly at: Date
  /** One sentence: the first reason. */
  readonly summary: string
  /** What holds its jobs, what weighs most first, and how it goes. Never empty. */
  readonly reasons: readonly Reason[]
  /** What someone can do; null when nothing follows. */
  readonly next: string | null
  readonly ready: number
  readonly running: number
  /** Scheduled and retrying. */
  readonly later: number
  readonly blocked: number
  /** How long the job that is ready for longest has been ready. */
  readonly oldestReadyAgeMs: number | null
  /** Jobs that finished, however they ended, and jobs that were added: a minute, by the newest of the last 5 minutes. */
  readonly perMinute: { readonly finished: number; readonly added: number }
  /** When what is ready and running now is done at that rate; null when nothing finishes, or nothing is there. */
  readonly emptyInMs: number | null
  readonly emptyAt: Date | null
  /** Tasks with unfinished jobs here, by name; `known`: a live worker of this queue knows it. */
  readonly tasks: readonly { readonly task: string; readonly unfinished: number; readonly known: boolean }[]
}

/** What the rate goes by. */
const WINDOW_MS = 5 * 60_000
/** Two jobs that ended in the same millisecond do not make a rate of a thousand a second. */
const SPAN_MIN_MS = 1_000
const MINUTE_MS = 60_000
const NAMES_SHOWN = 5

/** Events a minute, by the moments of the newest, up to a page of them. The oldest one begins the stretch. */
const rateOf = (moments: readonly number[], now: number): number => {
  const recent = moments.filter((at) => at > now - WINDOW_MS)
  if (recent.length < 2) return (recent.length * MINUTE_MS) / WINDOW_MS
  const span = Math.max(SPAN_MIN_MS, now - Math.min(...recent))
  return ((recent.length - 1) * MINUTE_MS) / span
}

const newest = async (engine: Engine, query: Pick<ListQuery, 'states' | 'queues' | 'sort'>) => {
  const page: ListQuery = { ...query, after: null, limit: PAGE_SIZE_MAX }
  try {
    return (await engine.list(page)).jobs
  } catch (error) {
    const archived = asArchived(engine)
    if (archived !== null && isPosthasteError(error, 'E_ARCHIVE'))
      return (await archived.live.list(page)).jobs
    throw error
  }
}

const perMinute = async (engine: Engine, queue: string, now: number) => {
  const [finished, added] = await Promise.all([
    newest(engine, {
      ...{ queues: [queue], states: FINISHED_STATES, sort: { field: 'finishedAt', descending: true } },
    }),
    newest(engine, { queues: [queue], sort: { field: 'id', descending: true } }),
  ])
  const round = (rate: number): number => Math.round(rate * 10) / 10
  return {
    finished: round(
      rateOf(
        finished.map(({ finishedAt }) => finishedAt ?? 0),
        now,
      ),
    ),
    added: round(
      rateOf(
        added.map(({ createdAt }: JobRecord) => createdAt),
        now,
      ),
    ),
  }
}

/** Which limits bear upon the queue: its own, those of tasks that wait here, of its groups, and limit keys of any queue. */
const bearsUpon =
  (queue: string, tasks: ReadonlySet<string>) =>
  ({ scope, name }: LimitRow): boolean => {
    if (scope === 'group') return groupOf(name).queue === queue
    if (scope === 'task') return tasks.has(name)
    return scope === 'key' || name === queue
  }

const closedGates = (rows: readonly LimitRow[], now: number): Reason[] => {
  const closed = rows.flatMap((setting) => {
    // Each group of the queue is counted by itself: what all of them run together says nothing.
    const { concurrency, running, opensAt } = setting
    const isEach = setting.scope === 'groups'
    const own = isEach && concurrency !== 0 ? { ...setting, concurrency: null } : setting
    return closedBecause({ setting: own, running, jobs: [], opensAt }, now)
  })
  // A thousand groups that are full need not all be named.
  const byCode = new Map<ReasonCode, number>()
  return closed.flatMap((one) => {
    const count = (byCode.get(one.code) ?? 0) + 1
    byCode.set(one.code, count)
    return count <= NAMES_SHOWN ? [one] : []
  })
}

const workerReasons = (
  queue: string,
  tasks: QueueExplanation['tasks'],
  workers: readonly WorkerInfo[],
): Reason[] => {
  if (tasks.length === 0) return []
  if (workers.length === 0) return [reason('no_worker', 'No worker is alive.')]
  if (!workers.some((worker) => servesQueue(worker, queue))) {
    const text = `No live worker serves queue ${queue} (${workers.length} alive).`
    return [reason('queue_not_served', text, { queue, workers: workers.length })]
  }
  const unknown = tasks.filter(({ known }) => !known)
  if (unknown.length === 0) return []
  const names = unknown.slice(0, NAMES_SHOWN).map(({ task }) => task)
  const more = unknown.length > names.length ? ` and ${unknown.length - names.length} more` : ''
  const text = `No live worker of queue ${queue} knows ${names.join(', ')}${more}.`
  return [reason('task_unknown', text, { tasks: unknown.map(({ task }) => task) })]
}

const NEXT: { readonly [C in ReasonCode]?: string } = {
  queue_paused: 'Resume the queue.',
  task_paused: 'Resume the task.',
  group_paused: 'Resume the group.',
  key_paused: 'Resume the limit key.',
  no_worker: 'Start a worker.',
  queue_not_served: 'Start a worker for this queue.',
  task_unknown: 'Start a worker that has these tasks.',
}

/** @throws E_NAME */
export const explainQueue = async (engine: Engine, queue: string): Promise<QueueExplanation> => {
  checkName(queue, 'queue')
  const live = asArchived(engine)?.live ?? engine
  const now = await engine.now()
  const [queues, counts, workerRows, limits, rates] = await Promise.all([
    engine.queues(),
    live.counts(),
    engine.workers(),
    engine.limits(),
    perMinute(engine, queue, now),
  ])
  const here = counts.filter((row) => row.queue === queue)
  const count = (...states: JobState[]): number =>
    here.reduce((sum, row) => (states.includes(row.state) ? sum + row.count : sum), 0)
  const workers = workerRows.map(toWorkerInfo)
  const serving = workers.filter((worker) => servesQueue(worker, queue))
  const finished: ReadonlySet<string> = new Set(FINISHED_STATES)
  const unfinished = new Map<string, number>()
  for (const { task, state, count: jobs } of here)
    if (!finished.has(state)) unfinished.set(task, (unfinished.get(task) ?? 0) + jobs)
  const tasks = [...unfinished]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([task, jobs]) => ({
      ...{ task, unfinished: jobs, known: serving.some((worker) => knowsTask(worker, task)) },
    }))

  const row = queues.find((one) => one.queue === queue)
  const oldestReadyAgeMs = row?.oldestReadyAt == null ? null : Math.max(0, now - row.oldestReadyAt)
  const [ready, running] = [count('ready'), count('running')]
  const backlog = ready + running
  const emptyInMs =
    backlog === 0 || rates.finished === 0 ? null : Math.ceil((backlog / rates.finished) * MINUTE_MS)
  const paused =
    row?.paused === true
      ? [
          reason(
            'queue_paused',
            `Queue ${queue} is paused${row.pausedBy === null ? '' : ` by ${row.pausedBy}`}${row.pausedAt === null ? '' : ` since ${iso(row.pausedAt)}`}.`,
            { queue, by: row.pausedBy, since: row.pausedAt },
          ),
        ]
      : []
  const reasons = [
    ...paused,
    ...workerReasons(queue, tasks, workers),
    ...closedGates(limits.filter(bearsUpon(queue, new Set([...unfinished.keys()].map(taskName)))), now),
    backlogReason({ queue, ready, running, oldestReadyAgeMs, perMinute: rates, emptyInMs }),
  ]
  return {
    queue,
    at: new Date(now),
    summary: reasons[0]?.text ?? '',
    reasons,
    next: reasons.map(({ code }) => NEXT[code]).find((text) => text !== undefined) ?? null,
    ready,
    running,
    later: count('scheduled', 'retrying'),
    blocked: count('blocked'),
    oldestReadyAgeMs,
    perMinute: rates,
    emptyInMs,
    emptyAt: emptyInMs === null ? null : new Date(now + emptyInMs),
    tasks,
  }
}

type Backlog = Pick<
  QueueExplanation,
  'queue' | 'ready' | 'running' | 'oldestReadyAgeMs' | 'perMinute' | 'emptyInMs'
>

const backlogReason = (backlog: Backlog): Reason => {
  const { queue, ready, running, oldestReadyAgeMs, perMinute: rates, emptyInMs } = backlog
  if (ready + running === 0) return reason('empty', `Queue ${queue} has nothing to do.`, { perMinute: rates })
  const age = oldestReadyAgeMs === null ? '' : `, the oldest for ${formatDuration(oldestReadyAgeMs)}`
  const rate = `${rates.finished} a minute finish, ${rates.added} a minute are added`
  const end =
    emptyInMs === null
      ? 'nothing has finished in the last 5 minutes'
      : `at that rate it is empty in ${formatDuration(emptyInMs)} if nothing more is added`
  const text = `${ready} ready${age}; ${running} running. ${rate}: ${end}.`
  return reason('backlog', text, { ready, running, oldestReadyAgeMs, perMinute: rates, emptyInMs })
}
