import type { ErrorCode } from '../core/errors.ts'
import { isPosthasteError, PosthasteError } from '../core/errors.ts'
import type { Terminal } from './output/terminal.ts'
import { plain } from './output/text.ts'

/** What the shell is told. */
export const EXIT = {
  ok: 0,
  /** The thing asked about failed or is missing, or the store refused. */
  failed: 1,
  /** The command line itself is wrong. */
  usage: 2,
  /** The configuration is refused, or the store that it names; nothing was started (EX_CONFIG). */
  config: 78,
} as const

const CONFIG_CODES: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'E_CONFIG',
  'E_BIND',
  'E_ENGINE_UNKNOWN',
  'E_SQLITE_VERSION',
  'E_MAIL_CONFIG',
  // The store of the configuration cannot be used as it is.
  'E_STORE_OPEN',
  'E_STORE_VERSION',
  'E_STORE_EVICTS',
  'E_STORE_NEWER',
  'E_STORE_FOREIGN',
  'E_STORE_READ_ONLY',
])

/** Errors about what the caller gave are usage errors; a job's or store's trouble is a failure. */
export const exitCodeOf = (error: unknown): number => {
  if (!isPosthasteError(error)) return EXIT.failed
  if (CONFIG_CODES.has(error.code)) return EXIT.config
  return error.status === 400 || error.status === 413 ? EXIT.usage : EXIT.failed
}

/** A mistake on the command line, in one line that says what to do. */
export const usageError = (what: string): PosthasteError => new PosthasteError('E_USAGE', what)

/**
 * Tells an error in one line on standard error, with --json as JSON, and answers the exit code. An error that is not
 * ours is a defect: its stack is shown, because there is nothing that the reader could correct.
 */
export const reportError = (terminal: Pick<Terminal, 'json' | 'errColors'>, error: unknown): number => {
  const exitCode = exitCodeOf(error)
  const known = isPosthasteError(error) ? error : null
  const message = error instanceof Error ? error.message : String(error)
  if (terminal.json) {
    const { code, field, data } = known ?? { code: 'E_INTERNAL', field: undefined, data: undefined }
    process.stderr.write(`${JSON.stringify({ error: { code, message, field, data } })}\n`)
    return exitCode
  }
  const { red, dim } = terminal.errColors
  const code = known === null ? '' : ` ${dim(`(${known.code})`)}`
  process.stderr.write(`${red('posthaste:')} ${plain(message)}${code}\n`)
  if (known === null && error instanceof Error) process.stderr.write(`${error.stack ?? ''}\n`)
  return exitCode
}
