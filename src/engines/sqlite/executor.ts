import type { Hint } from '../engine.ts'
import type { AnswerOf, ArgumentOf, Call } from './operations.ts'
import type { Outcome } from './store.ts'

/** Where the database is worked on: in this thread, or in one of its own. */
export interface Executor {
  /**
   * Whether it works beside this thread: then a batch may be handed over while another is carried out, and batches are
   * carried out and answered in their order. Otherwise there is one at a time.
   */
  readonly isApart: boolean
  /** Carries out calls that came together. `at`: the clock's time, or null for the machine's. */
  run(calls: readonly Call[], at: number | null): Promise<Batch>
  /** Inserts at once, in the transaction that the user has open on the handle that we share. Only where there is one. */
  within?(argument: ArgumentOf<'insert'>, at: number | null): AnswerOf<'insert'>
  close(): Promise<void>
  /** What was found at opening. */
  readonly facts: Facts
}
export interface Batch {
  readonly outcomes: Outcome[]
  readonly hints: Hint[]
}
export interface Facts {
  readonly sqliteVersion: string
  readonly schemaVersion: number
}

export interface ExecutorOptions {
  readonly path: string
  readonly synchronous: 'full' | 'normal'
  readonly openTimeoutMs: number
  /** How long a batch waits for another process that writes. */
  readonly busyTimeoutMs: number
}
