import { ENGINE_BATCH_MAX, POLL_MAX_MS, POLL_MIN_MS, PREFETCH_HORIZON_MS } from '../../core/limits.ts'
import type { ClaimRequest, ExchangeAnswer } from '../../engines/engine.ts'
import type { Held } from './held.ts'
import type { KnownTasks } from './known.ts'
import type { Prefetch } from './prefetch.ts'
import { type WorkerSettings, weightedOrder } from './settings.ts'

/** What was held ahead longer than this while all slots were busy goes back to the store, where others find it. */
const SURPLUS_MS = 2 * PREFETCH_HORIZON_MS

/**
 * Decides when to claim and how much, and keeps what was claimed until its handler begins.
 *
 * Nothing is asked without a reason: a hint, the word of the last answer that there is more, a due time, a call that
 * goes out anyway, and, behind all of them, a poll that backs off. Losing every hint costs at most POLL_MAX_MS.
 */
export class Fetcher {
  #settings: WorkerSettings
  #tasks: KnownTasks
  #prefetch: Prefetch
  #random: () => number
  #waiting: Held[] = []
  /** Jobs before this index have left; the array is cut when it is empty. */
  #first = 0
  /** There is reason to believe that a claim would find something. */
  #expect = true
  #polling = false
  #pollMs = POLL_MIN_MS
  #pollAt = 0
  #dueAt = Number.POSITIVE_INFINITY

  constructor(settings: WorkerSettings, tasks: KnownTasks, prefetch: Prefetch, random: () => number) {
    this.#settings = settings
    this.#tasks = tasks
    this.#prefetch = prefetch
    this.#random = random
  }

  /** Jobs that are held and not begun. */
  get size(): number {
    return this.#waiting.length - this.#first
  }

  shift(): Held | undefined {
    const held = this.#waiting[this.#first]
    if (held === undefined) return undefined
    this.#first++
    if (this.#first === this.#waiting.length) {
      this.#waiting = []
      this.#first = 0
    }
    return held
  }

  /** Those that wait, without taking them. */
  list(): readonly Held[] {
    return this.#waiting.slice(this.#first)
  }

  /** Takes out those that `which` chooses. */
  remove(which: (held: Held) => boolean): Held[] {
    const removed: Held[] = []
    const kept: Held[] = []
    for (const held of this.list()) (which(held) ? removed : kept).push(held)
    this.#waiting = kept
    this.#first = 0
    return removed
  }

  /** Something may have become claimable. */
  hint(): void {
    this.#expect = true
  }

  /**
   * The claim to make now, or null. Slots that are free are worth a call of their own; jobs to hold ahead are fetched
   * in half of what may be held, so that the next half arrives while handlers work on this one.
   * @param busy handlers that have not returned
   * @param riding a call goes out anyway
   */
  claim(now: number, busy: number, riding: boolean): ClaimRequest | null {
    const { concurrency, leaseMs, queues, order, weights } = this.#settings
    const free = concurrency - busy - this.size
    const ahead = this.#prefetch.ahead()
    const half = Math.ceil((concurrency + ahead) / 2)
    const limit = Math.min(Math.max(free, Math.min(free + ahead, half)), ENGINE_BATCH_MAX)
    if (limit <= 0) return null
    const polling = free > 0 && now >= this.#pollAt
    const worth = this.#expect || riding || polling
    if (!worth || (free <= 0 && limit < half / 2)) return null
    const tasks = this.#tasks.names()
    if (tasks.length === 0) return null
    this.#expect = false
    this.#polling = polling && !riding
    return weights === null
      ? { limit, queues, tasks, order, leaseMs }
      : { limit, queues: weightedOrder(weights, this.#random), tasks, order: 'listed', leaseMs }
  }

  /** What the store answered to a claim, at `now`. */
  answered(now: number, answer: ExchangeAnswer): void {
    const found = answer.jobs.length > 0
    if (answer.more) this.#expect = true
    if (found) this.#pollMs = POLL_MIN_MS
    else if (this.#polling) this.#pollMs = Math.min(this.#pollMs * 2, POLL_MAX_MS)
    this.#pollAt = now + this.#pollMs
    this.dueIn(now, answer.nextDueAt === null ? null : answer.nextDueAt - answer.now)
  }

  /** The store could not be asked: what there is must be looked at again. */
  failed(): void {
    this.#expect = true
  }

  add(held: Held): void {
    this.#waiting.push(held)
  }

  /** The next job of the store is due in so many milliseconds. */
  dueIn(now: number, ms: number | null): void {
    this.#dueAt = ms === null ? Number.POSITIVE_INFINITY : now + Math.max(0, ms)
  }

  /** Whether jobs have become due that the store does not call ready yet, and this worker could run some. */
  promotes(now: number, busy: number): boolean {
    return now >= this.#dueAt && busy + this.size < this.#settings.concurrency
  }

  /** When to look again without being told (monotonic). */
  nextAt(busy: number): number {
    if (busy + this.size >= this.#settings.concurrency) return Number.POSITIVE_INFINITY
    return Math.min(this.#pollAt, this.#dueAt)
  }

  /** When jobs that are held ahead have waited too long (monotonic). */
  surplusAt(): number {
    const first = this.#waiting[this.#first]
    return first === undefined ? Number.POSITIVE_INFINITY : first.arrivedAt + SURPLUS_MS
  }

  /** Takes out the jobs that others could run sooner. */
  surplus(now: number): Held[] {
    if (now < this.surplusAt()) return []
    this.#prefetch.tooMuch()
    return this.remove((held) => now >= held.arrivedAt + SURPLUS_MS)
  }
}
