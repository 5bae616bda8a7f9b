import { uuid } from '../fields.ts'

/**
 * Ids as the store's own type. Callers may ask about any text: what is no UUID names no job, and as a cursor it has a
 * place among the UUIDs all the same.
 */
export const isUuid = (id: string): boolean => uuid.fits(id)

const DIGITS = '0123456789abcdef'
const HYPHENS = new Set([8, 13, 18, 23])
const LENGTH = 36
const END = 1n << 128n

const toNumber = (id: string): bigint => BigInt(`0x${id.replaceAll('-', '')}`)

const toUuid = (number: bigint): string | null => {
  if (number < 0n || number >= END) return null
  const digits = number.toString(16).padStart(32, '0')
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

/** The smallest UUID that is not before a text in the order of bytes, as a number; END when there is none. */
const notBefore = (text: string): bigint => {
  let known = 0n
  let digits = 0
  /** All that begins with the digits so far, from its first or behind its last. */
  const bound = (behind: boolean): bigint => (known + (behind ? 1n : 0n)) << BigInt(4 * (32 - digits))
  for (let at = 0; at < LENGTH; at++) {
    const letter = text[at]
    if (letter === undefined) return bound(false)
    if (HYPHENS.has(at)) {
      if (letter !== '-') return bound(letter > '-')
      continue
    }
    const digit = DIGITS.indexOf(letter)
    if (digit < 0) {
      const greater = [...DIGITS].findIndex((one) => one > letter)
      if (greater < 0) return bound(true)
      return ((known << 4n) + BigInt(greater)) << BigInt(4 * (31 - digits))
    }
    known = (known << 4n) + BigInt(digit)
    digits++
  }
  return text.length > LENGTH ? known + 1n : known
}

/** The first UUID behind a text, or of all; null when there is none. */
export const firstAfter = (text: string | null): string | null =>
  toUuid(text === null ? 0n : isUuid(text) ? toNumber(text) + 1n : notBefore(text))

/** The last UUID before a text, or of all; null when there is none. */
export const lastBefore = (text: string | null): string | null =>
  toUuid((text === null ? END : notBefore(text)) - 1n)
