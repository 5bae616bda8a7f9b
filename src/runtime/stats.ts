import { isPosthasteError } from '../core/errors.ts'
import { isFinished, JOB_STATES, type JobState } from '../core/states.ts'
import { taskName, taskVersion } from '../core/task-name.ts'
import { type ArchiveStatus, asArchived } from '../engines/archived.ts'
import type { CountRow, Engine, EngineInfo, QueueRow } from '../engines/engine.ts'
import { knowsTask, toWorkerInfo, type WorkerInfo } from './workers.ts'

export type StateCounts = { readonly [S in JobState]: number }

export interface Stats extends Tally {
  /** The store's time of these numbers. */
  readonly at: Date
  /** How long the job that is ready for longest has been ready, or null when none is. */
  readonly oldestReadyAgeMs: number | null
  /** By name. */
  readonly queues: readonly QueueStats[]
  /** By name. */
  readonly tasks: readonly TaskStats[]
  readonly workers: readonly WorkerInfo[]
  readonly engine: EngineInfo
  /** Null: there is none. While it does not answer (`ok` is false), the numbers leave out what is kept there. */
  readonly archive: ArchiveStatus | null
}
export interface QueueStats extends Tally {
  readonly queue: string
  readonly paused: boolean
  readonly pausedAt: Date | null
  readonly pausedBy: string | null
  readonly oldestReadyAgeMs: number | null
}
export interface TaskStats extends Tally {
  readonly task: string
  /** Of the payloads of its jobs. */
  readonly versions: readonly number[]
  /** Whether for each of these versions that has unfinished jobs there is a live worker that knows it. */
  readonly known: boolean
}

interface Tally {
  readonly total: number
  readonly states: StateCounts
}

/** The numbers of both stores; without the archive's answer, those of the engine. */
export const readCounts = async (engine: Engine): Promise<CountRow[]> => {
  try {
    return await engine.counts()
  } catch (error) {
    const archived = asArchived(engine)
    if (archived !== null && isPosthasteError(error, 'E_ARCHIVE')) return archived.live.counts()
    throw error
  }
}

/** Exact numbers; what they cost does not depend on how many jobs there are. */
export const readStats = async (engine: Engine): Promise<Stats> => {
  const [now, counts, queueRows, workerRows] = await Promise.all([
    engine.now(),
    readCounts(engine),
    engine.queues(),
    engine.workers(),
  ])
  const workers = workerRows.map(toWorkerInfo)
  const byQueue = tallyBy(counts, ({ queue }) => queue)
  const byTask = tallyBy(counts, ({ task }) => taskName(task))
  const queues = queueRows.map((row) => queueStats(row, byQueue.get(row.queue) ?? tally([]), now))
  const ages = queues.flatMap(({ oldestReadyAgeMs }) => (oldestReadyAgeMs === null ? [] : [oldestReadyAgeMs]))
  return {
    at: new Date(now),
    ...tally(counts),
    oldestReadyAgeMs: ages.length === 0 ? null : Math.max(...ages),
    queues,
    tasks: [...byTask.keys()].sort().map((task) => ({
      task,
      ...(byTask.get(task) as Tally),
      ...knownOf(
        counts.filter((row) => taskName(row.task) === task),
        workers,
      ),
    })),
    workers,
    engine: engine.info(),
    archive: asArchived(engine)?.archiver.status() ?? null,
  }
}

/** Of the rows of one task. */
const knownOf = (rows: readonly CountRow[], workers: readonly WorkerInfo[]) => {
  const live = rows.filter(({ state }) => !isFinished(state))
  const asked = live.length === 0 ? rows : live
  return {
    versions: [...new Set(rows.map(({ task }) => taskVersion(task).version))].sort((a, b) => a - b),
    known: asked.every(({ task }) => workers.some((worker) => knowsTask(worker, task))),
  }
}

const queueStats = (row: QueueRow, tallied: Tally, now: number): QueueStats => ({
  queue: row.queue,
  ...tallied,
  paused: row.paused,
  pausedAt: row.pausedAt === null ? null : new Date(row.pausedAt),
  pausedBy: row.pausedBy,
  oldestReadyAgeMs: row.oldestReadyAt === null ? null : Math.max(0, now - row.oldestReadyAt),
})

const tallyBy = (counts: readonly CountRow[], name: (row: CountRow) => string): Map<string, Tally> => {
  const groups = new Map<string, CountRow[]>()
  for (const row of counts) {
    const group = groups.get(name(row))
    if (group === undefined) groups.set(name(row), [row])
    else group.push(row)
  }
  return new Map([...groups].map(([key, rows]) => [key, tally(rows)]))
}

const tally = (rows: readonly CountRow[]): Tally => {
  const states = Object.fromEntries(JOB_STATES.map((state) => [state, 0])) as Record<JobState, number>
  for (const { state, count } of rows) states[state] += count
  return { total: rows.reduce((sum, { count }) => sum + count, 0), states }
}
