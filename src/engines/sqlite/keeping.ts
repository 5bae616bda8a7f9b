import { LOG_LINES_MAX } from '../../core/limits.ts'
import { isFinished } from '../../core/states.ts'
import type { FinishedRequest, KeptJob, RestoreVerdict } from '../engine.ts'
import { keyHolder, takeKey } from './bonds.ts'
import { enterPlace, findJob, removeJob } from './jobs.ts'
import type { Session } from './session.ts'
import { all } from './statements.ts'
import { bindKept } from './ties.ts'
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
  const takesKey = !isFinished(job.state) && job.ties?.keyUntil !== 'time'
  const holder = takesKey ? keyHolder(session, job.key) : undefined
  if (holder !== undefined) return { status: 'key_taken', holder }
  if (there !== undefined) removeJob(session, there)
  if (takesKey) takeKey(session, job)
  const { lane, kind } = session.laneOf(job.queue, job.task, job.group, job.ties?.limit ?? null)
  const { id, priority, payload, createdAt, maxRetries, leaseMs, options, key, ref, tags } = job
  const ties = job.ties === null ? null : JSON.stringify(job.ties)
  sql.jobInsert.run(
    id,
    lane,
    priority,
    payload,
    createdAt,
    maxRetries,
    leaseMs,
    options,
    key,
    ref,
    tags,
    ties,
  )
  bindKept(session, job)
  enterPlace(session, job, lane, kind)
  session.count(kind, job.state, 1)
  for (const { fence, seq, at, level, message } of log) sql.logInsert.run(id, fence, seq, at, level, message)
  return { status: 'ok' }
}
