import type { Clock, Timer } from '../../core/clock.ts'

/** A timer fires up to a millisecond early by the monotonic clock; below this, waiting again would only spin. */
const SLACK_MS = 1

/**
 * One timer for everything of a worker that has a time: what is due, when, is computed when it rings. Under load the
 * next time lies far ahead and stays there, so that a job costs no timer of its own.
 */
export class Alarm {
  #clock: Clock
  #ring: () => void
  #at = Number.POSITIVE_INFINITY
  #timer: Timer | null = null

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock
    this.#ring = ring
  }

  /** Rings at the monotonic time `at`, or earlier when it was set earlier. */
  set(at: number): void {
    if (at >= this.#at) return
    this.#timer?.cancel()
    this.#at = at
    this.#timer = this.#clock.setTimer(
      () => {
        this.#timer = null
        this.#at = Number.POSITIVE_INFINITY
        this.#ring()
      },
      Math.max(SLACK_MS, Math.ceil(at - this.#clock.monotonic())),
    )
  }

  /** Rings no more until it is set again. */
  clear(): void {
    this.#timer?.cancel()
    this.#timer = null
    this.#at = Number.POSITIVE_INFINITY
  }
}
