/** Every bound of the blob store, with its reason. Sizes are bytes, times are milliseconds. */

/** One blob. What is larger belongs where its workers read it directly. */
export const BLOB_BYTES_MAX = 1024 ** 3
/** All blobs together. */
export const BLOB_QUOTA_BYTES = 10 * 1024 ** 3
/** A blob is kept for so long after it was last stored: longer than a completed job, and than any mail lives. */
export const BLOB_KEEP_MS = 30 * 24 * 3_600_000
export const BLOB_KEEP_MIN_MS = 60_000
export const BLOB_KEEP_MAX_MS = 10 * 365 * 24 * 3_600_000
/** What `bytes()` reads into memory unless told otherwise: a mail's attachment, a request's body. */
export const BLOB_MEMORY_BYTES = 32 * 1024 * 1024
/** How often blobs that expired are looked for. */
export const BLOB_SWEEP_MS = 3_600_000
/** A half-written file that a killed process left behind is removed when it is older than this. */
export const BLOB_DEBRIS_AGE_MS = 24 * 3_600_000
