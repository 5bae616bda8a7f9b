import type { JobState } from '../../core/states.ts'
import type { Hint } from '../engine.ts'
import type { SqliteDatabase } from './driver.ts'
import { findHeads, keepHeads } from './heads.ts'
import { readSettings, type Settings } from './settings.ts'
import { all, first, prepareStatements, type Statements } from './statements.ts'

export interface Kind {
  readonly kind: number
  readonly queue: string
  readonly task: string
}
export interface Lane extends Kind {
  readonly lane: number
  readonly group: string | null
  /** The limit key. */
  readonly limit: string | null
}

/** A job was added as new, among many, that is known: the transaction has to be done again with care. */
export class KnownJob extends Error {}

/** Lanes remembered by name and by number; with very many groups the memory begins anew. */
const LANES_MAX = 10_000

/** Names hold no NUL, so no two of them look alike. */
const nameOf = (queue: string, task: string, group: string | null, limit: string | null): string =>
  `${queue}\0${task}\0${group ?? '\0'}\0${limit ?? '\0'}`

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
  /** Queues in which groups take turns. */
  fair: ReadonlySet<string> = new Set()
  settings: Settings
  /** Lanes of fair queues whose first claimable job may be another one now: see heads.ts. */
  readonly touched = new Set<number>()
  /** Lanes of which a job ended, so that a limit may let another one go. */
  readonly freed = new Set<number>()
  /** Of which changes the two are: see the migration. */
  private fairs = 0
  private written = 0
  /** Rows that this connection had ever changed when the last transaction ended. */
  private changes = 0
  private readonly differences = new Map<number, Map<JobState, number>>()
  private readonly lanesByName = new Map<string, Lane>()
  private readonly lanesByNumber = new Map<number, Lane>()
  private readonly kinds = new Map<number, Kind>()

  constructor(database: SqliteDatabase) {
    this.database = database
    this.sql = prepareStatements(database)
    this.settings = readSettings([])
    this.changes = this.changesNow()
  }

  /** Begins a transaction at a time of the machine's clock. Fails with SQLITE_BUSY, and has then done nothing. */
  begin(mode: 'read' | 'write', clockNow: number): void {
    this.database.exec(mode === 'write' ? 'begin immediate' : 'begin')
    try {
      this.meet(clockNow, mode)
    } catch (error) {
      // A reader meets who holds the file only when it reads.
      this.rollback()
      throw error
    }
  }

  /** Reads the store's clock, and what has changed of the things that this connection remembers. */
  private meet(clockNow: number, mode: 'read' | 'write'): void {
    const [clock = 0, kept, fairs = 0, written = 0] =
      first<[number, number, number, number]>(this.sql.clockRead) ?? []
    this.now = Math.max(this.now, clockNow, clock)
    if (fairs !== this.fairs) {
      this.fair = new Set(all<[string]>(this.sql.fairQueues).map(([queue]) => queue))
      this.fairs = fairs
    }
    if (written !== this.written) this.readSettings(written)
    if (kept !== clock && mode === 'write' && this.fair.size > 0) findHeads(this)
  }

  readSettings(written: number): void {
    this.settings = readSettings(all(this.sql.limitsAll))
    this.written = written
  }

  /** Writes what the operations left to do at the end, and commits. */
  commit(): void {
    keepHeads(this)
    this.writeCounts()
    // Reads, and polls of idle workers that find nothing, write nothing at all: they cost no sync.
    if (this.changesNow() !== this.changes) this.sql.clockRaise.run({ now: this.now })
    // Asked before the end: outside of a transaction, the question would be one of its own, with its locks.
    this.changes = this.changesNow()
    this.database.exec('commit')
  }

  rollback(): void {
    if (this.database.isTransaction) this.database.exec('rollback')
    this.changes = this.changesNow()
    this.differences.clear()
    this.forget()
  }

  /** Carries out one step within a transaction that someone else has open and will end, one way or the other. */
  within<Answer>(clockNow: number, step: () => Answer): { answer: Answer; hints: Hint[] } {
    this.database.exec('savepoint posthaste')
    this.isCareful = true
    try {
      this.meet(clockNow, 'write')
      const answer = step()
      keepHeads(this)
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
      this.forget()
    }
  }

  /** What is remembered may speak of rows that were, or will be, rolled back. */
  private forget(): void {
    this.lanesByName.clear()
    this.lanesByNumber.clear()
    this.kinds.clear()
    this.touched.clear()
    this.freed.clear()
    this.fairs = -1
    this.written = -1
  }

  /** Jobs of a lane became claimable, or are it no more. */
  touch({ lane, queue }: Pick<Lane, 'lane' | 'queue'>): void {
    if (this.fair.size > 0 && this.fair.has(queue)) this.touched.add(lane)
  }

  /** A job of a lane ended its run. */
  free(lane: number): void {
    if (this.settings.isCounting) this.freed.add(lane)
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
  laneOf(queue: string, task: string, group: string | null, limit: string | null): Lane {
    const name = nameOf(queue, task, group, limit)
    return this.lanesByName.get(name) ?? this.remember(name, this.findLane(queue, task, group, limit))
  }

  lane(lane: number): Lane {
    const known = this.lanesByNumber.get(lane)
    if (known !== undefined) return known
    const row = first<[number, string, string, string | null, string | null]>(this.sql.laneRead, lane)
    if (row === undefined) throw new Error(`There is no lane ${lane}`)
    const [kind, queue, task, group, limit] = row
    return this.remember(nameOf(queue, task, group, limit), { lane, kind, queue, task, group, limit })
  }

  kind(kind: number): Kind {
    let known = this.kinds.get(kind)
    if (known === undefined) {
      const [queue, task] = first<[string, string]>(this.sql.kindRead, kind) as [string, string]
      known = { kind, queue, task }
      this.kinds.set(kind, known)
    }
    return known
  }

  pausedQueues(): ReadonlySet<string> {
    return new Set(all<[string]>(this.sql.queuesPaused).map(([queue]) => queue))
  }

  private changesNow(): number {
    return first<[number]>(this.sql.changesTotal)?.[0] ?? 0
  }

  private findLane(queue: string, task: string, group: string | null, limit: string | null): Lane {
    const kind = first<[number]>(this.sql.kindFind, queue, task)?.[0] ?? this.addKind(queue, task)
    const [found] = first<[number]>(this.sql.laneFind, kind, group, limit) ?? []
    const lane = found ?? this.addLane(queue, kind, group, limit)
    return { lane, kind, queue, task, group, limit }
  }

  private addLane(queue: string, kind: number, group: string | null, limit: string | null): number {
    const [lane] = first<[number]>(this.sql.laneAdd, kind, group, limit) as [number]
    if ((group ?? limit) !== null && !this.fair.has(queue)) this.fair = new Set([...this.fair, queue])
    return lane
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
