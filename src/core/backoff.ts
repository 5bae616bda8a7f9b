import { type Duration, durationMs } from './durations.ts'
import { PosthasteError } from './errors.ts'
import type { BackoffCurve, BackoffPreset, BackoffSpec, JobError } from './job.ts'
import { DURATION_MAX_MS } from './limits.ts'
import { shown } from './text.ts'

/**
 * How long a failed job waits before its next run: a preset's name, a curve, or a function of the retry's number (from
 * 1) and the error that answers milliseconds. Only the first two can be stored with a job; a function belongs to a task.
 */
export type Backoff = BackoffSpec | BackoffOptions | BackoffFunction
export type BackoffFunction = (retry: number, error: JobError) => number

/** base · factorⁿ (n from 0), never more than cap, then spread by ± jitter (a fraction of 1). */
export interface BackoffOptions {
  readonly base: Duration
  /** Default 2. */
  readonly factor?: number
  /** Bounds the curve before the jitter. Default 1 day. */
  readonly cap?: Duration
  /** Default 0.25. */
  readonly jitter?: number
}

const FACTOR = 2
const CAP_MS = 86_400_000
const JITTER = 0.25
const FACTOR_MAX = 100

/**
 * The presets that are curves. `default`: 15 s, 1 m, 4 m, 16 m, 64 m …; `heritage`: 2^retry seconds with the retry
 * counted from 1, as a job shows it once it has failed: 2, 4, 8, 16, 32, 32 …
 */
const CURVES: { readonly [P in Exclude<BackoffPreset, 'faktory'>]: BackoffCurve } = {
  default: { baseMs: 15_000, factor: 4, capMs: CAP_MS, jitter: JITTER },
  heritage: { baseMs: 2_000, factor: 2, capMs: 32_000, jitter: 0 },
  fixed: { baseMs: 15_000, factor: 1, capMs: 15_000, jitter: 0 },
  exponential: { baseMs: 1_000, factor: 2, capMs: 3_600_000, jitter: JITTER },
}
export const BACKOFF_PRESETS: readonly BackoffPreset[] = [
  'default',
  'heritage',
  'faktory',
  'fixed',
  'exponential',
]

const isPreset = (value: unknown): value is BackoffPreset =>
  (BACKOFF_PRESETS as readonly unknown[]).includes(value)

/**
 * Milliseconds to wait before retry number `retry`.
 * @param retry counts from 1
 * @param random in [0, 1): decides the jitter
 * Never throws: a function that does, or that answers no number of milliseconds, gets the default curve.
 */
export const backoffDelayMs = (backoff: Backoff, retry: number, random: number, error: JobError): number => {
  if (typeof backoff === 'function')
    return askedDelayMs(backoff, retry, error) ?? curveMs(CURVES.default, retry, random)
  if (backoff === 'faktory') return faktoryMs(retry, random)
  return curveMs(curveOf(backoff), retry, random)
}

const askedDelayMs = (ask: BackoffFunction, retry: number, error: JobError): number | null => {
  try {
    const ms: unknown = ask(retry, error)
    return typeof ms === 'number' && Number.isFinite(ms) && ms >= 0
      ? Math.min(Math.round(ms), DURATION_MAX_MS)
      : null
  } catch {
    return null
  }
}

const curveOf = (backoff: BackoffSpec | BackoffOptions): BackoffCurve => {
  try {
    const spec = parseBackoff(backoff, 'backoff')
    return typeof spec === 'string' ? CURVES[spec as keyof typeof CURVES] : spec
  } catch {
    return CURVES.default
  }
}

const curveMs = ({ baseMs, factor, capMs, jitter }: BackoffCurve, retry: number, random: number): number => {
  // The power may be infinite, and 0 · ∞ is no number.
  const plain = baseMs === 0 ? 0 : Math.min(baseMs * factor ** (retry - 1), capMs)
  return Math.min(Math.round(plain * (1 + jitter * (2 * random - 1))), DURATION_MAX_MS)
}

/** Faktory's curve in whole seconds, with c retries before this one: c⁴ + 15 + (0 … 29) · (c + 1). */
const faktoryMs = (retry: number, random: number): number => {
  const c = retry - 1
  return Math.min((c ** 4 + 15 + Math.floor(random * 30) * (c + 1)) * 1_000, DURATION_MAX_MS)
}

/**
 * The storable form of a retry curve that came from outside.
 * @throws E_ARGUMENT or E_DURATION naming the field
 */
export const parseBackoff = (value: unknown, field: string): BackoffSpec => {
  if (isPreset(value)) return value
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const why =
      typeof value === 'function' ? 'is a function, which cannot be stored with a job' : 'is no retry curve'
    throw refused(field, `${why}; use ${BACKOFF_PRESETS.join(', ')}, or { base, factor, cap, jitter }`)
  }
  const given = value as Readonly<Record<string, unknown>>
  for (const key of Object.keys(given)) {
    if (!KEYS.has(key))
      throw refused(`${field}.${key}`, 'is no part of a retry curve ({ base, factor, cap, jitter })')
  }
  const baseMs = durationMs(given['base'] ?? given['baseMs'], `${field}.base`)
  const capMs = durationMs(given['cap'] ?? given['capMs'] ?? Math.max(CAP_MS, baseMs), `${field}.cap`)
  return {
    baseMs,
    factor: fraction(given['factor'] ?? FACTOR, `${field}.factor`, 1, FACTOR_MAX),
    capMs,
    jitter: fraction(given['jitter'] ?? JITTER, `${field}.jitter`, 0, 1),
  }
}

const KEYS = new Set(['base', 'baseMs', 'factor', 'cap', 'capMs', 'jitter'])

const fraction = (value: unknown, field: string, min: number, max: number): number => {
  if (typeof value === 'number' && value >= min && value <= max) return value
  throw refused(field, `is ${shown(value)}, not a number from ${min} to ${max}`)
}

const refused = (field: string, why: string): PosthasteError =>
  new PosthasteError('E_ARGUMENT', `${field} ${why}.`, { field })
