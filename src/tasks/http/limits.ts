/** Every bound of the http task, with its reason. Sizes are bytes, times are milliseconds. */

/** What is sent; larger things are sent as a link. */
export const REQUEST_BYTES_MAX = 10 * 1024 * 1024
/** What of an answer is kept with the job: an output may be 256 KiB, and base64 and escapes make it grow. */
export const CAPTURE_BYTES_MAX = 64 * 1024
/** What of a refusal is shown in the error. */
export const EXCERPT_BYTES_MAX = 2_048
export const EXCERPT_LENGTH_MAX = 300
export const CAPTURED_HEADERS_MAX = 20
export const CAPTURED_HEADER_LENGTH_MAX = 1_024
/** How long a server may put us off by Retry-After. */
export const RETRY_AFTER_MAX_MS = 3_600_000
/** One run: the longest request, names and blobs included. */
export const RUN_TIMEOUT_MS = 6 * 60_000
/** Shorter ones would be masked in places where they mean something else. */
export const SECRET_LENGTH_MIN = 8
/** Keys that sign at the same time: the new one and the old one, for a while. */
export const SIGNING_KEYS_MAX = 5
export const SIGNING_KEY_BYTES_MIN = 16
