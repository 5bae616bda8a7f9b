import type { Lane, Session } from './session.ts'
import type { Bound } from './settings.ts'
import { all, first } from './statements.ts'

/** Claims that no rate counts any more: each claim that counts for one removes more than it can make. */
const EXPIRED_PER_CLAIM = 100

/** When a gate lets a job through: now, or later; null when no time opens it. */
type Opening = number | null

/** A limit as one claim sees it, with what this claim has taken through it. */
export class Gate {
  readonly bound: Bound
  private readonly session: Session
  private readonly running: number
  private taken = 0
  /** Claims that its rate lets go now, and what ends the first of those that it counts. */
  private readonly room: number
  private readonly firstEndsAt: number | null = null
  /** Its number and how many claims it has counted; undefined when nothing is remembered of it. */
  private stored: readonly [gate: number, total: number] | undefined

  constructor(session: Session, bound: Bound, running: number) {
    this.session = session
    this.bound = bound
    this.running = running
    const { scope, name, setting } = bound
    const { rate } = setting
    this.room = rate?.max ?? Number.POSITIVE_INFINITY
    if (rate === null) return
    this.stored = first<[number, number]>(session.sql.gateFind, scope, name)
    if (this.stored === undefined) return
    const [gate, total] = this.stored
    const earliest = first<[at: number, before: number]>(
      session.sql.claimsFirst,
      gate,
      session.now - rate.perMs,
    )
    if (earliest === undefined) return
    const [at, before] = earliest
    this.room = rate.max - (total - before)
    this.firstEndsAt = at + rate.perMs
  }

  /** Takes a job through it. */
  take(): void {
    this.taken++
  }

  get opening(): Opening {
    const { pausedBy, concurrency, rate } = this.bound.setting
    const { now } = this.session
    if (pausedBy !== null) return null
    if (concurrency !== null && this.running + this.taken >= concurrency) return null
    if (rate === null || this.taken < this.room) return now
    return this.firstEndsAt ?? now + rate.perMs
  }

  /** Its number. */
  get number(): number {
    const { scope, name } = this.bound
    const { sql } = this.session
    this.stored ??=
      first<[number, number]>(sql.gateFind, scope, name) ??
      ([(first<[number]>(sql.gateAdd, scope, name) as [number])[0], 0] as const)
    return this.stored[0]
  }

  /** Notes what was taken for its rate. */
  note(): void {
    const { rate } = this.bound.setting
    if (rate === null || this.taken === 0) return
    const { sql, now } = this.session
    const gate = this.number
    sql.claimsNote.run(gate, now, this.stored?.[1] ?? 0, now + rate.perMs)
    sql.gateCount.run(this.taken, gate)
    sql.claimsExpire.run(now, EXPIRED_PER_CLAIM)
  }
}

/** What bounds a lane: `outer` gates are those of its queue and its task, `inner` ones those of its group and limit key. */
export interface LaneGates {
  readonly outer: readonly Gate[]
  readonly inner: readonly Gate[]
}

const isOuter = ({ scope }: Bound): boolean => scope === 'queue' || scope === 'task'

/** How many jobs run under each limit that somebody has set; and under each setting of groups, those of all of them. */
export const countRunning = (session: Session): Map<string, number> => {
  const running = new Map<string, number>()
  const add = (name: string, number: number) => running.set(name, (running.get(name) ?? 0) + number)
  for (const [lane, number] of all<[number, number]>(session.sql.runningLanes)) {
    for (const { scope, name, setting } of session.settings.of(session.lane(lane))) {
      add(`${scope} ${name}`, number)
      if (setting.scope === 'groups') add(`groups ${setting.name}`, number)
    }
  }
  return running
}

/** All limits that one claim meets. */
export class Gates {
  private readonly session: Session
  private readonly running: ReadonlyMap<string, number>
  private readonly byName = new Map<string, Gate>()
  private readonly byLane = new Map<number, LaneGates>()

  constructor(session: Session) {
    this.session = session
    this.running = session.settings.isCounting ? countRunning(session) : new Map()
  }

  of(lane: Lane): LaneGates {
    let gates = this.byLane.get(lane.lane)
    if (gates === undefined) {
      const bounds = this.session.settings.of(lane)
      gates = {
        outer: bounds.filter(isOuter).map((bound) => this.gate(bound)),
        inner: bounds.filter((bound) => !isOuter(bound)).map((bound) => this.gate(bound)),
      }
      this.byLane.set(lane.lane, gates)
    }
    return gates
  }

  /** What bounds all jobs of a task in a queue. */
  outerOf(queue: string, task: string): Gate[] {
    const bounds = this.session.settings.of({ queue, task, group: null, limit: null })
    return bounds.map((bound) => this.gate(bound))
  }

  take(lane: Lane): void {
    const { outer, inner } = this.of(lane)
    for (const gate of outer) gate.take()
    for (const gate of inner) gate.take()
  }

  note(): void {
    for (const gate of this.byName.values()) gate.note()
  }

  private gate(bound: Bound): Gate {
    const name = `${bound.scope} ${bound.name}`
    let gate = this.byName.get(name)
    if (gate === undefined) {
      gate = new Gate(this.session, bound, this.running.get(name) ?? 0)
      this.byName.set(name, gate)
    }
    return gate
  }
}

/** The gate that holds a job back the longest, or undefined when all of them are open. */
export const closedOf = (
  gates: readonly Gate[],
  now: number,
): { readonly gate: Gate; readonly opening: Opening } | undefined => {
  let longest: { gate: Gate; opening: Opening } | undefined
  for (const gate of gates) {
    const { opening } = gate
    if (opening === now) continue
    if (opening === null) return { gate, opening }
    if (longest === undefined || opening > (longest.opening ?? 0)) longest = { gate, opening }
  }
  return longest
}
