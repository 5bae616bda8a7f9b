import type { JobRecord } from '../../core/job.ts'
import { LIST_SCAN_MAX } from '../../core/limits.ts'
import type { ListAnswer, ListQuery, SortField } from '../engine.ts'
import { candidates, placesOf } from './candidates.ts'
import { fitter, needsNoLook } from './fits.ts'
import { findJob } from './jobs.ts'
import type { Session } from './session.ts'

/** A page, or as much of it as one step may look for. */
export interface ListStep extends ListAnswer {
  /** Where to go on when the page is not full and there is more to look at; null: this is the answer. */
  readonly resume: string | null
}

/** Jobs that one step looks at, so that a search through millions does not hold up the other calls. */
const STEP = 2_000

/** In the order of ids: exact, however many jobs there are, and quick when an index leads to them. */
const byId = (session: Session, query: ListQuery, limit: number): ListStep => {
  const { descending } = query.sort
  const isQuick = needsNoLook(query)
  const fits = fitter(query)
  const count = isQuick ? limit + 1 : STEP
  const ids = candidates(session, query, { descending, after: query.after?.id ?? null, count })
  const jobs: JobRecord[] = []
  for (const id of ids) {
    const job = findJob(session, id)?.job
    if (job !== undefined && fits(job)) jobs.push(job)
    if (jobs.length > limit) break
  }
  const isDone = isQuick || jobs.length > limit || ids.length < count
  return {
    jobs: jobs.slice(0, limit),
    more: jobs.length > limit,
    bounded: false,
    resume: isDone ? null : (ids.at(-1) ?? null),
  }
}

type Value = string | number | null
interface Place {
  readonly id: string
  readonly value: Value
}

/** Puts code units into the order of code points, which is that of UTF-8 bytes: surrogates come behind the rest. */
const rank = (unit: number): number => (unit >= 0xe000 ? unit - 0x800 : unit >= 0xd800 ? unit + 0x2000 : unit)

const compareTexts = (a: string, b: string): number => {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const difference = rank(a.charCodeAt(i)) - rank(b.charCodeAt(i))
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

/** Null first, then by value. */
const compareValues = (a: Value, b: Value): number => {
  if (a === b) return 0
  if (a === null) return -1
  if (b === null) return 1
  return typeof a === 'number' && typeof b === 'number' ? a - b : compareTexts(String(a), String(b))
}

const comparing = (field: SortField, descending: boolean) => {
  const sign = descending ? -1 : 1
  return (a: Place, b: Place): number =>
    sign * ((field === 'id' ? 0 : compareValues(a.value, b.value)) || compareTexts(a.id, b.id))
}

/** In any other order, and for a search: among the newest jobs that fit the indexed filters. */
const byValue = (session: Session, query: ListQuery): ListStep => {
  const { after, limit, sort } = query
  // Key, ref and ties are looked at job by job here: what is bounded are the newest jobs by state, queue and task.
  const { key: _key, ref: _ref, parent: _parent, batch: _batch, ...indexed } = query
  const ids = candidates(session, indexed, { descending: true, after: null, count: LIST_SCAN_MAX })
  const fits = fitter(query)
  const compare = comparing(sort.field, sort.descending)
  const places: Place[] = []
  for (const id of ids) {
    const job = findJob(session, id)?.job
    if (job === undefined || !fits(job)) continue
    const place = { id, value: job[sort.field] }
    if (after === null || compare(place, after) > 0) places.push(place)
  }
  places.sort(compare)
  const total = placesOf(session, query).reduce((sum, [, , , , number]) => sum + number, 0)
  return {
    jobs: places.slice(0, limit).flatMap(({ id }) => findJob(session, id)?.job ?? []),
    more: places.length > limit,
    bounded: total > LIST_SCAN_MAX,
    resume: null,
  }
}

/** `limit`: how many jobs of the page are still missing. */
export const listStep = (session: Session, query: ListQuery, limit: number): ListStep =>
  query.sort.field === 'id' && query.search === undefined
    ? byId(session, query, limit)
    : byValue(session, query)
