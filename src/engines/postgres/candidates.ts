import { isFinished, type JobState } from '../../core/states.ts'
import type { ListQuery } from '../engine.ts'
import { numbers, words } from './arrays.ts'
import { firstAfter, lastBefore } from './cursors.ts'
import { type PgValue, toNumber } from './driver.ts'
import type { Tx } from './session.ts'
import type { StatementName } from './statements.ts'
import { batchTarget, jobTarget } from './targets.ts'

/** A place in which jobs may be that fit the indexed filters of a query, and how many are there. */
export interface Place {
  readonly kind: number
  readonly state: JobState
  readonly number: number
}

const among = (values: readonly string[] | undefined, value: string): boolean =>
  values?.includes(value) ?? true

/** The places that have jobs. */
export const placesOf = async (tx: Tx, { states, queues, tasks }: ListQuery): Promise<Place[]> =>
  (await tx.run('places'))
    .map(([kind, queue, task, state, number]) => ({
      kind: toNumber(kind),
      queue: queue as string,
      task: task as string,
      state: state as JobState,
      number: toNumber(number),
    }))
    .filter(({ queue, task, state }) => among(states, state) && among(queues, queue) && among(tasks, task))

export const hasIndexedFilter = ({ states, queues, tasks }: ListQuery): boolean =>
  (states ?? queues ?? tasks) !== undefined

/** So many ready jobs are sorted by id in a few milliseconds; beyond that, they are looked for among all jobs first. */
export const READY_SORT_MAX = 20_000

interface Source {
  readonly down: StatementName
  readonly up: StatementName
  readonly where: readonly PgValue[]
}

const sourcesOf = (query: ListQuery, places: readonly Place[] | null): Source[] => {
  const { key, ref, parent, batch } = query
  const tie = parent === undefined ? batch && batchTarget(batch) : jobTarget(parent)
  if (key !== undefined) return [{ down: 'pageKeyDown', up: 'pageKeyUp', where: [key] }]
  if (ref !== undefined) return [{ down: 'pageRefDown', up: 'pageRefUp', where: [ref] }]
  if (tie !== undefined) return [{ down: 'pageTieDown', up: 'pageTieUp', where: [tie] }]
  if (places === null) return [{ down: 'pageAllDown', up: 'pageAllUp', where: [] }]
  const inState = (fits: (state: JobState) => boolean) => places.filter(({ state }) => fits(state))
  const kindsOf = (list: readonly Place[]) => numbers(list.map(({ kind }) => kind))
  const statesOf = (list: readonly Place[]) => words(list.map(({ state }) => state))
  const ready = inState((state) => state === 'ready')
  const running = inState((state) => state === 'running')
  const finished = inState(isFinished)
  const waiting = inState((state) => state === 'blocked' || state === 'scheduled' || state === 'retrying')
  const sources: Source[] = []
  if (ready.length > 0) sources.push({ down: 'pageReadyDown', up: 'pageReadyUp', where: [kindsOf(ready)] })
  if (running.length > 0) {
    sources.push({ down: 'pageRunningDown', up: 'pageRunningUp', where: [kindsOf(running)] })
  }
  if (waiting.length > 0) {
    const where = [kindsOf(waiting), statesOf(waiting)]
    sources.push({ down: 'pageWaitingDown', up: 'pageWaitingUp', where })
  }
  if (finished.length > 0) {
    const where = [kindsOf(finished), statesOf(finished)]
    sources.push({ down: 'pageFinishedDown', up: 'pageFinishedUp', where })
  }
  return sources
}

/**
 * Ids of jobs that may fit a query, newest or oldest first, behind `after`, at most `count`. Whether they do is for the
 * caller to see: by a key, a ref or a tie, states, queues and tasks are not looked at. `places`: where to look; null: among
 * all jobs.
 */
export const candidates = async (
  tx: Tx,
  query: ListQuery,
  places: readonly Place[] | null,
  order: { readonly descending: boolean; readonly after: string | null; readonly count: number },
): Promise<string[]> => {
  const { descending, after, count } = order
  const begin = descending ? lastBefore(after) : firstAfter(after)
  if (begin === null) return []
  const lists = await Promise.all(
    sourcesOf(query, places).map(({ down, up, where }) =>
      tx.run(descending ? down : up, begin, count, ...where),
    ),
  )
  const ids = lists.flat().map(([id]) => id as string)
  if (lists.length > 1) ids.sort((a, b) => (a < b === descending ? 1 : -1))
  return ids.slice(0, count)
}
