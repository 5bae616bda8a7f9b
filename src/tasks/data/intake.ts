import { isUtf8 } from 'node:buffer'
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { type Duplex, Transform, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { PosthasteError } from '../../index.ts'

/** The first bytes of every gzip file; no text begins with them. */
const GZIP = Buffer.from([0x1f, 0x8b])
const READ_AHEAD_BYTES = 256 * 1024

/** Whether a file is compressed: what it holds says it, for the name of a blob says nothing. */
export const isGzip = async (path: string): Promise<boolean> => {
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(GZIP.length), 0, GZIP.length, 0)
    return bytesRead === GZIP.length && buffer.equals(GZIP)
  } finally {
    await file.close()
  }
}

const refuse = (field: string, what: string, cause?: unknown): PosthasteError =>
  new PosthasteError('E_DATA', what, { field, cause })

/** What is expanded, counted: a file of some kilobytes can hold gigabytes. */
const counted = (bytesMax: number, field: string): Transform => {
  let bytes = 0
  return new Transform({
    transform(chunk: Buffer, _, done) {
      bytes += chunk.length
      if (bytes <= bytesMax) return done(null, chunk)
      const what = `The file holds more than ${bytesMax.toLocaleString('en')} bytes when it is expanded. Split it.`
      done(refuse(field, what))
    },
  })
}

/** Bytes at the end of a chunk that begin a character whose other bytes come with the next chunk. */
const openEnd = (bytes: Buffer): number => {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] as number
    if ((byte & 0xc0) === 0x80) continue
    const needed = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1
    return back < needed ? back : 0
  }
  return 0
}

/** Text that is no UTF-8 would be read with other letters than were written, and nobody would know. */
const asUtf8 = (field: string): Transform => {
  let before = Buffer.alloc(0)
  const wrong = () => refuse(field, 'The file is not UTF-8. Save it as UTF-8.')
  return new Transform({
    transform(chunk: Buffer, _, done) {
      const bytes = before.length === 0 ? chunk : Buffer.concat([before, chunk])
      const end = bytes.length - openEnd(bytes)
      before = Buffer.from(bytes.subarray(end))
      if (isUtf8(bytes.subarray(0, end))) done(null, chunk)
      else done(wrong())
    },
    flush: (done) => done(before.length === 0 ? null : wrong()),
  })
}

const asDataError = (error: unknown, field: string): unknown =>
  /^Z_/.test((error as NodeJS.ErrnoException).code ?? '')
    ? refuse(field, `The file is no good gzip: ${(error as Error).message}.`, error)
    : error

export interface IntakeOptions {
  /** What a compressed file may hold. */
  readonly expandedBytesMax: number
  readonly signal: AbortSignal
  /** What errors name. */
  readonly field: string
}

/**
 * Sends a text file, expanded where it is compressed, through `into`, which is destroyed with the reason when that fails.
 * @returns bytes of the file that were read so far
 */
export const sendText = async (
  path: string,
  into: Duplex,
  { expandedBytesMax, signal, field }: IntakeOptions,
): Promise<() => number> => {
  const unpack = (await isGzip(path)) ? [createGunzip(), counted(expandedBytesMax, field)] : []
  const file = createReadStream(path, { signal, highWaterMark: READ_AHEAD_BYTES })
  const stages = [file, ...unpack, asUtf8(field)]
  for (const [i, stage] of stages.entries()) {
    stage.on('error', (error: Error) => {
      for (const one of stages) one.destroy()
      into.destroy(asDataError(error, field) as Error)
    })
    stage.pipe((stages[i + 1] ?? into) as Writable)
  }
  into.once('close', () => {
    for (const stage of stages) stage.destroy()
  })
  return () => file.bytesRead
}

/**
 * Reads a compressed file to its end and keeps nothing of it. The query engine does not notice when a file is cut off
 * or its checksum is wrong, and does not count what it expands.
 * @throws E_DATA
 */
export const checkGzip = async (
  path: string,
  { expandedBytesMax, signal, field }: IntakeOptions,
): Promise<void> => {
  const nowhere = new Writable({ write: (_, __, done) => done() })
  try {
    const file = createReadStream(path, { highWaterMark: READ_AHEAD_BYTES })
    await pipeline(file, createGunzip(), counted(expandedBytesMax, field), nowhere, { signal })
  } catch (error) {
    signal.throwIfAborted()
    throw asDataError(error, field)
  }
}
