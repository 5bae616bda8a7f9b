import type { Readable } from 'node:stream'
import type { Duration } from '../core/durations.ts'
import { PosthasteError } from '../core/errors.ts'
import { shown } from '../core/text.ts'

/** `sha256:` and 64 hexadecimal digits: the name of a blob is the hash of its bytes. */
export type BlobHash = string

/** How a payload or an output refers to a blob. `name` and `type` belong to the reference: the blob is only bytes. */
export interface BlobRef {
  readonly $blob: BlobHash
  /** A file name for people, without folders. */
  readonly name?: string
  /** A media type such as "image/png". */
  readonly type?: string
}

export interface BlobInfo {
  readonly hash: BlobHash
  /** Bytes. */
  readonly size: number
  /** Until when it is kept at least. */
  readonly expiresAt: Date
}

/** Bytes, text (stored as UTF-8), or a stream of bytes, which is never held in memory as a whole. */
export type BlobContent = Uint8Array | string | AsyncIterable<Uint8Array>

export interface PutOptions {
  /** For how long it is kept at least, 1 minute to 10 years. Default: the store's (30 days). */
  readonly keep?: Duration
  /** Bytes that are accepted at most. Default, and never more than: the store's (1 GiB). */
  readonly maxBytes?: number
  /** What the hash must be; the bytes are refused when it is another. */
  readonly hash?: BlobHash
  /** Stops storing; nothing is kept then. */
  readonly signal?: AbortSignal
}

export interface BlobUsage {
  /** As this process last counted; other processes may have stored or removed some since. */
  readonly blobs: number
  readonly bytes: number
  readonly quotaBytes: number
}

/**
 * Bytes beside jobs: attachments, pictures, tables, answers. Addressed by their hash, so that storing the same bytes
 * twice keeps them once, storing is safe to repeat, and whoever reads them can be sure that they are what was stored.
 *
 * A reference is a BlobRef or its hash. What is no reference is refused with E_ARGUMENT. A store that fails is E_BLOBS,
 * which is retriable.
 */
export interface Blobs {
  /** Where it is, for people: without credentials. */
  readonly location: string
  /** The bounds of one blob and of all of them. */
  readonly maxBytes: number
  readonly quotaBytes: number

  /**
   * Stores bytes. They are durable when the promise resolves. Safe to repeat: known bytes are kept once, and at least
   * as long as the last call asked for.
   * @throws E_TOO_LARGE, E_BLOBS_FULL (nothing is kept then), E_BLOB_HASH when `options.hash` is another, the reason of
   *   `options.signal`, or what the given stream throws
   */
  put(content: BlobContent, options?: PutOptions): Promise<BlobInfo>

  /** What is known of a blob, or null when there is none. */
  info(ref: BlobRef | BlobHash): Promise<BlobInfo | null>

  /**
   * The bytes as a stream, which must be read or destroyed. It fails at its end with E_BLOB_DAMAGED when the bytes are
   * not those that were stored.
   * @throws E_BLOB_MISSING
   */
  stream(ref: BlobRef | BlobHash): Promise<Readable>

  /**
   * All bytes in memory.
   * @param options.maxBytes default 32 MiB
   * @throws E_BLOB_MISSING, E_TOO_LARGE, E_BLOB_DAMAGED
   */
  bytes(ref: BlobRef | BlobHash, options?: { readonly maxBytes?: number }): Promise<Buffer>

  /**
   * Calls `use` with the path of a file that holds the bytes, for programs that read files. It is there, and may only be
   * read, until `use` has settled.
   * Of a folder it is the file itself, which is not hashed again.
   * @throws E_BLOB_MISSING, E_BLOB_DAMAGED, and what `use` throws
   */
  withFile<T>(ref: BlobRef | BlobHash, use: (path: string) => T | Promise<T>): Promise<T>

  /** Erases a blob. Answers whether there was one. Safe to repeat. Jobs that refer to it will not find it. */
  remove(ref: BlobRef | BlobHash): Promise<boolean>

  /** Removes what has expired, and what killed processes left behind. Called by the maintainer. Safe at any time. */
  sweep(): Promise<{ readonly removed: number; readonly bytes: number }>

  usage(): Promise<BlobUsage>

  /** Gives back what the store holds open, and removes its temporary files. Safe to repeat. */
  close(): Promise<void>
}

const HASH = /^sha256:[0-9a-f]{64}$/

export const isBlobHash = (value: unknown): value is BlobHash => typeof value === 'string' && HASH.test(value)

const REF_FIELDS: ReadonlySet<string> = new Set(['$blob', 'name', 'type'])

/** Whether a value of a payload is meant as a reference, right or wrong: an object with a field `$blob`. */
const isBlobLike = (value: unknown): value is { readonly $blob: unknown } =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && Object.hasOwn(value, '$blob')

/** Whether a value is a reference as payloads hold it. */
export const isBlobRef = (value: unknown): value is BlobRef =>
  isBlobLike(value) &&
  isBlobHash(value.$blob) &&
  Object.entries(value).every(([name, field]) => REF_FIELDS.has(name) && typeof field === 'string')

/**
 * The 64 digits of a reference.
 * @throws E_ARGUMENT
 */
export const digitsOf = (ref: BlobRef | BlobHash): string => {
  const hash: unknown = isBlobLike(ref) ? ref.$blob : ref
  if (isBlobHash(hash)) return hash.slice('sha256:'.length)
  throw new PosthasteError('E_ARGUMENT', `${shown(hash)} is no blob: sha256: and 64 hexadecimal digits.`, {
    field: 'blob',
  })
}

export const hashOf = (digits: string): BlobHash => `sha256:${digits}`
