import type { LogLevel } from '../core/config.ts'
import type { Logger } from '../runtime/logger.ts'
import { colorsFor } from './output/colors.ts'
import { logLine } from './output/log-line.ts'

/**
 * The log of a process that stays: to standard error, in JSON lines for machines and in short lines for a person who
 * sits at the terminal. pino takes the fast way for the first and hands us its lines for the second.
 */
export const createLog = async (level: LogLevel, isJson: boolean): Promise<Logger> => {
  const { pino } = await import('pino')
  const { stderr, env } = process
  const isPretty = stderr.isTTY && !isJson
  const colors = colorsFor(true, env)
  const pretty = {
    write: (json: string) => {
      const line = logLine(json, colors)
      if (line !== null) stderr.write(`${line}\n`)
    },
  }
  const log: Logger = isPretty
    ? pino({ level }, pretty)
    : pino({ name: 'posthaste', level }, pino.destination({ dest: 2, sync: true }))
  return log
}
