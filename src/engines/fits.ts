import type { JobRecord } from '../core/job.ts'
import type { ListQuery } from './engine.ts'

/** Whether a job fits the filters of a list, for stores that look at the jobs to which an index led them. */

const among = (values: readonly string[] | undefined, value: string): boolean =>
  values?.includes(value) ?? true

/** Only A to Z lose their case: what other letters are in lower case, stores do not agree on. */
const lower = (text: string): string => text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())

const isFound = (job: JobRecord, search: string): boolean =>
  [job.id, job.task, job.queue, job.key, job.ref, job.tags, job.payload, job.error].some(
    (text) => text !== null && lower(text).includes(search),
  )

const hasTag = ({ tags }: JobRecord, tag: string): boolean =>
  tags !== null && (JSON.parse(tags) as string[]).includes(tag)

export const fitter = (query: ListQuery): ((job: JobRecord) => boolean) => {
  const { states, queues, tasks, group, key, ref, tag, worker, createdAfter, createdBefore } = query
  const search = query.search === undefined ? undefined : lower(query.search)
  return (job) =>
    among(states, job.state) &&
    among(queues, job.queue) &&
    among(tasks, job.task) &&
    (group === undefined || job.group === group) &&
    (key === undefined || job.key === key) &&
    (ref === undefined || job.ref === ref) &&
    (worker === undefined || job.worker === worker) &&
    (query.parent === undefined || (job.ties?.parents.some(({ id }) => id === query.parent) ?? false)) &&
    (query.batch === undefined || job.ties?.batch === query.batch) &&
    (tag === undefined || hasTag(job, tag)) &&
    (createdAfter === undefined || job.createdAt > createdAfter) &&
    (createdBefore === undefined || job.createdAt < createdBefore) &&
    (search === undefined || isFound(job, search))
}
