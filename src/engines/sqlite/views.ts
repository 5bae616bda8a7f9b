import type { JobState } from '../../core/states.ts'
import type {
  CountRow,
  Engine,
  PauseRequest,
  QueueRow,
  StoredLogLine,
  WorkerBeat,
  WorkerRow,
} from '../engine.ts'
import type { Session } from './session.ts'
import { all, first } from './statements.ts'

/** What is seen of the whole: numbers, logs, queues, workers. */

export type KindRow = readonly [kind: number, queue: string, task: string, state: JobState, number: number]

export const counts = ({ sql }: Session): CountRow[] =>
  all<KindRow>(sql.kindsAll).map(([, queue, task, state, count]) => ({ queue, task, state, count }))

type LogRow = readonly [
  fence: number,
  seq: number,
  at: number,
  level: StoredLogLine['level'],
  message: string,
]

export const logs = (
  { sql }: Session,
  { id, after, limit }: Parameters<Engine['logs']>[0],
): StoredLogLine[] =>
  all<LogRow>(sql.logsRead, id, after?.fence ?? -1, after?.seq ?? -1, limit).map(
    ([fence, seq, at, level, message]) => ({ fence, seq, at, level, message }),
  )

export const queues = (session: Session): QueueRow[] => {
  const { sql } = session
  const oldest = new Map<string, number>()
  for (const [lane] of all<[number]>(sql.lanesReady)) {
    const runAt = first<[number | null]>(sql.laneOldest, { lane })?.[0] ?? null
    const { queue } = session.lane(lane)
    if (runAt !== null) oldest.set(queue, Math.min(runAt, oldest.get(queue) ?? runAt))
  }
  return all<[string, number | null, string | null]>(sql.queuesAll).map(([queue, pausedAt, pausedBy]) => ({
    queue,
    paused: pausedAt !== null,
    pausedAt,
    pausedBy,
    oldestReadyAt: oldest.get(queue) ?? null,
  }))
}

export const pause = ({ sql, now, hints }: Session, { queue, paused, by }: PauseRequest): void => {
  const { changes } = paused ? sql.queuePause.run(queue, now, by) : sql.queueResume.run(queue)
  if (changes === 0) return
  hints.add('changed')
  if (!paused) hints.add('ready')
}

export const beat = ({ sql, now }: Session, { id, about, ttlMs, gone }: WorkerBeat): void => {
  sql.workersForget.run(now)
  if (gone === true) sql.workerGone.run(id)
  else sql.workerBeat.run(id, about, ttlMs, now, now)
}

type Worker = readonly [id: string, about: string, firstSeenAt: number, lastSeenAt: number]

export const workers = ({ sql, now }: Session): WorkerRow[] =>
  all<Worker>(sql.workersAll, now).map(([id, about, firstSeenAt, lastSeenAt]) => ({
    id,
    about,
    firstSeenAt,
    lastSeenAt,
  }))
