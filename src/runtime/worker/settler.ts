import { decide, type Outcome, type RetryPolicy, resolvePolicy } from '../../core/decide.ts'
import type { Settlement } from '../../core/job.ts'
import { ENGINE_BATCH_MAX } from '../../core/limits.ts'
import type { Held } from './held.ts'

/** A completion asks neither the retry policy nor the clock nor the dice: looking them up would be waste. */
const NO_POLICY: RetryPolicy = { maxRetries: 0, backoff: 'default', whenExhausted: 'dead' }

export interface SettlerOptions {
  readonly workerId: string
  readonly random: () => number
  /** The store's clock, as the worker estimates it. */
  readonly storeNow: () => number
}

/**
 * Turns outcomes into settlements and keeps them until the store has answered. A settlement may be sent any number of
 * times; none is dropped because a call failed.
 */
export class Settler {
  #options: SettlerOptions
  #outbox: Held[] = []
  /** Settlements in the next call. Falls when the store refuses a whole call, to find the one that it cannot take. */
  #cap = ENGINE_BATCH_MAX

  constructor(options: SettlerOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#outbox.length
  }

  /** A call was refused as impossible: nothing but settlements goes out until the culprit is found. */
  get suspicious(): boolean {
    return this.#cap < ENGINE_BATCH_MAX
  }

  /** Decides about a run. The settlement goes out with the next call. */
  add(held: Held, outcome: Outcome): void {
    held.over = true
    held.outcome = outcome
    held.settlement = this.#decide(held, outcome)
    this.#outbox.push(held)
  }

  #decide(held: Held, outcome: Outcome): Settlement {
    const { job, startedStoreMs: startedAt, added } = held
    const { workerId: by, storeNow, random } = this.#options
    const started = startedAt !== null
    if (outcome.kind === 'completed' && added === null) {
      return decide(job, outcome, { started, startedAt, at: 0, by, random: 0 }, NO_POLICY)
    }
    const run = {
      started,
      startedAt,
      at: storeNow(),
      by,
      random: random(),
      deadlineAt: held.deadlineAt,
      ...(added === null ? {} : { add: added }),
    }
    const settlement = decide(job, outcome, run, resolvePolicy(job, held.options ?? {}, held.known.retry))
    return held.tooLate === null ? settlement : { ...settlement, reason: held.tooLate }
  }

  /** The settlements of the next call, the oldest first. */
  take(): Held[] {
    if (this.#outbox.length <= this.#cap) {
      const all = this.#outbox
      this.#outbox = []
      return all
    }
    return this.#outbox.splice(0, this.#cap)
  }

  /** Those that wait for a call after the next. */
  list(): readonly Held[] {
    return this.#outbox
  }

  /** The call's answer was lost: send them again, in the same order. */
  putBack(batch: Held[]): void {
    if (batch.length > 0) this.#outbox = this.#outbox.length === 0 ? batch : [...batch, ...this.#outbox]
  }

  taken(): void {
    this.#cap = Math.min(ENGINE_BATCH_MAX, this.#cap * 2)
  }

  /**
   * No store could carry out a call with these. Halves what is sent together until one is left alone: that one is
   * answered, the others go out again.
   */
  refused(batch: Held[]): Held | null {
    const [only] = batch
    if (only === undefined) return null
    if (batch.length === 1 && this.suspicious) return only
    this.putBack(batch)
    this.#cap = Math.max(1, Math.floor(batch.length / 2))
    return null
  }
}
