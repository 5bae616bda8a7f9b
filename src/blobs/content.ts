import { PosthasteError } from '../core/errors.ts'
import { shown } from '../core/text.ts'
import type { BlobContent } from './blob.ts'

/** Large contents in memory are written in parts, so that a signal is heard between them. */
const PART_BYTES = 1024 * 1024

/**
 * The bytes of a content, part by part. Text in a stream is UTF-8, as text alone is.
 * @throws E_ARGUMENT for what is neither bytes nor text nor a stream of these
 */
export async function* chunksOf(content: BlobContent): AsyncGenerator<Uint8Array> {
  const whole = bytesOf(content)
  if (whole !== null) {
    for (let at = 0; at < whole.byteLength; at += PART_BYTES) yield whole.subarray(at, at + PART_BYTES)
    return
  }
  if (typeof Object(content)[Symbol.asyncIterator] !== 'function') throw wrong(content)
  for await (const chunk of content as AsyncIterable<unknown>) {
    const bytes = bytesOf(chunk)
    if (bytes === null) throw wrong(chunk)
    yield bytes
  }
}

/** What is in memory as a whole, as bytes; null: it is something else. */
export const bytesOf = (value: unknown): Uint8Array | null =>
  typeof value === 'string' ? Buffer.from(value, 'utf8') : value instanceof Uint8Array ? value : null

const wrong = (value: unknown): PosthasteError =>
  new PosthasteError(
    'E_ARGUMENT',
    `content is ${shown(value)}, neither bytes nor text nor a stream of these.`,
    {
      field: 'content',
    },
  )
