import { PosthasteError } from '../core/errors.ts'
import { toJobError } from '../core/job-error.ts'
import { maskSecrets } from '../core/mask.ts'
import { shown } from '../core/text.ts'

/** What Posthaste asks of a logger: a pino logger fits, and so does anything alike. */
export interface Logger {
  debug(fields: object, message?: string): void
  info(fields: object, message?: string): void
  warn(fields: object, message?: string): void
  error(fields: object, message?: string): void
  /** Saves the making of lines that nobody sees. */
  isLevelEnabled?(level: string): boolean
}

const LEVELS = ['debug', 'info', 'warn', 'error'] as const
type Level = (typeof LEVELS)[number]
export type LogLevel = Level | 'silent'

/** Says nothing and costs nothing. */
export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  isLevelEnabled: () => false,
}

/**
 * The logger of an installation: the caller's own, or pino to standard error from `level` on (default: POSTHASTE_LOG,
 * else silent; a library does not talk unasked). pino is loaded only when it has something to say.
 */
export const createLogger = async (own: Logger | undefined, level: string | undefined): Promise<Logger> => {
  if (own !== undefined) return masked(checkLogger(own))
  const from = checkLevel(level ?? (process.env['POSTHASTE_LOG'] || 'silent'), level === undefined)
  if (from === 'silent') return silentLogger
  const { pino } = await import('pino')
  return masked(pino({ name: 'posthaste', level: from }, pino.destination({ dest: 2, sync: true })))
}

const checkLogger = (logger: Logger): Logger => {
  for (const level of LEVELS) {
    if (typeof logger?.[level] === 'function') continue
    throw new PosthasteError('E_ARGUMENT', `logger has no method ${level}.`, { field: 'logger' })
  }
  return logger
}

const checkLevel = (level: string, isFromEnvironment: boolean): LogLevel => {
  if (level === 'silent' || LEVELS.some((known) => known === level)) return level as LogLevel
  const field = isFromEnvironment ? 'POSTHASTE_LOG' : 'logLevel'
  const what = `${field} is ${shown(level)}; there are ${LEVELS.join(', ')} and silent.`
  throw new PosthasteError(isFromEnvironment ? 'E_CONFIG' : 'E_ARGUMENT', what, { field })
}

/** Nothing reaches a logger with its secrets; errors keep name, message, code and stack. */
const masked = (logger: Logger): Logger => {
  const line =
    (level: Level) =>
    (fields: object, message?: string): void => {
      if (logger.isLevelEnabled?.(level) === false) return
      const { err, ...rest } = fields as { readonly err?: unknown }
      const error = err === undefined ? {} : { err: toJobError(err) }
      logger[level]({ ...(maskSecrets(rest) as object), ...error }, message)
    }
  return {
    debug: line('debug'),
    info: line('info'),
    warn: line('warn'),
    error: line('error'),
    isLevelEnabled: (level) => logger.isLevelEnabled?.(level) ?? true,
  }
}
