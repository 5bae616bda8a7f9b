import { createHash } from 'node:crypto'
import type { RecordKey, RecordWrite, StoredRecord } from '../../core/job.ts'
import type { Engine, RecordVerdict } from '../engine.ts'
import { numbers, texts } from './arrays.ts'
import { type PgRow, toNumber, toNumberOrNull } from './driver.ts'
import type { Tx } from './session.ts'

/** Expired documents that each call which writes documents also removes: more than it can make. */
const EXPIRED_PER_CALL = 2_000

/**
 * Writers of documents wait for each other at one of so many locks. A lock for each document would be one too many for
 * the server when a thousand are written.
 */
const LOCKS = 64
const FIRST_LOCK = 16

/** A name for a document that no other document has, whatever its collection and key contain. */
const nameOf = ({ collection, key }: RecordKey): string => JSON.stringify([collection, key])

const lockOf = (at: RecordKey): number =>
  FIRST_LOCK + ((createHash('sha256').update(nameOf(at)).digest()[0] ?? 0) % LOCKS)

const names = (keys: readonly RecordKey[]): [collections: string, keys: string] => [
  texts(keys.map(({ collection }) => collection)),
  texts(keys.map(({ key }) => key)),
]

const toDocument = ([collection, key, value, version, expiresAt]: PgRow): StoredRecord => ({
  collection: collection as string,
  key: key as string,
  value: value as string,
  version: toNumber(version),
  expiresAt: toNumberOrNull(expiresAt),
})

/** The documents that a call is about, as they are in the store, and what becomes of them. */
export class Documents {
  private readonly now: number
  private readonly found: Map<string, StoredRecord>
  private readonly written = new Map<string, RecordWrite>()

  constructor(now: number, found: readonly StoredRecord[]) {
    this.now = now
    this.found = new Map(found.map((one) => [nameOf(one), one]))
  }

  private fits(write: RecordWrite): boolean {
    return write.expect === null || write.expect === this.versionOf(write)
  }

  private versionOf(at: RecordKey): number {
    const document = this.found.get(nameOf(at))
    // What was written in this very call may be over already.
    if (document === undefined || (document.expiresAt !== null && document.expiresAt <= this.now)) return 0
    return document.version
  }

  /** Whether every document has the version that its write expects. */
  areWritable(writes: readonly RecordWrite[]): boolean {
    return writes.every((write) => this.fits(write))
  }

  /** Writes without looking. Answers the new versions, 0 for what was removed. */
  write(writes: readonly RecordWrite[]): number[] {
    return writes.map((write) => {
      const { collection, key, value, ttlMs } = write
      this.written.set(nameOf(write), write)
      if (value === null) {
        this.found.delete(nameOf(write))
        return 0
      }
      const version = this.versionOf(write) + 1
      const expiresAt = ttlMs === null ? null : this.now + ttlMs
      this.found.set(nameOf(write), { collection, key, value, version, expiresAt })
      return version
    })
  }

  put(writes: readonly RecordWrite[]): RecordVerdict[] {
    if (this.areWritable(writes)) return this.write(writes).map((version) => ({ status: 'ok', version }))
    return writes.map((write) =>
      this.fits(write) ? { status: 'refused' } : { status: 'conflict', version: this.versionOf(write) },
    )
  }

  /** Sends the statements that write what was changed. */
  flush(tx: Tx): Promise<unknown>[] {
    if (this.written.size === 0) return []
    const kept: StoredRecord[] = []
    const removed: RecordKey[] = []
    for (const [name, write] of this.written) {
      const document = this.found.get(name)
      if (document === undefined) removed.push(write)
      else kept.push(document)
    }
    const sent: Promise<unknown>[] = []
    if (removed.length > 0) sent.push(tx.run('documentsDelete', ...names(removed)))
    if (kept.length > 0) {
      sent.push(
        tx.run(
          'documentsWrite',
          ...names(kept),
          texts(kept.map(({ value }) => value)),
          numbers(kept.map(({ version }) => version)),
          numbers(kept.map(({ expiresAt }) => expiresAt)),
        ),
      )
    }
    sent.push(tx.run('documentsExpire', EXPIRED_PER_CALL, ...tx.at))
    return sent
  }
}

const read = async (tx: Tx, keys: readonly RecordKey[]): Promise<StoredRecord[]> =>
  (await tx.run('documentsRead', ...names(keys), ...tx.at)).map(toDocument)

/** Sends what reads the documents of some writes, in the hand of nobody else until the transaction ends. */
export const readForWriting = async (
  tx: Tx,
  schemaLock: number,
  writes: readonly RecordKey[],
): Promise<StoredRecord[]> => {
  if (writes.length === 0) return []
  const unique = [...new Map(writes.map((one) => [nameOf(one), one])).values()]
  const locks = [...new Set(unique.map(lockOf))].sort((a, b) => a - b)
  const [, found] = await Promise.all([tx.run('documentsGate', schemaLock, numbers(locks)), read(tx, unique)])
  return found
}

export const getRecords = async (tx: Tx, keys: readonly RecordKey[]): Promise<(StoredRecord | null)[]> => {
  const found = new Map((await read(tx, keys)).map((one) => [nameOf(one), one]))
  return keys.map((at) => found.get(nameOf(at)) ?? null)
}

export const listRecords = async (
  tx: Tx,
  { collection, prefix, after, limit }: Parameters<Engine['listRecords']>[0],
): Promise<StoredRecord[]> => {
  // No key is smaller than the empty one, and the empty one is a key.
  const rows = await tx.run('documentsPage', collection, prefix, after, limit, ...tx.at)
  const documents = rows.map((row) => toDocument([collection, ...row]))
  const end = documents.findIndex(({ key }) => !key.startsWith(prefix))
  return end < 0 ? documents : documents.slice(0, end)
}
