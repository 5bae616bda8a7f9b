/** Every bound of the data pack, with its reason. Sizes are bytes, times are milliseconds. */

/** Files that one query reads. */
export const INPUTS_MAX = 20
export const SQL_LENGTH_MAX = 64 * 1024
export const PARAMETERS_MAX = 100
/** Rows that a job keeps in its output; more belong into a file. */
export const ROWS_MAX = 1_000
/** The rows as JSON: below what a job's output may hold. */
export const ROWS_BYTES_MAX = 192 * 1024
/** Memory of the query engine; what does not fit goes to the temporary folder … */
export const MEMORY_BYTES_MAX = 512 * 1024 * 1024
/** … up to this. */
export const SPILL_BYTES_MAX = 4 * 1024 * 1024 * 1024
/** Bounds that whoever runs the workers may set. */
export interface Bounds {
  /** What one compressed input may hold when it is expanded, in bytes (16 GiB). It is never kept: this bounds the time. */
  readonly expandedBytesMax: number
  /** The largest file that a job writes, in bytes (16 GiB): a query of one line can write without an end. */
  readonly outputBytesMax: number
}
export const BOUNDS: Bounds = { expandedBytesMax: 16 * 1024 ** 3, outputBytesMax: 16 * 1024 ** 3 }
/** How often the file that a query writes is looked at. In between it grows by some hundred megabytes at most. */
export const OUTPUT_WATCH_MS = 250
/** How soon a query ends that is cancelled, times out or writes too much. */
export const STOP_INTERVAL_MS = 50
/** One attempt; `timeout` of the job replaces it. */
export const RUN_TIMEOUT_MS = 10 * 60_000
/** How often progress is written at most. */
export const PROGRESS_INTERVAL_MS = 1_000

export const COLUMNS_MAX = 1_000
export const NAME_LENGTH_MAX = 64
export const PATH_LENGTH_MAX = 1_024
export const COLUMN_NAME_LENGTH_MAX = 256
export const VALUE_LENGTH_MAX = 1_024
export const CONDITIONS_MAX = 50
/** One line of CSV. A quote that is never closed would otherwise read the whole file as one. */
export const RECORD_BYTES_MAX = 1024 * 1024
/**
 * What the query engine reads of a CSV at once. Its own choice is 32 MB, and to guess at delimiters in one line of that
 * length takes it half a minute in which nothing can stop it.
 */
export const QUERY_BUFFER_BYTES = 4 * 1024 * 1024
/** Groups of an aggregate: each is kept in memory until the end. */
export const GROUPS_MAX = 100_000
