import { randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { BlobInfo, Blobs, BlobUsage } from '../../../blobs/blob.ts'
import { digitsOf } from '../../../blobs/blob.ts'
import { chunksOf } from '../../../blobs/content.ts'
import { BLOB_MEMORY_BYTES } from '../../../blobs/limits.ts'
import { verified } from '../../../blobs/verified.ts'
import { PosthasteError } from '../../../core/errors.ts'
import type { BlobFacts, WireBlob } from '../wire.ts'
import type { Calls } from './calls.ts'

/**
 * The blob store as a child has it: bytes pass as files, in the child's own folder on their way to the worker, and
 * wherever the store has them on their way back.
 */
export const childBlobs = (facts: BlobFacts, calls: Calls, folder: string): Blobs => {
  const withFile: Blobs['withFile'] = async (ref, use) => {
    const { id, path } = (await calls.ask('blobFile', [ref])) as { id: number; path: string }
    try {
      return await use(path)
    } finally {
      await calls.ask('blobFileDone', [id])
    }
  }
  return {
    ...facts,
    async put(content, { signal, ...options } = {}) {
      const name = `blob-${randomUUID()}`
      const path = join(folder, name)
      const max = Math.min(options.maxBytes ?? facts.maxBytes, facts.maxBytes)
      try {
        const target = createWriteStream(path, { flags: 'wx' })
        const source = bounded(chunksOf(content), max)
        await pipeline(source, target, signal === undefined ? {} : { signal })
        return toInfo((await calls.ask('blobPut', [name, options])) as WireBlob)
      } finally {
        await rm(path, { force: true })
      }
    },
    async info(ref) {
      const found = (await calls.ask('blobInfo', [ref])) as WireBlob | null
      return found === null ? null : toInfo(found)
    },
    stream: (ref) =>
      new Promise((resolve, reject) => {
        const digits = digitsOf(ref)
        const use = (path: string): Promise<void> =>
          new Promise((release) => {
            const stream = verified(createReadStream(path), digits)
            stream.once('close', release)
            resolve(stream)
          })
        withFile(ref, use).catch(reject)
      }),
    bytes: (ref, { maxBytes = BLOB_MEMORY_BYTES } = {}) =>
      withFile(ref, async (path) => {
        if ((await stat(path)).size > maxBytes) throw tooLarge(maxBytes)
        const bytes = await readFile(path)
        for await (const _ of verified(Readable.from([bytes]), digitsOf(ref)));
        return bytes
      }),
    withFile,
    remove: async (ref) => (await calls.ask('blobRemove', [ref])) as boolean,
    usage: async () => (await calls.ask('blobUsage', [])) as BlobUsage,
    // Both are the worker's.
    sweep: async () => ({ removed: 0, bytes: 0 }),
    close: async () => {},
  }
}

async function* bounded(content: AsyncIterable<Uint8Array>, max: number): AsyncGenerator<Uint8Array> {
  let size = 0
  for await (const chunk of content) {
    size += chunk.length
    if (size > max) throw tooLarge(max)
    yield chunk
  }
}

const toInfo = ({ hash, size, expiresAt }: WireBlob): BlobInfo => ({
  hash,
  size,
  expiresAt: new Date(expiresAt),
})

const tooLarge = (limit: number): PosthasteError =>
  new PosthasteError('E_TOO_LARGE', `The blob is larger than ${limit} bytes.`, { field: 'blob' })
