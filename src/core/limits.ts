/**
 * Every bound of the system that is a plain number, with its default and its reason. A bound that one module alone
 * knows (an SMTP timeout, a page size of the CLI) stays with that module; what several floors share is here.
 */

/** Elements in one engine call. Larger requests are split by the client; an engine refuses them. */
export const ENGINE_BATCH_MAX = 1_000

/** Jobs in one addMany: all of them are checked before the first is stored, so they are in memory at once. */
export const ADD_MANY_MAX = 100_000

/** Time after which an engine call is given up with E_STORE_TIMEOUT. */
export const ENGINE_CALL_TIMEOUT_MS = 30_000

/** Lease of a running job; its worker renews all its leases in one call every HEARTBEAT_MS. */
export const LEASE_MS = 30_000
export const LEASE_MIN_MS = 100
export const LEASE_MAX_MS = 24 * 3_600_000
export const HEARTBEAT_MS = 10_000
/** How often the maintainer looks for leases that ran out. A dead worker's jobs run elsewhere within lease + sweep + 1 s. */
export const SWEEP_MS = 5_000
/** Worker deaths in a row, without a finished attempt in between, that make any job dead with reason `crashed`. */
export const CRASH_CAP = 3

/** A worker with nothing to do looks by itself at least this often while work may be due; hints only make it faster. */
export const POLL_MIN_MS = 50
export const POLL_MAX_MS = 1_000
/** How long a due job may wait for its promotion on an idle system. */
export const PROMOTE_MS = 500

/** Time that running handlers get after SIGTERM before their jobs are given back. */
export const SHUTDOWN_GRACE_MS = 25_000
/** A cancelled or timed-out handler that ignores its signal is settled after this; its slot stays taken until it returns. */
export const ABORT_GRACE_MS = 5_000

export const MAX_RETRIES = 5
export const MAX_RETRIES_LIMIT = 1_000
export const CONCURRENCY = 10
export const CONCURRENCY_MAX = 10_000
/** Jobs claimed ahead of free slots, when handlers are fast enough to run them within PREFETCH_HORIZON_MS. */
export const PREFETCH_MAX = 1_000
export const PREFETCH_HORIZON_MS = 50

/** Jobs that one job may wait for, and jobs of one flow: all of them are stored, and read, in one step. */
export const PARENTS_MAX = 1_000
/** Claims that a rate may allow in its stretch: the store remembers each of them for that long. */
export const RATE_MAX = 10_000
export const WEIGHT_MAX = 1_000
/** More than any installation runs at the same time: a larger number is a mistake. */
export const LIMIT_CONCURRENCY_MAX = 1_000_000
/** Settings of limits that code may declare: each start looks at all of them. */
export const DECLARED_LIMITS_MAX = 1_000
/** Failures that a breaker counts, and for how long: the store remembers the moment of each. */
export const BREAKER_FAILURES_MAX = 1_000
export const BREAKER_WITHIN_MAX_MS = 24 * 3_600_000
/** Kinds of errors of one task that are counted at the same time; the one that was seen longest ago is forgotten. */
export const BREAKER_KINDS_MAX = 10
/** How often a process that knows such tasks looks whether one may go on by itself. */
export const BREAKER_RESUME_MS = 1_000
/** Batches within one batch: they are kept in its document. */
export const BATCH_CHILDREN_MAX = 1_000
/** A batch is forgotten so long after it was done. */
export const BATCH_RETENTION_MS = 7 * 24 * 3_600_000
/** Ageing: no more often than this, no higher than `critical`, so many jobs in one look, a look every so often. */
export const AGEING_MIN_MS = 100
export const AGEING_HIGHEST = 1
export const AGEING_LOOK_MAX = 2_000
export const AGEING_SWEEP_MS = 10_000
/** How long news of flows and batches may wait for a decision on an idle system. */
export const DECIDE_MS = 500

/** How often a maintainer looks for schedules that were changed elsewhere; ticks that it knows of are fired in time. */
export const TICK_POLL_MS = 1_000

/** Memory of one child that runs isolated handlers: all that it takes as a process, or the heap of a thread. */
export const CHILD_MEMORY_MB = 512
export const CHILD_MEMORY_MIN_MB = 128
export const CHILD_MEMORY_MAX_MB = 64 * 1024
/** The settings that a child's module is handed. */
export const CHILD_SETTINGS_BYTES_MAX = 64 * 1024

/** A single attempt may last this long unless its task says otherwise. */
export const TIMEOUT_MS = 5 * 60_000
/** Longest delay, timeout or duration that is accepted: ten years. */
export const DURATION_MAX_MS = 10 * 365 * 24 * 3_600_000

export const PAYLOAD_BYTES_MAX = 256 * 1024
export const OUTPUT_BYTES_MAX = 256 * 1024
export const CHECKPOINT_BYTES_MAX = 256 * 1024
/** Finished steps of one job; their results and the handler's own checkpoint share CHECKPOINT_BYTES_MAX. */
export const STEPS_MAX = 500
export const PROGRESS_BYTES_MAX = 16 * 1024
export const METADATA_BYTES_MAX = 16 * 1024
export const JSON_DEPTH_MAX = 32
export const JSON_KEYS_MAX = 10_000
export const JSON_STRING_BYTES_MAX = 256 * 1024

export const NAME_LENGTH_MAX = 128
/** Versions of a task's payload. */
export const TASK_VERSION_MAX = 9_999
export const KEY_LENGTH_MAX = 256
export const REF_LENGTH_MAX = 256
export const TAGS_MAX = 20
export const TAG_LENGTH_MAX = 128
export const STEP_NAME_LENGTH_MAX = 128
export const REASON_LENGTH_MAX = 500
export const ERROR_MESSAGE_LENGTH_MAX = 2_000
export const ERROR_STACK_LENGTH_MAX = 8_000

/** Entries of a job's history: the first HISTORY_HEAD and the newest of the rest are kept. */
export const HISTORY_MAX = 50
export const HISTORY_HEAD = 10
export const LOG_LINES_MAX = 1_000
export const LOG_LINE_LENGTH_MAX = 2_000

export const PAGE_SIZE = 50
export const PAGE_SIZE_MAX = 200
/** A list sorted by a column without an index looks at no more than this many of the newest matching jobs. */
export const LIST_SCAN_MAX = 20_000

/** Retention: a finished job is pruned when it is older than the age or beyond the count, but never before an hour. */
export const RETENTION = {
  completed: { ageMs: 7 * 24 * 3_600_000, count: 100_000 },
  cancelled: { ageMs: 7 * 24 * 3_600_000, count: 100_000 },
  dead: { ageMs: 90 * 24 * 3_600_000, count: 100_000 },
} as const
export const RETENTION_MIN_AGE_MS = 3_600_000
export const PRUNE_MS = 60_000
export const PRUNE_BATCH = 1_000

/** With an archive, a finished job is moved there so long after its end; its late settlements find it in the engine. */
export const ARCHIVE_AFTER_MS = 60_000
/** With more finished jobs than this in the engine, they are moved sooner, but not before this: memory is bounded. */
export const ARCHIVE_ENGINE_MAX = 10_000
export const ARCHIVE_PRESSED_MS = 10_000
/** How often the maintainer looks for jobs to move. */
export const ARCHIVE_SWEEP_MS = 5_000
/** Time after which a call to the archive is given up: readers wait for it. */
export const ARCHIVE_CALL_TIMEOUT_MS = 10_000

/** A worker that has not been heard of for this long disappears from the list of workers. */
export const WORKER_FORGET_MS = 60_000

/** Documents of the record store: key length and size. */
export const RECORD_KEY_LENGTH_MAX = 512
export const RECORD_BYTES_MAX = 256 * 1024

/** What operators did is written down for so long, the newest so many: a script that never stops must not fill the store. */
export const AUDIT_RETENTION_MS = 90 * 24 * 3_600_000
export const AUDIT_MAX = 10_000
/** Ids of jobs that one entry names; it counts the others. */
export const AUDIT_IDS_MAX = 20
/** How often a maintainer drops what is beyond AUDIT_MAX. */
export const AUDIT_PRUNE_MS = 10 * 60_000

/** Jobs that a bulk run changes in one step. */
export const BULK_BATCH = 200
/** Jobs that a preview looks at when it cannot count without looking at each; `bounded` says that there are more. */
export const BULK_PREVIEW_MAX = 20_000
/** Jobs that a preview shows. */
export const BULK_SAMPLE = 10
/** Refusals that a bulk run names; it counts the others. */
export const BULK_REFUSALS_MAX = 20
/** Bulk runs of an installation that are under way at once. */
export const BULK_ACTIVE_MAX = 100
/** Whoever carries out a bulk run has it for so long; when its process dies, another one goes on after that. */
export const BULK_LEASE_MS = 30_000
/** How often a maintainer looks for bulk runs that nobody carries out, and whoever has one looks at its canary. */
export const BULK_SWEEP_MS = 1_000
/** A bulk run is forgotten so long after its end. */
export const BULK_RETENTION_MS = 7 * 24 * 3_600_000
/** For so long after it was started, a bulk cancel or remove can be undone. What it removed is kept until then … */
export const BULK_UNDO_MS = 24 * 3_600_000
/** … for so many jobs of one run. */
export const BULK_UNDO_MAX = 100_000
/** Jobs of a canary, unless it says otherwise, and the most: all of them are looked at again and again. */
export const CANARY_JOBS = 10
export const CANARY_JOBS_MAX = 200
/** A canary has failed when more than this share of its jobs did … */
export const CANARY_FAILURE_SHARE = 0.2
/** … or when they have not ended after this. */
export const CANARY_TIMEOUT_MS = 3_600_000

/** Dead and retrying jobs that are grouped at once, the newest; `bounded` says that there are more. */
export const DEAD_LETTERS_SCAN_MAX = 10_000
/** Groups of one answer, the largest. */
export const DEAD_LETTERS_GROUPS_MAX = 200
