import { PosthasteError } from './errors.ts'
import { isTooLong, refused, tooLarge } from './json-rules.ts'
import { checkJsonText } from './json-text.ts'
import { JsonWalk } from './json-walk.ts'

export { checkJsonText } from './json-text.ts'

/**
 * JSON text that comes back equal. What JSON would lose or change is refused by name: undefined in an array or alone,
 * functions, symbols, BigInt, NaN, infinities, integers beyond ±(2^53 − 1), halves of surrogate pairs, holes in arrays,
 * Map, Set, bytes and instances of classes. Three habits of JSON are kept because everybody counts on them: a property
 * that is undefined is left out, -0 becomes 0, and what has a toJSON method (a Date, a URL) becomes what that answers.
 * @param field named in the error, with the path inside the value
 * @param maxBytes most bytes of the text in UTF-8
 * @throws E_JSON, also for keys named __proto__ or constructor and beyond JSON_DEPTH_MAX levels or JSON_KEYS_MAX keys;
 *   E_TOO_LARGE beyond `maxBytes`, or for a string beyond JSON_STRING_BYTES_MAX
 */
export const encodeJson = (value: unknown, field: string, maxBytes: number): string => {
  const text = write(value, field, maxBytes)
  if (isTooLong(text, maxBytes)) throw tooLarge(field, maxBytes)
  return text
}

const write = (value: unknown, field: string, maxBytes: number): string => {
  try {
    const walk = new JsonWalk(field, maxBytes)
    walk.visit(value, null)
    const { replaced } = walk
    if (replaced === null) return JSON.stringify(value)
    return JSON.stringify(
      value,
      function (this: Record<string, unknown>, key: string, item: unknown): unknown {
        const original = this[key]
        return typeof original === 'object' && original !== null && replaced.has(original)
          ? replaced.get(original)
          : item
      },
    )
  } catch (error) {
    if (error instanceof PosthasteError) throw error
    // A getter, a proxy or a toJSON method that throws.
    throw refused(field, 'cannot be read', error)
  }
}

/**
 * A payload given as JSON text, which is stored byte for byte: for doors whose clients get back what they sent.
 * @throws E_JSON, E_TOO_LARGE, as `checkJsonText`
 */
export class JsonText {
  readonly text: string
  readonly value: unknown
  constructor(text: string, field: string, maxBytes: number) {
    checkJsonText(text, field, maxBytes)
    this.text = text
    this.value = parsePayload(text)
  }
}

/** The value of JSON text that was checked before it was stored. */
export const parsePayload = (text: string): unknown => JSON.parse(text)

/**
 * Bytes as JSON text: JSON that comes back equal stays itself byte for byte, other UTF-8 text becomes a string,
 * anything else `{"$base64":"…"}`.
 * @throws E_TOO_LARGE
 */
export const encodeBytes = (bytes: Uint8Array, field: string, maxBytes: number): string => {
  if (bytes.length > maxBytes) throw tooLarge(field, maxBytes)
  const text = decodeUtf8(bytes)
  if (text === null) return encodeJson({ $base64: Buffer.from(bytes).toString('base64') }, field, maxBytes)
  try {
    checkJsonText(text, field, maxBytes)
    return text
  } catch {
    return encodeJson(text, field, maxBytes)
  }
}

const decodeUtf8 = (bytes: Uint8Array): string | null => {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return null
  }
}
