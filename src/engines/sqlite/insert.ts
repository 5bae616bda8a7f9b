import type { NewJob } from '../../core/job.ts'
import type { InsertVerdict } from '../engine.ts'
import { areAwaited, boundOf, keyHolder, takeKey } from './bonds.ts'
import { areWritable, writeDocuments } from './documents.ts'
import type { SqliteValue } from './driver.ts'
import { resultOf } from './failures.ts'
import { KnownJob, type Lane, type Session } from './session.ts'
import { first } from './statements.ts'
import { atRest, change } from './steps.ts'
import { bind } from './ties.ts'
import {
  arePlain,
  fromPlain,
  idsOfPlain,
  PLAIN_JOB_WIDTH,
  type PlainJobs,
  type WireInsert,
  type WireInserted,
} from './wire-insert.ts'

const CONSTRAINT = 19

/** What `job-insert.sql` writes of a job. */
const columns = (job: NewJob, lane: number, now: number): SqliteValue[] => [
  job.id,
  lane,
  job.priority,
  job.payload,
  now,
  job.maxRetries,
  job.leaseMs,
  job.options,
  job.key,
  job.ref,
  job.tags,
  job.ties === null ? null : JSON.stringify(job.ties),
]

/** The rows of the states in which added jobs begin. */
class Beginnings {
  readonly ready: SqliteValue[] = []
  readonly waiting: SqliteValue[] = []

  /** @param isCareful whether the job may be bound to something */
  add(session: Session, job: NewJob, on: Lane, isCareful: boolean): void {
    const { id, leaseMs } = job
    const { lane, kind } = on
    const runAt = job.runAt ?? session.now + job.delayMs
    const bound = isCareful ? boundOf(session, job) : 0
    const isBlocked = job.blocked !== null
    if (!isBlocked && runAt <= session.now) {
      session.touch(on)
      this.ready.push(lane, job.priority, runAt, id, kind, 0, 0, leaseMs, 0, 0, bound)
      session.count(kind, 'ready', 1)
      return
    }
    const state = isBlocked ? 'blocked' : 'scheduled'
    this.waiting.push(id, kind, lane, state, runAt, 0, 0, leaseMs, 0, isBlocked ? 1 : 0, bound)
    if (isBlocked) session.sql.noteWrite.run(id, 0, 0, job.blocked, null, null, null, null, null, null, null)
    session.count(kind, state, 1)
  }

  write({ sql }: Session): void {
    sql.many.readyInsert(this.ready)
    sql.many.waitingInsert(this.waiting)
  }
}

/** One job, whatever is stored already. */
const addJob = (session: Session, job: NewJob): InsertVerdict => {
  const { sql } = session
  if (first(sql.jobExists, job.id) !== undefined) return { status: 'inserted', id: job.id }
  const holder = keyHolder(session, job.key)
  if (holder !== undefined && holder !== job.ties?.keyFrom) return { status: 'duplicate', id: holder }
  takeKey(session, job)
  const lane = session.laneOf(job.queue, job.task, job.group, job.ties?.limit ?? null)
  sql.jobInsert.run(...columns(job, lane.lane, session.now))
  const beginnings = new Beginnings()
  beginnings.add(session, job, lane, true)
  beginnings.write(session)
  bind(session, job)
  return { status: 'inserted', id: job.id }
}

/** Plain jobs with new ids: their ready rows are made of their rows, without sending anything twice. */
const addPlainJobs = (session: Session, { names, values }: PlainJobs): void => {
  const { sql, now } = session
  const lanes = names.map(({ queue, task, group }) => session.laneOf(queue, task, group, null))
  const rows: SqliteValue[] = []
  for (let at = 0; at < values.length; at += PLAIN_JOB_WIDTH) {
    const { lane, kind } = lanes[values[at + 1] as number] as Lane
    rows.push(
      values[at] as SqliteValue,
      lane,
      values[at + 2] as SqliteValue,
      values[at + 3] as SqliteValue,
      now,
    )
    session.count(kind, 'ready', 1)
  }
  const last = first<[number | null]>(sql.jobsLast)?.[0] ?? 0
  sql.many.jobInsertPlain(rows)
  sql.readyNew.run(last)
  for (const lane of lanes) session.touch(lane)
}

/** Jobs without keys and ties, and with new ids. */
const addVariousJobs = (session: Session, jobs: readonly NewJob[]): void => {
  const rows: SqliteValue[] = []
  const beginnings = new Beginnings()
  const lanes = jobs.map(({ queue, task, group }) => session.laneOf(queue, task, group, null))
  for (const [i, job] of jobs.entries()) {
    const lane = lanes[i] as Lane
    rows.push(...columns(job, lane.lane, session.now))
    beginnings.add(session, job, lane, false)
  }
  session.sql.many.jobInsert(rows)
  beginnings.write(session)
}

/** Many jobs whose ids nobody has or waits for, which is nearly always so. */
const asNew = (session: Session, ids: () => readonly string[], add: () => void): void => {
  if (areAwaited(session, ids)) throw new KnownJob()
  try {
    add()
  } catch (error) {
    // Some rows may be written already: only the end of the transaction takes them back.
    throw resultOf(error) === CONSTRAINT ? new KnownJob() : error
  }
}

/**
 * Jobs in order; null when all are inserted. Known ids, and keys that are taken, are the exception: without them, all
 * rows are written at once.
 */
export const addJobs = (session: Session, jobs: WireInsert['jobs']): InsertVerdict[] | null => {
  if (arePlain(jobs)) {
    if (session.isCareful) return fromPlain(jobs).map((job) => addJob(session, job))
    asNew(
      session,
      () => idsOfPlain(jobs),
      () => addPlainJobs(session, jobs),
    )
    return null
  }
  if (session.isCareful || jobs.length < 2 || jobs.some(({ key, ties }) => key !== null || ties !== null)) {
    return jobs.map((job) => addJob(session, job))
  }
  const ids = () => jobs.map(({ id }) => id)
  asNew(session, ids, () => addVariousJobs(session, jobs))
  return null
}

export const insert = (session: Session, { jobs, records, changes }: WireInsert): WireInserted => {
  const { now } = session
  const recordsOk = areWritable(session, records)
  const changed = changes.map((one) => atRest(session, one).verdict)
  if (!recordsOk || changed.some((verdict) => verdict !== 'ok')) {
    const refused = arePlain(jobs) ? fromPlain(jobs) : jobs
    return { now, verdicts: refused.map(({ id }) => ({ status: 'refused', id })), recordsOk, changed }
  }
  writeDocuments(session, records)
  for (const one of changes) change(session, one)
  return { now, verdicts: addJobs(session, jobs), recordsOk, changed }
}
