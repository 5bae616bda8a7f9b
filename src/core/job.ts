import type { FinishedState, From, JobEvent, JobState, LiveState, To } from './states.ts'

/**
 * The shapes that travel between runtime and engines. Times are epoch milliseconds of the store's clock, JSON values
 * are text exactly as they were written (an engine never parses them), absent values are null.
 */

/** What a client gives to the store. The client makes the id, so that sending it again is harmless. */
export interface NewJob {
  /** UUIDv7 in its lower-case text form: byte order is creation order. */
  readonly id: string
  readonly task: string
  readonly queue: string
  /** A sub-line of the queue (a tenant, a mail domain), or null. */
  readonly group: string | null
  /** 0 (first) … 9 (last). */
  readonly priority: number
  /** JSON text, kept byte for byte. */
  readonly payload: string
  /** How long after the store received it the job is due; 0 at once. Ignored when `runAt` is given. */
  readonly delayMs: number
  /** An absolute due time, or null. */
  readonly runAt: number | null
  /** A reason when the job must wait for something else than time; null for all others. */
  readonly blocked: string | null
  /** Retries allowed, or null: what the task says where it runs. */
  readonly maxRetries: number | null
  /** A lease length of its own, or null: what the worker asks for. */
  readonly leaseMs: number | null
  /** The job's own policy (JobOptions) as JSON text, or null when it has none. */
  readonly options: string | null
  /** At most one unfinished job of the installation has this key; null: no such rule. */
  readonly key: string | null
  /** The caller's own reference; looked up, not unique. */
  readonly ref: string | null
  /** JSON text of an array of strings, or null. */
  readonly tags: string | null
  /** What binds it to other jobs, to a batch, or to a moment; null: nothing, which is the usual case and the fast one. */
  readonly ties: JobTies | null
}

/** What most jobs do not have. Kept as it was given. */
export interface JobTies {
  /**
   * How long it holds its key: until it is claimed, until it is finished, or for a time (`keyMs`) from the moment when
   * it took it, which may outlive the job.
   */
  readonly keyUntil: 'start' | 'finish' | 'time'
  /** With `time` the length; otherwise an upper bound of it, or null for none. */
  readonly keyMs: number | null
  /** The key passes from the job with this id, if that one holds it, instead of being found taken. */
  readonly keyFrom: string | null
  /** The jobs that it waits for. What their ends mean for it is decided by the flow rules. */
  readonly parents: readonly Parent[]
  /** The batch that it counts in, or null. */
  readonly batch: string | null
  /** A limit key beside those of its queue, its task and its group; null: none. */
  readonly limit: string | null
  /** It is overdue when it was not started so long after it was stored … */
  readonly dueMs: number | null
  /** … or by this time; null: never. */
  readonly dueAt: number | null
}

/** What bounds the jobs of a queue, of a task, of a group, or with a limit key. */
export interface LimitSetting {
  readonly scope: LimitScope
  /** Of the queue, or of the task in all versions of its payload; `queue/group` of a group; the queue of whose every group `groups` speaks; the limit key. */
  readonly name: string
  /** Jobs that run at the same time; 0 none, null any number. */
  readonly concurrency: number | null
  /** So many claims in any stretch of so many ms, at most; null: any number. */
  readonly rate: { readonly max: number; readonly perMs: number } | null
  /** Of a group's turns (scopes group and groups): how many it has while one of weight 1 has one. Null: 1. */
  readonly weight: number | null
  /** Who stopped it: nothing is claimed then. Null: it is not stopped. */
  readonly pausedBy: string | null
  /** Who wrote this setting, or what; the engine does not look at it. */
  readonly by: string
}
/** A group's own setting goes before that of its queue's `groups`. */
export type LimitScope = 'queue' | 'task' | 'group' | 'groups' | 'key'

/** One edge of a flow. */
export interface Parent {
  readonly id: string
  /** What the child calls it, or null. */
  readonly name: string | null
  /** What a parent that ends badly (dead, cancelled, removed) does to its child. */
  readonly onFailure: OnParentFailure
}
export type OnParentFailure = 'cancel' | 'run' | 'hold'

/** Everything the store knows of a job. */
export interface JobRecord extends Omit<NewJob, 'delayMs' | 'runAt' | 'blocked'> {
  readonly state: JobState
  /** Why it is blocked, cancelled or dead (`crashed`, `discarded`, `exhausted`, …), or null. */
  readonly reason: string | null
  readonly createdAt: number
  readonly runAt: number
  /** Start of the newest recorded run, or null. */
  readonly startedAt: number | null
  readonly finishedAt: number | null
  /** Recorded starts that were not given back. */
  readonly attempt: number
  /** Retries used since the job was added or an operator granted the budget anew. */
  readonly retries: number
  /** Worker deaths in a row while it ran. */
  readonly crashes: number
  /** The next claim hands it out alone and records its start: it may have brought a worker down. */
  readonly solo: boolean
  /** Raised by every claim and every operator's change, never lowered. A write with another fence changes nothing. */
  readonly fence: number
  /** Who holds, or last held, the lease. */
  readonly worker: string | null
  readonly leaseUntil: number | null
  /** Whether the start of the present run is recorded (running jobs only). */
  readonly started: boolean
  /** JSON text of a CancelRequest when someone wants the running job to stop, else null. */
  readonly cancel: string | null
  readonly output: string | null
  /** JSON text of the newest JobError, or null. */
  readonly error: string | null
  /** JSON text of an array of HistoryEntry (bounded), or null. A plain first success needs none. */
  readonly history: string | null
  readonly progress: string | null
  readonly checkpoint: string | null
}

/** A job's own policy, beyond what has a column. Durations in ms. */
export interface JobOptions {
  readonly backoff?: BackoffSpec
  readonly timeoutMs?: number
  /** From the add, or an operator's retry, over all attempts. */
  readonly deadlineMs?: number
  readonly whenExhausted?: 'dead' | 'discard'
  /** The schedule that it belongs to, and the tick that it is for (epoch ms); null: run by hand. */
  readonly schedule?: { readonly name: string; readonly at: number | null }
  /** Anything small that the caller wants to find again on the job. */
  readonly metadata?: Readonly<Record<string, unknown>>
}

/** A retry curve that can be stored: a preset's name, or base · factorⁿ capped, with ± jitter (a fraction of 1). */
export type BackoffSpec = BackoffPreset | BackoffCurve
export type BackoffPreset = 'default' | 'heritage' | 'faktory' | 'fixed' | 'exponential'
export interface BackoffCurve {
  readonly baseMs: number
  readonly factor: number
  readonly capMs: number
  readonly jitter: number
}

/** What is kept of an error. */
export interface JobError {
  readonly name: string
  readonly message: string
  readonly code?: string
  readonly stack?: string
}

/** One line of a job's history: a transition that is more than a plain first success. */
export interface HistoryEntry {
  readonly at: number
  readonly event: JobEvent
  readonly from: From
  readonly to: To
  /** Worker id, or who acted. */
  readonly by?: string
  /** The bulk run that it was a part of. */
  readonly bulk?: string
  readonly reason?: string
  readonly attempt?: number
  readonly startedAt?: number
  readonly error?: JobError
}

export interface CancelRequest {
  readonly at: number
  readonly by: string
  readonly reason: string | null
}

/** What became of a run: the write of a lease holder (or of the maintainer in its place). */
export interface Settlement {
  readonly id: string
  /** The fence that the claim gave. */
  readonly fence: number
  readonly to: Exclude<JobState, 'running'>
  /** For `scheduled` and `retrying`: due this long after the settlement, by the store's clock. Otherwise runAt stays. */
  readonly delayMs?: number
  /** The values after this settlement (absolute, so that a repeated settlement is the same settlement). */
  readonly attempt: number
  readonly retries: number
  readonly crashes: number
  readonly solo: boolean
  readonly startedAt: number | null
  readonly reason: string | null
  readonly output: string | null
  readonly error: string | null
  readonly history: string | null
  /** Left out: as it was. */
  readonly progress?: string | null
  readonly checkpoint?: string | null
  /** Refuse with `cancel_requested`, changing nothing, when someone asked to cancel the job. */
  readonly unlessCancelled: boolean
  /** Jobs and documents written in the same step, or not at all when the settlement is refused. */
  readonly add?: readonly NewJob[]
  readonly records?: readonly RecordWrite[]
}

/** An operator's (or the flow rules') change of a job that nobody runs: compare-and-set on (fence, from). */
export interface Change {
  readonly id: string
  readonly fence: number
  readonly from: Exclude<JobState, 'running'>
  readonly to: Exclude<To, 'running'>
  /** Due this long from now (store clock); left out: runAt stays. */
  readonly delayMs?: number
  /** Left out: as it was. */
  readonly priority?: number
  readonly attempt: number
  readonly retries: number
  readonly crashes: number
  readonly solo: boolean
  readonly reason: string | null
  readonly output: string | null
  readonly error: string | null
  readonly history: string | null
}

/** A small document with compare-and-set and expiry. */
export interface RecordKey {
  readonly collection: string
  readonly key: string
}
export interface RecordWrite extends RecordKey {
  /** JSON text; null removes the document. */
  readonly value: string | null
  /** Version that the document must have: 0 = must not exist, null = whatever it is. */
  readonly expect: number | null
  /** Gone this long after the write (store clock); null: kept. */
  readonly ttlMs: number | null
}
export interface StoredRecord extends RecordKey {
  readonly value: string
  /** 1 at creation, raised by every write. */
  readonly version: number
  readonly expiresAt: number | null
}

export type { FinishedState, JobEvent, JobState, LiveState }
