import { startBy } from '../../core/flow.ts'
import type { JobRecord, NewJob } from '../../core/job.ts'
import { isFinished } from '../../core/states.ts'
import type { BatchRow, News, NewsRequest, OverdueRequest } from '../engine.ts'
import { batchTarget, jobTarget, PLACES, tell } from './bonds.ts'
import type { SqliteValue } from './driver.ts'
import { findJob } from './jobs.ts'
import type { Session } from './session.ts'
import { all, first } from './statements.ts'

/** What binds a new job, and what there is to decide about ties. Jobs that are bound to nothing never come here. */

/** Binds a new job whose row is written. */
export const bind = (session: Session, { id, ties }: NewJob): void => {
  if (ties === null) return
  const { sql, now } = session
  const at = startBy({ createdAt: now, ties })
  if (at !== null) sql.startByAdd.run(at, id)
  if (ties.batch !== null) {
    sql.tieAdd.run(batchTarget(ties.batch), id)
    sql.batchCount.run(ties.batch, 1, 0, 0, 0, 0)
  }
  let isOver = false
  for (const parent of ties.parents) {
    sql.tieAdd.run(jobTarget(parent.id), id)
    const stored = findJob(session, parent.id)
    if (stored === undefined || isFinished(stored.job.state)) isOver = true
    else if (stored.job.state === 'running') sql.bindRunning.run(parent.id)
    else if (stored.job.state === 'ready') sql.bindReady.run(stored.kind, parent.id)
    else sql.bindWaiting.run(parent.id)
  }
  if (isOver) tell(session, 'job', id)
}

/** Binds a job that comes back as it was. A finished one was counted in its batch when it ended. */
export const bindKept = ({ sql }: Session, job: JobRecord): void => {
  const { id, ties, state, attempt } = job
  if (ties === null) return
  const at = startBy(job)
  if (at !== null && attempt === 0 && !isFinished(state)) sql.startByAdd.run(at, id)
  for (const parent of ties.parents) sql.tieAdd.run(jobTarget(parent.id), id)
  if (ties.batch === null) return
  sql.tieAdd.run(batchTarget(ties.batch), id)
  if (!isFinished(state)) sql.batchCount.run(ties.batch, 1, 0, 0, 0, 0)
}

export const overdue = (session: Session, { limit, after }: OverdueRequest): JobRecord[] =>
  all<[string]>(session.sql.startByPage, session.now, after?.due ?? -1, after?.id ?? '', limit).flatMap(
    ([id]) => findJob(session, id)?.job ?? [],
  )

export const news = ({ sql }: Session, { limit, after }: NewsRequest): News[] =>
  all<[News['topic'], string, number]>(sql.newsPage, after?.topic ?? '', after?.id ?? '', limit).map(
    ([topic, id, seq]) => ({ topic, id, seq }),
  )

export const clearNews = ({ sql }: Session, { topic, id, seq }: News): void => {
  sql.newsClear.run(topic, id, seq)
}

export const readBatch = ({ sql }: Session, batch: string): BatchRow | null => {
  const row = first<readonly SqliteValue[]>(sql.batchRead, batch)
  if (row === undefined) return null
  return Object.fromEntries(PLACES.map((place, i) => [place, row[i]])) as unknown as BatchRow
}

export const forgetBatch = ({ sql }: Session, batch: string): void => {
  sql.batchForget.run(batch)
}
