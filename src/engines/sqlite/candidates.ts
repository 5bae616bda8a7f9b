import { isFinished, type JobState } from '../../core/states.ts'
import type { ListQuery } from '../engine.ts'
import { batchTarget, jobTarget } from './bonds.ts'
import type { SqliteStatement, SqliteValue } from './driver.ts'
import { merge, type Source } from './merge.ts'
import type { Session } from './session.ts'
import { all } from './statements.ts'
import type { KindRow } from './views.ts'

/** Before the first id, and behind the last one. */
const FIRST = ''
const LAST = '~'

const hasIndexedFilter = ({ states, queues, tasks }: ListQuery): boolean =>
  (states ?? queues ?? tasks) !== undefined

const among = (values: readonly string[] | undefined, value: string): boolean =>
  values?.includes(value) ?? true

/** The places, by kind and state, in which jobs may be that fit the indexed filters; empty ones left out. */
export const placesOf = ({ sql }: Session, { states, queues, tasks }: ListQuery): KindRow[] =>
  all<KindRow>(sql.kindsAll).filter(
    ([, queue, task, state]) => among(states, state) && among(queues, queue) && among(tasks, task),
  )

interface Page {
  readonly down: SqliteStatement
  readonly up: SqliteStatement
  readonly where: readonly SqliteValue[]
}

const pageOf = ({ sql }: Session, kind: number, state: JobState): Page => {
  if (state === 'ready') return { down: sql.pageReadyDown, up: sql.pageReadyUp, where: [kind] }
  if (state === 'running') return { down: sql.pageRunningDown, up: sql.pageRunningUp, where: [kind] }
  if (isFinished(state)) return { down: sql.pageFinishedDown, up: sql.pageFinishedUp, where: [kind, state] }
  return { down: sql.pageWaitingDown, up: sql.pageWaitingUp, where: [kind, state] }
}

/** The indexes that lead to the jobs of a query: one for all jobs, or one for each place. */
const pagesOf = (session: Session, query: ListQuery): Page[] => {
  const { sql } = session
  const { key, ref, parent, batch } = query
  const target = parent === undefined ? undefined : jobTarget(parent)
  const tie = target ?? (batch === undefined ? undefined : batchTarget(batch))
  if (key !== undefined) return [{ down: sql.pageKeyDown, up: sql.pageKeyUp, where: [key] }]
  if (ref !== undefined) return [{ down: sql.pageRefDown, up: sql.pageRefUp, where: [ref] }]
  if (tie !== undefined) return [{ down: sql.pageTieDown, up: sql.pageTieUp, where: [tie] }]
  if (!hasIndexedFilter(query)) return [{ down: sql.pageAllDown, up: sql.pageAllUp, where: [] }]
  return placesOf(session, query).map(([kind, , , state]) => pageOf(session, kind, state))
}

/**
 * Ids of jobs that may fit a query, newest or oldest first, behind `after`, at most `count`. Whether they do is for the
 * caller to see: by a key, a ref or a tie, states, queues and tasks are not looked at.
 */
export const candidates = (
  session: Session,
  query: ListQuery,
  order: { readonly descending: boolean; readonly after: string | null; readonly count: number },
): string[] => {
  const { descending, after, count } = order
  const begin = after ?? (descending ? LAST : FIRST)
  const sources = pagesOf(session, query).map(
    ({ down, up, where }): Source<string> => ({
      fetch: (last, limit) =>
        all<[string]>(descending ? down : up, ...where, last ?? begin, limit).map(([id]) => id),
    }),
  )
  const ids: string[] = []
  const sign = descending ? -1 : 1
  merge(
    sources,
    count,
    (a, b) => (a < b ? -sign : sign),
    (id) => ids.push(id) > 0,
  )
  return ids
}
