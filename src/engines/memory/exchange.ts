import type { JobRecord, Settlement } from '../../core/job.ts'
import { ENGINE_BATCH_MAX } from '../../core/limits.ts'
import { isFinished } from '../../core/states.ts'
import type {
  ClaimRequest,
  ExchangeAnswer,
  ExchangeRequest,
  LeaseVerdict,
  RenewRequest,
  RenewVerdict,
  SettleVerdict,
  Start,
} from '../engine.ts'
import { addJob } from './insert.ts'
import { Gate } from './limits.ts'
import { isWritable, writeRecords } from './records.ts'
import type { Store } from './store.ts'

const settle = (store: Store, now: number, settlement: Settlement): SettleVerdict => {
  const { id, fence, to, delayMs, unlessCancelled, add = [], records = [], ...values } = settlement
  const job = store.underLease(id, fence)
  if (typeof job === 'string') {
    const settled = store.jobs.get(id)
    return settled?.fence === fence && settled.state === to ? 'ok' : job
  }
  if (unlessCancelled && job.cancel !== null) return 'cancel_requested'
  if (!isWritable(store, now, records)) return 'conflict'
  store.write({
    ...job,
    attempt: values.attempt,
    retries: values.retries,
    crashes: values.crashes,
    solo: values.solo,
    startedAt: values.startedAt,
    reason: values.reason,
    output: values.output,
    error: values.error,
    history: values.history,
    progress: values.progress === undefined ? job.progress : values.progress,
    checkpoint: values.checkpoint === undefined ? job.checkpoint : values.checkpoint,
    state: to,
    runAt: delayMs === undefined ? job.runAt : now + delayMs,
    finishedAt: isFinished(to) ? now : null,
    leaseUntil: null,
    started: false,
    cancel: null,
  })
  writeRecords(store, now, records)
  for (const child of add) addJob(store, now, child)
  return 'ok'
}

const start = (store: Store, { id, fence, attempt, startedAt }: Start): LeaseVerdict => {
  const job = store.underLease(id, fence)
  if (typeof job === 'string') return job
  store.write({ ...job, attempt, startedAt, started: true })
  return 'ok'
}

const renew = (store: Store, now: number, id: string, fence: number, leaseMs: number): RenewVerdict => {
  const job = store.underLease(id, fence)
  if (typeof job === 'string') return job
  store.write({ ...job, leaseUntil: now + (job.leaseMs ?? leaseMs) })
  return job.cancel === null ? 'ok' : 'cancel_requested'
}

/** What runs under this worker's name although it does not know of it. */
const unknownLeases = (
  store: Store,
  worker: string | null,
  { complete, leases }: RenewRequest,
): JobRecord[] => {
  if (!complete) return []
  const known = new Set(leases.map(({ id, fence }) => `${id} ${fence}`))
  return store.running.items
    .filter((job) => job.worker === worker && !known.has(`${job.id} ${job.fence}`))
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .slice(0, ENGINE_BATCH_MAX)
}

/** The jobs that this claim may take but for their limits, in the order of ready jobs, one list for each turn of queues. */
const eligible = (store: Store, { queues, tasks, order }: ClaimRequest): JobRecord[][] => {
  const wanted = queues === null ? null : new Set(queues)
  const known = tasks === null ? null : new Set(tasks)
  const jobs = store.ready.items.filter(
    (job) => (wanted?.has(job.queue) ?? true) && (known?.has(job.task) ?? true) && !store.isPaused(job.queue),
  )
  if (order === 'merged' || wanted === null) return [jobs]
  return [...wanted].map((queue) => jobs.filter((job) => job.queue === queue))
}

/** The next job, or undefined. Each queue offers its first one by (priority, turn, runAt, id). */
const nextOf = (store: Store, gate: Gate, jobs: readonly JobRecord[]): JobRecord | undefined => {
  const offers = new Map<string, JobRecord>()
  // The jobs come in the order of (priority, runAt, id): a later one goes first only when its turn is an earlier one.
  for (const job of jobs) {
    const offer = offers.get(job.queue)
    const isBefore =
      offer === undefined ||
      (job.priority === offer.priority && store.limits.turn(job) < store.limits.turn(offer))
    if (isBefore && gate.isOpen(job)) offers.set(job.queue, job)
  }
  const first = Math.min(...[...offers.values()].map((job) => jobs.indexOf(job)))
  return jobs[first]
}

/** When a rate lets the first of the jobs go that this claim would take but for that. */
const firstOpening = (store: Store, gate: Gate, request: ClaimRequest): number | null => {
  if (store.limits.settings.size === 0) return null
  let first: number | null = null
  for (const job of eligible(store, request).flat()) {
    const opensAt = gate.opensAt(job)
    if (opensAt !== null && (first === null || opensAt < first)) first = opensAt
  }
  return first
}

const claim = (store: Store, now: number, worker: string | null, request: ClaimRequest) => {
  const { limit, leaseMs } = request
  const claimed: JobRecord[] = []
  if (limit === 0) return { jobs: claimed, more: false, opensAt: null }
  const gate = new Gate(store, now)
  let more = false
  for (let jobs of eligible(store, request)) {
    const isFree = store.limits.areFree(jobs)
    for (;;) {
      const job = isFree ? jobs[0] : nextOf(store, gate, jobs)
      if (job === undefined) break
      // A solo job ends an answer, or is all of it.
      more = claimed.length === limit || (claimed.length > 0 && (job.solo || (claimed[0]?.solo ?? false)))
      if (more) break
      jobs = isFree ? jobs.slice(1) : jobs.filter((other) => other !== job)
      const recorded = job.solo
        ? { started: true, attempt: job.attempt + 1, startedAt: now }
        : { started: false }
      const lease = { worker, leaseUntil: now + (job.leaseMs ?? leaseMs), fence: job.fence + 1 }
      const running: JobRecord = { ...job, state: 'running', ...lease, ...recorded }
      store.write(running)
      gate.claimed(running)
      claimed.push(running)
    }
    if (more) break
  }
  return { jobs: claimed, more, opensAt: more ? null : firstOpening(store, gate, request) }
}

export const exchange = (store: Store, now: number, request: ExchangeRequest): ExchangeAnswer => {
  const { worker } = request
  const settled = (request.settle ?? []).map((settlement) => settle(store, now, settlement))
  if (worker === null && settled.length > 0) store.hints.add('ready')
  const started = (request.start ?? []).map((one) => start(store, one))
  const renewal = request.renew ?? { leases: [], leaseMs: 0, complete: false }
  const renewed = renewal.leases.map(({ id, fence }) => renew(store, now, id, fence, renewal.leaseMs))
  const unknown = unknownLeases(store, worker, renewal)
  const { jobs, more, opensAt } =
    request.claim === undefined
      ? { jobs: [], more: false, opensAt: null }
      : claim(store, now, worker, request.claim)
  const dueAt = store.nextDueAt()
  const nextDueAt = dueAt === null || opensAt === null ? (dueAt ?? opensAt) : Math.min(dueAt, opensAt)
  return { now, settled, started, renewed, unknown, jobs, more, nextDueAt }
}
