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
  /**
   * Version of the payload, when it is not that of the task as it is known here: an older one is brought up to date where
   * it runs, a newer one waits for a worker that knows it. Default: the task's, and 1 for a task that is not known here.
   */
  readonly version?: number
  /** A lease length of its own, 100 ms … 24 h. Default: the task's, else the worker's. */
  readonly lease?: Duration
  /** What becomes of the job without retries left. Default: the task's, else 'dead'. */
  readonly whenExhausted?: 'dead' | 'discard'
  /** A job that was not started by then is cancelled instead of run. */
  readonly expiresAt?: Instant
  /** The same as a length from the add on. Not together with `expiresAt`. */
  readonly expiresIn?: Duration
  /**
   * Longest time from the add to the end, over all attempts. When it has passed no attempt begins, one that runs is
   * aborted (E_JOB_DEADLINE), and the job is dead with reason `deadline`; cancelled with it, if it never began. An
   * operator's retry grants the whole length anew. Default: the task's, else none.
   */
  readonly deadline?: Duration
  /**
   * At most one job has this key: adding another answers the one that has it, or does what `onConflict` says. Text of
   * up to 256 characters: held until the job is finished.
   */
  readonly key?: string | KeyOptions
  /**
   * Jobs that must finish first. The job is blocked until then; their outputs are in `context.parents()`. Up to 1,000.
   */
  readonly after?: After
  /** The batch that the job counts in: see `Posthaste.batch`. */
  readonly batch?: string
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

/** How a key is held, and what happens to an add that finds it taken. */
export interface KeyOptions {
  /** Up to 256 characters. */
  readonly key: string
  /** Jobs of one task, queue, or group of a queue among which the key is unique. Default 'all': the installation. */
  readonly scope?: 'all' | 'task' | 'queue' | 'group'
  /** `waiting`: held until the job is claimed. `unfinished`: until it is finished. Not together with `until`. */
  readonly while?: 'waiting' | 'unfinished'
  /**
   * `finish` (default), `start`, or how long after the add, whatever becomes of the job: a day's idempotency key, a
   * campaign's address.
   */
  readonly until?: 'start' | 'finish' | Duration
  /** With `start` and `finish`: the key is free after this time at the latest. */
  readonly window?: Duration
  /** Default 'keep'. */
  readonly onConflict?: OnConflict
}

/**
 * - `keep`: nothing is added; the job that has the key is answered.
 * - `reject`: E_KEY_TAKEN, naming that job.
 * - `replace`: that job is cancelled, if it does not run yet, and this one takes its place. One that runs is kept.
 * - `reschedule`: that job is due when this one would have been (a debounce), if it does not run yet.
 * - `runAfter`: this one is added and waits until that job has finished; the key is its from now on.
 */
export type OnConflict = 'keep' | 'reject' | 'replace' | 'reschedule' | 'runAfter'

/** The id of a job, a job as `add` answers it, or an edge with a name and a rule of its own; or several of these. */
export type After = AfterOne | readonly AfterOne[]
export type AfterOne =
  | string
  | {
      readonly id: string
      /** What `context.parents()` calls it. */
      readonly name?: string
      /** What happens when it ends dead, cancelled or removed: default 'cancel'. */
      readonly onParentFailure?: 'cancel' | 'run' | 'hold'
    }
