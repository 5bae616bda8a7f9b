import type { RecordKey, RecordWrite, StoredRecord } from '../../core/job.ts'
import type { Engine, RecordVerdict } from '../engine.ts'
import type { Session } from './session.ts'
import { first } from './statements.ts'

/** Expired documents that each call which writes documents also removes: more than it can make. */
const EXPIRED_PER_CALL = 2_000

type Row = readonly [value: string, version: number, expiresAt: number | null]

const find = ({ sql, now }: Session, { collection, key }: RecordKey): StoredRecord | null => {
  const row = first<Row>(sql.documentRead, collection, key, now)
  if (row === undefined) return null
  const [value, version, expiresAt] = row
  return { collection, key, value, version, expiresAt }
}

const fits = (session: Session, write: RecordWrite): boolean =>
  write.expect === null || write.expect === (find(session, write)?.version ?? 0)

/** Whether every document has the version that its write expects. */
export const areWritable = (session: Session, writes: readonly RecordWrite[]): boolean =>
  writes.every((write) => fits(session, write))

/** Writes without looking. Answers the new versions, 0 for what was removed. */
export const writeDocuments = (session: Session, writes: readonly RecordWrite[]): number[] => {
  if (writes.length === 0) return []
  const { sql, now } = session
  const versions = writes.map((write) => {
    const { collection, key, value, ttlMs } = write
    if (value === null) {
      sql.documentDelete.run(collection, key)
      return 0
    }
    const version = (find(session, write)?.version ?? 0) + 1
    sql.documentWrite.run(collection, key, value, version, ttlMs === null ? null : now + ttlMs)
    return version
  })
  sql.documentsExpire.run(now, EXPIRED_PER_CALL)
  return versions
}

export const putRecords = (session: Session, writes: readonly RecordWrite[]): RecordVerdict[] => {
  if (areWritable(session, writes)) {
    return writeDocuments(session, writes).map((version) => ({ status: 'ok', version }))
  }
  return writes.map((write) => {
    if (fits(session, write)) return { status: 'refused' }
    return { status: 'conflict', version: find(session, write)?.version ?? 0 }
  })
}

export const getRecords = (session: Session, keys: readonly RecordKey[]): (StoredRecord | null)[] =>
  keys.map((key) => find(session, key))

export const listRecords = (
  { sql, now }: Session,
  { collection, prefix, after, limit }: Parameters<Engine['listRecords']>[0],
): StoredRecord[] => {
  const found: StoredRecord[] = []
  // No key is smaller than the empty one, and the empty one is a key.
  const rows = sql.documentsPage.iterate(collection, prefix, after, after, now)
  for (const row of rows as Iterable<readonly [string, ...Row]>) {
    const [key, value, version, expiresAt] = row
    if (found.length === limit || !key.startsWith(prefix)) break
    found.push({ collection, key, value, version, expiresAt })
  }
  return found
}
