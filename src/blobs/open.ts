import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type Duration, durationMs } from '../core/durations.ts'
import { PosthasteError } from '../core/errors.ts'
import { maskUrl } from '../core/mask.ts'
import { shown } from '../core/text.ts'
import type { Backend } from './backend.ts'
import type { Blobs } from './blob.ts'
import { folderBackend } from './folder.ts'
import {
  BLOB_BYTES_MAX,
  BLOB_KEEP_MAX_MS,
  BLOB_KEEP_MIN_MS,
  BLOB_KEEP_MS,
  BLOB_QUOTA_BYTES,
} from './limits.ts'
import { s3Backend } from './s3/index.ts'
import { parsePlace } from './s3/place.ts'
import { createStore } from './store.ts'

export interface BlobOptions {
  /** `folder:./posthaste-blobs`, or `s3://HOST[:PORT]/BUCKET[/PREFIX]?region=REGION`. */
  readonly url: string
  /** Bytes of one blob at most. Default 1 GiB. */
  readonly maxBytes?: number
  /** Bytes of all blobs at most. Default 10 GiB. */
  readonly quotaBytes?: number
  /** For how long a blob is kept after it was last stored. Default 30 days. */
  readonly keep?: Duration
}

const FOLDER = 'posthaste-blobs'

/** Where blobs lie when nobody says so: beside the SQLite file, in a folder of this process, or in the working directory. */
export const defaultBlobUrl = (engine: unknown): string => {
  if (engine === 'memory:') return 'temporary:'
  const path =
    typeof engine === 'string' && engine.startsWith('sqlite:') ? engine.slice('sqlite:'.length) : ''
  return `folder:${join(path === '' ? '.' : dirname(path), FOLDER)}`
}

/**
 * A blob store. Nothing is opened, made or reached before it is used.
 * @throws E_ARGUMENT, E_DURATION or E_CONFIG naming the option
 */
export const blobStore = (options: BlobOptions | string): Blobs => {
  const given = typeof options === 'string' ? { url: options } : options
  const { url, maxBytes = BLOB_BYTES_MAX, quotaBytes = BLOB_QUOTA_BYTES, keep = BLOB_KEEP_MS } = given
  for (const [name, value] of Object.entries({ maxBytes, quotaBytes })) {
    if (!Number.isSafeInteger(value) || value < 1)
      throw new PosthasteError('E_ARGUMENT', `blobs.${name} is ${shown(value)}, no number of bytes.`, {
        field: `blobs.${name}`,
      })
  }
  const keepMs = durationMs(keep, 'blobs.keep', { min: BLOB_KEEP_MIN_MS, max: BLOB_KEEP_MAX_MS })
  return createStore(backendOf(url, keepMs), { maxBytes, quotaBytes, keepMs })
}

const backendOf = (url: string, keepMs: number): Backend => {
  if (url === 'temporary:') return temporaryBackend()
  if (url.startsWith('s3:')) return s3Backend(parsePlace(url, process.env), keepMs)
  if (/^folder:./.test(url)) return folderBackend(url.slice('folder:'.length))
  throw new PosthasteError(
    'E_ARGUMENT',
    `blobs is ${shown(maskUrl(url))}, neither folder:PATH nor s3://HOST/BUCKET.`,
    { field: 'blobs' },
  )
}

/** For what is gone with the process anyway. The folder is made when something is stored. */
const temporaryBackend = (): Backend => {
  let made: Backend | null = null
  const backend = (): Backend => {
    made ??= folderBackend(mkdtempSync(join(tmpdir(), 'posthaste-blobs-')), { temporary: true })
    return made
  }
  return {
    location: 'a temporary folder',
    spool: () => backend().spool(),
    adopt: (path, blob) => backend().adopt(path, blob),
    find: async (digits) => made?.find(digits) ?? null,
    renew: async (blob) => made?.renew(blob) ?? false,
    read: async (digits) => made?.read(digits) ?? null,
    file: async (digits) => made?.file?.(digits) ?? null,
    remove: async (digits) => made?.remove(digits) ?? false,
    expire: async (digits, now) => made?.expire(digits, now) ?? false,
    async *list() {
      if (made !== null) yield* made.list()
    },
    async close() {
      await made?.close()
      made = null
    },
  }
}

const METHODS: readonly (keyof Blobs)[] = ['put', 'info', 'stream', 'bytes', 'withFile', 'remove', 'close']

/** Whether a value is a store itself and no description of one. */
export const isBlobs = (value: unknown): value is Blobs =>
  typeof value === 'object' &&
  value !== null &&
  METHODS.every((name) => typeof (value as Partial<Blobs>)[name] === 'function')
