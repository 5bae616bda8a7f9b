import type { JobRecord, RecordWrite, StoredRecord } from '../../core/job.ts'
import { BULK_UNDO_MS, ENGINE_BATCH_MAX, LOG_LINES_MAX } from '../../core/limits.ts'
import type { Engine, KeptJob } from '../../engines/engine.ts'

/**
 * What an undo needs: for each step of a run the jobs that it was about, why those that were blocked were blocked, and
 * of removed jobs everything. Forgotten after BULK_UNDO_MS by the store itself.
 */
export interface KeptPage {
  /** By the id of the job. */
  readonly jobs: Readonly<Record<string, { readonly reason?: string; readonly parts?: number }>>
}

const PAGES = 'bulk-kept'
const PARTS = 'bulk-kept-jobs'

/** A job with its log may be larger than a document. So many characters of text fit into one, however they are encoded. */
const PART_LENGTH = 80_000
/** Characters in one write. */
const WRITE_LENGTH = 2_000_000
/** Logs that are read at once. */
const LOGS_AT_ONCE = 20

const pageKey = (run: string, page: number): string => `${run}/${String(page).padStart(8, '0')}`
const partKey = (run: string, job: string, part: number): string => `${run}/${job}/${part}`

const kept = (collection: string, key: string, value: string): RecordWrite => ({
  ...{ collection, key, value, expect: null, ttlMs: BULK_UNDO_MS },
})

/** Keeps the jobs of one step before they are changed. Repeating adds what was not kept before. */
export const keepPage = async (
  engine: Engine,
  { run, page, whole }: { readonly run: string; readonly page: number; readonly whole: boolean },
  records: readonly JobRecord[],
): Promise<void> => {
  const [before] = await engine.getRecords([{ collection: PAGES, key: pageKey(run, page) }])
  const jobs: Record<string, KeptPage['jobs'][string]> = {
    ...(before ? (JSON.parse(before.value) as KeptPage).jobs : {}),
  }
  let writes: RecordWrite[] = []
  let length = 0
  const flush = async (): Promise<void> => {
    if (writes.length > 0) await engine.putRecords(writes)
    writes = []
    length = 0
  }
  for (let i = 0; i < records.length; i += LOGS_AT_ONCE) {
    const some = records.slice(i, i + LOGS_AT_ONCE)
    const logs = whole
      ? await Promise.all(some.map(({ id }) => engine.logs({ id, after: null, limit: LOG_LINES_MAX })))
      : []
    for (const [n, job] of some.entries()) {
      const parts = whole ? split(JSON.stringify({ job, log: logs[n] ?? [] })) : []
      jobs[job.id] = {
        ...(job.state === 'blocked' && job.reason !== null ? { reason: job.reason } : {}),
        ...(whole ? { parts: parts.length } : {}),
      }
      for (const [part, text] of parts.entries()) {
        if (length + text.length > WRITE_LENGTH || writes.length === ENGINE_BATCH_MAX) await flush()
        writes.push(kept(PARTS, partKey(run, job.id, part), JSON.stringify(text)))
        length += text.length
      }
    }
  }
  await flush()
  // Last: what a page names is there.
  await engine.putRecords([kept(PAGES, pageKey(run, page), JSON.stringify({ jobs }))])
}

const split = (text: string): string[] => {
  const parts: string[] = []
  for (let i = 0; i < text.length; i += PART_LENGTH) parts.push(text.slice(i, i + PART_LENGTH))
  return parts
}

export interface FoundPage {
  readonly key: string
  readonly page: KeptPage
}

/** The first page of a run behind the one with this key, or null. */
export const nextPage = async (
  engine: Engine,
  run: string,
  after: string | null,
): Promise<FoundPage | null> => {
  const [record] = await engine.listRecords({ collection: PAGES, prefix: `${run}/`, after, limit: 1 })
  return record ? { key: record.key, page: JSON.parse(record.value) as KeptPage } : null
}

/** A page by its key; null when it is forgotten. */
export const readPage = async (engine: Engine, key: string): Promise<KeptPage | null> => {
  const [record] = await engine.getRecords([{ collection: PAGES, key }])
  return record ? (JSON.parse(record.value) as KeptPage) : null
}

/** Removed jobs as they were; those that are forgotten are left out. */
export const readKept = async (
  engine: Engine,
  run: string,
  wanted: readonly { readonly id: string; readonly parts: number }[],
): Promise<KeptJob[]> => {
  const keys = wanted.flatMap(({ id, parts }) =>
    Array.from({ length: parts }, (_, part) => ({ collection: PARTS, key: partKey(run, id, part) })),
  )
  const found = new Map<string, StoredRecord>()
  for (let i = 0; i < keys.length; i += ENGINE_BATCH_MAX) {
    const records = await engine.getRecords(keys.slice(i, i + ENGINE_BATCH_MAX))
    for (const record of records) if (record) found.set(record.key, record)
  }
  return wanted.flatMap(({ id, parts }) => {
    const texts = Array.from({ length: parts }, (_, part) => found.get(partKey(run, id, part))?.value)
    if (texts.some((text) => text === undefined)) return []
    return [JSON.parse(texts.map((text) => JSON.parse(text as string) as string).join('')) as KeptJob]
  })
}
