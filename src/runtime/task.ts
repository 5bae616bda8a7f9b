import type { Blobs } from '../blobs/blob.ts'
import type { Backoff } from '../core/backoff.ts'
import type { Duration } from '../core/durations.ts'
import type { ParentEnd } from '../core/flow.ts'
import type { Priority } from '../core/priority.ts'
import type { StandardSchemaV1 } from '../core/standard-schema.ts'
import type { LogLine } from '../engines/engine.ts'
import type { AddOptions } from './options.ts'

/** Marks what `snooze()` returns; a handler returns it instead of an output. */
const SNOOZE: unique symbol = Symbol.for('posthaste.snooze')

export interface Snooze {
  readonly [SNOOZE]: true
  readonly delay: Duration
  readonly reason: string | null
}

/**
 * Returned by a handler to put its job back for later. No attempt and no retry is charged; the job's `runAt` moves.
 * @param delay milliseconds, or text such as '5m'
 * @param reason shown in the job's history
 */
export const snooze = (delay: Duration, reason: string | null = null): Snooze => ({
  [SNOOZE]: true,
  delay,
  reason,
})

export const isSnooze = (value: unknown): value is Snooze =>
  typeof value === 'object' && value !== null && SNOOZE in value

/** Recognised by these marks, not by their classes: a task's module may have loaded a copy of this package of its own. */
const DISCARD: unique symbol = Symbol.for('posthaste.discard')
const RETRY_AFTER: unique symbol = Symbol.for('posthaste.retryAfter')

/** Thrown by a handler: running this job again is useless. The job ends `cancelled` with reason `discarded`. */
export class Discard extends Error {
  override readonly name = 'Discard'
  readonly [DISCARD] = true
}

/** Thrown by a handler: the attempt failed; run again after `delay` instead of the wait of the retry policy. */
export class RetryAfter extends Error {
  override readonly name = 'RetryAfter'
  readonly [RETRY_AFTER] = true
  readonly delay: Duration
  constructor(delay: Duration, message = 'The handler asked to be run again later.', options?: ErrorOptions) {
    super(message, options)
    this.delay = delay
  }
}

/** Whatever was thrown: a proxy may throw when it is looked at. */
const isMarked = (thrown: unknown, mark: symbol): boolean => {
  try {
    return typeof thrown === 'object' && thrown !== null && (thrown as Record<symbol, unknown>)[mark] === true
  } catch {
    return false
  }
}
export const isDiscard = (thrown: unknown): thrown is Discard => isMarked(thrown, DISCARD)
export const isRetryAfter = (thrown: unknown): thrown is RetryAfter => isMarked(thrown, RETRY_AFTER)

/** What a handler is given beside its payload. */
export interface TaskContext {
  readonly job: ContextJob
  /** Counts from 1. */
  readonly attempt: number
  /**
   * The fencing number of this run: higher than that of every earlier run of this job. Hand it to other systems that
   * can refuse an older number, so that a run that was cut off cannot write there either.
   */
  readonly fence: number
  /**
   * Aborted when the job is cancelled, its timeout or deadline passes, the lease is lost, or the worker must stop. `signal.reason`
   * is a PosthasteError (E_JOB_CANCELLED, E_JOB_TIMEOUT, E_JOB_DEADLINE, E_LEASE_LOST, E_SHUTDOWN).
   */
  readonly signal: AbortSignal
  /** Shows how far the run is: any JSON value up to 16 KiB. Written soon, the newest wins; does not wait. */
  progress(value: unknown): void
  /** Adds a line to the job's log (bounded; written soon, in order). */
  log(message: string, level?: LogLine['level']): void
  /** Durable state of this job across attempts, fenced: a worker that lost the lease cannot write it. */
  readonly checkpoint: Checkpoint
  /** Bytes beside jobs: attachments, pictures, tables. The same store for all processes of the installation. */
  readonly blobs: Blobs
  /**
   * Runs a part of the work once and keeps its result with the job: durable before this resolves. Another run of the
   * job (after a failure, a crash, a shutdown) is given the kept result and does not run `work` again. A step that
   * was cut off before its result was durable runs again. Steps may run side by side; the run ends after all of them.
   * @param name unique within the run, the same in every run; up to 128 characters
   * @param work its result must be JSON, and comes back as JSON gives it (a Date as text), in the first run, too
   * @throws what `work` throws, after which the step counts as not begun; E_STEP for a name that was used in this run,
   *   or more than 500 steps; E_JSON; E_TOO_LARGE when the results and the checkpoint together exceed 256 KiB;
   *   E_STALE_LEASE when the lease is lost, and the reason of `signal` when the run was told to stop
   */
  step<Result>(name: string, work: () => Result | Promise<Result>): Promise<Result>
  /**
   * The jobs that this one waited for, under the names that they have in its `after` (their ids where they have none).
   * @throws E_STORE… when they cannot be read; safe to repeat
   */
  parents(): Promise<Readonly<Record<string, ParentJob>>>
  /**
   * Adds a job together with this run's settlement: in the same step, or not at all when the lease is lost. A run that
   * fails, is cancelled or is given back adds nothing, so that retries do not add it again. Not within a step, which
   * another run would skip together with the job that it added. Answers its id.
   */
  add(task: string | AnyTask, payload: unknown, options?: Omit<AddOptions, 'tx'>): string
}

export interface Checkpoint {
  /** The newest checkpoint (JSON), or undefined when there is none. */
  get(): unknown
  /** Resolves when the value (JSON up to 256 KiB) is durable. Throws E_STALE_LEASE when the lease is lost. Safe to repeat. */
  set(value: unknown): Promise<void>
}

/** A parent as its child sees it. */
export interface ParentJob {
  readonly id: string
  /** How it ended; `missing`: it was removed meanwhile. */
  readonly state: ParentEnd
  readonly output: unknown
}

/** The part of a job that a handler may look at. */
export interface ContextJob {
  readonly id: string
  readonly task: string
  /** Of its payload when it was added; the handler is given today's. */
  readonly version: number
  readonly queue: string
  readonly group: string | null
  readonly priority: number
  readonly createdAt: Date
  readonly runAt: Date
  readonly attempt: number
  readonly maxRetries: number
  readonly key: string | null
  readonly ref: string | null
  readonly tags: readonly string[]
}

export interface RetryOptions {
  /** Default 5. */
  readonly maxRetries?: number
  /** A preset's name, a curve, or a function of (retry number from 1, the error) that answers milliseconds. */
  readonly backoff?: Backoff
  /** What becomes of a job without retries left. Default 'dead'. */
  readonly whenExhausted?: 'dead' | 'discard'
}

/** Where a handler runs: in the worker, in a thread of the worker's process, or in a process of its own. */
export type Isolation = 'none' | 'thread' | 'process'

/** Makes a payload of the next version. Pure: it may be called at add and again before every run. */
// biome-ignore lint/suspicious/noExplicitAny: what older code stored has no type here any more.
export type Upgrade = (payload: any) => unknown

export interface TaskOptions<Payload, Output, Input = Payload, Name extends string = string> {
  /** 1–128 letters, digits, dots, colons, underscores, hyphens. Stored with every job: renaming orphans waiting jobs. */
  readonly name: Name
  /**
   * Any Standard Schema (zod, valibot, arktype …). Checked at add and again before a run. None: any JSON. What was
   * given to add is stored; what the schema makes of it (defaults, transformations) goes to the handler.
   */
  readonly payload?: StandardSchemaV1<Input, Payload>
  /**
   * Of its payload, counted from 1 (default). Raise it when jobs that wait already would not be understood. Workers that
   * do not know it leave the jobs to others, so that old and new programs may run side by side.
   */
  readonly version?: number
  /**
   * For each older version whose jobs are still to be run, the function that makes a payload of the next version of it:
   * `{ 1: (payload) => …, 2: (payload) => … }` for version 3. The last result is checked by `payload`. Jobs of versions
   * before the first are left alone. What they throw makes the job dead; it may be retried with better code.
   */
  readonly upgrade?: Readonly<Record<number, Upgrade>>
  /** Where its jobs wait. Default 'default'. */
  readonly queue?: string
  /** Default 'normal'. */
  readonly priority?: Priority
  /** Longest run of one attempt. Default 5 minutes. */
  readonly timeout?: Duration
  /** Longest time from the add to the end, over all attempts: see `AddOptions.deadline`. Taken at add. Default none. */
  readonly deadline?: Duration
  /** Lease of a running job. Default: the worker's (30 s). */
  readonly lease?: Duration
  readonly retry?: RetryOptions
  /**
   * `process`: in a child process, which may loop for ever, run out of memory or crash without harm to the worker.
   * `thread`: in a thread, which starts faster and bears less. Default 'none': in the worker. See docs/isolation.md.
   */
  readonly isolate?: Isolation
  /**
   * The module that a child imports to find the task of this name among its exports: `import.meta.url` in the file that
   * exports it. With `settings` (JSON) the module's default export is a function, which is called with them and answers
   * a task, a pack, or an array of them. Needed with `isolate`, but for files given by --tasks.
   */
  readonly module?: string | URL | { readonly url: string | URL; readonly settings?: unknown }
  /** What an isolated handler may use, in MiB: all memory of a process, the heap of a thread. Default 512, at least 128. */
  readonly memoryMb?: number
  /** Names of environment variables that an isolated handler may see beside those that every child gets. */
  readonly env?: readonly string[]
  readonly run: (payload: Payload, context: TaskContext) => Output | Snooze | Promise<Output | Snooze>
}

/** A named handler. Made by `task()`, given to `posthaste({ tasks })`. */
export interface Task<Payload = unknown, Output = unknown, Input = Payload, Name extends string = string>
  extends TaskOptions<Payload, Output, Input, Name> {}

/** A task whose types do not matter here. */
// biome-ignore lint/suspicious/noExplicitAny: payload and output types vary in opposite directions; any accepts every task.
export type AnyTask = Task<any, any, any, string>
