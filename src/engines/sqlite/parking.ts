import type { Gate } from './gates.ts'
import { openGates } from './heads.ts'
import type { Lane, Session } from './session.ts'
import { all } from './statements.ts'

/**
 * Lanes that a claim finds behind a closed gate are put aside, so that the next one does not meet them. They come back
 * when the gate may have opened: with the end of a job, a time, or another setting.
 */
export class Parking {
  private readonly session: Session
  /** Gates with many lanes behind them: these stay there, and are claimed from there while the gate is open. */
  private readonly wide = new Map<number, 'open' | 'closed'>()
  private readonly lanes = new Map<number, readonly [lane: number, gate: number, opensAt: number | null]>()
  private readonly closed = new Map<number, number | null>()

  constructor(session: Session) {
    this.session = session
    const { sql, now } = session
    const due = all<[number]>(sql.gatesDue, now).map(([gate]) => gate)
    openGates(session, due)
    for (const [gate, width, isUsed] of all<[number, number, number]>(sql.gatesWide)) {
      if (isUsed === 0) sql.gateNarrow.run(gate)
      else this.wide.set(gate, width === 1 ? 'open' : 'closed')
    }
  }

  get openWide(): number[] {
    return this.wideOnes.filter((gate) => this.wide.get(gate) === 'open')
  }

  /** All of them. */
  get wideOnes(): number[] {
    return [...this.wide.keys()]
  }

  /** Puts a lane aside behind a gate. Answers the number of the gate. `from`: the gate behind which it is. */
  put({ lane }: Lane, from: number, gate: Gate, opensAt: number | null): number {
    const { number } = gate
    const isWide = this.wide.has(number)
    this.closed.set(number, opensAt)
    if (isWide) this.wide.set(number, 'closed')
    if (!isWide || number !== from) this.lanes.set(lane, [lane, number, isWide ? null : opensAt])
    return number
  }

  write(): void {
    const { sql } = this.session
    if (this.lanes.size > 0) sql.headsPark.run(JSON.stringify([...this.lanes.values()]))
    for (const [gate, opensAt] of this.closed) sql.gateClose.run(opensAt, gate)
    this.lanes.clear()
    this.closed.clear()
  }
}
