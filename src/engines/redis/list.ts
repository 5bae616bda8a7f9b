import type { JobRecord } from '../../core/job.ts'
import { LIST_SCAN_MAX } from '../../core/limits.ts'
import type { ListAnswer, ListQuery, SortField } from '../engine.ts'
import { fitter, needsBodies, needsNoLook } from './fits.ts'
import { toJobs } from './rows.ts'
import type { Scripts } from './scripts.ts'
import { LETTERS } from './text.ts'

/** Jobs that one step looks at: Redis carries out nothing else meanwhile. */
const STEP = 1_000

interface Order {
  readonly descending: boolean
  readonly after: string
  readonly limit: number
  readonly isWhole: boolean
}
interface Step {
  readonly jobs: JobRecord[]
  /** The last one that was looked at. */
  readonly last: string
  readonly isLast: boolean
  /** How many jobs fit states, queues and tasks. */
  readonly total: number
}

const namesOf = (names: readonly string[] | undefined): string[] =>
  names === undefined ? ['-1'] : [String(names.length), ...names]

/** Where candidates are: behind a key or a reference, or in the places of their states, queues and tasks. */
const sourceOf = ({ key, ref, parent, batch, states, queues, tasks }: ListQuery): string[] => {
  if (key !== undefined) return ['k', key]
  if (ref !== undefined) return ['r', ref]
  if (parent !== undefined) return ['c', parent]
  if (batch !== undefined) return ['b', batch]
  const letters = states === undefined ? '-' : [...new Set(states)].map((state) => LETTERS[state]).join('')
  return ['p', letters, ...namesOf(queues), ...namesOf(tasks)]
}

const step = async (scripts: Scripts, query: ListQuery, order: Order): Promise<Step> => {
  const { descending, after, limit, isWhole } = order
  const args = [descending ? '1' : '', after, limit, isWhole ? '1' : '', ...sourceOf(query)]
  const reply = await scripts.run('list', args)
  const [rows, last, isLast, total] = reply as [string, string, number, number]
  return { jobs: toJobs(rows), last, isLast: isLast === 1, total }
}

/** In the order of ids: exact, however many jobs there are, and quick when an index leads to them. */
const byId = async (scripts: Scripts, query: ListQuery): Promise<ListAnswer> => {
  const { limit, sort } = query
  const fits = fitter(query)
  const size = needsNoLook(query) ? limit + 1 : STEP
  const jobs: JobRecord[] = []
  let after = query.after?.id ?? ''
  for (;;) {
    const order = { descending: sort.descending, after, limit: size, isWhole: true }
    const { jobs: some, last, isLast } = await step(scripts, query, order)
    for (const job of some) if (fits(job)) jobs.push(job)
    if (isLast || jobs.length > limit) break
    after = last
  }
  return { jobs: jobs.slice(0, limit), more: jobs.length > limit, bounded: false }
}

type Value = string | number | null
interface Place {
  readonly id: string
  readonly value: Value
}

const compareBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))

/** Null first, then by value; text by its bytes. */
const compareValues = (a: Value, b: Value): number => {
  if (a === b) return 0
  if (a === null) return -1
  if (b === null) return 1
  return typeof a === 'number' && typeof b === 'number' ? a - b : compareBytes(String(a), String(b))
}

const comparing = ({ field, descending }: ListQuery['sort']) => {
  const sign = descending ? -1 : 1
  return (a: Place, b: Place): number =>
    sign *
    ((field === 'id' ? 0 : compareValues(a.value, b.value)) || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0))
}

/** The first few of many, without keeping the rest. */
class Best {
  private readonly most: number
  private readonly compare: (a: Place, b: Place) => number
  places: Place[] = []

  constructor(most: number, compare: (a: Place, b: Place) => number) {
    this.most = most
    this.compare = compare
  }

  add(places: readonly Place[]): void {
    this.places = [...this.places, ...places].sort(this.compare).slice(0, this.most)
  }
}

/** In any other order, and for a search: among the newest jobs that fit states, queues and tasks. */
const byValue = async (scripts: Scripts, query: ListQuery): Promise<ListAnswer> => {
  const { after, limit } = query
  const field: SortField = query.sort.field
  const fits = fitter(query)
  const compare = comparing(query.sort)
  const best = new Best(limit + 1, compare)
  // Key, reference and ties are looked at job by job here: what is bounded are the newest jobs by state, queue and task.
  const { key: _key, ref: _ref, parent: _parent, batch: _batch, ...indexed } = query
  const isWhole = needsBodies(query)
  let [last, seen, total] = ['', 0, 0]
  for (let isDone = false; !isDone && seen < LIST_SCAN_MAX; ) {
    const order = { descending: true, after: last, limit: Math.min(STEP, LIST_SCAN_MAX - seen), isWhole }
    const found = await step(scripts, indexed, order)
    const places = found.jobs.filter(fits).map((job) => ({ id: job.id, value: job[field] }))
    best.add(places.filter((place) => after === null || compare(place, after) > 0))
    seen += found.jobs.length
    if (last === '') total = found.total
    last = found.last
    isDone = found.isLast
  }
  const ids = best.places.slice(0, limit).map(({ id }) => id)
  const whole = new Map(toJobs((await scripts.run('get', ids)) as string).map((job) => [job.id, job]))
  return {
    jobs: ids.flatMap((id) => whole.get(id) ?? []),
    more: best.places.length > limit,
    bounded: total > LIST_SCAN_MAX,
  }
}

export const list = (scripts: Scripts, query: ListQuery): Promise<ListAnswer> =>
  query.sort.field === 'id' && query.search === undefined ? byId(scripts, query) : byValue(scripts, query)
