import type { JobState } from '../../core/states.ts'
import type { Hint } from '../engine.ts'
import type { SqliteDatabase } from './driver.ts'
import { all, first, prepareStatements, type Statements } from './statements.ts'

export interface Lane {
  readonly lane: number
  readonly kind: number
  readonly queue: string
  readonly task: string
  readonly group: string | null
}

/** A job was added as new, among many, that is known: the transaction has to be done again with care. */
export class KnownJob extends Error {}

/** Lanes remembered by name and by number; with very many groups the memory begins anew. */
const LANES_MAX = 10_000

/**
 * One connection with what belongs to its present transaction: the time with which writes are stamped, changes of the
 * counters, hints for listeners. Operations get it as their first argument.
 */
export class Session {
  readonly database: SqliteDatabase
  readonly sql: Statements
  /** The store's time in the present transaction. */
  now = 0
  readonly hints = new Set<Hint>()
  /** Added jobs are looked up one by one. */
  isCareful = false
  /** Rows that this connection had ever changed when the last transaction ended. */
  private changes = 0
  private readonly differences = new Map<number, Map<JobState, number>>()
  private readonly lanesByName = new Map<string, Lane>()
  private readonly lanesByNumber = new Map<number, Lane>()

  constructor(database: SqliteDatabase) {
    this.database = database
    this.sql = prepareStatements(database)
    this.changes = this.changesNow()
  }

  /** Begins a transaction at a time of the machine's clock. Fails with SQLITE_BUSY, and has then done nothing. */
  begin(mode: 'read' | 'write', clockNow: number): void {
    this.database.exec(mode === 'write' ? 'begin immediate' : 'begin')
    try {
      this.now = Math.max(this.now, clockNow, first<[number]>(this.sql.clockRead)?.[0] ?? 0)
    } catch (error) {
      // A reader meets who holds the file only when it reads.
      this.rollback()
      throw error
    }
  }

  /** Writes what the operations left to do at the end, and commits. */
  commit(): void {
    this.writeCounts()
    // Reads, and polls of idle workers that find nothing, write nothing at all: they cost no sync.
    if (this.changesNow() !== this.changes) this.sql.clockRaise.run({ now: this.now })
    this.database.exec('commit')
    this.changes = this.changesNow()
  }

  rollback(): void {
    if (this.database.isTransaction) this.database.exec('rollback')
    this.changes = this.changesNow()
    this.differences.clear()
    this.forgetLanes()
  }

  /** Carries out one step within a transaction that someone else has open and will end, one way or the other. */
  within<Answer>(clockNow: number, step: () => Answer): { answer: Answer; hints: Hint[] } {
    this.database.exec('savepoint posthaste')
    this.now = Math.max(this.now, clockNow, first<[number]>(this.sql.clockRead)?.[0] ?? 0)
    this.isCareful = true
    try {
      const answer = step()
      this.writeCounts()
      this.sql.clockRaise.run({ now: this.now })
      return { answer, hints: [...this.hints] }
    } catch (error) {
      this.database.exec('rollback to posthaste')
      throw error
    } finally {
      this.database.exec('release posthaste')
      this.differences.clear()
      this.hints.clear()
      this.isCareful = false
      this.forgetLanes()
    }
  }

  /** They may name rows that were, or will be, rolled back. */
  private forgetLanes(): void {
    this.lanesByName.clear()
    this.lanesByNumber.clear()
  }

  /** Counts jobs of a kind in or out of a state. */
  count(kind: number, state: JobState, difference: number): void {
    let states = this.differences.get(kind)
    if (states === undefined) {
      states = new Map()
      this.differences.set(kind, states)
    }
    states.set(state, (states.get(state) ?? 0) + difference)
    this.hints.add('changed')
    if (state === 'ready' && difference > 0) this.hints.add('ready')
  }

  /** Writes the counted differences, so that the counters can be read. */
  writeCounts(): void {
    for (const [kind, states] of this.differences) {
      for (const [state, difference] of states)
        if (difference !== 0) this.sql.countAdd.run(kind, state, difference)
    }
    this.differences.clear()
  }

  /** The lane of a name; made when there is none. */
  laneOf(queue: string, task: string, group: string | null): Lane {
    // Names hold no NUL, so no two of them look alike.
    const name = `${queue}\0${task}\0${group ?? '\0'}`
    return this.lanesByName.get(name) ?? this.remember(name, this.findLane(queue, task, group))
  }

  lane(lane: number): Lane {
    const known = this.lanesByNumber.get(lane)
    if (known !== undefined) return known
    const row = first<[number, string, string, string | null]>(this.sql.laneRead, lane)
    if (row === undefined) throw new Error(`There is no lane ${lane}`)
    const [kind, queue, task, group] = row
    return this.remember(`${queue}\0${task}\0${group ?? '\0'}`, { lane, kind, queue, task, group })
  }

  pausedQueues(): ReadonlySet<string> {
    return new Set(all<[string]>(this.sql.queuesPaused).map(([queue]) => queue))
  }

  private changesNow(): number {
    return first<[number]>(this.sql.changesTotal)?.[0] ?? 0
  }

  private findLane(queue: string, task: string, group: string | null): Lane {
    const kind = first<[number]>(this.sql.kindFind, queue, task)?.[0] ?? this.addKind(queue, task)
    const lane = (first<[number]>(this.sql.laneFind, kind, group) ??
      first<[number]>(this.sql.laneAdd, kind, group))?.[0]
    return { lane: lane as number, kind, queue, task, group }
  }

  private addKind(queue: string, task: string): number {
    this.sql.queueAdd.run(queue)
    return (first<[number]>(this.sql.kindAdd, queue, task) as [number])[0]
  }

  private remember(name: string, lane: Lane): Lane {
    if (this.lanesByName.size >= LANES_MAX) {
      this.lanesByName.clear()
      this.lanesByNumber.clear()
    }
    this.lanesByName.set(name, lane)
    this.lanesByNumber.set(lane.lane, lane)
    return lane
  }
}
