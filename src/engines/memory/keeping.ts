import { isFinished } from '../../core/states.ts'
import type { FinishedRequest, KeptJob, RestoreVerdict } from '../engine.ts'
import type { Store } from './store.ts'

/** How finished jobs leave for another store, and come back from it. */

export const finished = (
  store: Store,
  now: number,
  { state, ageMs, after, limit }: FinishedRequest,
): KeptJob[] =>
  [...store.jobs.values()]
    .filter((job) => job.state === state)
    .map((job) => ({ job, at: job.finishedAt ?? 0 }))
    .filter(({ at }) => at <= now - ageMs)
    .filter(
      ({ job, at }) =>
        after === null || at > after.finishedAt || (at === after.finishedAt && job.id > after.id),
    )
    .sort((a, b) => a.at - b.at || (a.job.id < b.job.id ? -1 : 1))
    .slice(0, limit)
    .map(({ job }) => ({ job, log: store.logs.get(job.id) ?? [] }))

export const restore = (store: Store, { job, log }: KeptJob): RestoreVerdict => {
  const there = store.jobs.get(job.id)
  if (there !== undefined && (!isFinished(there.state) || there.fence >= job.fence))
    return { status: 'known' }
  const takesKey = !isFinished(job.state) && job.ties?.keyUntil !== 'time'
  const holder = takesKey ? store.keys.holder(job.key, store.now) : undefined
  if (holder !== undefined) return { status: 'key_taken', holder }
  if (there !== undefined) store.remove(there)
  store.write({ ...job })
  if (log.length > 0) {
    store.logs.set(
      job.id,
      log.map((line) => Object.freeze({ ...line })),
    )
  }
  return { status: 'ok' }
}
