import type { RecordKey, RecordWrite, StoredRecord } from '../../core/job.ts'
import type { Engine, RecordVerdict } from '../engine.ts'
import type { Store } from './store.ts'

/** A name for a document that no other document has, whatever its collection and key contain. */
const nameOf = ({ collection, key }: RecordKey): string => JSON.stringify([collection, key])

const find = (store: Store, now: number, at: RecordKey): StoredRecord | null => {
  const record = store.records.get(nameOf(at))
  if (record === undefined || (record.expiresAt !== null && record.expiresAt <= now)) return null
  return record
}

const fits = (store: Store, now: number, write: RecordWrite): boolean =>
  write.expect === null || write.expect === (find(store, now, write)?.version ?? 0)

/** Whether every document has the version that its write expects. */
export const isWritable = (store: Store, now: number, writes: readonly RecordWrite[]): boolean =>
  writes.every((write) => fits(store, now, write))

/** Writes without looking. Answers the new versions, 0 for what was removed. */
export const writeRecords = (store: Store, now: number, writes: readonly RecordWrite[]): number[] =>
  writes.map((write) => {
    const { collection, key, value, ttlMs } = write
    if (value === null) {
      store.records.delete(nameOf(write))
      return 0
    }
    const version = (find(store, now, write)?.version ?? 0) + 1
    const expiresAt = ttlMs === null ? null : now + ttlMs
    store.records.set(nameOf(write), Object.freeze({ collection, key, value, version, expiresAt }))
    return version
  })

export const putRecords = (store: Store, now: number, writes: readonly RecordWrite[]): RecordVerdict[] => {
  if (isWritable(store, now, writes)) {
    return writeRecords(store, now, writes).map((version) => ({ status: 'ok', version }))
  }
  return writes.map((write) => {
    if (fits(store, now, write)) return { status: 'refused' }
    return { status: 'conflict', version: find(store, now, write)?.version ?? 0 }
  })
}

export const getRecords = (store: Store, now: number, keys: readonly RecordKey[]): (StoredRecord | null)[] =>
  keys.map((at) => find(store, now, at))

const compareBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))

export const listRecords = (
  store: Store,
  now: number,
  { collection, prefix, after, limit }: Parameters<Engine['listRecords']>[0],
): StoredRecord[] =>
  [...store.records.values()]
    .filter((record) => record.collection === collection && record.key.startsWith(prefix))
    .filter((record) => after === null || compareBytes(record.key, after) > 0)
    .filter((record) => find(store, now, record) !== null)
    .sort((a, b) => compareBytes(a.key, b.key))
    .slice(0, limit)
