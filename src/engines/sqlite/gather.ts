import { type Clock, systemClock } from '../../core/clock.ts'
import { PosthasteError } from '../../core/errors.ts'
import type { Hint } from '../engine.ts'
import type { Executor } from './executor.ts'
import type { AnswerOf, ArgumentOf, Call, OperationName } from './operations.ts'
import type { Outcome } from './store.ts'

/** A transaction is full when its calls have this many elements together: others want to write, too. */
const ELEMENTS_PER_BATCH = 1_000

/** Batches on their way to another thread at most, when they are full: one is copied while the other is carried out. */
const BATCHES_AHEAD = 2

interface Waiting {
  readonly call: Call
  readonly elements: number
  readonly deadline: number
  readonly resolve: (value: unknown) => void
  readonly reject: (error: PosthasteError) => void
}

export interface GathererOptions {
  readonly executor: Executor
  readonly clock: Clock
  readonly callTimeoutMs: number
  readonly onHints: (hints: readonly Hint[]) => void
}

/**
 * Group commit without a timer: calls that come in one turn of the event loop, and those that come while a transaction
 * is under way, share the next one. A call that comes alone goes at once; a full batch does not wait for the one before.
 */
export class Gatherer {
  private readonly options: GathererOptions
  private waiting: Waiting[] = []
  private running: Waiting[] = []
  private batches = 0
  private isStarting = false
  private watch: NodeJS.Timeout | undefined
  private whenIdle: (() => void) | undefined

  constructor(options: GathererOptions) {
    this.options = options
  }

  /** `elements`: how much work the call is, roughly. */
  call<Name extends OperationName>(
    name: Name,
    argument: ArgumentOf<Name>,
    elements = 1,
  ): Promise<AnswerOf<Name>> {
    return new Promise((resolve, reject) => {
      const deadline = performance.now() + this.options.callTimeoutMs
      this.waiting.push({
        call: { name, argument },
        elements,
        deadline,
        resolve: resolve as (value: unknown) => void,
        reject,
      })
      this.watchDeadlines()
      this.start()
    })
  }

  /** Waits until no call is waiting or under way. */
  async close(): Promise<void> {
    if (this.waiting.length > 0 || this.running.length > 0) {
      await new Promise<void>((resolve) => {
        this.whenIdle = resolve
      })
    }
    clearTimeout(this.watch)
  }

  private start(): void {
    if (this.isStarting || this.waiting.length === 0) return
    if (this.batches > 0 && !(this.batches < BATCHES_AHEAD && this.options.executor.isApart && this.isFull()))
      return
    this.isStarting = true
    // After the events of this turn: everything that they ask for comes along.
    setImmediate(() => {
      void this.run()
      // A second full batch need not wait until this one is answered.
      this.start()
    })
  }

  private async run(): Promise<void> {
    this.isStarting = false
    const batch = this.nextBatch()
    if (batch.length === 0) {
      if (this.batches === 0) this.whenIdle?.()
      return
    }
    this.batches++
    this.running = this.running.concat(batch)
    const { executor, clock, onHints } = this.options
    const at = clock === systemClock ? null : clock.now()
    try {
      const calls = batch.map(({ call }) => call)
      const { outcomes, hints } = await executor.run(calls, at)
      for (const [i, { resolve, reject }] of batch.entries()) settle(outcomes[i], resolve, reject)
      if (hints.length > 0) onHints(hints)
    } catch (cause) {
      const error =
        cause instanceof PosthasteError ? cause : new PosthasteError('E_STORE', undefined, { cause })
      for (const { reject } of batch) reject(error)
    }
    this.batches--
    const ended = new Set(batch.map(({ call }) => call))
    this.running = this.running.filter(({ call }) => !ended.has(call))
    if (this.waiting.length > 0) this.start()
    else if (this.batches === 0) this.whenIdle?.()
  }

  private isFull(): boolean {
    let elements = 0
    return this.waiting.some((one) => {
      elements += Math.max(1, one.elements)
      return elements >= ELEMENTS_PER_BATCH
    })
  }

  private nextBatch(): Waiting[] {
    let elements = 0
    let count = 0
    for (const one of this.waiting) {
      elements += Math.max(1, one.elements)
      if (count > 0 && elements > ELEMENTS_PER_BATCH) break
      count++
    }
    return this.waiting.splice(0, count)
  }

  /** One timer for all calls: it looks, for as long as there are any, whether one has waited too long. */
  private watchDeadlines(): void {
    if (this.watch !== undefined) return
    // Those that were told already that they waited too long have no deadline any more.
    const isWatched = ({ deadline }: Waiting): boolean => deadline !== Number.POSITIVE_INFINITY
    const first = this.running.find(isWatched) ?? this.waiting[0]
    if (first === undefined) return
    const left = Math.max(1, first.deadline - performance.now())
    this.watch = setTimeout(() => {
      this.watch = undefined
      this.rejectLate()
      this.watchDeadlines()
    }, left)
    this.watch.unref()
  }

  private rejectLate(): void {
    const now = performance.now()
    const what = `The store did not answer within ${this.options.callTimeoutMs} ms.`
    // What is under way may still be carried out; its answer goes nowhere.
    for (const { deadline, reject } of [...this.running, ...this.waiting]) {
      if (deadline <= now) reject(new PosthasteError('E_STORE_TIMEOUT', what))
    }
    this.waiting = this.waiting.filter(({ deadline }) => deadline > now)
    this.running = this.running.map((one) => (one.deadline > now ? one : { ...one, deadline: Infinity }))
  }
}

const settle = (
  outcome: Outcome | undefined,
  resolve: Waiting['resolve'],
  reject: Waiting['reject'],
): void => {
  if (outcome === undefined) reject(new PosthasteError('E_STORE'))
  else if ('value' in outcome) resolve(outcome.value)
  else reject(new PosthasteError(outcome.error.code, outcome.error.what))
}
