import { PosthasteError } from './errors.ts'
import { DURATION_MAX_MS } from './limits.ts'
import { shown } from './text.ts'

/** Milliseconds as a whole number, or text: '250ms', '30s', '5m', '2h', '7d', '1w', and sums such as '1h30m'. */
export type Duration = number | string

const UNITS_MS = [
  ['w', 604_800_000],
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
] as const

/** Each unit at most once, the largest first; a space may stand between parts, as formatDuration writes them. */
const TEXT =
  /^(?:(\d{1,12})w ?)?(?:(\d{1,12})d ?)?(?:(\d{1,12})h ?)?(?:(\d{1,12})m ?)?(?:(\d{1,12})s ?)?(?:(\d{1,15})ms)?$/

const textMs = (text: string): number => {
  const trimmed = text.trim()
  if (trimmed === '0') return 0
  const parts = TEXT.exec(trimmed)
  if (trimmed === '' || parts === null) return Number.NaN
  return UNITS_MS.reduce((sum, [, ms], index) => sum + Number(parts[index + 1] ?? 0) * ms, 0)
}

/**
 * Milliseconds of a duration that somebody wrote.
 * @param field named in the error
 * @param bounds smallest and largest accepted value in ms; 0 and DURATION_MAX_MS (ten years) when left out
 * @throws E_DURATION for anything else than a whole number of milliseconds within the bounds
 */
export const durationMs = (
  value: unknown,
  field: string,
  bounds: { readonly min?: number; readonly max?: number } = {},
): number => {
  const ms = typeof value === 'number' ? value : typeof value === 'string' ? textMs(value) : Number.NaN
  const { min = 0, max = DURATION_MAX_MS } = bounds
  if (Number.isInteger(ms) && ms >= min && ms <= max) return ms === 0 ? 0 : ms
  throw new PosthasteError('E_DURATION', `${field} is ${whyNot(value, ms, min, max)}.`, { field })
}

const whyNot = (value: unknown, ms: number, min: number, max: number): string => {
  if (typeof value === 'string' && /^\d+$/.test(value)) return `${shown(value)}, which has no unit`
  if (!Number.isInteger(ms)) return `${shown(value)}, which is no duration`
  return ms < min
    ? `${shown(value)}, less than ${formatDuration(min)}`
    : `${shown(value)}, more than ${formatDuration(max)}`
}

/** A duration for people: its two largest units, rounded down ('1m 4s', '250ms', '3d 2h'). */
export const formatDuration = (ms: number): string => {
  if (!Number.isFinite(ms)) return '—'
  if (ms < 0) return `-${formatDuration(-ms)}`
  let left = Math.floor(ms)
  const first = UNITS_MS.findIndex(([unit, size]) => unit !== 'w' && left >= size)
  if (first === -1) return '0ms'
  const parts: string[] = []
  for (const [unit, size] of UNITS_MS.slice(first, first + 2)) {
    const count = Math.floor(left / size)
    left -= count * size
    if (count > 0) parts.push(`${count}${unit}`)
  }
  return parts.join(' ')
}

/** The last moment of the year 9999: what every store can keep as a timestamp. */
const TIME_MAX_MS = 253_402_300_799_999
const ISO = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2})(?::(\d{2})(?:[.,]\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2})$/

/**
 * Epoch milliseconds of a point in time: a Date, ISO 8601 text with its zone, or epoch ms. Times in the past are fine.
 * @throws E_TIME naming the field
 */
export const runAtMs = (value: unknown, field: string): number => {
  const ms =
    value instanceof Date
      ? value.getTime()
      : typeof value === 'number'
        ? value
        : typeof value === 'string'
          ? isoMs(value)
          : Number.NaN
  if (Number.isInteger(ms) && ms >= 0 && ms <= TIME_MAX_MS) return ms === 0 ? 0 : ms
  throw new PosthasteError('E_TIME', `${field} is ${shown(value)}, which is no point in time.`, { field })
}

const isoMs = (text: string): number => {
  const parts = ISO.exec(text)
  if (parts === null) return Number.NaN
  const [year, month, day] = [Number(parts[1]), Number(parts[2]), Number(parts[3])]
  // Date.parse takes 31 February for a day in March.
  if (day > new Date(Date.UTC(year, month, 0)).getUTCDate()) return Number.NaN
  return Date.parse(text.replace(',', '.'))
}
