import type { BackoffOptions } from '../core/backoff.ts'
import type { Duration } from '../core/durations.ts'
import type { BackoffSpec } from '../core/job.ts'
import type { Priority } from '../core/priority.ts'

/** A moment: a Date, ISO 8601 text with its zone, or epoch milliseconds. */
export type Instant = Date | string | number

/** What a caller may say about all jobs of addMany. */
export interface AddManyOptions {
  /** As in AddOptions. */
  readonly tx?: object | undefined
}

/** What a caller may say about one job. Everything left out comes from its task, then from the defaults. */
export interface AddOptions {
  /** How long after the store received it the job is due. Default: at once. Not together with `runAt`. */
  readonly delay?: Duration
  /** When the job is due. A moment that has passed means at once. */
  readonly runAt?: Instant
  /** The same as `runAt`. */
  readonly at?: Instant
  /** critical, high, normal, low, or 0 (first) … 9 (last). Default: the task's, else normal. */
  readonly priority?: Priority
  /** Default: the task's, else 'default'. */
  readonly queue?: string
  /** Retries after the first attempt, 0 … 1,000. Default: the task's, else 5. */
  readonly maxRetries?: number
  /** A preset's name or a curve. A function cannot be stored with a job: give it to the task instead. */
  readonly backoff?: BackoffSpec | BackoffOptions
  /** Longest run of one attempt. Default: the task's, else 5 minutes. */
  readonly timeout?: Duration
  /** A lease length of its own, 100 ms … 24 h. Default: the task's, else the worker's. */
  readonly lease?: Duration
  /** What becomes of the job without retries left. Default: the task's, else 'dead'. */
  readonly whenExhausted?: 'dead' | 'discard'
  /** A job that was not started by then is cancelled instead of run. */
  readonly expiresAt?: Instant
  /** At most one unfinished job has this key; adding another answers the one that has it. Up to 256 characters. */
  readonly key?: string
  /** Your own reference: looked up, not unique. Up to 256 characters. */
  readonly ref?: string
  /** A sub-line of the queue (a tenant, a mail domain). */
  readonly group?: string
  /** Up to 20 names to find the job by. */
  readonly tags?: readonly string[]
  /** A small JSON object, shown with the job. */
  readonly metadata?: Readonly<Record<string, unknown>>
  /** A UUIDv7 of the caller's own. Adding the same id again changes nothing: this is how a caller repeats an add safely. */
  readonly id?: string
  /**
   * The caller's own open transaction: the job is there with its commit, and gone with its rollback. On the postgres
   * engine that of pg, postgres.js, kysely, drizzle, knex or prisma as it is, or anything with `query(text, values)`; on
   * the sqlite engine the handle that it was given. Other engines refuse it. See docs/transactions.md.
   */
  readonly tx?: object | undefined
}
