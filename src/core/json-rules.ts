import { PosthasteError } from './errors.ts'
import { JSON_DEPTH_MAX, JSON_KEYS_MAX, JSON_STRING_BYTES_MAX } from './limits.ts'

/**
 * What JSON must be like to come back equal from any store and any reader. The two gates (a value that becomes text,
 * and text that came from outside) share these rules, so that what one lets through the other does too.
 */

/** From here on JavaScript itself writes a number with an exponent: nobody takes it for an integer. */
const EXPONENT_FROM = 1e21

/**
 * Why a number would not come back as it is, or null. Integers are exact up to ±(2^53 − 1). Greater numbers pass only
 * when they are written with an exponent and are so great (10^21) that they are no integers gone wrong. Fractions keep
 * the precision of a double, as in every JSON reader.
 */
export const whyNoNumber = (value: number, literal: string): string | null => {
  const size = Math.abs(value)
  if (size <= Number.MAX_SAFE_INTEGER) {
    return value === 0 && /^-?[0.]*[1-9]/.test(literal) ? 'is a number too small to be told from 0' : null
  }
  if (!Number.isFinite(value)) return 'is a number too large for a double'
  if (size >= EXPONENT_FROM && /e/i.test(literal)) return null
  return 'is a number beyond ±(2^53 − 1), which JSON readers round'
}

/** Why an object must not have this key, or null: code that merges objects can be led astray by these two. */
export const whyNoKey = (key: string): string | null =>
  key === '__proto__' || key === 'constructor' ? `has a key named ${key}` : null

/** Whether a text takes more than its share of bytes; exact only where it must be. */
export const isTooLong = (text: string, maxBytes = JSON_STRING_BYTES_MAX): boolean =>
  text.length * 3 > maxBytes && (text.length > maxBytes || Buffer.byteLength(text) > maxBytes)

export const LONE_SURROGATE = 'contains half of a surrogate pair'
export const TOO_DEEP = `is nested deeper than ${JSON_DEPTH_MAX} levels`
export const TOO_MANY_KEYS = `has more than ${JSON_KEYS_MAX} keys`

export const refused = (field: string, why: string, cause?: unknown): PosthasteError =>
  new PosthasteError('E_JSON', `${field} ${why}.`, { field, cause })

export const tooLarge = (field: string, maxBytes = JSON_STRING_BYTES_MAX): PosthasteError =>
  new PosthasteError('E_TOO_LARGE', `${field} is larger than ${maxBytes} bytes.`, {
    field,
    data: { maxBytes },
  })
