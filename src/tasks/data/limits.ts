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
/** Groups of an aggregate: each is kept in memory until the end. */
export const GROUPS_MAX = 100_000
