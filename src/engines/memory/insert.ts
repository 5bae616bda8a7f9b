import type { JobRecord, NewJob } from '../../core/job.ts'
import type { InsertAnswer, InsertOptions, InsertVerdict } from '../engine.ts'
import { isWritable, writeRecords } from './records.ts'
import { atRest, change } from './steps.ts'
import type { Store } from './store.ts'
import { placeOf } from './ties.ts'

const newRecord = (job: NewJob, now: number): JobRecord => {
  const { delayMs, runAt: given, blocked, ...rest } = job
  const runAt = given ?? now + delayMs
  return {
    ...rest,
    ties: rest.ties === null ? null : structuredClone(rest.ties),
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
  const holder = store.keys.holder(job.key, now)
  if (holder !== undefined && holder !== job.ties?.keyFrom) return { status: 'duplicate', id: holder }
  const record = newRecord(job, now)
  store.write(record)
  const parents = record.ties?.parents ?? []
  if (parents.some(({ id }) => placeOf(store.jobs.get(id)) !== 'unfinished')) store.ties.tell('job', job.id)
  return { status: 'inserted', id: job.id }
}

export const insert = (
  store: Store,
  now: number,
  jobs: readonly NewJob[],
  { records = [], changes = [] }: InsertOptions,
): InsertAnswer => {
  const recordsOk = isWritable(store, now, records)
  const changed = changes.map((one) => atRest(store, one))
  if (!recordsOk || changed.some((verdict) => verdict !== 'ok')) {
    return { now, verdicts: jobs.map(({ id }) => ({ status: 'refused', id })), recordsOk, changed }
  }
  writeRecords(store, now, records)
  for (const one of changes) change(store, now, one)
  return { now, verdicts: jobs.map((job) => addJob(store, now, job)), recordsOk, changed }
}
