import type { LimitScope } from '../../core/job.ts'
import { taskName } from '../../core/task-name.ts'
import type { LimitRow } from '../engine.ts'
import { type PgRow, toNumber, toNumberOrNull } from './driver.ts'

/** One setting as it is stored. */
export type Setting = Omit<LimitRow, 'running' | 'opensAt'>

/** What decides which limits bound a job. */
export interface Bounded {
  readonly queue: string
  readonly task: string
  readonly group: string | null
  readonly limit: string | null
}

/** A setting, and the name of those that share it. */
export interface Bound {
  readonly setting: Setting
  readonly gate: string
}

/** A time that never comes: only something else than time opens the gate. */
export const NEVER = Number.MAX_SAFE_INTEGER

export const toSetting = (row: PgRow): Setting => ({
  scope: row[0] as LimitScope,
  name: row[1] as string,
  concurrency: toNumberOrNull(row[2]),
  rate: row[3] === null ? null : { max: toNumber(row[3]), perMs: toNumber(row[4]) },
  weight: toNumberOrNull(row[5]),
  pausedBy: row[6] as string | null,
  by: row[7] as string,
  version: toNumber(row[8]),
  pausedAt: toNumberOrNull(row[9]),
})

export const nameOf = ({ scope, name }: Pick<Setting, 'scope' | 'name'>): string => `${scope} ${name}`

/** Claims at one time. */
interface Claims {
  readonly at: number
  number: number
}

/** The limits as they are in one transaction: settings, how many jobs run under them, what was claimed under rates. */
export class Gates {
  readonly now: number
  private readonly settings: ReadonlyMap<string, Setting>
  private readonly running = new Map<string, number>()
  private readonly under = new Map<Setting, number>()
  private readonly claims = new Map<string, Claims[]>()
  /** What was claimed in this transaction, under rates. */
  private readonly made = new Map<string, { number: number; readonly perMs: number }>()

  /** `running`: rows of running-count. */
  constructor(now: number, settings: readonly Setting[], running: readonly PgRow[]) {
    this.now = now
    this.settings = new Map(settings.map((one) => [nameOf(one), one]))
    if (settings.length === 0) return
    for (const [queue, task, group, limit, number] of running) {
      const job = { queue, task, group, limit } as Bounded
      for (const { setting, gate } of this.of(job)) {
        this.count(gate, toNumber(number))
        this.under.set(setting, this.runningUnder(setting) + toNumber(number))
      }
    }
  }

  /** Whether a rate has to be remembered, of anything. */
  get haveRates(): boolean {
    return [...this.settings.values()].some(({ rate }) => rate !== null)
  }

  /** The keys that have a setting. */
  keys(): string[] {
    return [...this.settings.values()].filter(({ scope }) => scope === 'key').map(({ name }) => name)
  }

  /** The claims of a gate, the earliest first: rows of at, number. */
  learn(gate: string, rows: readonly PgRow[]): void {
    this.claims.set(
      gate,
      rows.map(([at, number]) => ({ at: toNumber(at), number: toNumber(number) })),
    )
  }

  ofKind({ queue, task }: Pick<Bounded, 'queue' | 'task'>): Bound[] {
    return [...this.bound('queue', queue), ...this.bound('task', taskName(task))]
  }

  ofKey(limit: string | null): Bound[] {
    return limit === null ? [] : this.bound('key', limit)
  }

  ofGroup({ queue, group }: Pick<Bounded, 'queue' | 'group'>): Bound[] {
    if (group === null) return []
    const gate = `group ${queue}/${group}`
    const setting = this.settings.get(gate) ?? this.settings.get(`groups ${queue}`)
    return setting === undefined ? [] : [{ setting, gate }]
  }

  of(job: Bounded): Bound[] {
    return [...this.ofKind(job), ...this.ofGroup(job), ...this.ofKey(job.limit)]
  }

  weightOf(job: Pick<Bounded, 'queue' | 'group'>): number {
    return this.ofGroup(job)[0]?.setting.weight ?? 1
  }

  /** Of bounds that all hold: now, or the time when their rates let a job go, or NEVER. */
  opensAt(bounds: readonly Bound[]): number {
    let at = this.now
    for (const { setting, gate } of bounds) {
      const { pausedBy, concurrency } = setting
      const isFull = concurrency !== null && this.runningIn(gate) >= concurrency
      if (pausedBy !== null || isFull) return NEVER
      at = Math.max(at, this.rateOpensAt(setting, gate))
    }
    return at
  }

  areOpen(bounds: readonly Bound[]): boolean {
    return this.opensAt(bounds) === this.now
  }

  /** When a rate alone lets one more go. */
  rateOpensAt({ rate }: Setting, gate: string): number {
    if (rate === null) return this.now
    let left = rate.max
    const claims = this.claims.get(gate) ?? []
    for (let i = claims.length - 1; i >= 0; i--) {
      const { at, number } = claims[i] as Claims
      if (at <= this.now - rate.perMs) break
      left -= number
      if (left <= 0) return at + rate.perMs
    }
    return this.now
  }

  /** How many jobs ran under a setting when this was read. */
  runningUnder(setting: Setting): number {
    return this.under.get(setting) ?? 0
  }

  private runningIn(gate: string): number {
    return this.running.get(gate) ?? 0
  }

  claimed(job: Bounded): void {
    for (const { setting, gate } of this.of(job)) {
      this.count(gate, 1)
      if (setting.rate === null) continue
      const claims = this.claims.get(gate) ?? []
      this.claims.set(gate, claims)
      const last = claims.at(-1)
      // Others may have claimed at what is a later time to them: what counts is that it is within the stretch.
      if (last !== undefined && last.at >= this.now) last.number++
      else claims.push({ at: this.now, number: 1 })
      const made = this.made.get(gate) ?? { number: 0, perMs: setting.rate.perMs }
      made.number++
      this.made.set(gate, made)
    }
  }

  claimsMade(): [gate: string, number: number, perMs: number][] {
    return [...this.made].map(([gate, { number, perMs }]) => [gate, number, perMs])
  }

  private bound(scope: LimitScope, name: string): Bound[] {
    const gate = `${scope} ${name}`
    const setting = this.settings.get(gate)
    return setting === undefined ? [] : [{ setting, gate }]
  }

  private count(gate: string, number: number): void {
    this.running.set(gate, this.runningIn(gate) + number)
  }
}

/** Rows of gate, at, number by gate. */
export const byGate = (rows: readonly PgRow[]): Map<string, PgRow[]> => {
  const gates = new Map<string, PgRow[]>()
  for (const [gate, ...rest] of rows) {
    const known = gates.get(gate as string)
    if (known === undefined) gates.set(gate as string, [rest])
    else known.push(rest)
  }
  return gates
}
