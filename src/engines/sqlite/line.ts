import { type Head, headsOf } from './lane-heads.ts'
import type { Lane, Session } from './session.ts'

/** The next jobs of a lane are read so many at a time, then twice as many each time. */
const ROWS_MIN = 2
const ROWS_MAX = 256

/** Where a lane stands in the order of claims: by its first claimable job, and by the turn of who shares the queue. */
export interface Standing {
  readonly priority: number
  turn: number
  readonly runAt: number
  readonly id: string
}

export const isEarlier = (a: Standing, b: Standing): boolean =>
  (a.priority - b.priority || a.turn - b.turn || a.runAt - b.runAt || (a.id < b.id ? -1 : 1)) < 0

/** A lane from which jobs are about to be claimed. */
export class Line implements Standing {
  readonly lane: Lane
  /** Who takes turns with it; 0 where nobody does. */
  readonly sharer: number
  /** The gate behind which it is put aside, or 0. */
  readonly park: number
  priority: number
  turn: number
  runAt: number
  id: string
  private readonly session: Session
  private rows: readonly Head[] = []
  private at = 0
  private chunk = ROWS_MIN

  constructor(session: Session, lane: Lane, sharer: number, park: number, standing: Standing) {
    this.session = session
    this.lane = lane
    this.sharer = sharer
    this.park = park
    this.priority = standing.priority
    this.turn = standing.turn
    this.runAt = standing.runAt
    this.id = standing.id
  }

  /** Its first job. */
  get head(): Head | undefined {
    if (this.rows.length === 0) this.rows = headsOf(this.session, this.lane.lane, null, this.chunk)
    return this.rows[this.at]
  }

  /** Goes on to its next job; false when there is none. */
  advance(): boolean {
    const taken = this.head
    this.at++
    if (this.at === this.rows.length && taken !== undefined) {
      if (this.rows.length < this.chunk) return false
      this.chunk = Math.min(2 * this.chunk, ROWS_MAX)
      this.rows = headsOf(this.session, this.lane.lane, taken, this.chunk)
      this.at = 0
    }
    const next = this.rows[this.at]
    if (next === undefined) return false
    ;[this.id, this.priority, this.runAt] = next
    return true
  }
}
