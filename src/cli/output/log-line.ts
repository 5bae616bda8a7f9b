import { formatDuration } from '../../core/durations.ts'
import { isJobState } from '../../core/states.ts'
import { type Colors, paintState, stateText } from './colors.ts'
import { plain } from './text.ts'
import { clockTime } from './time.ts'

/** Fields of a line that are shown in a place of their own, or say nothing to the person at this terminal. */
const SHOWN_ELSEWHERE: ReadonlySet<string> = new Set([
  'level',
  'time',
  'pid',
  'hostname',
  'name',
  'msg',
  'job',
  'task',
  'state',
  'queue',
  'ms',
  'attempt',
  'error',
  'err',
])

/** Said by the banner at the start and by the last words at the end, in words for people. */
const SAID_ELSEWHERE: ReadonlySet<string> = new Set(['open', 'closed', 'worker started', 'worker stopped'])

const INFO = 30
const WARN = 40
const ERROR = 50

/**
 * One JSON line of the log for a person: when, what, which job, how long, and what went wrong. Null for what the
 * person at the terminal is told anyway.
 */
export const logLine = (json: string, colors: Colors): string | null => {
  const line = JSON.parse(json) as Readonly<Record<string, unknown>>
  const { dim, red, yellow, bold } = colors
  const level = Number(line['level'])
  if (level === INFO && SAID_ELSEWHERE.has(String(line['msg']))) return null
  const tone = level >= ERROR ? red : level >= WARN ? yellow : (text: string | number) => String(text)
  const parts = [dim(clockTime(new Date(Number(line['time'])))), headOf(line, colors, tone)]

  if (typeof line['task'] === 'string') parts.push(bold(plain(line['task'])))
  if (typeof line['job'] === 'string') parts.push(plain(line['job']))
  const details = [
    ...(typeof line['attempt'] === 'number' && line['attempt'] > 1 ? [`attempt ${line['attempt']}`] : []),
    ...(typeof line['ms'] === 'number' ? [formatDuration(line['ms'])] : []),
    ...Object.entries(line)
      .filter(([name]) => !SHOWN_ELSEWHERE.has(name))
      .map(([name, value]) => `${name}=${plain(typeof value === 'string' ? value : JSON.stringify(value))}`),
  ]
  if (details.length > 0) parts.push(dim(details.join('  ')))
  const error = (line['error'] ?? line['err']) as { readonly message?: unknown } | null | undefined
  if (typeof error?.message === 'string') parts.push(tone(plain(error.message)))
  return parts.join('  ')
}

/** A line about a job's state begins with the state as everywhere else; any other begins with its message. */
const headOf = (
  { state, msg }: Readonly<Record<string, unknown>>,
  colors: Colors,
  tone: (text: string) => string,
): string =>
  typeof state === 'string' && isJobState(state)
    ? paintState(colors, state, stateText(state))
    : tone(plain(String(msg ?? '')))
