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
import { JSON_DEPTH_MAX, JSON_KEYS_MAX } from './limits.ts'
import { clip, isWellFormed } from './text.ts'

/**
 * One pass over a value before JSON.stringify: refuses what would not come back equal, and stops early where the text
 * would be too large. Also bounded for values that contain themselves, by depth, keys and size.
 */
export class JsonWalk {
  /** What objects with a toJSON method answered first: what was checked is what is written. */
  replaced: Map<object, unknown> | null = null
  readonly #field: string
  readonly #maxBytes: number
  readonly #path: (string | number)[] = []
  /** Characters that the text will have at least. */
  #size = 0
  #keys = 0
  #depth = 0

  constructor(field: string, maxBytes: number) {
    this.#field = field
    this.#maxBytes = maxBytes
  }

  /** @param key where the value is in the container around it; null for the outermost */
  visit(value: unknown, key: string | number | null): void {
    if (typeof value === 'string') {
      if (isTooLong(value)) throw tooLarge(this.#where(key))
      if (!isWellFormed(value)) throw refused(this.#where(key), LONE_SURROGATE)
      this.#grow(value.length + 2)
    } else if (typeof value === 'number') {
      if (!Number.isFinite(value)) throw refused(this.#where(key), `is ${value}`)
      const why = Math.abs(value) <= Number.MAX_SAFE_INTEGER ? null : whyNoNumber(value, String(value))
      if (why !== null) throw refused(this.#where(key), why)
      this.#grow(1)
    } else if (typeof value === 'boolean' || value === null) {
      this.#grow(4)
    } else if (typeof value === 'object') {
      this.#object(value, key)
    } else {
      throw refused(
        this.#where(key),
        `is ${typeof value === 'undefined' ? 'undefined' : `a ${typeof value}`}`,
      )
    }
  }

  #object(value: Convertible, key: string | number | null): void {
    if (value instanceof Date) {
      if (Number.isNaN(value.getTime())) throw refused(this.#where(key), 'is an invalid Date')
      this.#grow(26)
    } else if (ArrayBuffer.isView(value)) {
      throw refused(this.#where(key), 'is bytes; write them as base64 text')
    } else if (typeof value.toJSON === 'function') {
      this.#answer(value, key)
    } else {
      this.#container(value, key)
    }
  }

  #container(value: object, key: string | number | null): void {
    if (key !== null) this.#path.push(key)
    if (++this.#depth > JSON_DEPTH_MAX) throw refused(this.#field, `${TOO_DEEP}, or contains itself`)
    this.#grow(2)
    if (Array.isArray(value)) {
      // By index, because a hole is not the null that JSON makes of it.
      for (let index = 0; index < value.length; index++) this.visit(value[index], index)
    } else {
      if (!isPlain(value)) throw refused(this.#where(null), `is an instance of ${className(value)}`)
      this.#properties(value as Readonly<Record<string, unknown>>)
    }
    this.#depth--
    if (key !== null) this.#path.pop()
  }

  #properties(value: Readonly<Record<string, unknown>>): void {
    for (const key of Object.keys(value)) {
      const item = value[key]
      if (item === undefined) continue
      const why = whyNoKey(key) ?? (isWellFormed(key) ? null : LONE_SURROGATE)
      if (why !== null) throw refused(this.#where(null), why)
      if (++this.#keys > JSON_KEYS_MAX) throw refused(this.#field, TOO_MANY_KEYS)
      this.#grow(key.length + 3)
      this.visit(item, key)
    }
  }

  #answer(value: Convertible, key: string | number | null): void {
    this.replaced ??= new Map()
    if (!this.replaced.has(value)) this.replaced.set(value, value.toJSON?.(String(key ?? '')))
    const answer = this.replaced.get(value)
    if (answer === undefined && typeof key === 'string') return
    // JSON asks once: what is answered is taken as it is, whatever methods it has.
    if (typeof answer === 'object' && answer !== null) this.#container(answer, key)
    else this.visit(answer, key)
  }

  #grow(characters: number): void {
    this.#size += characters
    if (this.#size > this.#maxBytes) throw tooLarge(this.#field, this.#maxBytes)
  }

  #where(key: string | number | null): string {
    const path = key === null ? this.#path : [...this.#path, key]
    return path.reduce<string>(
      (text, part) => text + (typeof part === 'number' ? `[${part}]` : `.${clip(part, 40)}`),
      this.#field,
    )
  }
}

interface Convertible {
  readonly toJSON?: (key: string) => unknown
}

/** An object literal, also of another realm, or one without a prototype. */
const isPlain = (value: object): boolean => {
  const prototype = Object.getPrototypeOf(value) as object | null
  return prototype === Object.prototype || prototype === null || Object.getPrototypeOf(prototype) === null
}

const className = (value: object): string => {
  const name: unknown = value.constructor?.name
  return typeof name === 'string' && name !== '' ? clip(name, 40) : 'a class'
}
