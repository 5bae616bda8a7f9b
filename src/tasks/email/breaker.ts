import { OUTAGE_DELAY_MAX_MS, OUTAGE_DELAY_MIN_MS } from './limits.ts'

/**
 * Remembers that the mail server cannot be used, for all jobs of the process: while it is down there is no point in
 * every waiting job finding out for itself. After each wait one job tries; the others follow when it succeeds.
 */
export class Breaker {
  private failures = 0
  private closedUntil = 0
  private reason = ''
  /** One caller was let through to try. */
  private probing = false
  private readonly now: () => number

  /** `now` is a clock in ms that never runs backwards. */
  constructor(now: () => number = () => performance.now()) {
    this.now = now
  }

  /** How long to stay away and why, or undefined: the caller may try. */
  blocked(): { readonly delayMs: number; readonly reason: string } | undefined {
    if (this.failures === 0) return undefined
    const delayMs = this.closedUntil - this.now()
    if (delayMs > 0) return { delayMs, reason: this.reason }
    // Should this caller never report back, the next one is let through after the same wait.
    this.probing = true
    this.closedUntil = this.now() + this.delayMs()
    return undefined
  }

  /** Notes that the server could not be used, and answers how long to stay away: `leastMs` or more. */
  failed(reason: string, leastMs = 0): number {
    this.reason = reason
    // Jobs that were under way together fail together: that is one failure, not many.
    if (this.failures === 0 || this.probing) {
      this.failures += 1
      this.probing = false
      this.closedUntil = this.now() + Math.max(this.delayMs(), leastMs)
    }
    return Math.max(this.closedUntil - this.now(), OUTAGE_DELAY_MIN_MS, leastMs)
  }

  /** The server answered: whatever it said, it can be used. */
  succeeded(): void {
    this.failures = 0
    this.probing = false
  }

  private delayMs(): number {
    return Math.min(OUTAGE_DELAY_MIN_MS * 2 ** Math.max(this.failures - 1, 0), OUTAGE_DELAY_MAX_MS)
  }
}
