import type { CancelRequest, Change, JobRecord } from '../../core/job.ts'
import { LOG_LINES_MAX } from '../../core/limits.ts'
import { isFinished } from '../../core/states.ts'
import type {
  ChangeVerdict,
  ExpiredRequest,
  LeaseVerdict,
  PromoteAnswer,
  PruneRequest,
  Report,
  StoredLogLine,
} from '../engine.ts'
import { leaseOf, type Store } from './store.ts'

/** The steps beside the exchange: what a run reports, and what the maintainer and operators do. */

export const report = (store: Store, { id, fence, checkpoint, progress, log = [] }: Report): LeaseVerdict => {
  const job = store.underLease(id, fence)
  if (typeof job === 'string') return job
  store.write({
    ...job,
    checkpoint: checkpoint === undefined ? job.checkpoint : checkpoint,
    progress: progress === undefined ? job.progress : progress,
  })
  store.hints.add('changed')
  const lines: StoredLogLine[] = store.logs.get(id) ?? []
  for (const { seq, at, level, message } of log) {
    const isKnown = lines.some((line) => line.fence === fence && line.seq === seq)
    if (!isKnown) lines.push(Object.freeze({ fence, seq, at, level, message }))
  }
  lines.sort((a, b) => a.fence - b.fence || a.seq - b.seq)
  store.logs.set(id, lines.slice(-LOG_LINES_MAX))
  return 'ok'
}

export const expired = (store: Store, now: number, { limit, after }: ExpiredRequest): JobRecord[] =>
  store.running.items
    .filter((job) => leaseOf(job) <= now)
    .filter(
      (job) =>
        after === null ||
        leaseOf(job) > after.leaseUntil ||
        (leaseOf(job) === after.leaseUntil && job.id > after.id),
    )
    .slice(0, limit)

export const promote = (store: Store, now: number, limit: number): PromoteAnswer => {
  const due = store.waiting.items.filter((job) => job.runAt <= now).slice(0, limit)
  for (const job of due) store.write({ ...job, state: 'ready' })
  return {
    promoted: due.length,
    nextDueAt: store.waiting.items.find((job) => job.runAt > now)?.runAt ?? null,
  }
}

/** Whether a change finds its job as it expects it. */
export const atRest = (store: Store, { id, fence, from }: Change): LeaseVerdict => {
  const job = store.jobs.get(id)
  if (job === undefined) return 'missing'
  return job.state === from && job.fence === fence ? 'ok' : 'stale'
}

export const change = (store: Store, now: number, wanted: Change): ChangeVerdict => {
  const { id, fence, to, delayMs } = wanted
  const verdict = atRest(store, wanted)
  const job = store.jobs.get(id)
  if (job === undefined || verdict !== 'ok') return { status: verdict }
  if (to === 'removed') {
    store.remove(job)
    return { status: 'ok' }
  }
  const holder = store.keys.holder(job.key, now)
  const takesKey = isFinished(job.state) && !isFinished(to) && job.ties?.keyUntil !== 'time'
  if (takesKey && holder !== undefined && holder !== id) return { status: 'key_taken', holder }
  store.write({
    ...job,
    state: to,
    fence: fence + 1,
    runAt: delayMs === undefined ? job.runAt : now + delayMs,
    priority: wanted.priority ?? job.priority,
    finishedAt: isFinished(to) ? now : null,
    attempt: wanted.attempt,
    retries: wanted.retries,
    crashes: wanted.crashes,
    solo: wanted.solo,
    reason: wanted.reason,
    output: wanted.output,
    error: wanted.error,
    history: wanted.history,
  })
  return { status: 'ok' }
}

export const requestCancel = (store: Store, id: string, { at, by, reason }: CancelRequest): LeaseVerdict => {
  const job = store.jobs.get(id)
  if (job === undefined) return 'missing'
  if (job.state !== 'running') return 'stale'
  if (job.cancel === null) store.write({ ...job, cancel: JSON.stringify({ at, by, reason }) })
  store.hints.add('changed')
  return 'ok'
}

const finishOf = (job: JobRecord): number => job.finishedAt ?? 0

export const prune = (store: Store, now: number, { state, ageMs, count, minAgeMs, limit }: PruneRequest) => {
  const newestFirst = [...store.jobs.values()]
    .filter((job) => job.state === state)
    .sort((a, b) => finishOf(b) - finishOf(a) || (a.id < b.id ? 1 : -1))
  const candidates = newestFirst
    .filter((job, place) => finishOf(job) < now - ageMs || place >= count)
    .filter((job) => finishOf(job) <= now - minAgeMs)
    .reverse()
  const removed = candidates.slice(0, limit)
  for (const job of removed) store.remove(job)
  return { removed: removed.length, more: limit > 0 && candidates.length > removed.length }
}
