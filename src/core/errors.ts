/**
 * Every error that Posthaste raises by itself, in one table: `docs/errors.md` is generated from it, HTTP statuses and
 * exit codes come from it, and a test refuses a code that is not in it. Messages are completed with what happened;
 * `remedy` says what the reader can do about it.
 */
export interface ErrorInfo {
  readonly message: string
  /** Status of the problem document over HTTP (RFC 9457). */
  readonly status: number
  /** Whether the same call may succeed when it is made again later. */
  readonly retriable: boolean
  readonly remedy: string
}

const row = (status: number, retriable: boolean, message: string, remedy: string): ErrorInfo => ({
  message,
  status,
  retriable,
  remedy,
})

export const ERRORS = {
  // What the caller gave
  E_ARGUMENT: row(400, false, 'An argument is not valid.', 'Correct the named argument.'),
  E_DURATION: row(
    400,
    false,
    'A duration is not valid.',
    'Give milliseconds as a whole number, or text such as "250ms", "30s", "5m", "2h", "7d".',
  ),
  E_TIME: row(
    400,
    false,
    'A point in time is not valid.',
    'Give a Date, ISO 8601 text with its zone such as "2030-01-31T09:00:00Z", or epoch milliseconds.',
  ),
  E_CRON: row(
    400,
    false,
    'A cron expression is not valid.',
    'Write five fields such as "0 3 * * *" (minute, hour, day, month, weekday), six with the seconds first, or @daily.',
  ),
  E_NAME: row(
    400,
    false,
    'A name is not valid.',
    'Use 1 to 128 letters, digits, dots, colons, underscores or hyphens, beginning with a letter or digit.',
  ),
  E_PRIORITY: row(
    400,
    false,
    'A priority is not valid.',
    'Use critical, high, normal, low, or a whole number from 0 (first) to 9 (last).',
  ),
  E_PAYLOAD: row(
    400,
    false,
    'A payload does not fit its task.',
    "Compare the named field with the task's schema.",
  ),
  E_JSON: row(
    400,
    false,
    'A value cannot be kept as JSON without loss.',
    'Send JSON within the documented bounds; write integers beyond ±2^53 as strings.',
  ),
  E_TOO_LARGE: row(
    413,
    false,
    'A value is too large.',
    'Send less, or keep the data elsewhere and pass a reference.',
  ),
  E_BATCH_TOO_LARGE: row(
    413,
    false,
    'A batch has too many elements.',
    'Split it; the limit is in the message.',
  ),
  E_TX_UNSUPPORTED: row(
    400,
    false,
    "This engine cannot add jobs in a caller's transaction.",
    'Use the postgres engine, or the sqlite engine on a database handle of your own; or leave tx out and add the job after the commit.',
  ),
  E_TX_ABORTED: row(
    409,
    false,
    "The caller's transaction has failed or is over.",
    'Roll it back, look for the first error in it, and repeat everything in a new one.',
  ),
  E_TX_ELSEWHERE: row(
    400,
    false,
    "The caller's transaction is on another database.",
    'Give a transaction of the database that the engine was opened with.',
  ),
  E_TASK_UNKNOWN: row(
    400,
    false,
    'No task of this name is registered here.',
    'Register the task in this process, or check the spelling.',
  ),
  E_CONFIG: row(
    400,
    false,
    'The configuration is not valid.',
    'Correct the named setting; nothing was started.',
  ),
  E_CURSOR: row(400, false, 'A page cursor is not valid.', 'Start again without a cursor.'),

  // What the job's state allows
  E_FLOW_CIRCLE: row(400, false, 'Jobs of a flow wait for each other.', 'Take one of the named edges out.'),
  E_PARENT_MISSING: row(
    404,
    false,
    'A job is to wait for one that does not exist.',
    'Check the id in after; finished jobs are kept for their retention.',
  ),
  E_SCHEDULE_MISSING: row(
    404,
    false,
    'There is no such schedule.',
    'Check its name; list them to see which there are.',
  ),
  E_SCHEDULE_EXISTS: row(
    409,
    false,
    'There is a schedule of this name already.',
    'Update or replace it (on the command line: --replace), or choose another name.',
  ),
  E_LIMIT_MISSING: row(404, false, 'There is no such limit.', 'List them to see which there are.'),
  E_BATCH_MISSING: row(
    404,
    false,
    'There is no such batch.',
    'Check the id; a batch is forgotten 7 days after it was done.',
  ),
  E_BULK_MISSING: row(
    404,
    false,
    'There is no such bulk run.',
    'Check the id; a bulk run is forgotten 7 days after its end.',
  ),
  E_BULK_UNDO: row(
    409,
    false,
    'This cannot be undone.',
    'Only a cancel or remove in bulk can be undone, within 24 hours after it was started, once it is over.',
  ),
  E_BULK_BUSY: row(
    429,
    true,
    'Too many bulk runs are under way.',
    'Wait until some are over, or stop some: there may be 100 at once.',
  ),
  E_JOB_MISSING: row(
    404,
    false,
    'There is no such job.',
    'Check the id; finished jobs are pruned after their retention.',
  ),
  E_STATE: row(
    409,
    false,
    'Its state does not allow this.',
    'Look at what it is now, and choose an action that fits.',
  ),
  E_KEY_TAKEN: row(
    409,
    false,
    'Another unfinished job holds this unique key.',
    'Wait for the holder named in the message, or cancel it.',
  ),
  E_CONFLICT: row(
    409,
    true,
    'Someone else changed this at the same time.',
    'Read it again and repeat the call.',
  ),
  E_STALE_LEASE: row(
    409,
    false,
    'This worker no longer holds the lease.',
    'Stop the work: another worker may have the job.',
  ),
  E_WAIT_TIMEOUT: row(
    504,
    true,
    'The job did not finish in time.',
    'Wait longer, or look at the job to see what it waits for.',
  ),

  // What happened to a run
  E_JOB_TIMEOUT: row(
    500,
    true,
    'The handler ran longer than its timeout.',
    "Raise the task's timeout, or make the work smaller.",
  ),
  E_JOB_DEADLINE: row(
    500,
    false,
    "The job's deadline has passed.",
    'Retry the job, which grants it the whole time anew, or add it with a longer deadline.',
  ),
  E_JOB_CANCELLED: row(
    409,
    false,
    'The job was cancelled.',
    'Nothing to do; retry the job to run it after all.',
  ),
  E_STEP: row(
    400,
    false,
    'A step is not possible here.',
    'Give every step of a run a name of its own, and add jobs outside of steps.',
  ),
  E_LEASE_LOST: row(
    409,
    true,
    'The lease ran out while the handler ran.',
    'Check that the store is reachable and that handlers do not block the event loop.',
  ),
  E_CHILD_CRASHED: row(
    500,
    true,
    'The child that ran the handler ended under it.',
    "Look at the job's log; what kills its child three times in a row makes the job dead.",
  ),
  E_CHILD_MEMORY: row(
    500,
    true,
    'The handler needed more memory than its child may have.',
    "Raise the task's memoryMb, or work on less at a time.",
  ),
  E_CHILD_START: row(
    500,
    true,
    'A child for the task could not be started.',
    'See that its module can be imported by itself, exports the task, and opens no installation.',
  ),
  E_SHUTDOWN: row(503, true, 'The worker is shutting down.', 'The job is given back and runs elsewhere.'),
  E_HANDLER: row(500, true, 'The handler failed.', "Look at the job's errors."),

  // What the store did
  E_STORE: row(503, true, 'The store failed.', 'See the cause; the call can be repeated safely.'),
  E_STORE_BUSY: row(
    503,
    true,
    'The store was busy for too long.',
    'Repeat the call; check for a process that holds the database locked.',
  ),
  E_STORE_TIMEOUT: row(
    504,
    true,
    'The store did not answer in time.',
    'Repeat the call; it is safe to send it again.',
  ),
  E_STORE_CLOSED: row(503, false, 'The engine is closed.', 'Open it again.'),
  E_STORE_LOCKED: row(
    503,
    true,
    'The database file is locked by another program.',
    'Stop the program that holds it, then start again.',
  ),
  E_STORE_READ_ONLY: row(
    503,
    false,
    'The database cannot be written.',
    'Give this user the right to write there (for a file, also to its folder), or name the primary server.',
  ),
  E_STORE_FULL: row(
    507,
    true,
    'The disk or the database is full.',
    'Make room, then repeat the call; nothing was half done.',
  ),
  E_STORE_CORRUPT: row(
    500,
    false,
    'The database file is damaged or is no database.',
    'Restore it from a backup, or point to another file.',
  ),
  E_STORE_FOREIGN: row(
    409,
    false,
    'The database belongs to another application.',
    'Point Posthaste to a file or schema of its own.',
  ),
  E_STORE_NEWER: row(
    409,
    false,
    'The database was written by a newer version of Posthaste.',
    'Run that version or a newer one.',
  ),
  E_STORE_OPEN: row(
    503,
    true,
    'The store cannot be opened.',
    'Check the address, the folder and the permissions.',
  ),
  E_STORE_VERSION: row(
    503,
    false,
    "The store's server is too old.",
    'Upgrade the server: Redis 6.2 and PostgreSQL 13 are the oldest that can be used.',
  ),
  E_STORE_EVICTS: row(
    503,
    false,
    'The Redis server may drop jobs when its memory is full.',
    'Run "redis-cli CONFIG SET maxmemory-policy noeviction", and set it in its configuration file, too.',
  ),
  E_ARCHIVE: row(
    503,
    true,
    'The archive failed.',
    'Nothing is lost: finished jobs stay in the engine until it is back. Unfinished jobs can be read meanwhile.',
  ),
  E_ENGINE_UNKNOWN: row(
    400,
    false,
    'No engine has this kind of URL.',
    'Use memory:, sqlite:PATH, postgres://HOST/DATABASE, redis://HOST:PORT, or an engine object.',
  ),
  E_SQLITE_VERSION: row(
    503,
    false,
    'This SQLite has a bug that can damage a database in WAL mode.',
    'Install the optional dependency @photostructure/sqlite, or use a Node.js whose SQLite is 3.51.3 or newer.',
  ),

  // Mail
  E_MAIL_CONFIG: row(400, false, 'Mail is not configured.', 'Set SMTP_URL and MAIL_FROM.'),
  E_MAIL_REFUSED: row(
    400,
    false,
    'The mail was refused for good.',
    "Correct what the server's reply names, then add a new job.",
  ),
  E_MAIL_DEFERRED: row(
    503,
    true,
    'The mail was put off.',
    'Nothing to do: it is tried again until it expires.',
  ),
  E_MAIL_UNCERTAIN: row(
    503,
    true,
    'The mail may have been accepted, but the answer was lost.',
    'It is sent again with the same Message-ID.',
  ),
  E_MAIL_EXPIRED: row(
    400,
    false,
    'The mail could not be delivered in time.',
    'Add a new job if it should still be sent.',
  ),

  // Images and data
  E_IMAGE: row(
    400,
    false,
    'An image cannot be used, or what was asked of it cannot be done.',
    'Give a JPEG, PNG, WebP, AVIF or GIF within the bounds of the image task, and operations that fit its size.',
  ),
  E_DATA: row(
    400,
    false,
    'Data cannot be read, or what was asked of it cannot be done.',
    'Compare the named field with the file, then add a new job.',
  ),
  E_FILE: row(
    400,
    false,
    'A file that a job names cannot be used.',
    'Name a file below the folder of files (POSTHASTE_FILES) by its path from there.',
  ),
  E_DEPENDENCY: row(
    500,
    false,
    'A package that this needs is not installed.',
    'Install the package that the message names, then retry the job.',
  ),
  // Requests to other servers
  E_URL_REFUSED: row(
    400,
    false,
    'This address must not be called.',
    'Call a public http or https address on port 80 or 443, or allow the target with the setting httpAllow.',
  ),
  E_REQUEST_FAILED: row(
    503,
    true,
    'The request got no answer.',
    'Check the address and whether the server can be reached from here.',
  ),

  E_HTTP_STATUS: row(
    400,
    false,
    'The server answered with a status that was not expected.',
    'Correct the request, or name the status in expect; then add a new job, or retry this one.',
  ),
  E_HTTP_LATER: row(
    503,
    true,
    'The server cannot answer the request now.',
    'Nothing to do: it is tried again as long as there are retries left.',
  ),
  E_SECRET: row(
    400,
    false,
    'A secret that the job refers to cannot be used.',
    'Set the variable POSTHASTE_SECRET_ and its name where the worker runs.',
  ),

  // Blobs
  E_BLOB_MISSING: row(
    404,
    false,
    'There is no such blob.',
    'Store it first; blobs are removed when they expire.',
  ),
  E_BLOB_HASH: row(400, false, 'The bytes have another hash than was said.', 'Send the bytes again.'),
  E_BLOB_DAMAGED: row(
    500,
    false,
    'A blob was changed where it is stored.',
    'Store the bytes again; check the disk and who can write to the store.',
  ),
  E_BLOBS_FULL: row(
    507,
    true,
    'The blob store is full.',
    'Erase blobs that are no longer needed, or raise its quota; nothing was half done.',
  ),
  E_BLOBS: row(503, true, 'The blob store failed.', 'See the cause; the call can be repeated safely.'),

  // Doors
  E_NOT_FOUND: row(
    404,
    false,
    'There is nothing here.',
    'See /openapi.json or the documentation for what exists.',
  ),
  E_METHOD: row(
    405,
    false,
    'This method is not allowed here.',
    'Use one of the methods in the Allow header.',
  ),
  E_USAGE: row(400, false, 'The command line is not valid.', 'See posthaste --help.'),
  E_BIND: row(
    400,
    false,
    'This address can be reached by other machines.',
    'Listen on 127.0.0.1, or set POSTHASTE_TOKEN and pass --insecure-http (and put a proxy with TLS in front).',
  ),
  E_UNAUTHORIZED: row(
    401,
    false,
    'A valid token is needed.',
    'Send the header "Authorization: Bearer TOKEN".',
  ),
  E_HOST: row(
    421,
    false,
    'This server does not answer under this host name.',
    'Use the address it printed at its start, or allow the name with --host.',
  ),
  E_ORIGIN: row(
    403,
    false,
    'This request comes from a page of another site.',
    'Call the API from a program, or from a page of this server.',
  ),
  E_CONTENT_TYPE: row(
    415,
    false,
    'The body is not JSON.',
    'Send the header "Content-Type: application/json".',
  ),
  E_TOO_MANY: row(
    429,
    true,
    'There are too many of these at the same time.',
    'Wait a moment, or close what is no longer used.',
  ),
  E_URL_TOO_LONG: row(414, false, 'The address of the request is too long.', 'Shorten the filters.'),
  E_DEADLINE: row(
    504,
    true,
    'The request took too long.',
    'Repeat it; adding a job with an id of your own is safe to repeat.',
  ),
  E_ADDRESS_IN_USE: row(
    503,
    true,
    'The address is already in use.',
    'Stop the other program, or choose another address with --addr.',
  ),
  E_INTERNAL: row(500, true, 'Something went wrong inside Posthaste.', 'Report it with the id in the log.'),
} as const satisfies Record<string, ErrorInfo>

export type ErrorCode = keyof typeof ERRORS

export interface ErrorDetails {
  /** The field, setting or argument that is wrong, as the caller wrote it. */
  readonly field?: string
  readonly cause?: unknown
  /** Anything else that a program may want to read (the holder of a key, a limit). Never a secret. */
  readonly data?: Readonly<Record<string, unknown>>
}

/**
 * The one error class. `message` is complete for people: what is wrong, where, and what to do. `code` is stable for
 * programs. Only `code`, `message`, `field` and `data` ever leave the process; never a stack or a cause.
 */
export class PosthasteError extends Error {
  override readonly name = 'PosthasteError'
  readonly code: ErrorCode
  readonly field: string | undefined
  readonly data: Readonly<Record<string, unknown>> | undefined

  /** `what` replaces the table's general message with the particular one; the table's remedy is added to both. */
  constructor(code: ErrorCode, what?: string, details: ErrorDetails = {}) {
    const info: ErrorInfo = ERRORS[code]
    super(
      `${what ?? info.message} ${info.remedy}`,
      details.cause === undefined ? {} : { cause: details.cause },
    )
    this.code = code
    this.field = details.field
    this.data = details.data
  }

  get status(): number {
    return ERRORS[this.code].status
  }

  get retriable(): boolean {
    return ERRORS[this.code].retriable
  }
}

export const isPosthasteError = (error: unknown, code?: ErrorCode): error is PosthasteError =>
  error instanceof PosthasteError && (code === undefined || error.code === code)
