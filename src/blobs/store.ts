import { createHash } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { durationMs } from '../core/durations.ts'
import { isPosthasteError, PosthasteError } from '../core/errors.ts'
import { shown } from '../core/text.ts'
import type { Backend, Stored } from './backend.ts'
import { type BlobHash, type BlobInfo, type BlobRef, type Blobs, digitsOf, hashOf } from './blob.ts'
import { bytesOf } from './content.ts'
import { BLOB_KEEP_MAX_MS, BLOB_KEEP_MIN_MS, BLOB_MEMORY_BYTES, BLOB_SWEEP_MS } from './limits.ts'
import { spool } from './spool.ts'
import { verified } from './verified.ts'

export interface StoreBounds {
  readonly maxBytes: number
  readonly quotaBytes: number
  readonly keepMs: number
}

/** A blob store on a backend: hashing, bounds, expiry. */
export const createStore = (backend: Backend, { maxBytes, quotaBytes, keepMs }: StoreBounds): Blobs => {
  const { location } = backend
  /** Counted once, kept in step with what this process does, and counted anew by every sweep. */
  let counted: Promise<{ blobs: number; bytes: number; at: number }> | null = null
  /** Bytes of contents that are being stored, against the quota like those that are. */
  let underWay = 0

  const count = () => {
    counted = (async () => {
      const sum = { blobs: 0, bytes: 0, at: Date.now() }
      for await (const { size } of backend.list()) {
        sum.blobs += 1
        sum.bytes += size
      }
      return sum
    })()
    counted.catch(() => {
      counted = null
    })
    return counted
  }
  const used = async () => {
    const known = await (counted ?? count())
    // Without a maintainer in this process nobody sweeps here: other processes' changes are counted now and then.
    return Date.now() - known.at > 2 * BLOB_SWEEP_MS ? count() : known
  }

  const sweep: Blobs['sweep'] = () =>
    failing(location, async () => {
      const removed = { removed: 0, bytes: 0 }
      const now = Date.now()
      const expired: Stored[] = []
      for await (const blob of backend.list()) if (blob.expiresAt <= now) expired.push(blob)
      for (const { digits, size } of expired) {
        if (!(await backend.expire(digits, now))) continue
        removed.removed += 1
        removed.bytes += size
      }
      await count()
      return removed
    })

  const find = (ref: BlobRef | BlobHash): Promise<Stored | null> => {
    const digits = digitsOf(ref)
    return failing(location, () => backend.find(digits))
  }

  const existing = async (ref: BlobRef | BlobHash): Promise<Stored> => {
    const found = await find(ref)
    if (found === null) throw missing(digitsOf(ref))
    return found
  }

  const stream: Blobs['stream'] = async (ref) => {
    const digits = digitsOf(ref)
    const source = await failing(location, () => backend.read(digits))
    if (source === null) throw missing(digits)
    return verified(source, digits)
  }

  const put: Blobs['put'] = async (content, options = {}) => {
    const limit = limitOf(options.maxBytes, maxBytes)
    const keep = durationMs(options.keep ?? keepMs, 'keep', { min: BLOB_KEEP_MIN_MS, max: BLOB_KEEP_MAX_MS })
    const { hash, signal } = options
    const given = hash === undefined ? null : digitsOf(hash)
    signal?.throwIfAborted()
    const before = await failing(location, used)
    // What is there already takes no more room; it is looked for when the store is nearly full.
    const whole = bytesOf(content)
    const isTight = before.bytes + underWay + (whole?.byteLength ?? limit) > quotaBytes
    const expected = given ?? (isTight && whole !== null ? digitsIn(whole) : null)
    const known = isTight && expected !== null ? await failing(location, () => backend.find(expected)) : null
    let mine = 0
    const accept = (size: number): void => {
      if (size > limit) throw tooLarge(limit)
      if (size <= (known?.size ?? 0)) return
      underWay += size - mine
      mine = size
      if (before.bytes + underWay > quotaBytes) throw new PosthasteError('E_BLOBS_FULL', full(quotaBytes))
    }
    const folder = await failing(location, () => backend.spool())
    try {
      const file = await spool(folder, content, accept, signal).catch((error: unknown) => {
        throw isFull(error) ? new PosthasteError('E_BLOBS_FULL', undefined, { cause: error }) : error
      })
      try {
        if (hash !== undefined && hash !== hashOf(file.digits)) {
          throw new PosthasteError('E_BLOB_HASH', `The bytes have the hash ${hashOf(file.digits)}.`, {
            field: 'hash',
          })
        }
        return await failing(location, () => take(file, Date.now() + keep))
      } finally {
        await rm(file.path, { force: true })
      }
    } finally {
      underWay -= mine
    }
  }

  const take = async (
    { path, digits, size }: { path: string; digits: string; size: number },
    expiresAt: number,
  ): Promise<BlobInfo> => {
    const known = await backend.find(digits)
    const until = Math.max(expiresAt, known?.expiresAt ?? 0)
    const blob = { digits, size, expiresAt: until }
    // Bytes that were damaged where they lie are replaced; their size tells most of that.
    const isKept = known !== null && known.size === size && (await backend.renew(blob))
    if (!isKept) {
      await backend.adopt(path, blob)
      const sum = await used()
      sum.blobs += known === null ? 1 : 0
      sum.bytes += size - (known?.size ?? 0)
    }
    return infoOf(blob)
  }

  return {
    location,
    maxBytes,
    quotaBytes,
    put,
    async info(ref) {
      const found = await find(ref)
      return found === null ? null : infoOf(found)
    },
    stream,
    async bytes(ref, { maxBytes: limit = BLOB_MEMORY_BYTES } = {}) {
      if ((await existing(ref)).size > limit) throw tooLarge(limit)
      const chunks: Buffer[] = []
      let size = 0
      for await (const chunk of await stream(ref)) {
        size += (chunk as Buffer).length
        if (size > limit) throw tooLarge(limit)
        chunks.push(chunk as Buffer)
      }
      return Buffer.concat(chunks, size)
    },
    async withFile(ref, use) {
      const digits = digitsOf(ref)
      const own = await failing(location, async () => backend.file?.(digits) ?? null)
      if (own !== null) return use(own)
      const folder = await failing(location, () => backend.spool())
      const copy = await spool(folder, await stream(ref), () => undefined)
      try {
        return await use(copy.path)
      } finally {
        await rm(copy.path, { force: true })
      }
    },
    async remove(ref) {
      const found = await find(ref)
      if (found === null) return false
      const removed = await failing(location, () => backend.remove(found.digits))
      if (removed && counted !== null) {
        const sum = await counted
        sum.blobs -= 1
        sum.bytes -= found.size
      }
      return removed
    },
    sweep,
    async usage() {
      const { blobs, bytes } = await failing(location, used)
      return { blobs, bytes, quotaBytes }
    },
    close: () => failing(location, () => backend.close()),
  }
}

/** @throws E_ARGUMENT: what is no number would bound nothing */
const limitOf = (asked: number | undefined, most: number): number => {
  if (asked === undefined) return most
  if (Number.isSafeInteger(asked) && asked >= 0) return Math.min(asked, most)
  throw new PosthasteError('E_ARGUMENT', `maxBytes is ${shown(asked)}, no number of bytes.`, {
    field: 'maxBytes',
  })
}

const digitsIn = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

const infoOf = ({ digits, size, expiresAt }: Stored): BlobInfo => ({
  hash: hashOf(digits),
  size,
  expiresAt: new Date(expiresAt),
})

/** What a backend throws, as an error of ours. */
const failing = async <T>(location: string, call: () => Promise<T>): Promise<T> => {
  try {
    return await call()
  } catch (error) {
    if (isPosthasteError(error)) throw error
    if (isFull(error)) throw new PosthasteError('E_BLOBS_FULL', undefined, { cause: error })
    const why = error instanceof Error ? error.message : String(error)
    throw new PosthasteError('E_BLOBS', `The blob store at ${location} failed: ${why}.`, { cause: error })
  }
}

const isFull = (error: unknown): boolean =>
  ['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException | null)?.code ?? '')

const missing = (digits: string): PosthasteError =>
  new PosthasteError('E_BLOB_MISSING', `There is no blob ${hashOf(digits)}.`, { field: 'blob' })

const tooLarge = (limit: number): PosthasteError =>
  new PosthasteError('E_TOO_LARGE', `The blob is larger than ${limit} bytes.`, {
    field: 'blob',
    data: { limit },
  })

const full = (quotaBytes: number): string => `The blobs would take more than their ${quotaBytes} bytes.`
