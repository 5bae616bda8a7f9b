import assert from 'node:assert/strict'
import type { JobRecord, StoredRecord } from '../../core/job.ts'
import { ENGINE_BATCH_MAX, PAGE_SIZE_MAX } from '../../core/limits.ts'
import { isFinished } from '../../core/states.ts'
import type { BatchRow, CountRow, Engine, News, QueueRow, StoredLogLine, WorkerRow } from '../engine.ts'

/** The collections that a snapshot looks into; the cases use no others. */
export const COLLECTIONS = ['things', 'others']

/** Everything that the contract shows of a store. */
export interface Snapshot {
  readonly jobs: JobRecord[]
  readonly logs: { readonly [id: string]: StoredLogLine[] }
  readonly counts: CountRow[]
  readonly queues: QueueRow[]
  readonly workers: WorkerRow[]
  readonly records: StoredRecord[]
  /** Without their numbers, which are the engine's own. */
  readonly news: Omit<News, 'seq'>[]
  readonly batches: { readonly [id: string]: BatchRow | null }
}

/** Every job, oldest first, page by page. */
export const allJobs = async (engine: Engine): Promise<JobRecord[]> => {
  const jobs: JobRecord[] = []
  for (let more = true; more; ) {
    const last = jobs.at(-1)
    const after = last === undefined ? null : { id: last.id, value: last.id }
    const page = await engine.list({ sort: { field: 'id', descending: false }, after, limit: PAGE_SIZE_MAX })
    // Without this a list that does not advance would be read for ever.
    assert.ok(
      page.jobs.every(({ id }) => last === undefined || id > last.id),
      'a page continues the one before',
    )
    assert.ok(page.jobs.length > 0 || !page.more, 'an empty page is the last one')
    jobs.push(...page.jobs)
    more = page.more
  }
  return jobs
}

const nameOf = ({ queue, task, state }: Omit<CountRow, 'count'>): string =>
  JSON.stringify([queue, task, state])

/** The counters in an order of their own, whatever the engine's is. */
export const sortedCounts = (rows: readonly CountRow[]): CountRow[] =>
  [...rows].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))

const countOneByOne = (jobs: readonly JobRecord[]): CountRow[] => {
  const rows = new Map<string, CountRow>()
  for (const { queue, task, state } of jobs) {
    const name = nameOf({ queue, task, state })
    rows.set(name, { queue, task, state, count: (rows.get(name)?.count ?? 0) + 1 })
  }
  return sortedCounts([...rows.values()])
}

export const takeSnapshot = async (engine: Engine): Promise<Snapshot> => {
  const jobs = await allJobs(engine)
  const logs: Record<string, StoredLogLine[]> = {}
  for (const { id, fence } of jobs) {
    // Only a run can have written a line, and only a claim or a change raises the fence.
    if (fence === 0) continue
    const lines = await engine.logs({ id, after: null, limit: ENGINE_BATCH_MAX })
    if (lines.length > 0) logs[id] = lines
  }
  const records: StoredRecord[] = []
  for (const collection of COLLECTIONS) {
    records.push(
      ...(await engine.listRecords({ collection, prefix: '', after: null, limit: ENGINE_BATCH_MAX })),
    )
  }
  const ids = [...new Set(jobs.flatMap(({ ties }) => ties?.batch ?? []))].sort()
  const rows = await engine.batches(ids)
  const news = await engine.news({ limit: ENGINE_BATCH_MAX, after: null })
  return {
    jobs,
    logs,
    counts: sortedCounts(await engine.counts()),
    queues: await engine.queues(),
    workers: await engine.workers(),
    records,
    news: news.map(({ topic, id }) => ({ topic, id })),
    batches: Object.fromEntries(ids.map((id, index) => [id, rows[index] ?? null])),
  }
}

/** What holds at every moment, whatever happened before. */
export const checkInvariants = ({ jobs, counts, queues }: Snapshot): void => {
  assert.deepEqual(counts, countOneByOne(jobs), 'the counters equal a full scan')
  const holders = new Map<string, string>()
  for (const job of jobs) {
    const { id, state, key } = job
    const about = `job ${id} (${state})`
    assert.equal(job.leaseUntil !== null, state === 'running', `${about} has a lease exactly when it runs`)
    assert.equal(
      job.finishedAt !== null,
      isFinished(state),
      `${about} has an end exactly when it is finished`,
    )
    if (state !== 'running') {
      assert.equal(job.started, false, `${about} does not run, so no start of it is on record`)
      assert.equal(job.cancel, null, `${about} does not run, so nobody waits for it to stop`)
    }
    if (state === 'running')
      assert.ok(job.fence > 0 && job.worker !== null, `${about} has a fence and a worker`)
    if (key !== null && !isFinished(state) && job.ties === null) {
      assert.ok(!holders.has(key), `${about} shares its key with ${holders.get(key)}`)
      holders.set(key, id)
    }
  }
  for (const { queue, oldestReadyAt } of queues) {
    const due = jobs.filter((job) => job.queue === queue && job.state === 'ready').map(({ runAt }) => runAt)
    assert.equal(
      oldestReadyAt,
      due.length === 0 ? null : Math.min(...due),
      `queue ${queue} knows its oldest ready job`,
    )
  }
  for (const { queue } of jobs)
    assert.ok(
      queues.some((row) => row.queue === queue),
      `queue ${queue} is known`,
    )
}
