import { startBy } from '../../core/flow.ts'
import type { JobRecord, NewJob } from '../../core/job.ts'
import { isFinished } from '../../core/states.ts'
import type { News } from '../engine.ts'
import type { Session } from './session.ts'
import { all, first } from './statements.ts'

/** What the end of a job means for others: its key, the jobs that depend on it, its batch, the time to start by. */

/** Holds on keys that have expired: each call that takes a key removes more than it can make. */
const EXPIRED_PER_CALL = 2

export const jobTarget = (id: string): string => `job:${id}`
export const batchTarget = (batch: string): string => `batch:${batch}`

/** The job that holds a key, or undefined. */
export const keyHolder = ({ sql, now }: Session, key: string | null): string | undefined =>
  key === null ? undefined : first<[string]>(sql.keyHolder, key, now)?.[0]

/** Gives its key to a job, whoever had it. */
export const takeKey = (
  { sql, now }: Session,
  { id, key, ties }: Pick<NewJob, 'id' | 'key' | 'ties'>,
): void => {
  if (key === null) return
  const ms = ties?.keyMs ?? null
  sql.keyTake.run(key, id, ties?.keyUntil ?? 'finish', ms === null ? null : now + ms)
  sql.keysExpire.run(now, EXPIRED_PER_CALL)
}

/** The column `bound` of a job at rest: see the migration. */
export const boundOf = (
  session: Session,
  { id, key, ties }: Pick<NewJob, 'id' | 'key' | 'ties'>,
): 0 | 1 | 2 => {
  if (key !== null && ties?.keyUntil === 'start') return 2
  if (key !== null || ties !== null) return 1
  return first(session.sql.tieAny, jobTarget(id)) === undefined ? 0 : 1
}

/** Whether others wait already for one of these jobs, which are not stored yet. Nobody does, as a rule. */
export const areAwaited = ({ sql }: Session, ids: () => readonly string[]): boolean =>
  first(sql.tiesExist) !== undefined &&
  first(sql.tiesAmong, JSON.stringify(ids().map(jobTarget))) !== undefined

export const tell = ({ sql, hints }: Session, topic: News['topic'], id: string): void => {
  sql.newsTell.run(topic, id, first<[number]>(sql.toldNext)?.[0] ?? 0)
  hints.add('changed')
}

export type Place = 'unfinished' | 'completed' | 'cancelled' | 'dead' | 'removed'
export const PLACES: readonly Place[] = ['unfinished', 'completed', 'cancelled', 'dead', 'removed']
const placeOf = ({ state }: JobRecord): Place => (isFinished(state) ? state : 'unfinished')

/** A job went from one state to another, or was removed (null). */
export const moved = (session: Session, before: JobRecord, after: JobRecord | null): void => {
  const { sql } = session
  const { id, ties } = before
  const at = startBy(before)
  if (at !== null) {
    if (after === null || isFinished(after.state) || after.attempt > 0) sql.startByRemove.run(at, id)
    else sql.startByAdd.run(at, id)
  }
  const from = placeOf(before)
  const to = after === null ? 'removed' : placeOf(after)
  // That a finished job is forgotten changes nothing of what became of it.
  if (from === to || (from !== 'unfinished' && to === 'removed')) return
  const batch = ties?.batch ?? null
  if (batch !== null) {
    sql.batchCount.run(batch, ...PLACES.map((place) => Number(place === to) - Number(place === from)))
  }
  if (to === 'unfinished') return
  for (const [child] of all<[string]>(sql.tiesOf, jobTarget(id))) tell(session, 'job', child)
  if (batch !== null) tell(session, 'batch', batch)
}
