import type {
  CancelRequest,
  Change,
  FinishedState,
  JobRecord,
  JobState,
  LimitSetting,
  NewJob,
  RecordKey,
  RecordWrite,
  Settlement,
  StoredRecord,
} from '../core/job.ts'

/**
 * The contract between the runtime and a store. An engine stores, compares and sets; it decides nothing: which state
 * follows, when a retry is due, who is dead, is computed in `core/` and handed in. What every method promises:
 *
 * - **Arrays in, arrays out**: answers have the length and order of the request. An empty array answers an empty array
 *   and touches nothing. More than ENGINE_BATCH_MAX elements in one list is refused with E_BATCH_TOO_LARGE. Elements
 *   are judged in order, each one seeing what those before it did.
 * - **Limits** are whole numbers from 0 to ENGINE_BATCH_MAX (unless a method says otherwise); 0 answers nothing, and
 *   `more` is then false.
 * - **One step**: a call is applied wholly or not at all, durably (see `info().durability`) before it answers.
 *   Concurrent calls may be gathered into one transaction, but no call waits for others to come.
 * - **A refusal is a verdict, an exception means that the store failed.** Exceptions are PosthasteErrors with an
 *   E_STORE… code (E_ARGUMENT, E_BATCH_TOO_LARGE and E_TOO_LARGE for calls that no store could carry out; the checks
 *   of `checks.ts` raise them on every engine alike, before anything is touched).
 * - **Text comes back as it was given**, byte for byte. What some store could not keep, a NUL character or half of a
 *   surrogate pair, is refused everywhere with E_ARGUMENT (inside JSON text both are written as escapes and fit).
 * - **Order of text** is that of its UTF-8 bytes.
 * - **Everything is safe to repeat** after a lost answer. Each method says what the second answer is.
 * - **Deadlines**: a call that is not carried out within the engine's `callTimeoutMs` fails with E_STORE_TIMEOUT or
 *   E_STORE_BUSY. It may have been carried out all the same; repeating it is safe.
 * - **The clock is the store's** (`now`). It never runs backwards within a store.
 *
 * How the parts that are not methods are answered:
 * - *Rescue*: `expired` lists, `core/decide` decides, `exchange({settle})` writes with the fence that was listed.
 * - *Operators* (cancel, retry, resolve, remove, run now): `get`, decide, `change`; all compare-and-set on (state, fence).
 * - *Leadership and schedules*: documents (`putRecords`) with compare-and-set; `insert` takes record writes as a
 *   condition, so that a tick of a schedule is fired once by the store and not by belief in a leader.
 * - *Side effects of a run*: `Settlement.add` and `Settlement.records` are written with the settlement or not at all.
 * - *Flows and batches*: the store notes as *news* which waiting jobs and batches have something to be decided about;
 *   the rules read, decide, `change` or `insert`, and then `clearNews` with the number that they read.
 * - *Lanes*: claimable jobs wait in lanes (queue, task, group); jobs that the caller cannot run cost it no scan.
 * - *An archive* is a second store: `finished` lists, `restore` on the other side stores, `change` removes.
 * - *Finished jobs* are kept apart from live ones: the cost of a claim depends on neither backlog nor history.
 */
export interface Engine {
  // ── opening ────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Opens the store and brings its schema up to date (forward only, safe beside live older workers, idempotent).
   * Errors: E_STORE_OPEN, E_STORE_LOCKED, E_STORE_READ_ONLY, E_STORE_FOREIGN, E_STORE_NEWER, E_STORE_CORRUPT,
   * E_STORE_FULL, E_SQLITE_VERSION. After an error nothing is left open. Opening an open engine does nothing; a closed
   * one stays closed (E_STORE_CLOSED), as does every call before `open`.
   */
  open(): Promise<void>
  /** Waits for calls under way, then closes. Later calls fail with E_STORE_CLOSED. Safe to repeat. */
  close(): Promise<void>
  /** What this store is and promises. Contains no secret. */
  info(): EngineInfo
  /** The store's clock, epoch ms. */
  now(): Promise<number>

  // ── adding ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Stores jobs. State: `blocked` when `blocked` is set, else `scheduled` when due after the store's now, else `ready`.
   * `createdAt` is the store's now; `runAt` is `runAt ?? now + delayMs`. Fence, attempt, retries and crashes start at 0.
   *
   * Verdict per job: `inserted`; `duplicate` with the id of the job that holds its key (also an earlier one of the same
   * call). An id that exists already answers `inserted` again and changes nothing: that is how a client repeats a call
   * whose answer was lost.
   *
   * A key is held from the insert until the job is finished or removed; `ties` may say: until it is claimed, or for a
   * time from then on, whatever becomes of the job. A job whose `keyFrom` names the holder takes the key over. A
   * change from finished to live takes the key anew, unless it was held for a time.
   *
   * With `options.records`, all writes must find the version they expect, else nothing at all is written, every
   * verdict is `refused`, and `recordsOk` is false. The writes are a condition for the jobs, not the other way round:
   * duplicates, or an empty list of jobs, do not hinder them. Repeating such a call after a lost answer finds its own
   * versions and is refused: `get` the ids to learn that it was carried out. `options.changes` are a condition in the
   * same way, and are written before the jobs: each must end a resting live job or move its due time (events cancel,
   * remove and reschedule), name a job of its own, and be `ok`; `changed` tells the verdicts. They do not go with a
   * transaction. With `options.tx` (engines that support the caller's transaction
   * say so in `info().callerTransactions`; the others refuse it with E_TX_UNSUPPORTED), the rows are written on the
   * caller's connection, become visible with its commit and are gone with its rollback. Calls for the same transaction
   * are carried out one after the other. A key that a third transaction is about to take is waited for.
   * Errors: E_ARGUMENT (`tx` is no transaction that the engine knows, or has none open), E_TX_ABORTED, E_TX_ELSEWHERE.
   */
  insert(jobs: readonly NewJob[], options?: InsertOptions): Promise<InsertAnswer>

  // ── the one hot call ───────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Everything a busy worker says, in one step and in this order: settle, start, renew, claim. Each part may be absent.
   *
   * **settle** — per settlement: `ok` when the job is running under this fence and the settlement is now written;
   * `missing` when there is no such job; `stale` when it does not run under this fence; `cancel_requested` when
   * `unlessCancelled` and someone asked to cancel; `conflict` when one of its `records` does not find the version it
   * expects (after the last two nothing changed, and the lease is still held: decide again). Repeating a settlement
   * answers `ok`, and writes nothing, while the job is still in the state and fence that it left. The lease ends
   * (`leaseUntil` null, `started` false; `worker` stays), `finishedAt` is now for finished states, `cancel` is cleared,
   * `runAt` is now + delayMs when given. The unique key is free when the job is finished, before the jobs of `add` are
   * stored: they may take it over. An added job whose key is taken is left out. A settlement that does not name
   * `progress` or `checkpoint` leaves them.
   * Here and in `start`, `renew` and `report` the fence alone decides: a lease that ran out is good until it is rescued.
   *
   * **start** — records that a handler began: attempt, startedAt and `started` are set. Verdicts ok | stale | missing
   * (not running under this fence: stale). Repeating is ok.
   *
   * **renew** — leases of `worker`: ok (leaseUntil = now + leaseMs) | cancel_requested (renewed too) | stale | missing.
   * With `complete: true` the list names every lease (id and fence) that the worker knows of: `answer.unknown` then
   * lists the other jobs running under this worker's id (by id, at most ENGINE_BATCH_MAX): a claim's answer was lost,
   * and the worker gives them back. A worker makes one exchange at a time, so no claim of its own can be under way.
   *
   * **claim** — up to `limit` ready jobs that fit `queues` and `tasks`, none of a paused queue. Order `merged`:
   * (priority, runAt, id) across all queues; `listed`: in the order of `queues` (which then cannot be null), and in that
   * order within each. The
   * state becomes running, fence + 1, worker and leaseUntil (now + the job's own leaseMs, or the request's) are set,
   * `started` is false. A `solo` job is handed out alone: the answer ends before one, or is just that one with its
   * start recorded (attempt + 1, startedAt = now, started = true). Due jobs that were not promoted yet are not claimed.
   * A lost answer strands nothing: see renew.
   *
   * Jobs whose limits are reached are passed over as if they were not there: those of its queue, its task, its group
   * (the group's own setting, or that of its queue's groups) and its limit key. Every running job counts, and every
   * claim in the stretch of a rate, also those that were given back. What is claimed in one call counts at once.
   *
   * Within a queue that ever had a job with a group or a limit key, the groups take turns: jobs come by (priority, the group's turn, runAt, id). Jobs without a group
   * are a group of their own. A group's turn moves on with every job that is claimed from it, by 720,720 / weight
   * (rounded), and is moved up to the furthest turn that its queue has given when it gets a ready job and had none, or
   * when a setting of its own is written: who had nothing to do has saved nothing up. Among several
   * queues, the first jobs of each are compared by (priority, runAt, id). With `listed`, queue goes before queue.
   *
   * `nextDueAt` is the earliest time at which something may become claimable by itself: the smallest runAt of scheduled
   * and retrying jobs (of any queue), or the moment at which its rates let a ready job go that this claim would have
   * taken and that nothing but rates holds back; null for none: how long an idle worker may sleep. `more` is true when
   * the claim left jobs behind that it might have taken (because of its limit, or of a solo job); rates do not count
   * then. Both speak of the moment after the call.
   */
  exchange(request: ExchangeRequest): Promise<ExchangeAnswer>

  /**
   * Fenced writes of a running job beside its settlement: a durable checkpoint, progress, log lines (the newest
   * LOG_LINES_MAX of a job by (fence, seq) are kept). Verdicts ok | stale (not running under this fence) | missing.
   * Repeating is ok; a log line repeated with the same `seq` is stored once, as it came first.
   */
  report(reports: readonly Report[]): Promise<LeaseVerdict[]>

  // ── rules in steps: list → decide → compare-and-set ────────────────────────────────────────────────────────────

  /** Running jobs whose lease ran out (leaseUntil ≤ now), by (leaseUntil, id), after `after` so that a sweeper passes rows it cannot handle. */
  expired(request: ExpiredRequest): Promise<JobRecord[]>

  /**
   * Moves up to `limit` scheduled and retrying jobs whose time has come (runAt ≤ now) to ready, the earliest by
   * (runAt, id) first; runAt, fence and counters stay. Answers how many, and the smallest runAt that lies after now.
   * Safe with any number of callers.
   */
  promote(request: { readonly limit: number }): Promise<PromoteAnswer>

  /**
   * Changes of jobs that nobody runs. Per change: `ok` when the job is in `from` under `fence`: the given values are
   * written and the fence is raised by one; `stale` when state or fence differ; `missing`; `key_taken` with the holder
   * when a finished job would become live while another live job has its key. finishedAt is now for finished states
   * and null for live ones; runAt is now + delayMs when given, and the priority is the one that is given. To `removed`, the job and its log are gone. A pair of
   * `from` and `to` that no operator's or maintainer's event of the table allows is refused with E_ARGUMENT. Repeating after a lost answer: `stale` (or
   * `missing` after a removal): read again and compare.
   */
  change(changes: readonly Change[]): Promise<ChangeVerdict[]>

  /**
   * Asks the holders of running jobs to stop: stores the request on the job, where `renew` and `settle` find it. The
   * first request is kept. Verdicts: ok | stale (not running) | missing. Repeating is ok.
   */
  requestCancel(
    requests: readonly { readonly id: string; readonly request: CancelRequest }[],
  ): Promise<LeaseVerdict[]>

  /**
   * Jobs at rest that never started (`attempt` 0) although they had to by now: createdAt + ties.dueMs, or ties.dueAt, is
   * ≤ now. By (that time, id), after `after`.
   */
  overdue(request: OverdueRequest): Promise<JobRecord[]>

  /**
   * What there is to decide about flows and batches, by (topic, id), after `after`. The store tells of a job when a job
   * that it names as a parent becomes finished or is removed unfinished, and when it is stored while one of them is
   * finished or does not exist; of a batch when a job of it becomes finished or is removed unfinished. News of one job
   * or batch are one element, whose `seq` is another one with every event.
   */
  news(request: NewsRequest): Promise<News[]>
  /** Forgets news, those excepted that changed since they were read. Repeating does nothing. */
  clearNews(news: readonly News[]): Promise<void>
  /**
   * How many jobs of these batches there are and what became of them, exactly and at no cost that grows with them; null
   * for a batch that no job ever named, or that was forgotten. A finished job that is removed or pruned still counts.
   */
  batches(ids: readonly string[]): Promise<(BatchRow | null)[]>
  /** Forgets the numbers of batches. Jobs of it that end later count from zero on; meant for those that are over. */
  forgetBatches(ids: readonly string[]): Promise<void>

  /**
   * Removes up to `limit` finished jobs of one state with their logs, the oldest by (finishedAt, id) first: those that
   * finished before now − ageMs, and those beyond the newest `count`; never one that finished after now − minAgeMs.
   * Answers how many were removed and whether more remain to be. Safe with any number of callers.
   */
  prune(request: PruneRequest): Promise<{ readonly removed: number; readonly more: boolean }>

  // ── keeping: how finished jobs move to another store, and back ─────────────────────────────────────────────────

  /**
   * Finished jobs of one state with their logs, those that finished no later than now − ageMs, by (finishedAt, id),
   * behind `after`. Reads only.
   */
  finished(request: FinishedRequest): Promise<KeptJob[]>

  /**
   * Stores jobs as they are: every value, also fence, times and counters, and their log in the place of the one that is
   * there. Only jobs that nobody runs can be given: finished ones, and `ready` ones that are to be run again (E_ARGUMENT).
   *
   * Verdict per job: `ok` when it is stored now, in the place of a finished job of the same id with a lower fence, if
   * there was one; `known` when there is a job of this id that is live, or whose fence is not lower: nothing changes;
   * `key_taken` with the holder when it would be live while another live job has its key. Repeating after a lost answer:
   * `known`.
   *
   * Ties are kept, so that jobs are found by them. Nothing is told of it, and a finished job does not count in its batch
   * again; one that is to be run again counts there as one more.
   */
  restore(jobs: readonly KeptJob[]): Promise<RestoreVerdict[]>

  // ── reading ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** The jobs with these ids, null where there is none. */
  get(ids: readonly string[]): Promise<(JobRecord | null)[]>
  /** A page of jobs. Never reads without bound: see ListQuery. */
  list(query: ListQuery): Promise<ListAnswer>
  /** Exact numbers of jobs by (queue, task, state), zero rows left out, in any order; the cost does not depend on how many jobs there are. */
  counts(): Promise<CountRow[]>
  /** Log lines of a job by (fence, seq), those after `after`; none when there is no such job. */
  logs(request: {
    readonly id: string
    readonly after: { readonly fence: number; readonly seq: number } | null
    readonly limit: number
  }): Promise<StoredLogLine[]>

  // ── queues and workers ─────────────────────────────────────────────────────────────────────────────────────────

  /** Every queue that ever had a job or was paused: whether it is paused, and the runAt of its oldest ready job. By name. */
  queues(): Promise<QueueRow[]>
  /**
   * Pauses or resumes queues. After the answer, no claim takes a job from a paused queue. Pausing a paused queue
   * changes nothing: who paused it first, and when, is kept.
   */
  pause(requests: readonly PauseRequest[]): Promise<void>
  /**
   * Workers say that they live. Stored until they are not heard of for `ttlMs` (a beat after that is a first one);
   * `gone: true` forgets one at once.
   */
  beat(beats: readonly WorkerBeat[]): Promise<void>
  /** Workers that were heard of within their ttl, by id. */
  workers(): Promise<WorkerRow[]>

  // ── limits ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Writes settings of limits, each wholly; one without any limit, weight or pause is removed. `expect`: the version
   * that must be there (0: none), or null. All, or none when one does not find its version. After the answer no claim
   * goes by the old ones; jobs that run already are left alone. A rate counts the claims since it was set.
   * Answers and repeating: as putRecords.
   */
  setLimits(writes: readonly LimitWrite[]): Promise<RecordVerdict[]>
  /** Every setting with what is under it now, by (scope, name). */
  limits(): Promise<LimitRow[]>

  // ── documents ──────────────────────────────────────────────────────────────────────────────────────────────────

  getRecords(keys: readonly RecordKey[]): Promise<(StoredRecord | null)[]>
  /**
   * Writes all, or none when one does not find the version it expects (0: there is none, or it expired). Answers per
   * write: ok with the new version (0 when removed) | conflict with the version that is there | refused (it would have
   * been written, but another one had a conflict). One call names a document once, else E_ARGUMENT; E_TOO_LARGE for a
   * value above RECORD_BYTES_MAX. Repeating after a lost answer: a conflict with the version that one's own call left.
   */
  putRecords(writes: readonly RecordWrite[]): Promise<RecordVerdict[]>
  /** Documents of a collection by key (bytewise), those after `after` that begin with `prefix`. Expired ones are gone. */
  listRecords(request: {
    readonly collection: string
    readonly prefix: string
    readonly after: string | null
    readonly limit: number
  }): Promise<StoredRecord[]>

  // ── hints ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Calls `onHint` soon after jobs may have become claimable (`ready`; also after a rescue, which gives permits back and
   * claims nothing) or jobs or queues changed (`changed`), also by other processes. Hints only: they may come late, twice, or never; losing all of them costs latency, not a job.
   */
  listen(onHint: (hint: Hint) => void): Promise<{ close(): Promise<void> }>
}

export interface EngineInfo {
  /** memory, sqlite, postgres, redis, or a name of the user's own. */
  readonly kind: string
  /** What survives: nothing; a crash of the process; a crash of the operating system or power loss. */
  readonly durability: 'none' | 'process' | 'system'
  /** A crash beyond the durability may take what was acknowledged in the last so many ms, and no more. Absent: no such bound. */
  readonly lossMs?: number
  /** Where it is, secrets masked. */
  readonly location: string
  /** Version of the store's software. */
  readonly version: string
  readonly schemaVersion: number
  readonly callerTransactions: boolean
}

export interface InsertOptions {
  readonly tx?: unknown
  readonly records?: readonly RecordWrite[]
  readonly changes?: readonly Change[]
}
export type InsertVerdict =
  | { readonly status: 'inserted'; readonly id: string }
  /** `id` is the job that holds the key. */
  | { readonly status: 'duplicate'; readonly id: string }
  | { readonly status: 'refused'; readonly id: string }
export interface InsertAnswer {
  readonly now: number
  readonly verdicts: InsertVerdict[]
  readonly recordsOk: boolean
  /** One verdict for each of `changes`; all `ok`, or nothing was written. */
  readonly changed: LeaseVerdict[]
}

export interface ExchangeRequest {
  /** Random per boot. Null for the maintainer, which settles but neither renews nor claims. */
  readonly worker: string | null
  readonly settle?: readonly Settlement[]
  readonly start?: readonly Start[]
  readonly renew?: RenewRequest
  readonly claim?: ClaimRequest
}
export interface Start {
  readonly id: string
  readonly fence: number
  readonly attempt: number
  readonly startedAt: number
}
export interface RenewRequest {
  readonly leases: readonly { readonly id: string; readonly fence: number }[]
  /** Used for jobs without a lease length of their own. */
  readonly leaseMs: number
  readonly complete: boolean
}
export interface ClaimRequest {
  readonly limit: number
  /** Null: every queue. */
  readonly queues: readonly string[] | null
  /** Names of the tasks that the worker knows. Null: any. */
  readonly tasks: readonly string[] | null
  readonly order: 'merged' | 'listed'
  readonly leaseMs: number
}
export interface ExchangeAnswer {
  readonly now: number
  readonly settled: SettleVerdict[]
  readonly started: LeaseVerdict[]
  readonly renewed: RenewVerdict[]
  readonly unknown: JobRecord[]
  readonly jobs: JobRecord[]
  readonly more: boolean
  readonly nextDueAt: number | null
}
export type LeaseVerdict = 'ok' | 'stale' | 'missing'
export type SettleVerdict = LeaseVerdict | 'cancel_requested' | 'conflict'
export type RenewVerdict = LeaseVerdict | 'cancel_requested'

export interface Report {
  readonly id: string
  readonly fence: number
  readonly checkpoint?: string | null
  readonly progress?: string | null
  readonly log?: readonly LogLine[]
}
export interface LogLine {
  /** Counts from 1 within a run. */
  readonly seq: number
  readonly at: number
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly message: string
}
export interface StoredLogLine extends LogLine {
  /** The run that wrote it. */
  readonly fence: number
}

export interface ExpiredRequest {
  readonly limit: number
  readonly after: { readonly leaseUntil: number; readonly id: string } | null
}
export interface OverdueRequest {
  readonly limit: number
  readonly after: { readonly due: number; readonly id: string } | null
}
export interface NewsRequest {
  readonly limit: number
  readonly after: { readonly topic: NewsTopic; readonly id: string } | null
}
export type NewsTopic = 'batch' | 'job'
export interface News {
  readonly topic: NewsTopic
  readonly id: string
  readonly seq: number
}
export interface BatchRow {
  /** Blocked, scheduled, ready, running or retrying. */
  readonly unfinished: number
  readonly completed: number
  readonly cancelled: number
  readonly dead: number
  /** Removed before they were finished. */
  readonly removed: number
}
export interface PromoteAnswer {
  readonly promoted: number
  readonly nextDueAt: number | null
}
export type ChangeVerdict =
  | { readonly status: LeaseVerdict }
  | { readonly status: 'key_taken'; readonly holder: string }

export interface PruneRequest {
  readonly state: FinishedState
  readonly ageMs: number
  readonly count: number
  readonly minAgeMs: number
  readonly limit: number
}

/** A finished job with its log, as it is moved from one store to another. */
export interface KeptJob {
  readonly job: JobRecord
  /** By (fence, seq), at most LOG_LINES_MAX. */
  readonly log: readonly StoredLogLine[]
}
export interface FinishedRequest {
  readonly state: FinishedState
  readonly ageMs: number
  readonly after: { readonly finishedAt: number; readonly id: string } | null
  readonly limit: number
}
export type RestoreVerdict =
  | { readonly status: 'ok' | 'known' }
  | { readonly status: 'key_taken'; readonly holder: string }

export type SortField =
  | 'id'
  | 'task'
  | 'queue'
  | 'priority'
  | 'state'
  | 'attempt'
  | 'createdAt'
  | 'runAt'
  | 'startedAt'
  | 'finishedAt'

/**
 * `id` (= creation order) is exact and unbounded, page by page. Any other sort, and any search, looks at no more than
 * LIST_SCAN_MAX of the newest jobs that fit the indexed filters (states, queues, tasks); `bounded` in the answer says
 * that there were more. Ties are broken by id in the direction of the sort; nulls come first in ascending order. A
 * filter that is left out fits every job, an empty list none.
 */
export interface ListQuery {
  readonly states?: readonly JobState[]
  readonly queues?: readonly string[]
  readonly tasks?: readonly string[]
  readonly group?: string
  readonly key?: string
  readonly ref?: string
  /** Jobs that depend on this one. */
  readonly parent?: string
  /** Jobs of this batch. */
  readonly batch?: string
  readonly tag?: string
  readonly worker?: string
  /** Case-insensitive (ASCII) substring of id, task, queue, key, ref, tags, payload or error. */
  readonly search?: string
  /** Both exclusive. */
  readonly createdAfter?: number
  readonly createdBefore?: number
  readonly sort: { readonly field: SortField; readonly descending: boolean }
  /** The last job of the page before: its id and the value it was sorted by. Null: the first page. */
  readonly after: { readonly id: string; readonly value: string | number | null } | null
  /** 1 … PAGE_SIZE_MAX. */
  readonly limit: number
}
export interface ListAnswer {
  readonly jobs: JobRecord[]
  readonly more: boolean
  readonly bounded: boolean
}

export interface CountRow {
  readonly queue: string
  readonly task: string
  readonly state: JobState
  readonly count: number
}
export interface QueueRow {
  readonly queue: string
  readonly paused: boolean
  readonly pausedAt: number | null
  readonly pausedBy: string | null
  /** The smallest runAt of its ready jobs, or null when none is ready. */
  readonly oldestReadyAt: number | null
}
export interface PauseRequest {
  readonly queue: string
  readonly paused: boolean
  readonly by: string
}

export interface WorkerBeat {
  readonly id: string
  /** JSON text: host, pid, version, queues, tasks, concurrency, running. */
  readonly about: string
  readonly ttlMs: number
  readonly gone?: boolean
}
export interface WorkerRow {
  readonly id: string
  readonly about: string
  readonly firstSeenAt: number
  readonly lastSeenAt: number
}

export interface LimitWrite extends LimitSetting {
  readonly expect: number | null
}
export interface LimitRow extends LimitSetting {
  readonly version: number
  /** Since when it is stopped, or null. */
  readonly pausedAt: number | null
  /** Jobs that run under it (scope groups: in all groups of the queue that have no setting of their own). */
  readonly running: number
  /** When its rate lets a job go again; null: now, or it has none. */
  readonly opensAt: number | null
}

export type RecordVerdict =
  | { readonly status: 'ok'; readonly version: number }
  | { readonly status: 'conflict'; readonly version: number }
  | { readonly status: 'refused' }

export type Hint = 'ready' | 'changed'
