/** Bounds of the HTTP door. What a request may cost is limited before anything reads it. */
export const HTTP_LIMITS = {
  /** Bytes of a request's body. */
  bodyBytes: 1024 * 1024,
  /** Characters of path and query. */
  urlLength: 4 * 1024,
  headersBytes: 16 * 1024,
  /** Time to send all headers. */
  headersTimeoutMs: 10_000,
  /** Time to send the whole request. */
  requestTimeoutMs: 30_000,
  /** Time that an idle connection is kept open for the next request. */
  keepAliveTimeoutMs: 10_000,
  /** Time after which a handler is answered for with E_DEADLINE. */
  handlerTimeoutMs: 30_000,
  /** How often slow senders are looked for: the timeouts above are late by this much at most. */
  checkMs: 2_000,
  /** Time that a reader may take for the whole of a blob. */
  downloadTimeoutMs: 10 * 60_000,
  connections: 1_024,
  /** Connections of one address. Loopback is exempt: everything behind a local proxy comes from there. */
  connectionsPerAddress: 64,
  /** Time that requests under way get to end when the server stops. */
  stopGraceMs: 5_000,
  /** How often connections that became idle are closed meanwhile. */
  stopSweepMs: 20,
} as const
