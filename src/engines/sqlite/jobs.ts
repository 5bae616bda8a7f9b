import type { JobRecord } from '../../core/job.ts'
import { isFinished } from '../../core/states.ts'
import { boundOf, moved, takeKey } from './bonds.ts'
import { keepHeads } from './heads.ts'
import { type RecordRow, type StoredJob, toStoredJob } from './records.ts'
import type { Session } from './session.ts'
import { first } from './statements.ts'
import { SHORT_OUTPUT } from './wire.ts'

/**
 * The plain way to change a job, for everything that is not on the path add → claim → complete: read all of it, and
 * move it from the place of its old state to that of its new one.
 */

export const findJob = (session: Session, id: string): StoredJob | undefined => {
  const row = first<RecordRow>(session.sql.record, id)
  return row === undefined ? undefined : toStoredJob(row)
}

const isShort = (output: string | null): boolean => output === null || output.length <= SHORT_OUTPUT

/** Whether a job has something for which the row of its state has no column. */
const hasNotes = (job: JobRecord): boolean => {
  const { retries, crashes, reason, error, history, progress, checkpoint, state } = job
  if (retries !== 0 || crashes !== 0 || (reason ?? error ?? history ?? progress ?? checkpoint) !== null)
    return true
  if (isFinished(state)) return !isShort(job.output)
  // A job that is going to run again remembers who had it last.
  return (job.worker ?? job.startedAt ?? job.output) !== null
}

const writeNotes = (session: Session, job: JobRecord): boolean => {
  if (!hasNotes(job)) {
    session.sql.notesDelete.run(JSON.stringify([job.id]))
    return false
  }
  const output = isFinished(job.state) && isShort(job.output) ? null : job.output
  session.sql.noteWrite.run(
    ...[job.id, job.retries, job.crashes, job.reason, job.worker, job.startedAt, output],
    ...[job.error, job.history, job.progress, job.checkpoint],
  )
  return true
}

const leavePlace = (session: Session, { job, lane, kind }: StoredJob): void => {
  const { sql } = session
  if (job.state === 'ready') {
    sql.readyDelete.run(lane, job.priority, job.runAt, job.id)
    session.touch({ lane, queue: job.queue })
    // At once: a group that has nothing to do for a moment only has saved nothing up, either.
    keepHeads(session)
  } else if (job.state === 'running') {
    sql.runningDelete.run(job.id)
    session.free(lane)
  } else if (isFinished(job.state)) sql.finishedDelete.run(kind, job.state, job.id)
  else sql.waitingDelete.run(job.id)
}

/** Puts a job into the place of its state, which is not running: only a claim takes leases. */
export const enterPlace = (session: Session, job: JobRecord, lane: number, kind: number): void => {
  const { sql } = session
  const notes = Number(writeNotes(session, job))
  const { id, state, runAt, attempt, fence, leaseMs } = job
  const solo = Number(job.solo)
  const bound = boundOf(session, job)
  if (state === 'ready') {
    session.touch({ lane, queue: job.queue })
    sql.readyInsert.run(lane, job.priority, runAt, id, kind, attempt, fence, leaseMs, solo, notes, bound)
  } else if (isFinished(state)) {
    const output = isShort(job.output) ? job.output : null
    sql.finishedInsert.run(
      ...[kind, state, id, runAt, attempt, fence, solo, notes],
      ...[job.worker, job.startedAt, job.finishedAt, output],
    )
  } else {
    sql.waitingInsert.run(id, kind, lane, state, runAt, attempt, fence, leaseMs, solo, notes, bound)
  }
}

/** Writes what a job became. The lease, if there was one, has ended. */
export const moveJob = (session: Session, before: StoredJob, job: JobRecord): void => {
  const { lane, kind } = before
  leavePlace(session, before)
  if (job.priority !== before.job.priority) session.sql.jobPriority.run(job.priority, job.id)
  enterPlace(session, job, lane, kind)
  session.count(kind, before.job.state, -1)
  session.count(kind, job.state, 1)
  moved(session, before.job, job)
  if (job.key === null) return
  if (isFinished(job.state)) session.sql.keyFree.run(job.key, job.id)
  else if (isFinished(before.job.state) && job.ties?.keyUntil !== 'time') takeKey(session, job)
}

/** Forgets jobs that are in no place any more, and all that was noted about them. */
export const forgetJobs = ({ sql }: Session, ids: readonly string[]): void => {
  const list = JSON.stringify(ids)
  sql.jobsDelete.run(list)
  sql.notesDelete.run(list)
  sql.logsDelete.run(list)
  sql.tiesDelete.run(list)
}

export const removeJob = (session: Session, before: StoredJob): void => {
  leavePlace(session, before)
  session.count(before.kind, before.job.state, -1)
  const { key, id } = before.job
  if (key !== null) session.sql.keyFree.run(key, id)
  moved(session, before.job, null)
  forgetJobs(session, [id])
}
