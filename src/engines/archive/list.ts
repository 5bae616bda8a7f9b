import { isFinished } from '../../core/states.ts'
import type { Engine, ListAnswer, ListQuery } from '../engine.ts'
import { fitter } from '../fits.ts'
import type { Guard } from './guard.ts'

type Value = string | number | null
interface Place {
  readonly id: string
  readonly value: Value
}

const compareBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))

/** Null first, then by value; text by its UTF-8 bytes. */
const compareValues = (a: Value, b: Value): number => {
  if (a === b) return 0
  if (a === null) return -1
  if (b === null) return 1
  return typeof a === 'number' && typeof b === 'number' ? a - b : compareBytes(String(a), String(b))
}

const comparing = ({ field, descending }: ListQuery['sort']) => {
  const sign = descending ? -1 : 1
  return (a: Place, b: Place): number =>
    sign * ((field === 'id' ? 0 : compareValues(a.value, b.value)) || compareBytes(a.id, b.id))
}

/**
 * A page of both stores as if they were one. The engine is read before the archive, so that a job that moves meanwhile
 * is seen twice rather than not at all; what the archive has is then looked up in the engine, whose word counts. A page
 * ends where one of the two has more to tell than it told, and is filled up from there.
 */
export const listBoth = async (engine: Engine, guard: Guard, query: ListQuery): Promise<ListAnswer> => {
  if (query.states?.every((state) => !isFinished(state))) return engine.list(query)
  const { field } = query.sort
  const compare = comparing(query.sort)
  const fits = fitter(query)
  const placeOf = (job: ListAnswer['jobs'][number]): Place => ({ id: job.id, value: job[field] })
  const jobs: ListAnswer['jobs'] = []
  let { after } = query
  let bounded = false
  for (;;) {
    const part: ListQuery = { ...query, after, limit: query.limit - jobs.length }
    const own = await engine.list(part)
    const kept = await guard.ask((archive) => archive.list(part))
    bounded ||= own.bounded || kept.bounded
    const ownIds = new Set(own.jobs.map(({ id }) => id))
    const others = kept.jobs.filter(({ id }) => !ownIds.has(id))
    const inEngine = others.length === 0 ? [] : await engine.get(others.map(({ id }) => id))
    const found = [
      ...own.jobs,
      ...others.flatMap((copy, index) => {
        const job = inEngine[index] ?? null
        return job === null ? copy : fits(job) ? job : []
      }),
    ].sort((a, b) => compare(placeOf(a), placeOf(b)))

    // Behind the end of a page that goes on, only one of the two has been read.
    const ends = [own, kept].flatMap((page) => (page.more ? (page.jobs.at(-1) ?? []) : [])).map(placeOf)
    const horizon = ends.sort(compare)[0]
    const begin = after
    const certain = found.filter((job) => {
      const place = placeOf(job)
      return (
        (horizon === undefined || compare(place, horizon) <= 0) &&
        (begin === null || compare(place, begin) > 0)
      )
    })
    jobs.push(...certain.slice(0, part.limit))
    if (jobs.length === query.limit || horizon === undefined) {
      return { jobs, more: certain.length > part.limit || horizon !== undefined, bounded }
    }
    after = horizon
  }
}
