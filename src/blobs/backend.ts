import type { Readable } from 'node:stream'

/** A blob as a backend knows it. `digits` is its hash in hexadecimal. */
export interface Stored {
  readonly digits: string
  readonly size: number
  /** Epoch ms. */
  readonly expiresAt: number
}

/**
 * Where the bytes lie. It knows neither quota nor hashing: it takes over files that are complete, and tells what it has.
 * Every call is safe to repeat. What is not there is null or false; anything else that goes wrong is thrown.
 */
export interface Backend {
  /** For people, without credentials. */
  readonly location: string
  /** A folder for files that are being written. `adopt` can take files over from there. Made when it is missing. */
  spool(): Promise<string>
  /** Keeps the complete file at `path` under its hash. The file is gone afterwards, or of no more use. Durable. */
  adopt(path: string, blob: Stored): Promise<void>
  find(digits: string): Promise<Stored | null>
  /** Keeps a blob until `expiresAt` at least. False: it is not there. */
  renew(blob: Stored): Promise<boolean>
  read(digits: string): Promise<Readable | null>
  /** The file that holds the bytes, for a backend that has them as files; null: it is not there. */
  readonly file?: (digits: string) => Promise<string | null>
  remove(digits: string): Promise<boolean>
  /** Removes the blob if it has expired by `now` (epoch ms) and nobody renews it at the same time. */
  expire(digits: string, now: number): Promise<boolean>
  list(): AsyncIterable<Stored>
  close(): Promise<void>
}
