import type { JobRecord } from '../../core/job.ts'
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
  /** What is done at once, in the transaction that the user has open on the handle that we share. Only where there is one. */
  readonly caller?: CallerExecutor
  close(): Promise<void>
  /** What was found at opening. */
  readonly facts: Facts
}
export interface CallerExecutor {
  /** `onHints` is called when the transaction is over. */
  insert(
    argument: ArgumentOf<'insert'>,
    at: number | null,
    onHints: (hints: readonly Hint[]) => void,
  ): AnswerOf<'insert'>
  /** Jobs as the transaction sees them; undefined when none is open. */
  get(ids: readonly string[]): (JobRecord | null)[] | undefined
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
