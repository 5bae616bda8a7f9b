import type { Clock, Timer } from './clock.ts'

/** Where a manual clock begins unless told otherwise: 2026-01-01T00:00:00Z. */
const START_MS = Date.UTC(2026, 0, 1)

interface Waiting {
  readonly at: number
  readonly callback: () => void
}

/** A clock that moves only when it is told to. Timers fire within `advance`, in order, each at its own time. */
export class ManualClock implements Clock {
  /** What the wall clock was set to, and when. Not added up step by step: timers of a fraction would leave a rest. */
  private lastSet: { readonly wall: number; readonly elapsed: number }
  private elapsed = 0
  private readonly timers = new Set<Waiting>()

  constructor(startMs: number = START_MS) {
    this.lastSet = { wall: startMs, elapsed: 0 }
  }

  // Arrow functions, so that they can be handed on alone, as those of the system's clock can.
  readonly now = (): number => Math.floor(this.lastSet.wall + (this.elapsed - this.lastSet.elapsed))
  readonly monotonic = (): number => this.elapsed

  setTimer(callback: () => void, ms: number): Timer {
    const timer = { at: this.elapsed + Math.max(0, ms), callback }
    this.timers.add(timer)
    return { cancel: () => void this.timers.delete(timer) }
  }

  /** Lets time pass, and fires the timers that fall due, those too that are set by one that fires. */
  advance(ms: number): void {
    const end = this.elapsed + ms
    for (let timer = this.next(end); timer !== undefined; timer = this.next(end)) {
      this.timers.delete(timer)
      this.moveTo(timer.at)
      timer.callback()
    }
    this.moveTo(end)
  }

  /** Sets the wall clock, as a person or a time server does; no timer notices. */
  set(now: number): void {
    this.lastSet = { wall: now, elapsed: this.elapsed }
  }

  /** How many timers wait. */
  get pending(): number {
    return this.timers.size
  }

  /** The earliest timer that is due by `end`; of several, the one that was set first. */
  private next(end: number): Waiting | undefined {
    let earliest: Waiting | undefined
    for (const timer of this.timers) {
      if (timer.at <= end && (earliest === undefined || timer.at < earliest.at)) earliest = timer
    }
    return earliest
  }

  private moveTo(elapsed: number): void {
    this.elapsed = Math.max(elapsed, this.elapsed)
  }
}
