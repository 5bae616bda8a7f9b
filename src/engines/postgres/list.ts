import type { JobRecord } from '../../core/job.ts'
import { ENGINE_BATCH_MAX, LIST_SCAN_MAX } from '../../core/limits.ts'
import type { ListAnswer, ListQuery, SortField } from '../engine.ts'
import { words } from './arrays.ts'
import { candidates, hasIndexedFilter, type Place, placesOf, READY_SORT_MAX } from './candidates.ts'
import { fitter, needsNoLook } from './fits.ts'
import type { Parts } from './parts.ts'
import { toStoredJob } from './records.ts'
import type { Tx } from './session.ts'

/** Jobs that are looked at in one transaction: a search through millions must not hold up the server's housekeeping. */
const STEP = 2_000
/** Steps among all jobs after which ready ones are sorted instead, however many they are. */
const STEPS_AMONG_ALL = 10

const readJobs = async (tx: Tx, ids: readonly string[]): Promise<JobRecord[]> => {
  const jobs: JobRecord[] = []
  for (let at = 0; at < ids.length; at += ENGINE_BATCH_MAX) {
    const rows = await tx.run('record', words(ids.slice(at, at + ENGINE_BATCH_MAX)))
    jobs.push(...rows.map((row) => toStoredJob(row).job))
  }
  return jobs
}

const readyAmong = (places: readonly Place[]): number =>
  places.reduce((sum, { state, number }) => sum + (state === 'ready' ? number : 0), 0)

interface Step extends ListAnswer {
  /** Where to go on when the page is not full and there is more to look at; null: this is the answer. */
  readonly resume: string | null
}

/** In the order of ids: exact, however many jobs there are. `among`: whether to look among all jobs if that helps. */
const byId = async (tx: Tx, query: ListQuery, limit: number, steps: number): Promise<Step> => {
  const { descending } = query.sort
  const isFiltered = hasIndexedFilter(query)
  const places = isFiltered ? await placesOf(tx, query) : null
  const isAmongAll = places === null || (readyAmong(places) > READY_SORT_MAX && steps < STEPS_AMONG_ALL)
  const isQuick = needsNoLook(query) && (places === null || !isAmongAll)
  const fits = fitter(query)
  const count = isQuick ? limit + 1 : STEP
  const order = { descending, after: query.after?.id ?? null, count }
  const ids = await candidates(tx, query, isAmongAll ? null : places, order)
  const jobs: JobRecord[] = []
  let looked = 0
  // Most often the first ones fit: more than are wanted are read only when they do not.
  while (looked < ids.length && jobs.length <= limit) {
    const some = ids.slice(looked, looked + Math.max(2 * (limit + 1), looked))
    looked += some.length
    jobs.push(...(await readJobs(tx, some)).filter(fits))
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
interface Spot {
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
  return (a: Spot, b: Spot): number =>
    sign * ((field === 'id' ? 0 : compareValues(a.value, b.value)) || compareTexts(a.id, b.id))
}

/** In any other order, and for a search: among the newest jobs that fit the indexed filters. */
const byValue = async (tx: Tx, query: ListQuery): Promise<ListAnswer> => {
  const { after, limit, sort } = query
  // Key and ref are looked at job by job here: what is bounded are the newest jobs by state, queue and task.
  const { key: _key, ref: _ref, ...indexed } = query
  const places = await placesOf(tx, query)
  const where = hasIndexedFilter(query) ? places : null
  const ids = await candidates(tx, indexed, where, { descending: true, after: null, count: LIST_SCAN_MAX })
  const fits = fitter(query)
  const compare = comparing(sort.field, sort.descending)
  const spots: (Spot & { job: JobRecord })[] = []
  for (let at = 0; at < ids.length; at += ENGINE_BATCH_MAX) {
    for (const job of await readJobs(tx, ids.slice(at, at + ENGINE_BATCH_MAX))) {
      const spot = { id: job.id, value: job[sort.field], job }
      if (fits(job) && (after === null || compare(spot, after) > 0)) spots.push(spot)
    }
    // No more than a page is ever kept of what can be large.
    spots.sort(compare).splice(limit + 1)
  }
  return {
    jobs: spots.slice(0, limit).map(({ job }) => job),
    more: spots.length > limit,
    bounded: places.reduce((sum, { number }) => sum + number, 0) > LIST_SCAN_MAX,
  }
}

/** A page of jobs. A long search is made in steps, each of which sees one state of the store. */
export const list = async ({ sessions }: Parts, query: ListQuery): Promise<ListAnswer> => {
  const options = { doing: 'listing jobs', mode: 'read' } as const
  if (query.sort.field !== 'id' || query.search !== undefined) {
    return sessions.transaction(options, (tx) => byValue(tx, query))
  }
  const jobs: JobRecord[] = []
  let { after } = query
  for (let steps = 0; ; steps++) {
    const limit = query.limit - jobs.length
    const step = await sessions.transaction(options, (tx) => byId(tx, { ...query, after }, limit, steps))
    jobs.push(...step.jobs)
    if (step.resume === null) return { jobs, more: step.more, bounded: step.bounded }
    after = { id: step.resume, value: null }
  }
}
