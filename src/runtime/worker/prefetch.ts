import { PREFETCH_HORIZON_MS } from '../../core/limits.ts'

/** Weight of the newest run in the averages: about the last twenty runs count. */
const NEWEST = 0.1

/**
 * How many jobs to hold ahead of free slots: as many as can begin within PREFETCH_HORIZON_MS, judged by how long
 * handlers took lately. Nothing is held ahead before the first handlers have been measured.
 *
 * Two averages, because handlers are slow in two ways: waiting ones share the slots, computing ones the one thread.
 */
export class Prefetch {
  #max: number
  #concurrency: number
  /** Milliseconds from begin to end of a handler. */
  #runMs = Number.POSITIVE_INFINITY
  /** Milliseconds until a handler first let others run. */
  #blockMs = 0

  constructor(max: number, concurrency: number) {
    this.#max = max
    this.#concurrency = concurrency
  }

  /** Jobs to hold ahead of free slots now. */
  ahead(): number {
    if (this.#runMs >= PREFETCH_HORIZON_MS) return 0
    const eachMs = Math.max(this.#runMs / this.#concurrency, this.#blockMs)
    return eachMs * this.#max <= PREFETCH_HORIZON_MS ? this.#max : Math.floor(PREFETCH_HORIZON_MS / eachMs)
  }

  ran(ms: number): void {
    this.#runMs = this.#runMs === Number.POSITIVE_INFINITY ? ms : this.#runMs + NEWEST * (ms - this.#runMs)
  }

  blocked(ms: number): void {
    this.#blockMs += NEWEST * (ms - this.#blockMs)
  }

  /** What was held ahead did not begin in time: hold nothing until handlers prove to be fast again. */
  tooMuch(): void {
    this.#runMs = Math.max(this.#runMs, 2 * PREFETCH_HORIZON_MS)
  }
}
