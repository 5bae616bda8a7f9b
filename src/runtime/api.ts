import type { Blobs } from '../blobs/blob.ts'
import type { BlobOptions } from '../blobs/open.ts'
import type { Clock } from '../core/clock.ts'
import type { Duration } from '../core/durations.ts'
import type { Priority } from '../core/priority.ts'
import type { Job } from '../core/view.ts'
import type { ArchiveStatus } from '../engines/archived.ts'
import type { Engine, StoredLogLine } from '../engines/engine.ts'
import type { EngineConnection } from '../engines/open.ts'
import type { AddedJob } from './added.ts'
import type { AuditOptions, AuditPage } from './audit.ts'
import type { Batch, Batches, BatchOptions } from './batches.ts'
import type { BulkPreviewRequest, BulkRequest, BulkRun, Bulks } from './bulk/bulk.ts'
import type { BulkPreview } from './bulk/preview.ts'
import type { AddedRef } from './client.ts'
import type {
  Act,
  ActWith,
  CancelOptions,
  ControlOptions,
  PauseTargets,
  ResolveOptions,
  SetPriorityOptions,
} from './control.ts'
import type { DeadLetters, DeadLettersOptions } from './dead-letters.ts'
import type { EventName, Listener } from './events.ts'
import type { Explanation } from './explain.ts'
import type { QueueExplanation } from './explain-queue.ts'
import type { FlowItems } from './flow.ts'
import type { DeclaredLimit } from './limit-options.ts'
import type { Limits } from './limits.ts'
import type { Logger, LogLevel } from './logger.ts'
import type { AddManyOptions, AddOptions } from './options.ts'
import type { Pack } from './pack.ts'
import type { ListOptions, LogOptions, Page } from './query.ts'
import type { ScheduleOptions } from './schedule-options.ts'
import type { Schedule } from './schedule-view.ts'
import type { Schedules } from './schedules.ts'
import type { Stats } from './stats.ts'
import type { AnyTask } from './task.ts'
import type { AddItems, OutputFor, PayloadFor, TaskRef } from './types.ts'
import type { WaitOptions } from './wait.ts'
import type { WorkerOptions } from './worker/settings.ts'
import type { Worker } from './worker/worker.ts'
import type { WorkerInfo } from './workers.ts'

export interface PosthasteOptions<Tasks extends AnyTask = AnyTask> {
  /**
   * Where jobs are kept: 'memory:', 'sqlite:./jobs.db', 'postgres://…', 'redis://…'; a connection of your own as
   * `{ sqlite: database }` or `{ postgres: pool }`, which `close` leaves open; or an engine object, which then belongs to
   * this installation (opened here, closed by `close`). Default: POSTHASTE_ENGINE, else 'sqlite:./posthaste.db'.
   */
  readonly engine?: string | Engine | EngineConnection
  /**
   * Where finished jobs are moved, and read from as if they were still in the engine: the URL of a store of its own
   * ('sqlite:./archive.db', 'postgres://…', 'redis://…'), or an engine object. All processes of an installation must
   * name the same one. Retention then applies to it. Default: POSTHASTE_ARCHIVE; null: none.
   */
  readonly archive?: string | Engine | EngineConnection | null
  /** For how long finished jobs stay in the engine. Default 1 minute; 10 s while there are more than 10,000. */
  readonly archiveAfter?: Duration
  /**
   * Where bytes beside jobs are kept (attachments, pictures, tables): a URL (`folder:./blobs`, `s3://HOST/BUCKET`), the
   * same with bounds, or a store of your own. All processes of an installation must name the same one. Default:
   * POSTHASTE_BLOBS, else the folder `posthaste-blobs` beside the SQLite file, else in the working directory.
   */
  readonly blobs?: string | BlobOptions | Blobs
  /** Tasks of this process: their workers run here, and adds of them are checked and typed. */
  readonly tasks?: readonly Tasks[]
  readonly packs?: readonly Pack[]
  /** Lease of running jobs that have none of their own, 100 ms … 24 h. Default 30 s. */
  readonly lease?: Duration
  /** How often leases are renewed. Default 10 s, and never more than a third of the lease. */
  readonly heartbeat?: Duration
  /** How often the maintainer looks for leases that ran out. Default 5 s. */
  readonly sweep?: Duration
  /** Whether this process keeps the store in order even without a worker. Default false: workers bring a maintainer. */
  readonly maintain?: boolean
  readonly retention?: RetentionOptions
  /**
   * What code declares about limits, at every start. It changes what an earlier version of the code said; what an
   * operator changed or removed stays so, with a warning in the log.
   */
  readonly limits?: readonly DeclaredLimit[]
  /** Lets ready jobs that wait long come earlier, so that low priorities do not starve. Default: none. */
  readonly ageing?: Duration | AgeingOptions
  /** pino, or anything alike. Secrets are masked before it sees them. Default: see `logLevel`. */
  readonly logger?: Logger
  /** Writes JSON lines to standard error from this level on. Default: POSTHASTE_LOG, else 'silent'. */
  readonly logLevel?: LogLevel
  /** A clock for tests. */
  readonly clock?: Clock
  /** A random source for tests, in [0, 1). */
  readonly random?: () => number
}

/** Say the same in all programs that run workers: any maintainer may move any job. */
export interface AgeingOptions {
  /** A job that is ready for so long gets a priority one step higher, and again after so long. At least 100 ms. */
  readonly every: Duration
  /** It gets no higher than this. Default 'critical'. */
  readonly highest?: Priority
  /** Default: all queues. */
  readonly queues?: readonly string[]
}

/** How long finished jobs are kept: pruned when older than `age` or beyond `count`, but never within an hour. */
export interface RetentionOptions {
  /** Default 7 days, 100,000. */
  readonly completed?: RetentionRuleOptions
  /** Default 7 days, 100,000. */
  readonly cancelled?: RetentionRuleOptions
  /** Default 90 days, 100,000. */
  readonly dead?: RetentionRuleOptions
}
export interface RetentionRuleOptions {
  readonly age?: Duration
  readonly count?: number
}

/**
 * An open installation: one store, seen from this process. Every method answers a promise that is rejected with a
 * PosthasteError; a bad argument names its field (E_ARGUMENT and its kin), a failing store has an E_STORE… code, and
 * after `close` it is E_STORE_CLOSED.
 */
export interface Posthaste<Tasks extends AnyTask = AnyTask> {
  /**
   * Adds a job. It is durable when the promise resolves. Not safe to repeat after an error unless `options.id` (or a
   * key) is given: then the second add answers as the first.
   * @param task a task, or the name of one; a name that this process does not know is accepted
   * @param payload any JSON up to 256 KiB that fits the task's schema
   * With `options.tx` the job is durable, and its workers are woken, when that transaction commits; there is no `added`
   * event for it. After an error in a transaction of PostgreSQL, look at its code before you go on with the transaction.
   * @throws E_PAYLOAD, E_JSON, E_TOO_LARGE, E_ARGUMENT, E_NAME, E_DURATION, E_TIME, E_PRIORITY, E_TX_UNSUPPORTED,
   * E_TX_ABORTED, E_TX_ELSEWHERE
   */
  add<const Ref extends TaskRef<Tasks>>(
    task: Ref,
    payload: PayloadFor<Ref, Tasks>,
    options?: AddOptions,
  ): Promise<AddedJob<PayloadFor<Ref, Tasks>, OutputFor<Ref, Tasks>>>
  /**
   * Adds up to 100,000 jobs, each with options of its own beside task and payload, in their order. All are checked
   * before the first is stored. They are stored in batches of 1,000: when the store fails on the way, the error's
   * `data.added` names those that are stored. With `options.tx` they are all stored by its commit.
   */
  addMany<const Refs extends readonly TaskRef<Tasks>[]>(
    items: AddItems<Refs, Tasks>,
    options?: AddManyOptions,
  ): Promise<AddedRef[]>

  /**
   * Adds jobs that depend on each other, all or none of them, up to 1,000. Answers their ids under their names.
   * @throws E_FLOW_CIRCLE naming the circle, E_ARGUMENT, and what add throws
   */
  flow<Items extends FlowItems>(jobs: Items): Promise<{ readonly [Name in keyof Items]: AddedRef }>
  /** Opens a batch: a group of jobs with callbacks, which may grow until it is closed. @throws E_BATCH_MISSING, E_STATE */
  batch(options?: BatchOptions): Promise<Batch>
  readonly batches: Pick<Batches, 'get' | 'close' | 'list'>

  /**
   * Declares a schedule in code: from now on a maintainer of any process adds its jobs. Safe to repeat, and meant to be
   * said at every start. What an operator changed or removed stays so; the answer's `drift` and the log say so.
   * @throws E_CRON, E_NAME, E_ARGUMENT, E_DURATION, E_TIME, and what add throws about a job
   */
  schedule<const Ref extends TaskRef<Tasks>>(
    name: string,
    options: ScheduleOptions<Ref, PayloadFor<Ref, Tasks>>,
  ): Promise<Schedule>
  /** The same doors as those of HTTP and of the command line. */
  readonly schedules: Schedules
  /** What bounds queues, tasks, groups and limit keys: set, listed, removed while everything runs. See docs/limits.md. */
  readonly limits: Limits

  /** Runs jobs in this process until it is stopped or the installation is closed. */
  work(options?: WorkerOptions): Worker

  /** The workers of this process that have not stopped. */
  localWorkers(): readonly Worker[]

  /** The job, or null when there is none. */
  get(id: string): Promise<Job | null>
  /** A page of jobs, the newest first unless sorted otherwise. @throws E_CURSOR */
  list(options?: ListOptions): Promise<Page>
  /** Lines of a job's log, oldest first. */
  logs(id: string, options?: LogOptions): Promise<StoredLogLine[]>
  /** Exact numbers by state, queue and task; the cost does not grow with the number of jobs. */
  stats(): Promise<Stats>
  /** Live workers of the whole installation. */
  workers(): Promise<WorkerInfo[]>
  /** Why the job is not running, or what became of it, in words and as data. @throws E_JOB_MISSING */
  explain(id: string): Promise<Explanation>
  /** How it is with a queue: what waits, how fast it goes, when it will be empty, and what holds it. @throws E_NAME */
  explainQueue(queue: string): Promise<QueueExplanation>
  /**
   * Resolves with the job once it is completed, cancelled or dead, wherever it runs.
   * @throws E_WAIT_TIMEOUT after `timeout` (default 30 s; the job goes on), E_JOB_MISSING
   */
  waitFor(id: string, options?: WaitOptions): Promise<Job>

  /** Stops jobs: waiting ones never start, the handler of a running one is told by its signal. Safe to repeat. */
  readonly cancel: Act<CancelOptions>
  /** Sends dead and cancelled jobs round again with a new retry budget. @throws E_STATE, E_KEY_TAKEN, E_JOB_MISSING */
  readonly retry: Act<ControlOptions>
  /** Deletes jobs that do not run, with their logs; answers them as they were. */
  readonly remove: Act<ControlOptions>
  /** Runs scheduled and retrying jobs now. Safe to repeat. */
  readonly runNow: Act<ControlOptions>
  /** Gives jobs that are ready or scheduled another priority; they stay due when they are. @throws E_STATE, E_PRIORITY */
  readonly setPriority: ActWith<SetPriorityOptions>
  /** Decides about blocked jobs. */
  readonly resolve: ActWith<ResolveOptions>
  /**
   * After this, no job of these is started; running ones go on. Safe to repeat. A queue by its name, or anything that a
   * limit may be about: `{ task }`, `{ queue, group }`, `{ queue, groups: true }`, `{ key }`.
   */
  pause(target: PauseTargets, options?: ControlOptions): Promise<void>
  resume(target: PauseTargets, options?: ControlOptions): Promise<void>

  /**
   * Does one thing to every job that fits a filter. With `dryRun` it changes nothing and answers how many fit and which
   * come first. Otherwise the run begins: it goes on in steps, in this process and, should this one end, in any other that
   * runs jobs; jobs that are added later are not touched, and none is touched twice.
   * @throws E_ARGUMENT (also for a filter that fits everything without `all: true`), E_BULK_BUSY
   */
  bulk(request: BulkPreviewRequest): Promise<BulkPreview>
  bulk(request: BulkRequest): Promise<BulkRun>
  readonly bulks: Bulks
  /**
   * Takes back a bulk cancel or remove of the last 24 hours, in a run of its own whose refusals name the jobs that could
   * not be put back: their key has another holder, or something happened to them since. Safe to repeat.
   * @throws E_BULK_MISSING, E_BULK_UNDO, E_BULK_BUSY
   */
  undo(id: string, options?: ControlOptions): Promise<BulkRun>
  /** What failed, grouped by the kind of error. Looks at the newest 10,000 dead and retrying jobs. @throws E_ARGUMENT */
  deadLetters(options?: DeadLettersOptions): Promise<DeadLetters>
  /** What operators did, through any door, the newest first: 90 days, 10,000 entries. @throws E_ARGUMENT, E_CURSOR */
  audit(options?: AuditOptions): Promise<AuditPage>

  /** Hears what happens in this process until the returned function is called. */
  on<Name extends EventName>(name: Name, listener: Listener<Name>): () => void

  /**
   * Stops the workers (running handlers get `grace`, default 25 s; then their jobs are given back), closes packs and
   * the engine. Safe to repeat; `close({ grace: 0 })` ends the grace of a close under way.
   */
  close(options?: { readonly grace?: Duration }): Promise<void>

  /** How it is with the archive, as the last calls of this process found it; null when there is none. */
  archive(): ArchiveStatus | null
  /** Bytes beside jobs; handlers have it as `context.blobs`. */
  readonly blobs: Blobs
  /** For packs and programs that need more than jobs (documents, hints). With an archive: both stores as one. */
  readonly engine: Engine
  /** By name, those of packs included. */
  readonly tasks: ReadonlyMap<string, AnyTask>
  readonly packs: readonly Pack[]
  readonly clock: Clock
  readonly logger: Logger
}
