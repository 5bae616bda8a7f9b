/** Bounds of requests to other servers. */

/** Everything from the name's resolution to the last byte, redirects included. */
export const OUTBOUND_TIMEOUT_MS = 10_000
export const OUTBOUND_TIMEOUT_MAX_MS = 5 * 60_000
/** A response's body. */
export const RESPONSE_BYTES_MAX = 10 * 1024 * 1024
export const RESPONSE_HEADERS_BYTES_MAX = 32 * 1024
export const REDIRECTS_MAX = 3
export const URL_LENGTH_MAX = 4_096
export const REQUEST_HEADERS_MAX = 50
export const HEADER_NAME_LENGTH_MAX = 128
export const HEADER_VALUE_LENGTH_MAX = 8_192
/** Where the web listens; anything else must be allowed by name. */
export const PORTS: ReadonlySet<number> = new Set([80, 443])
