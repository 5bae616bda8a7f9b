import type { JobRecord, NewJob } from '../../core/job.ts'
import type { InsertAnswer, InsertOptions, InsertVerdict } from '../engine.ts'
import { isWritable, writeRecords } from './records.ts'
import type { Store } from './store.ts'

const newRecord = (job: NewJob, now: number): JobRecord => {
  const { delayMs, runAt: given, blocked, ...rest } = job
  const runAt = given ?? now + delayMs
  return {
    ...rest,
    state: blocked !== null ? 'blocked' : runAt > now ? 'scheduled' : 'ready',
    reason: blocked,
    createdAt: now,
    runAt,
    startedAt: null,
    finishedAt: null,
    attempt: 0,
    retries: 0,
    crashes: 0,
    solo: false,
    fence: 0,
    worker: null,
    leaseUntil: null,
    started: false,
    cancel: null,
    output: null,
    error: null,
    history: null,
    progress: null,
    checkpoint: null,
  }
}

export const addJob = (store: Store, now: number, job: NewJob): InsertVerdict => {
  if (store.jobs.has(job.id)) return { status: 'inserted', id: job.id }
  const holder = job.key === null ? undefined : store.holders.get(job.key)
  if (holder !== undefined) return { status: 'duplicate', id: holder }
  store.write(newRecord(job, now))
  return { status: 'inserted', id: job.id }
}

export const insert = (
  store: Store,
  now: number,
  jobs: readonly NewJob[],
  { records = [] }: InsertOptions,
): InsertAnswer => {
  if (!isWritable(store, now, records)) {
    return { now, verdicts: jobs.map(({ id }) => ({ status: 'refused', id })), recordsOk: false }
  }
  writeRecords(store, now, records)
  return { now, verdicts: jobs.map((job) => addJob(store, now, job)), recordsOk: true }
}
