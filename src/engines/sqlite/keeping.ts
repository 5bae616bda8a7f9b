import { LOG_LINES_MAX } from '../../core/limits.ts'
import { isFinished } from '../../core/states.ts'
import type { FinishedRequest, KeptJob, RestoreVerdict } from '../engine.ts'
import { enterPlace, findJob, removeJob } from './jobs.ts'
import type { Session } from './session.ts'
import { all, first } from './statements.ts'
import { logs } from './views.ts'

/** How finished jobs leave for another store, and come back from it. */

export const finished = (session: Session, { state, ageMs, after, limit }: FinishedRequest): KeptJob[] =>
  all<[string]>(session.sql.finishedPage, {
    state,
    finished_at: after?.finishedAt ?? -1,
    id: after?.id ?? '',
    until: session.now - ageMs,
    limit,
  }).flatMap(([id]) => {
    const job = findJob(session, id)?.job
    return job === undefined ? [] : { job, log: logs(session, { id, after: null, limit: LOG_LINES_MAX }) }
  })

export const restore = (session: Session, { job, log }: KeptJob): RestoreVerdict => {
  const { sql } = session
  const there = findJob(session, job.id)
  if (there !== undefined && (!isFinished(there.job.state) || there.job.fence >= job.fence)) {
    return { status: 'known' }
  }
  const takesKey = job.key !== null && !isFinished(job.state)
  const holder = takesKey ? first<[string]>(sql.keyHolder, job.key) : undefined
  if (holder !== undefined) return { status: 'key_taken', holder: holder[0] }
  if (there !== undefined) removeJob(session, there)
  if (takesKey) sql.keyTake.run(job.key, job.id)
  const { lane, kind } = session.laneOf(job.queue, job.task, job.group)
  const { id, priority, payload, createdAt, maxRetries, leaseMs, options, key, ref, tags } = job
  sql.jobInsert.run(id, lane, priority, payload, createdAt, maxRetries, leaseMs, options, key, ref, tags)
  enterPlace(session, job, lane, kind)
  session.count(kind, job.state, 1)
  for (const { fence, seq, at, level, message } of log) sql.logInsert.run(id, fence, seq, at, level, message)
  return { status: 'ok' }
}
