import type { Settlement } from '../../core/job.ts'
import { ENGINE_BATCH_MAX } from '../../core/limits.ts'
import { isFinished } from '../../core/states.ts'
import type { LeaseVerdict, RenewRequest, RenewVerdict, SettleVerdict, Start } from '../engine.ts'
import { areWritable, writeDocuments } from './documents.ts'
import type { SqliteValue } from './driver.ts'
import { addJobs } from './insert.ts'
import { findJob, moveJob } from './jobs.ts'
import type { Session } from './session.ts'
import { all, first } from './statements.ts'
import { PLAIN_WIDTH } from './wire.ts'
import { toWireJobs } from './wire-insert.ts'

/** Any settlement, the plain way. */
export const settle = (session: Session, settlement: Settlement): SettleVerdict => {
  const { id, fence, to, delayMs, unlessCancelled, add = [], records = [] } = settlement
  const before = findJob(session, id)
  if (before === undefined) return 'missing'
  const { job } = before
  if (job.fence !== fence) return 'stale'
  if (job.state !== 'running') return job.state === to ? 'ok' : 'stale'
  if (unlessCancelled && job.cancel !== null) return 'cancel_requested'
  if (!areWritable(session, records)) return 'conflict'
  moveJob(session, before, {
    ...job,
    attempt: settlement.attempt,
    retries: settlement.retries,
    crashes: settlement.crashes,
    solo: settlement.solo,
    startedAt: settlement.startedAt,
    reason: settlement.reason,
    output: settlement.output,
    error: settlement.error,
    history: settlement.history,
    progress: settlement.progress === undefined ? job.progress : settlement.progress,
    checkpoint: settlement.checkpoint === undefined ? job.checkpoint : settlement.checkpoint,
    state: to,
    runAt: delayMs === undefined ? job.runAt : session.now + delayMs,
    finishedAt: isFinished(to) ? session.now : null,
    leaseUntil: null,
    started: false,
    cancel: null,
  })
  writeDocuments(session, records)
  if (add.length > 0) addJobs(session, toWireJobs(add))
  return 'ok'
}

/** A plain success as the settlement that it stands for. */
const toSettlement = (values: readonly SqliteValue[], at: number): Settlement => ({
  id: values[at] as string,
  fence: values[at + 1] as number,
  to: 'completed',
  attempt: values[at + 2] as number,
  retries: 0,
  crashes: 0,
  solo: false,
  startedAt: values[at + 3] as number | null,
  reason: null,
  output: values[at + 4] as string | null,
  error: null,
  history: null,
  unlessCancelled: false,
})

/** Completes jobs that are held under their fence and have nothing but their row: two statements for all of them. */
const complete = (session: Session, values: readonly SqliteValue[], ids: readonly string[]): void => {
  if (ids.length === 0) return
  session.sql.many.settleComplete(values, session.now)
  session.sql.runningDeleteMany.run(JSON.stringify(ids))
}

/**
 * First successes, given as a flat list. Answers null when all are ok, which is nearly always: then nothing was read
 * but a number for each lane.
 */
export const settlePlain = (session: Session, plain: readonly SqliteValue[]): SettleVerdict[] | null => {
  const { sql } = session
  const ids: string[] = []
  // Put together as text: an object with a thousand ids for names costs far more than its JSON.
  const fences: string[] = []
  const values: SqliteValue[] = []
  for (let at = 0; at < plain.length; at += PLAIN_WIDTH) {
    const id = plain[at] as string
    ids.push(id)
    fences.push(`${JSON.stringify(id)}:${plain[at + 1]}`)
    values.push(id, plain[at + 2] as number, plain[at + 3] as SqliteValue, plain[at + 4] as SqliteValue)
  }
  if (ids.length === 0) return null
  const leases = `{${fences.join(',')}}`
  const lanes = all<[kind: number, lane: number, number: number]>(sql.settleCheck, leases)
  const isAll = lanes.reduce((sum, [, , number]) => sum + number, 0) === ids.length
  const good = isAll ? null : new Set(all<[string]>(sql.settlePlainIds, leases).map(([id]) => id))
  for (const [kind, lane, number] of lanes) {
    session.free(lane)
    session.count(kind, 'running', -number)
    session.count(kind, 'completed', number)
  }
  if (good === null) {
    complete(session, values, ids)
    return null
  }
  complete(
    session,
    values.filter((_, i) => good.has(ids[Math.floor(i / (PLAIN_WIDTH - 1))] as string)),
    [...good],
  )
  return ids.map((id, i) => (good.has(id) ? 'ok' : settle(session, toSettlement(plain, i * PLAIN_WIDTH))))
}

/** Why a lease is not (any more) held under this fence. */
const refusal = ({ sql }: Session, id: string): 'stale' | 'missing' =>
  first(sql.jobExists, id) === undefined ? 'missing' : 'stale'

export const start = (session: Session, { id, fence, attempt, startedAt }: Start): LeaseVerdict => {
  const { changes } = session.sql.leaseStart.run(attempt, startedAt, id, fence)
  return changes === 0 ? refusal(session, id) : 'ok'
}

export const renew = (session: Session, { leases, leaseMs }: RenewRequest): RenewVerdict[] =>
  leases.map(({ id, fence }) => {
    const row = first<[cancel: string | null]>(session.sql.leaseRenew, session.now, leaseMs, id, fence)
    if (row === undefined) return refusal(session, id)
    return row[0] === null ? 'ok' : 'cancel_requested'
  })

/** What runs under this worker's name although it does not know of it. */
export const unknownLeases = (
  session: Session,
  worker: string | null,
  { complete, leases }: RenewRequest,
) => {
  if (!complete || worker === null) return []
  const known = new Set(leases.map(({ id, fence }) => `${id} ${fence}`))
  return all<[string, number]>(session.sql.leasesOfWorker, worker)
    .filter(([id, fence]) => !known.has(`${id} ${fence}`))
    .slice(0, ENGINE_BATCH_MAX)
    .flatMap(([id]) => findJob(session, id)?.job ?? [])
}
