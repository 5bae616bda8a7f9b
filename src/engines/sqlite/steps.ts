import type { CancelRequest, Change } from '../../core/job.ts'
import { LOG_LINES_MAX } from '../../core/limits.ts'
import { isFinished, type JobState } from '../../core/states.ts'
import type {
  ChangeVerdict,
  ExpiredRequest,
  LeaseVerdict,
  PromoteAnswer,
  PruneRequest,
  Report,
} from '../engine.ts'
import { keyHolder } from './bonds.ts'
import { findJob, forgetJobs, moveJob, removeJob } from './jobs.ts'
import type { StoredJob } from './records.ts'
import type { Session } from './session.ts'
import { all, first } from './statements.ts'

/** The steps beside the exchange: what a run reports, and what the maintainer and operators do. */

export const report = (
  session: Session,
  { id, fence, checkpoint, progress, log = [] }: Report,
): LeaseVerdict => {
  const { sql } = session
  const lease = first<[fence: number, hasNotes: number]>(sql.leaseRead, id)
  if (lease === undefined) return first(sql.jobExists, id) === undefined ? 'missing' : 'stale'
  if (lease[0] !== fence) return 'stale'
  if (checkpoint !== undefined || progress !== undefined) {
    sql.noteReport.run({
      id,
      progress: progress ?? null,
      checkpoint: checkpoint ?? null,
      has_progress: Number(progress !== undefined),
      has_checkpoint: Number(checkpoint !== undefined),
    })
    if (lease[1] === 0) sql.leaseNoted.run(id)
  }
  for (const { seq, at, level, message } of log) sql.logInsert.run(id, fence, seq, at, level, message)
  if (log.length > 0) sql.logsTrim.run({ id, keep: LOG_LINES_MAX })
  session.hints.add('changed')
  return 'ok'
}

export const expired = (session: Session, { limit, after }: ExpiredRequest) =>
  all<[string]>(session.sql.leasesExpired, {
    now: session.now,
    lease_until: after?.leaseUntil ?? -1,
    id: after?.id ?? '',
    limit,
  }).flatMap(([id]) => findJob(session, id)?.job ?? [])

export const promote = (session: Session, limit: number): PromoteAnswer => {
  const { sql, now } = session
  const last = first<[runAt: number, id: string, number: number]>(sql.dueLast, now, limit)
  if (last !== undefined) {
    const [runAt, id] = last
    for (const [kind, state, number] of all<[number, JobState, number]>(sql.dueCounts, runAt, id)) {
      session.count(kind, state, -number)
      session.count(kind, 'ready', number)
    }
    if (session.fair.size > 0) {
      for (const [lane] of all<[number]>(sql.dueLanes, runAt, id)) session.touch(session.lane(lane))
    }
    sql.dueReady.run(runAt, id)
    sql.dueDelete.run(runAt, id)
  }
  const next = first<[number | null]>(sql.nextDueAfter, now)
  return { promoted: last?.[2] ?? 0, nextDueAt: next?.[0] ?? null }
}

/** The job that a change is about, when it is as the change expects it. */
export const atRest = (
  session: Session,
  { id, fence, from }: Change,
): { readonly verdict: 'ok'; readonly before: StoredJob } | { readonly verdict: 'missing' | 'stale' } => {
  const before = findJob(session, id)
  if (before === undefined) return { verdict: 'missing' }
  const { job } = before
  return job.state === from && job.fence === fence ? { verdict: 'ok', before } : { verdict: 'stale' }
}

export const change = (session: Session, wanted: Change): ChangeVerdict => {
  const { id, fence, to, delayMs } = wanted
  const found = atRest(session, wanted)
  if (found.verdict !== 'ok') return { status: found.verdict }
  const { before } = found
  const { job } = before
  if (to === 'removed') {
    removeJob(session, before)
    return { status: 'ok' }
  }
  const takesKey = isFinished(job.state) && !isFinished(to) && job.ties?.keyUntil !== 'time'
  const holder = takesKey ? keyHolder(session, job.key) : undefined
  if (holder !== undefined && holder !== id) return { status: 'key_taken', holder }
  moveJob(session, before, {
    ...job,
    state: to,
    fence: fence + 1,
    runAt: delayMs === undefined ? job.runAt : session.now + delayMs,
    priority: wanted.priority ?? job.priority,
    finishedAt: isFinished(to) ? session.now : null,
    attempt: wanted.attempt,
    retries: wanted.retries,
    crashes: wanted.crashes,
    solo: wanted.solo,
    reason: wanted.reason,
    output: wanted.output,
    error: wanted.error,
    history: wanted.history,
  })
  return { status: 'ok' }
}

export const requestCancel = (
  session: Session,
  id: string,
  { at, by, reason }: CancelRequest,
): LeaseVerdict => {
  const { sql } = session
  const { changes } = sql.leaseCancel.run(JSON.stringify({ at, by, reason }), id)
  if (changes === 0) return first(sql.jobExists, id) === undefined ? 'missing' : 'stale'
  session.hints.add('changed')
  return 'ok'
}

export const prune = (session: Session, { state, ageMs, count, minAgeMs, limit }: PruneRequest) => {
  if (limit === 0) return { removed: 0, more: false }
  const { sql, now } = session
  session.writeCounts()
  const beyond = (first<[number]>(sql.countOfState, state)?.[0] ?? 0) - count
  // From the oldest on, each condition holds up to some job and for none behind it.
  const isOld = ([, , finishedAt]: readonly [string, number, number], place: number): boolean =>
    (finishedAt < now - ageMs || place < beyond) && finishedAt <= now - minAgeMs
  const oldest = all<[id: string, kind: number, finishedAt: number]>(sql.finishedOldest, state, limit + 1)
  const old = oldest.filter(isOld)
  const removed = old.slice(0, limit)
  if (removed.length === 0) return { removed: 0, more: false }
  for (const [, kind] of removed) session.count(kind, state, -1)
  sql.finishedPrune.run({ ids: JSON.stringify(Object.fromEntries(removed)), state })
  forgetJobs(
    session,
    removed.map(([id]) => id),
  )
  return { removed: removed.length, more: old.length > removed.length }
}
