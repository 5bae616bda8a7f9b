import type { ErrorCode, PosthasteError } from '../../core/errors.ts'
import { ERRORS } from '../../core/errors.ts'
import type { Hint } from '../engine.ts'
import type { SqliteDatabase } from './driver.ts'
import { isBusy, toStoreError } from './failures.ts'
import { type Call, isWrite, perform } from './operations.ts'
import { KnownJob, Session } from './session.ts'

/** What became of a call. Errors travel as their parts: a thread's messages keep no classes. */
export type Outcome = { readonly value: unknown } | { readonly error: Failure }
export interface Failure {
  readonly code: ErrorCode
  /** The message without the remedy, which the code brings along. */
  readonly what: string
}

/** Calls that are to share a transaction, by their place in the batch. */
interface Group {
  readonly mode: 'read' | 'write'
  readonly places: readonly number[]
}

export const toFailure = (error: unknown, doing: string): Failure => {
  const { code, message }: PosthasteError = toStoreError(error, doing)
  const { remedy } = ERRORS[code]
  return { code, what: message.endsWith(remedy) ? message.slice(0, -remedy.length).trimEnd() : message }
}

/**
 * Calls that came together, carried out in as few transactions as possible: one for all that write, one for all that
 * only read. When a transaction fails, each of its calls gets one of its own, so that a call cannot fail for another's
 * sake. `step` is to be called until it answers `done`; `busy` means that another process writes at the moment.
 */
export class Work {
  readonly outcomes: Outcome[]
  private readonly session: Session
  private readonly calls: readonly Call[]
  private readonly groups: Group[]

  constructor(session: Session, calls: readonly Call[]) {
    this.session = session
    this.calls = calls
    this.outcomes = calls.map(() => ({ error: { code: 'E_STORE', what: 'The call was not carried out.' } }))
    const places = [...calls.keys()]
    const placesOf = (mode: Group['mode']): readonly number[] =>
      places.filter((i) => isWrite(calls[i] as Call) === (mode === 'write'))
    this.groups = (['write', 'read'] as const)
      .map((mode) => ({ mode, places: placesOf(mode) }))
      .filter((group) => group.places.length > 0)
  }

  step(clockNow: number): 'done' | 'busy' | 'more' {
    const [group] = this.groups
    if (group === undefined) return 'done'
    try {
      this.session.begin(group.mode, clockNow)
    } catch (error) {
      if (isBusy(error)) return 'busy'
      this.fail(group, error)
      return 'more'
    }
    try {
      const values = group.places.map((i) => perform(this.session, this.calls[i] as Call))
      this.session.commit()
      for (const [k, i] of group.places.entries()) this.outcomes[i] = { value: values[k] }
      this.groups.shift()
      this.session.isCareful = false
    } catch (error) {
      this.session.rollback()
      if (error instanceof KnownJob) this.session.isCareful = true
      else this.fail(group, error)
    }
    return 'more'
  }

  /** Gives up what is left, because another process held the database for too long. */
  giveUp(waitedMs: number): void {
    const what = `Another process has been writing to the database for ${Math.round(waitedMs)} ms.`
    for (const { places } of this.groups) {
      for (const i of places) this.outcomes[i] = { error: { code: 'E_STORE_BUSY', what } }
    }
    this.groups.length = 0
  }

  private fail({ mode, places }: Group, error: unknown): void {
    this.groups.shift()
    if (places.length > 1) this.groups.unshift(...places.map((i) => ({ mode, places: [i] })))
    for (const i of places) this.outcomes[i] = { error: toFailure(error, this.calls[i]?.name ?? 'call') }
  }
}

/** The synchronous half of the engine: one connection, wherever it lives. */
export class Store {
  readonly session: Session

  constructor(database: SqliteDatabase) {
    this.session = new Session(database)
  }

  work(calls: readonly Call[]): Work {
    return new Work(this.session, calls)
  }

  /** What listeners have to be told of the work that is done. */
  takeHints(): Hint[] {
    const hints = [...this.session.hints]
    this.session.hints.clear()
    return hints
  }

  /** Closes the connection. What others read meanwhile may keep the write-ahead log; nothing is lost by that. */
  close(): void {
    const { database } = this.session
    if (!database.isOpen) return
    try {
      // Some builds do not close for good before all statements are collected: the file is made whole here.
      database.prepare('pragma wal_checkpoint(truncate)').get()
    } catch {
      // No room, or someone writes: the write-ahead log keeps what the file does not have yet.
    } finally {
      database.close()
    }
  }
}
