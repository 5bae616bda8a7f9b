/**
 * The only source of time in Posthaste. The wall clock says when things happened and are due; the monotonic clock
 * measures how long they take. A test clock can replace both (`posthaste/testing`).
 */
export interface Clock {
  /** Wall-clock time, epoch ms. */
  now(): number
  /** Milliseconds from an arbitrary start; never runs backwards, whatever happens to the wall clock. */
  monotonic(): number
  /** Calls back once after `ms`. The timer does not keep the process alive when `unref` is true. */
  setTimer(callback: () => void, ms: number, options?: { readonly unref?: boolean }): Timer
}

export interface Timer {
  /** Calling it after the timer fired is harmless. */
  cancel(): void
}

/** setTimeout's own limit; a longer wait is made of several. */
const TIMER_MAX_MS = 2 ** 31 - 1

export const systemClock: Clock = {
  now: Date.now,
  monotonic: () => performance.now(),
  setTimer(callback, ms, options = {}) {
    let handle: NodeJS.Timeout
    const arm = (left: number): void => {
      const step = Math.min(left, TIMER_MAX_MS)
      handle = setTimeout(() => (left > step ? arm(left - step) : callback()), step)
      if (options.unref === true) handle.unref()
    }
    arm(Math.max(0, ms))
    return { cancel: () => clearTimeout(handle) }
  },
}
