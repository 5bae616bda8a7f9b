import type { Outcome } from '../../core/decide.ts'
import { PosthasteError } from '../../core/errors.ts'
import { parsePayload } from '../../core/json.ts'
import { ABORT_GRACE_MS } from '../../core/limits.ts'
import { validate } from '../../core/standard-schema.ts'
import type { RuntimeDeps } from '../deps.ts'
import type { Isolation } from '../isolate/isolation.ts'
import { upgraded } from '../versions.ts'
import { type ContextServices, RunContext } from './context.ts'
import type { Held } from './held.ts'
import {
  cancelError,
  deadlineError,
  outcomeOfAbort,
  outcomeOfError,
  outcomeOfPayload,
  outcomeOfValue,
  timeoutError,
} from './outcome.ts'
import type { Prefetch } from './prefetch.ts'
import { tellStarted } from './tell.ts'

/** A lease counts as lost a little before it ends, so that the handler has stopped when another worker begins. */
const LEASE_MARGIN_MS = 1_000
const LEASE_MARGIN_PART = 10
export interface RunnerOptions {
  readonly deps: RuntimeDeps
  readonly services: ContextServices
  readonly prefetch: Prefetch
  /** Loaded when a job needs it. */
  readonly isolation: () => Promise<Isolation>
  /** What became of a run. Called once a run, unless its lease was lost. */
  readonly ended: (held: Held, outcome: Outcome) => void
  /** The handler returned at `now` (monotonic): its slot is free. */
  readonly freed: (now: number) => void
  /** The lease ran out by this worker's clock, or the store says that it is another's. */
  readonly lost: (held: Held) => void
  /** Something of this run must be looked at by then (monotonic). */
  readonly due: (at: number) => void
}

/**
 * Runs handlers: payload, context, timeout, abort. A handler occupies its slot until it returns, also when its job was
 * settled over its head. What a handler throws in a promise that it does not wait for is not caught here: Node ends
 * the process, as it does everywhere, and the jobs are found by their leases.
 */
export class Runner {
  /** Handlers that have not returned, the newest last. */
  readonly running = new Set<Held>()
  #options: RunnerOptions

  constructor(options: RunnerOptions) {
    this.#options = options
  }

  /** Begins a run. Never throws. Answers the monotonic time at which the handler first let others run. */
  start(held: Held, now: number): number {
    const { prefetch } = this.#options
    held.startedAt = now
    this.running.add(held)
    if (held.known.child !== null) {
      // The wait for a child has a limit of its own and is not part of the run.
      this.#limit(held, now, Number.POSITIVE_INFINITY)
      void this.#isolated(held)
      return now
    }
    this.#limit(held, now, timeoutOf(held))

    const { task, version } = held.known
    let payload: unknown
    try {
      payload = upgraded(task, version, parsePayload(held.job.payload))
      if (task.payload !== undefined) payload = validate(task.payload, payload, task.name)
    } catch (error) {
      return this.#end(held, outcomeOfPayload(error))
    }
    if (payload instanceof Promise) {
      // Only a schema answers with a promise here: JSON holds none.
      payload.then(
        (value) => this.#call(held, value, this.#options.deps.clock.monotonic()),
        (error) => this.#end(held, outcomeOfPayload(error)),
      )
      return now
    }
    const after = this.#call(held, payload, now)
    prefetch.blocked(after - now)
    return after
  }

  /** The run may last so long, and no longer than to its deadline. */
  #limit(held: Held, now: number, timeoutMs: number): void {
    held.timeoutAt = now + timeoutMs
    if (held.deadlineAt !== null) {
      const deadlineAt = now + held.deadlineAt - this.#options.services.storeTime(now)
      held.isDeadlineFirst = deadlineAt < held.timeoutAt
      held.timeoutAt = Math.min(held.timeoutAt, deadlineAt)
    }
    this.#options.due(held.timeoutAt)
  }

  #call(held: Held, payload: unknown, now: number): number {
    const { deps, services } = this.#options
    if (held.over) return this.#end(held, null)
    held.startedStoreMs = services.storeTime(now)
    tellStarted(deps, held)
    let result: unknown
    try {
      result = held.known.task.run(payload, new RunContext(held, services))
      // An async handler answers a plain promise; what is merely alike (a query builder) is asked by its own rules.
      if (!(result instanceof Promise) && isThenable(result)) result = Promise.resolve(result)
    } catch (error) {
      return this.#endAfterSteps(held, () => outcomeOfError(held, error))
    }
    if (!(result instanceof Promise)) return this.#endAfterSteps(held, () => outcomeOfValue(result))
    result.then(
      (value) => this.#endAfterSteps(held, () => outcomeOfValue(value)),
      (error) => this.#endAfterSteps(held, () => outcomeOfError(held, error)),
    )
    return deps.clock.monotonic()
  }

  async #isolated(held: Held): Promise<void> {
    const { deps, services, isolation } = this.#options
    const began = (): void => {
      const now = deps.clock.monotonic()
      held.startedAt = now
      held.startedStoreMs = services.storeTime(now)
      this.#limit(held, now, timeoutOf(held))
      tellStarted(deps, held)
    }
    let outcome: Outcome | null
    try {
      outcome = await (await isolation()).run(held, new RunContext(held, services), began)
    } catch (error) {
      outcome = outcomeOfError(held, error)
    }
    this.#endAfterSteps(held, () => outcome)
  }

  /** A run is not over while one of its steps is under way: the next run would do its work a second time beside it. */
  #endAfterSteps(held: Held, outcome: () => Outcome | null): number {
    const idle = held.notes === null ? null : held.notes.idle()
    if (idle === null) return this.#end(held, outcome())
    void idle.then(() => this.#end(held, outcome()))
    return this.#options.deps.clock.monotonic()
  }

  #end(held: Held, outcome: Outcome | null): number {
    const { deps, prefetch, ended, freed } = this.#options
    const now = deps.clock.monotonic()
    this.running.delete(held)
    prefetch.ran(now - held.startedAt)
    if (held.over && held.known.child === null) {
      deps.logger.warn(
        { job: held.job.id, task: held.job.task, reason: held.aborted?.code },
        'a handler returned after its run was over; its result was dropped',
      )
    } else if (!held.over && outcome !== null) {
      held.over = true
      ended(held, outcome)
    }
    freed(now)
    return now
  }

  /** Someone asked to cancel the job. */
  cancel(held: Held, now: number): void {
    this.abort(held, cancelError(held), now + ABORT_GRACE_MS)
  }

  /** Tells a handler to stop. At `graceEndsAt` its job is settled whether it has returned or not. */
  abort(held: Held, reason: PosthasteError, graceEndsAt: number): void {
    if (held.over) return
    held.abortGraceEndsAt = Math.min(held.abortGraceEndsAt, graceEndsAt)
    this.#options.due(held.abortGraceEndsAt)
    if (held.aborted !== null) return
    held.aborted = reason
    held.controller?.abort(reason)
  }

  /** The lease is not ours any more: whatever the handler does now is in vain. */
  lose(held: Held): void {
    if (held.over) return
    held.over = true
    const reason = new PosthasteError(
      'E_LEASE_LOST',
      `The lease of job ${held.job.id} was lost while it ran.`,
    )
    held.aborted ??= reason
    this.#options.lost(held)
    held.controller?.abort(reason)
    held.kill?.()
  }

  /** Settles a run whose handler was told to stop and did not; its child, if it has one, is ended. */
  giveUp(held: Held): void {
    if (held.over || held.aborted === null) return
    held.over = true
    held.kill?.()
    this.#options.ended(held, outcomeOfAbort(held, held.aborted))
  }

  /** Looks at every running handler: timeouts, ignored signals, leases. Answers when to look again (monotonic). */
  watch(now: number): number {
    let next = Number.POSITIVE_INFINITY
    for (const held of this.running) {
      if (held.over) continue
      const leaseMs = held.leaseMs
      const leaseAt = held.leaseEndsAt - Math.min(LEASE_MARGIN_MS, leaseMs / LEASE_MARGIN_PART)
      if (now >= leaseAt) {
        this.lose(held)
        continue
      }
      if (held.aborted === null && now >= held.timeoutAt) {
        const reason = held.isDeadlineFirst
          ? deadlineError(held)
          : timeoutError(held, Math.round(held.timeoutAt - held.startedAt))
        this.abort(held, reason, now + ABORT_GRACE_MS)
      }
      if (now >= held.abortGraceEndsAt) {
        this.giveUp(held)
        continue
      }
      next = Math.min(next, leaseAt, held.aborted === null ? held.timeoutAt : held.abortGraceEndsAt)
    }
    return next
  }
}

const timeoutOf = ({ options, known }: Held): number => options?.timeoutMs ?? known.timeoutMs

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
