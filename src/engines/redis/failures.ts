import { type ErrorCode, PosthasteError } from '../../core/errors.ts'
import { maskText } from '../../core/mask.ts'

/**
 * What Redis, or the connection to it, says, and what the caller is told. The first word of an error reply is its kind;
 * errors that a script met carry it inside their message on older servers.
 */
const KINDS: readonly (readonly [kind: RegExp, code: ErrorCode, what: string])[] = [
  [/\bOOM\b/, 'E_STORE_FULL', 'Redis has reached its maxmemory and refuses to store more.'],
  [/\bMISCONF\b/, 'E_STORE_FULL', 'Redis cannot write to its disk and refuses to store more (see its log).'],
  [
    /\bREADONLY\b/,
    'E_STORE',
    'This Redis is a replica now and cannot be written; the primary is looked for.',
  ],
  [/\bLOADING\b/, 'E_STORE_BUSY', 'Redis is loading its data.'],
  [/\bBUSY\b/, 'E_STORE_BUSY', 'Redis is busy with a script of somebody else.'],
  [/\bMASTERDOWN\b/, 'E_STORE', 'This Redis is a replica that has lost its primary.'],
  [/\bNOREPLICAS\b/, 'E_STORE', 'Redis has too few replicas to write (min-replicas-to-write).'],
  [
    /\b(MOVED|CLUSTERDOWN|CROSSSLOT|ASK|TRYAGAIN)\b/,
    'E_STORE_OPEN',
    "This node of a Redis cluster does not hold this installation's keys; name the node that does.",
  ],
  [/\b(WRONGPASS|NOAUTH)\b|invalid password/i, 'E_STORE_OPEN', 'Redis refuses the user or the password.'],
  [/\bNOPERM\b/, 'E_STORE_OPEN', 'The user of the Redis URL may not do what Posthaste needs (ACL).'],
  [/\bWRONGTYPE\b/, 'E_STORE_FOREIGN', 'Keys under this prefix belong to another application.'],
  [/invalid DB index|DB index is out of range/i, 'E_STORE_OPEN', 'Redis has no database of this number.'],
]

/** What the client says when the connection went away under a call. */
const LOST =
  /connection is closed|connection.*close|max retries per request|stream isn't writeable|socket|ECONN|EPIPE|ETIMEDOUT/i

/** Errors of the client carry the command with its arguments: payloads, and the password. Only the message goes on. */
const withoutCommand = (error: unknown): Error =>
  new Error(maskText(error instanceof Error ? error.message : String(error)))

/** What the caller of the engine is told. */
export const toStoreError = (error: unknown): PosthasteError => {
  if (error instanceof PosthasteError) return error
  const cause = withoutCommand(error)
  for (const [kind, code, what] of KINDS) {
    if (kind.test(cause.message)) return new PosthasteError(code, what, { cause })
  }
  if (LOST.test(cause.message)) {
    return new PosthasteError('E_STORE', 'The connection to Redis was lost during the call.', { cause })
  }
  return new PosthasteError('E_STORE', `Redis failed: ${cause.message}.`, { cause })
}

/** Why no connection could be made, in one line. */
export const toOpenError = (error: unknown, where: string): PosthasteError => {
  const told = toStoreError(error)
  if (told.code !== 'E_STORE') return told
  const cause = withoutCommand(error)
  const what = `Redis at ${where} cannot be reached: ${cause.message || 'no answer'}.`
  return new PosthasteError('E_STORE_OPEN', what, { cause })
}

/** The server answered, and said no. */
export const isRefusal = (error: unknown): boolean => error instanceof Error && error.name === 'ReplyError'

export const isUnknownFunction = (error: unknown): boolean =>
  error instanceof Error && /^ERR (Function not found|unknown command .?fcall)/i.test(error.message)

export const isUnknownScript = (error: unknown): boolean =>
  error instanceof Error && error.message.startsWith('NOSCRIPT')
