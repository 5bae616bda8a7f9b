import { isUtf8 } from 'node:buffer'
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { PosthasteError } from '../core/errors.ts'
import { encodeBytes, parsePayload } from '../core/json.ts'
import { PAYLOAD_BYTES_MAX } from '../core/limits.ts'
import { usageError } from './exit.ts'

/** The name that stands for standard input. */
const STANDARD_INPUT = '-'
const LINE_FEED = 0x0a

/**
 * A payload from bytes: JSON is itself, other text is a text, anything else is kept as `{ "$base64": … }`.
 * @param isText take what is UTF-8 as text, even when it looks like JSON
 * @throws E_JSON, E_TOO_LARGE
 */
export const payloadOf = (bytes: Uint8Array, isText: boolean, field = 'payload'): unknown => {
  if (isText && isUtf8(bytes)) return Buffer.from(bytes).toString()
  return parsePayload(encodeBytes(bytes, field, PAYLOAD_BYTES_MAX))
}

/** The bytes of a file or of standard input; reading ends at the first byte too many. */
export const readBytes = async (file: string, maxBytes = PAYLOAD_BYTES_MAX): Promise<Buffer> => {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of readChunks(file)) {
    size += chunk.length
    if (size > maxBytes) {
      throw new PosthasteError('E_TOO_LARGE', `The payload has more than ${maxBytes} bytes.`, {
        field: 'payload',
      })
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** The lines of a file or of standard input as bytes, without their line breaks. Empty lines are left out. */
export async function* readLines(
  file: string,
): AsyncGenerator<{ readonly bytes: Buffer; readonly number: number }> {
  let rest: Buffer = Buffer.alloc(0)
  let number = 0
  for await (const chunk of readChunks(file)) {
    const buffer = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    let start = 0
    for (let end = buffer.indexOf(LINE_FEED); end !== -1; end = buffer.indexOf(LINE_FEED, start)) {
      number++
      const bytes = withoutReturn(buffer.subarray(start, end))
      start = end + 1
      if (bytes.length > 0) yield { bytes, number }
    }
    rest = buffer.subarray(start)
    if (rest.length > PAYLOAD_BYTES_MAX) {
      throw new PosthasteError('E_TOO_LARGE', `Line ${number + 1} has more than ${PAYLOAD_BYTES_MAX} bytes.`)
    }
  }
  const bytes = withoutReturn(rest)
  if (bytes.length > 0) yield { bytes, number: number + 1 }
}

/** How many lines a file has, to show how far the work is; null for standard input, whose end is not known before. */
export const countLines = async (file: string): Promise<number | null> => {
  if (file === STANDARD_INPUT) return null
  let lines = 0
  for await (const _ of readLines(file)) lines++
  return lines
}

const withoutReturn = (line: Buffer): Buffer => (line.at(-1) === 0x0d ? line.subarray(0, -1) : line)

async function* readChunks(file: string): AsyncGenerator<Buffer> {
  if (file === STANDARD_INPUT) {
    if (process.stdin.isTTY)
      throw usageError('Standard input is this terminal; pipe the payload into it, or use --payload TEXT.')
    yield* process.stdin as AsyncIterable<Buffer>
    return
  }
  // Opened before it is read: a missing file is the caller's mistake, trouble while reading is not.
  const handle = await open(file).catch((error: NodeJS.ErrnoException) => {
    throw usageError(`Cannot read ${JSON.stringify(file)} (${error.code ?? error.message}).`)
  })
  yield* createReadStream(file, { fd: handle }) as AsyncIterable<Buffer>
}
