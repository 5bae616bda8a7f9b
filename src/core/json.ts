import { PosthasteError } from './errors.ts'

/**
 * JSON text that comes back equal.
 * @throws E_JSON for what JSON would lose or change, E_TOO_LARGE beyond `maxBytes` (UTF-8)
 */
export const encodeJson = (value: unknown, field: string, maxBytes: number): string => {
  const text = JSON.stringify(value) as string | undefined
  if (text === undefined) throw new PosthasteError('E_JSON', `${field} is no JSON value.`, { field })
  if (Buffer.byteLength(text) > maxBytes)
    throw new PosthasteError('E_TOO_LARGE', `${field} is too large.`, { field })
  return text
}

/**
 * Checks JSON text from outside without changing it.
 * @throws E_JSON for broken JSON and for what JSON.parse would lose or change, E_TOO_LARGE beyond `maxBytes` (UTF-8)
 */
export const checkJsonText = (text: string, field: string, maxBytes: number): void => {
  encodeJson(parsePayload(text), field, maxBytes)
}

/** The value of stored JSON text. */
export const parsePayload = (text: string): unknown => JSON.parse(text)

/** Bytes as JSON text: JSON stays itself, other UTF-8 text becomes a string, anything else `{"$base64":"…"}`. */
export const encodeBytes = (bytes: Uint8Array, field: string, maxBytes: number): string =>
  encodeJson({ $base64: Buffer.from(bytes).toString('base64') }, field, maxBytes)
