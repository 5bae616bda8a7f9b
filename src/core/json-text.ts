import {
  isTooLong,
  LONE_SURROGATE,
  refused,
  TOO_DEEP,
  TOO_MANY_KEYS,
  tooLarge,
  whyNoKey,
  whyNoNumber,
} from './json-rules.ts'
import { JSON_DEPTH_MAX, JSON_KEYS_MAX, JSON_STRING_BYTES_MAX } from './limits.ts'
import { isWellFormed } from './text.ts'

/**
 * Checks JSON text from outside, which is then kept as it is. JSON.parse alone would round integers, keep the last of
 * two equal keys and accept halves of characters without a word; here they are refused, with their place.
 * One pass, no recursion, bounded memory.
 * @throws E_JSON for broken JSON, for what JSON.parse would lose or change, and beyond JSON_DEPTH_MAX levels or
 *   JSON_KEYS_MAX keys; E_TOO_LARGE beyond `maxBytes` (UTF-8)
 */
export const checkJsonText = (text: string, field: string, maxBytes: number): void => {
  if (isTooLong(text, maxBytes)) throw tooLarge(field, maxBytes)
  if (!isWellFormed(text)) throw refused(field, LONE_SURROGATE)
  new Scanner(text, field).scan()
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const HEX4 = /[\da-fA-F]{4}/y
const LITERALS = ['true', 'false', 'null'] as const
const SIMPLE_ESCAPES = '"\\/bfnrt'

/** A shorter string is within the bound whatever it consists of. */
const STRING_LENGTH_SURE = JSON_STRING_BYTES_MAX / 3

const QUOTE = 0x22
const COMMA = 0x2c
const COLON = 0x3a
const BACKSLASH = 0x5c
const ARRAY_OPEN = 0x5b
const ARRAY_CLOSE = 0x5d
const OBJECT_OPEN = 0x7b
const OBJECT_CLOSE = 0x7d

class Scanner {
  readonly #text: string
  readonly #field: string
  #at = 0
  #keys = 0
  /** The containers around the present place: the keys seen so far of an object, null for an array. */
  readonly #open: (Set<string> | null)[] = []

  constructor(text: string, field: string) {
    this.#text = text
    this.#field = field
  }

  scan(): void {
    do this.#value()
    while (this.#goesOn())
  }

  /** Passes a value; of a container that is not empty, all that stands before its first value and that value. */
  #value(): void {
    for (;;) {
      const code = this.#next()
      if (code === QUOTE) {
        this.#string()
        return
      }
      const isObject = code === OBJECT_OPEN
      if (!isObject && code !== ARRAY_OPEN) {
        this.#scalar()
        return
      }
      this.#enter(isObject ? new Set() : null)
      if (this.#next() === (isObject ? OBJECT_CLOSE : ARRAY_CLOSE)) {
        this.#leave()
        return
      }
      if (isObject) this.#key()
    }
  }

  /** After a value: whether another one follows. Closes what ends here. */
  #goesOn(): boolean {
    for (;;) {
      const code = this.#next()
      const keys = this.#open.at(-1)
      if (keys === undefined) {
        if (this.#at < this.#text.length) throw this.#broken()
        return false
      }
      if (code === COMMA) {
        this.#at++
        if (keys !== null) this.#key()
        return true
      }
      if (code !== (keys === null ? ARRAY_CLOSE : OBJECT_CLOSE)) throw this.#broken()
      this.#leave()
    }
  }

  #enter(keys: Set<string> | null): void {
    if (this.#open.length === JSON_DEPTH_MAX) throw refused(this.#field, TOO_DEEP)
    this.#open.push(keys)
    this.#at++
  }

  #leave(): void {
    this.#open.pop()
    this.#at++
  }

  #key(): void {
    if (this.#next() !== QUOTE) throw this.#broken()
    const start = this.#at
    const escaped = this.#string()
    const text = this.#text.slice(start, this.#at)
    const key = escaped ? (JSON.parse(text) as string) : text.slice(1, -1)
    const why = whyNoKey(key)
    if (why !== null) throw this.#refused(why, start)
    const keys = this.#open.at(-1) as Set<string>
    if (keys.has(key)) throw this.#refused('has the same key twice', start)
    keys.add(key)
    if (++this.#keys > JSON_KEYS_MAX) throw refused(this.#field, TOO_MANY_KEYS)
    if (this.#next() !== COLON) throw this.#broken()
    this.#at++
  }

  /** Passes a string; answers whether it has escapes. */
  #string(): boolean {
    const start = this.#at++
    let escaped = false
    for (;;) {
      const code = this.#text.charCodeAt(this.#at)
      // NaN, past the end, is broken too.
      if (!(code >= 0x20)) throw this.#broken()
      if (code === QUOTE) break
      if (code === BACKSLASH) {
        escaped = true
        this.#escape()
      } else this.#at++
    }
    this.#at++
    if (this.#at - start > STRING_LENGTH_SURE && isTooLong(JSON.parse(this.#text.slice(start, this.#at)))) {
      throw tooLarge(this.#field)
    }
    return escaped
  }

  /** Passes an escape; both halves of an escaped surrogate pair at once. */
  #escape(): void {
    const start = this.#at
    if (this.#text[start + 1] !== 'u') {
      if (!SIMPLE_ESCAPES.includes(this.#text[start + 1] ?? '?')) throw this.#broken()
      this.#at += 2
      return
    }
    const code = this.#hex4(start + 2)
    this.#at = start + 6
    if (code < 0xd800 || code > 0xdfff) return
    const isPair = code <= 0xdbff && this.#text.startsWith('\\u', this.#at)
    const low = isPair ? this.#hex4(this.#at + 2) : 0
    if (low < 0xdc00 || low > 0xdfff) throw this.#refused(LONE_SURROGATE, start)
    this.#at += 6
  }

  #hex4(at: number): number {
    HEX4.lastIndex = at
    const digits = HEX4.exec(this.#text)
    if (digits === null) throw this.#broken(at)
    return Number.parseInt(digits[0], 16)
  }

  #scalar(): void {
    const literal = LITERALS.find((each) => this.#text.startsWith(each, this.#at))
    if (literal !== undefined) {
      this.#at += literal.length
      return
    }
    NUMBER.lastIndex = this.#at
    const number = NUMBER.exec(this.#text)?.[0]
    if (number === undefined) throw this.#broken()
    const why = whyNoNumber(Number(number), number)
    if (why !== null) throw this.#refused(why, this.#at)
    this.#at += number.length
  }

  /** The code of the next character that is no white space; NaN at the end. */
  #next(): number {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at)
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return code
      this.#at++
    }
  }

  #refused(why: string, at: number) {
    return refused(this.#field, `${why} (at character ${at + 1})`)
  }

  #broken(at = this.#at) {
    const where = at >= this.#text.length ? 'ends too early' : `is broken at character ${at + 1}`
    return refused(this.#field, `is not JSON: it ${where}`)
  }
}
