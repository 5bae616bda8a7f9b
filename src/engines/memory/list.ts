import type { JobRecord } from '../../core/job.ts'
import { LIST_SCAN_MAX } from '../../core/limits.ts'
import type { ListAnswer, ListQuery } from '../engine.ts'
import type { Store } from './store.ts'

type Value = string | number | null

/** Null first, then by value; text by its UTF-8 bytes. */
const compareValues = (a: Value, b: Value): number => {
  if (a === b) return 0
  if (a === null) return -1
  if (b === null) return 1
  if (typeof a === 'number' && typeof b === 'number') return a - b
  return Buffer.compare(Buffer.from(String(a)), Buffer.from(String(b)))
}

/** Ids are ASCII: their order as JavaScript text is that of their bytes. */
const compareIds = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

const among = (values: readonly string[] | undefined, value: string): boolean =>
  values?.includes(value) ?? true

const fitsIndexed = (job: JobRecord, { states, queues, tasks }: ListQuery): boolean =>
  among(states, job.state) && among(queues, job.queue) && among(tasks, job.task)

const lower = (text: string): string => text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())

const isFound = (job: JobRecord, search: string): boolean =>
  [job.id, job.task, job.queue, job.key, job.ref, job.tags, job.payload, job.error].some(
    (text) => text !== null && lower(text).includes(lower(search)),
  )

const hasTag = ({ tags }: JobRecord, tag: string): boolean =>
  tags !== null && (JSON.parse(tags) as string[]).includes(tag)

const fits = (job: JobRecord, query: ListQuery): boolean =>
  (query.group === undefined || job.group === query.group) &&
  (query.key === undefined || job.key === query.key) &&
  (query.ref === undefined || job.ref === query.ref) &&
  (query.worker === undefined || job.worker === query.worker) &&
  (query.parent === undefined || (job.ties?.parents.some(({ id }) => id === query.parent) ?? false)) &&
  (query.batch === undefined || job.ties?.batch === query.batch) &&
  (query.tag === undefined || hasTag(job, query.tag)) &&
  (query.createdAfter === undefined || job.createdAt > query.createdAfter) &&
  (query.createdBefore === undefined || job.createdAt < query.createdBefore) &&
  (query.search === undefined || isFound(job, query.search))

export const list = (store: Store, query: ListQuery): ListAnswer => {
  const { sort, after, limit } = query
  const { field } = sort
  const direction = sort.descending ? -1 : 1
  const isExact = field === 'id' && query.search === undefined

  const indexed = [...store.jobs.values()].filter((job) => fitsIndexed(job, query))
  const newest = isExact ? indexed : indexed.sort((a, b) => compareIds(b.id, a.id)).slice(0, LIST_SCAN_MAX)

  const place = (job: JobRecord, value: Value, id: string): number =>
    direction * ((field === 'id' ? 0 : compareValues(job[field], value)) || compareIds(job.id, id))
  const rest = newest
    .filter((job) => fits(job, query))
    .filter((job) => after === null || place(job, after.value, after.id) > 0)
    .sort((a, b) => place(a, b[field], b.id))
  return {
    jobs: rest.slice(0, limit),
    more: rest.length > limit,
    bounded: !isExact && indexed.length > LIST_SCAN_MAX,
  }
}
