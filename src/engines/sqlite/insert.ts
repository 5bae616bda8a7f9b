import type { NewJob, RecordWrite } from '../../core/job.ts'
import type { InsertAnswer, InsertVerdict } from '../engine.ts'
import { areWritable, writeDocuments } from './documents.ts'
import type { SqliteValue } from './driver.ts'
import { resultOf } from './failures.ts'
import { KnownJob, type Lane, type Session } from './session.ts'
import { first } from './statements.ts'

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
]

/** The rows of the states in which added jobs begin. */
class Beginnings {
  readonly ready: SqliteValue[] = []
  readonly waiting: SqliteValue[] = []

  add(session: Session, job: NewJob, { lane, kind }: Lane): void {
    const { id, leaseMs } = job
    const runAt = job.runAt ?? session.now + job.delayMs
    const key = job.key === null ? 0 : 1
    const isBlocked = job.blocked !== null
    if (!isBlocked && runAt <= session.now) {
      this.ready.push(lane, job.priority, runAt, id, kind, 0, 0, leaseMs, 0, 0, key)
      session.count(kind, 'ready', 1)
      return
    }
    const state = isBlocked ? 'blocked' : 'scheduled'
    this.waiting.push(id, kind, lane, state, runAt, 0, 0, leaseMs, 0, isBlocked ? 1 : 0, key)
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
  if (job.key !== null && sql.keyTake.run(job.key, job.id).changes === 0) {
    const holder = first<[string]>(sql.keyHolder, job.key)?.[0] ?? job.id
    return { status: 'duplicate', id: holder }
  }
  const lane = session.laneOf(job.queue, job.task, job.group)
  sql.jobInsert.run(...columns(job, lane.lane, session.now))
  const beginnings = new Beginnings()
  beginnings.add(session, job, lane)
  beginnings.write(session)
  return { status: 'inserted', id: job.id }
}

/** Due at once, and nothing special about it: all that is stored are five values. */
const isPlain = (job: NewJob): boolean =>
  job.delayMs === 0 &&
  job.runAt === null &&
  (job.blocked ?? job.maxRetries ?? job.leaseMs ?? job.options ?? job.key ?? job.ref ?? job.tags) === null

/** Plain jobs with new ids: their ready rows are made of their rows, without sending anything twice. */
const addPlainJobs = (session: Session, jobs: readonly NewJob[]): void => {
  const { sql, now } = session
  const rows: SqliteValue[] = []
  for (const { id, queue, task, group, priority, payload } of jobs) {
    const { lane, kind } = session.laneOf(queue, task, group)
    rows.push(id, lane, priority, payload, now)
    session.count(kind, 'ready', 1)
  }
  const last = first<[number | null]>(sql.jobsLast)?.[0] ?? 0
  sql.many.jobInsertPlain(rows)
  sql.readyNew.run(last)
}

/** Jobs without keys and with new ids. */
const addVariousJobs = (session: Session, jobs: readonly NewJob[]): void => {
  const rows: SqliteValue[] = []
  const beginnings = new Beginnings()
  for (const job of jobs) {
    const lane = session.laneOf(job.queue, job.task, job.group)
    rows.push(...columns(job, lane.lane, session.now))
    beginnings.add(session, job, lane)
  }
  session.sql.many.jobInsert(rows)
  beginnings.write(session)
}

/** Many jobs without keys and with ids that nobody has, which is nearly always so. */
const addNewJobs = (session: Session, jobs: readonly NewJob[]): void => {
  try {
    if (jobs.every(isPlain)) addPlainJobs(session, jobs)
    else addVariousJobs(session, jobs)
  } catch (error) {
    // Some rows may be written already: only the end of the transaction takes them back.
    throw resultOf(error) === CONSTRAINT ? new KnownJob() : error
  }
}

/** Jobs in order. Known ids, and keys that are taken, are the exception: without them, all rows are written at once. */
export const addJobs = (session: Session, jobs: readonly NewJob[]): InsertVerdict[] => {
  if (session.isCareful || jobs.length < 2 || jobs.some(({ key }) => key !== null)) {
    return jobs.map((job) => addJob(session, job))
  }
  addNewJobs(session, jobs)
  return jobs.map(({ id }) => ({ status: 'inserted', id }))
}

export const insert = (
  session: Session,
  jobs: readonly NewJob[],
  records: readonly RecordWrite[],
): InsertAnswer => {
  const { now } = session
  if (!areWritable(session, records)) {
    return { now, verdicts: jobs.map(({ id }) => ({ status: 'refused', id })), recordsOk: false }
  }
  writeDocuments(session, records)
  return { now, verdicts: addJobs(session, jobs), recordsOk: true }
}
