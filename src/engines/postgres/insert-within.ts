import { PosthasteError } from '../../core/errors.ts'
import type { NewJob } from '../../core/job.ts'
import type { InsertAnswer, InsertVerdict } from '../engine.ts'
import { Documents, readForWriting } from './documents.ts'
import { toNumber } from './driver.ts'
import { distinct, type InsertRequest } from './insert.ts'
import type { Parts } from './parts.ts'
import { raiseClock, type Tx } from './session.ts'

/** A job as `posthaste.add_jobs` reads it. */
const toGiven = (job: NewJob) => ({
  id: job.id,
  queue: job.queue,
  task: job.task,
  priority: job.priority,
  payload: job.payload,
  delay_ms: job.delayMs,
  run_at: job.runAt,
  blocked: job.blocked,
  max_retries: job.maxRetries,
  lease_ms: job.leaseMs,
  group: job.group,
  options: job.options,
  key: job.key,
  ref: job.ref,
  tags: job.tags,
})

/** Judges and writes the documents that are the condition. */
const writeRecords = async (tx: Tx, { schemaLock }: Parts, { records }: InsertRequest): Promise<boolean> => {
  if (records.length === 0) return true
  const [found, times] = await Promise.all([readForWriting(tx, schemaLock, records), tx.run('now', ...tx.at)])
  const documents = new Documents(toNumber(times[0]?.[0]), found)
  if (!documents.areWritable(records)) return false
  documents.write(records)
  await Promise.all(documents.flush(tx))
  return true
}

/**
 * One call within a transaction that the caller has open: one statement for all its jobs, which raises no error when
 * another transaction takes a key at the same moment, because that would be the end of the caller's transaction.
 * Listeners are told by its commit.
 */
export const insertWithin = async (
  parts: Parts,
  tx: unknown,
  request: InsertRequest,
): Promise<InsertAnswer> => {
  const { sessions, kinds, clock, store } = parts
  if (request.jobs.some(({ ties }) => ties !== null)) {
    const what =
      'A job with after, batch, expiresAt or a key of special length cannot be added in the transaction in tx.'
    throw new PosthasteError('E_TX_UNSUPPORTED', what, { field: 'tx' })
  }
  const jobs = distinct(request.jobs)
  const { now, ids, recordsOk } = await sessions.within(tx, 'adding jobs', async (inner, patienceMs) => {
    await kinds.prepareWithin(inner, jobs)
    const recordsOk = await writeRecords(inner, parts, request)
    const given = recordsOk ? jobs.map(toGiven) : []
    const [floor, fixed] = inner.at
    const [rows, times] = await Promise.all([
      given.length === 0
        ? []
        : inner.run(
            'jobsAdd',
            JSON.stringify(given),
            store,
            `${floor}`,
            fixed === null ? null : `${fixed}`,
            `${patienceMs}`,
          ),
      given.length === 0 ? inner.run('now', ...inner.at) : [],
      ...raiseClock(inner),
    ])
    const ids = new Map(jobs.map(({ id }, i) => [id, rows[i]?.[0]]))
    return { now: toNumber(rows[0]?.[1] ?? times[0]?.[0]), ids, recordsOk }
  })
  clock.saw(now)
  const verdictOf = ({ id }: NewJob): InsertVerdict => {
    if (!recordsOk) return { status: 'refused', id }
    const holder = ids.get(id)
    if (typeof holder !== 'string') throw new PosthasteError('E_STORE_BUSY')
    return { status: holder === id ? 'inserted' : 'duplicate', id: holder }
  }
  return { now, verdicts: request.jobs.map(verdictOf), recordsOk, changed: [] }
}
