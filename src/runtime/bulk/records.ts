import type { BulkDocument } from '../../core/bulk.ts'
import { PosthasteError } from '../../core/errors.ts'
import type { RecordWrite } from '../../core/job.ts'
import { BULK_RETENTION_MS } from '../../core/limits.ts'
import type { Engine } from '../../engines/engine.ts'
import { newestFirst } from '../newest-first.ts'

/** All runs, the newest first; and those that are not over, which a maintainer looks for again and again. */
const RUNS = 'bulk'
const ACTIVE = 'bulk-active'

export interface StoredRun {
  readonly id: string
  readonly version: number
  readonly document: BulkDocument
}

const isOver = ({ state }: BulkDocument): boolean => state !== 'running'

/** A run that changes under us is read and judged again this often. */
const ROUNDS_MAX = 20

export const readRun = async (engine: Engine, id: string): Promise<StoredRun | null> => {
  const [record] = await engine.getRecords([{ collection: RUNS, key: newestFirst(id) }])
  return record ? { id, version: record.version, document: JSON.parse(record.value) as BulkDocument } : null
}

/** @throws E_BULK_MISSING */
export const existingRun = async (engine: Engine, id: string): Promise<StoredRun> => {
  const stored = await readRun(engine, id)
  if (stored !== null) return stored
  throw new PosthasteError('E_BULK_MISSING', `There is no bulk run ${id}.`, { field: 'id' })
}

/** Newest first; `after` is the id of the last one of the page before. */
export const listRuns = async (engine: Engine, after: string | null, limit: number): Promise<StoredRun[]> => {
  const records = await engine.listRecords({
    ...{ collection: RUNS, prefix: '', after: after === null ? null : newestFirst(after), limit },
  })
  return records.map(({ key, version, value }) => ({
    ...{ id: newestFirst(key), version, document: JSON.parse(value) as BulkDocument },
  }))
}

/** Ids of the runs that are not over, the oldest first. */
export const activeRuns = async (engine: Engine, limit: number): Promise<string[]> => {
  const records = await engine.listRecords({ collection: ACTIVE, prefix: '', after: null, limit })
  return records.map(({ key }) => key)
}

const writesOf = (id: string, version: number, document: BulkDocument): RecordWrite[] => {
  const over = isOver(document)
  return [
    {
      ...{ collection: RUNS, key: newestFirst(id), value: JSON.stringify(document), expect: version },
      ttlMs: over ? BULK_RETENTION_MS : null,
    },
    ...(version === 0 || over
      ? [{ collection: ACTIVE, key: id, value: over ? null : '{}', expect: null, ttlMs: null }]
      : []),
  ]
}

/** @throws E_CONFLICT when there is a run of this id */
export const createRun = async (
  engine: Engine,
  id: string,
  document: BulkDocument,
  more: readonly RecordWrite[],
): Promise<void> => {
  const [verdict] = await engine.putRecords([...writesOf(id, 0, document), ...more])
  if (verdict?.status !== 'ok') throw new PosthasteError('E_CONFLICT', `There is a bulk run ${id} already.`)
}

/**
 * Reads a run and writes what `change` makes of it, until nobody comes in between. Null: nothing to write.
 * @param more goes with the write
 */
export const updateRun = async (
  engine: Engine,
  id: string,
  change: (document: BulkDocument) => BulkDocument | null,
  more: (next: BulkDocument) => readonly RecordWrite[] = () => [],
): Promise<StoredRun> => {
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const stored = await existingRun(engine, id)
    const next = change(stored.document)
    if (next === null) return stored
    const [verdict] = await engine.putRecords([...writesOf(id, stored.version, next), ...more(next)])
    if (verdict?.status === 'ok') return { id, version: verdict.version, document: next }
  }
  throw new PosthasteError('E_CONFLICT', `Bulk run ${id} kept changing.`)
}
