import { PosthasteError } from '../core/errors.ts'
import { checkJsonText, parsePayload } from '../core/json.ts'
import { usageError } from './exit.ts'
import { readBytes } from './payload.ts'

/** Jobs of a flow are written in one step, so their document is bounded, though by more than one payload is. */
const DOCUMENT_BYTES_MAX = 8 * 1024 * 1024

/**
 * A JSON object of a file or of standard input (`-`), read without loss.
 * @throws E_JSON, E_TOO_LARGE
 */
export const readDocument = async (file: string): Promise<Readonly<Record<string, unknown>>> => {
  const bytes = await readBytes(file, DOCUMENT_BYTES_MAX)
  return objectOf(bytes.toString(), file === '-' ? 'The document' : file)
}

/** The JSON object in the value of a flag. */
export const objectOf = (text: string, what: string): Readonly<Record<string, unknown>> => {
  try {
    checkJsonText(text, what, DOCUMENT_BYTES_MAX)
  } catch (error) {
    if (error instanceof PosthasteError) throw usageError(error.message)
    throw error
  }
  const value = parsePayload(text)
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as never
  throw usageError(`${what} is no JSON object.`)
}
