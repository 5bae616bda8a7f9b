import { type Duration, durationMs } from '../../core/durations.ts'
import { PosthasteError } from '../../core/errors.ts'
import { CONCURRENCY, CONCURRENCY_MAX, LEASE_MAX_MS, LEASE_MIN_MS, PREFETCH_MAX } from '../../core/limits.ts'
import { checkName } from '../../core/names.ts'
import type { RuntimeDeps } from '../deps.ts'

/** What a worker is asked to be. Everything may be left out. */
export interface WorkerOptions {
  /** Handlers that run at the same time, 1 … 10,000. Default 10. */
  readonly concurrency?: number
  /** Queues to serve. Default: all. */
  readonly queues?: readonly string[]
  /**
   * `merged` (default): by priority, due time and id across all queues. `listed`: the queues in the order given, each
   * one only when those before it have nothing.
   */
  readonly order?: 'merged' | 'listed'
  /** Instead of `queues` and `order`: the greater a queue's weight, the more often it is asked first. */
  readonly weights?: Readonly<Record<string, number>>
  /** Names of registered tasks to run. Default: all that this process knows. Others are never claimed. */
  readonly tasks?: readonly string[]
  /** Lease of a claimed job without a lease of its own, 100 ms … 24 h. Default 30 s. */
  readonly lease?: Duration
  /** How often all leases are renewed. Default 10 s, and never more than a third of the lease. */
  readonly heartbeat?: Duration
  /** Jobs held ahead of free slots while handlers are fast, 0 … 1,000. Default 1,000. */
  readonly prefetch?: number
}

/** The same, checked and complete. */
export interface WorkerSettings {
  readonly concurrency: number
  readonly queues: readonly string[] | null
  readonly order: 'merged' | 'listed'
  readonly weights: ReadonlyMap<string, number> | null
  readonly tasks: readonly string[] | null
  readonly leaseMs: number
  readonly heartbeatMs: number
  readonly prefetchMax: number
  /** How long one call may take before the worker goes on without its answer. */
  readonly callTimeoutMs: number
}

/** Two more renewals fit into a lease after one that failed. */
const HEARTBEATS_A_LEASE = 3
/**
 * Bounds of how long the worker waits for one answer: a third of a lease leaves time for another try, and a store that
 * hung is used again soon after it heals. Giving up is harmless, for every call is safe to repeat.
 */
const CALL_TIMEOUT_MIN_MS = 500
const CALL_TIMEOUT_MAX_MS = 5_000

/** @throws E_ARGUMENT, E_DURATION, E_NAME or E_TASK_UNKNOWN naming the option */
export const checkWorkerOptions = (deps: RuntimeDeps, options: WorkerOptions = {}): WorkerSettings => {
  const leaseMs = durationMs(options.lease ?? deps.settings.leaseMs, 'lease', {
    min: LEASE_MIN_MS,
    max: LEASE_MAX_MS,
  })
  const heartbeatMs = durationMs(options.heartbeat ?? deps.settings.heartbeatMs, 'heartbeat', { min: 1 })
  const weights = options.weights === undefined ? null : checkWeights(options)
  const queues = options.queues?.map((queue, index) => checkName(queue, `queues[${index}]`)) ?? null
  const order = options.order ?? 'merged'
  if (order !== 'merged' && order !== 'listed') throw refused('order', 'is neither merged nor listed')
  if (order === 'listed' && queues === null) throw refused('order', 'is listed, which needs queues')
  for (const [index, name] of (options.tasks ?? []).entries()) {
    if (deps.tasks.has(name)) continue
    const what = `tasks[${index}] is ${JSON.stringify(String(name).slice(0, 40))}, which is not registered.`
    throw new PosthasteError('E_TASK_UNKNOWN', what, { field: `tasks[${index}]` })
  }
  return {
    concurrency: whole(options.concurrency ?? CONCURRENCY, 'concurrency', 1, CONCURRENCY_MAX),
    queues,
    order,
    weights,
    tasks: options.tasks ?? null,
    leaseMs,
    heartbeatMs: Math.max(1, Math.min(heartbeatMs, Math.floor(leaseMs / HEARTBEATS_A_LEASE))),
    prefetchMax: whole(options.prefetch ?? PREFETCH_MAX, 'prefetch', 0, PREFETCH_MAX),
    callTimeoutMs: Math.min(CALL_TIMEOUT_MAX_MS, Math.max(CALL_TIMEOUT_MIN_MS, Math.floor(leaseMs / 3))),
  }
}

const checkWeights = (options: WorkerOptions): ReadonlyMap<string, number> => {
  if (options.queues !== undefined || options.order !== undefined) {
    throw refused('weights', 'cannot be given together with queues or order')
  }
  const weights = new Map<string, number>()
  for (const [queue, weight] of Object.entries(options.weights ?? {})) {
    checkName(queue, 'weights')
    if (typeof weight !== 'number' || !Number.isFinite(weight) || weight <= 0) {
      throw refused(`weights.${queue}`, 'is not a number above 0')
    }
    weights.set(queue, weight)
  }
  if (weights.size === 0) throw refused('weights', 'names no queue')
  return weights
}

const whole = (value: number, field: string, min: number, max: number): number => {
  if (Number.isInteger(value) && value >= min && value <= max) return value
  throw refused(field, `is ${String(value).slice(0, 40)}, not a whole number from ${min} to ${max}`)
}

const refused = (field: string, why: string): PosthasteError =>
  new PosthasteError('E_ARGUMENT', `${field} ${why}.`, { field })

/**
 * The queues of one claim in the order to ask them: drawn one after the other without putting back, each draw as likely
 * as its weight among those left. So every queue comes first at times, and none starves.
 */
export const weightedOrder = (weights: ReadonlyMap<string, number>, random: () => number): string[] =>
  [...weights]
    // Sorting by u^(1/w) draws in exactly this way (Efraimidis and Spirakis, 2006); the logarithm keeps the order.
    .map(([queue, weight]) => ({ queue, rank: Math.log(1 - random()) / weight }))
    .sort((a, b) => b.rank - a.rank)
    .map(({ queue }) => queue)
