import { type Clock, systemClock } from '../../core/clock.ts'

/**
 * The store's time, which is the server's. It never runs backwards: each statement is given the latest time that this
 * engine has seen, and the store remembers a time that it had reached, for those who open it later. With a clock of a
 * test, the time is what that clock says.
 */
export class StoreClock {
  private readonly given: Clock | null
  private latest = 0

  constructor(clock: Clock) {
    this.given = clock === systemClock ? null : clock
  }

  get isGiven(): boolean {
    return this.given !== null
  }

  /** The two parameters with which every statement ends that needs the time: a floor, and a fixed time or null. */
  parameters(): [floor: number, fixed: number | null] {
    if (this.given === null) return [this.latest, null]
    this.saw(this.given.now())
    return [this.latest, this.latest]
  }

  /** A time that the store has reached. */
  saw(time: number): number {
    this.latest = Math.max(this.latest, time)
    return this.latest
  }
}
