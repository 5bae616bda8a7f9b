import type { Change, NewJob, RecordWrite } from '../../core/job.ts'
import type { InsertAnswer, InsertVerdict, LeaseVerdict } from '../engine.ts'
import type { SqliteValue } from './driver.ts'

/**
 * Added jobs as they travel to the thread that holds the database. Nearly all are plain: due at once, and nothing special
 * about them. Copying a thousand objects of sixteen fields costs more than storing them, so those go as one flat list.
 */
export interface WireInsert {
  readonly jobs: PlainJobs | readonly NewJob[]
  readonly records: readonly RecordWrite[]
  readonly changes: readonly Change[]
}
export interface PlainJobs {
  readonly names: readonly PlainNames[]
  /** PLAIN_JOB_WIDTH values for each job: id, place in `names`, priority, payload. */
  readonly values: readonly SqliteValue[]
}
export interface PlainNames {
  readonly queue: string
  readonly task: string
  readonly group: string | null
}
export interface WireInserted {
  readonly now: number
  /** Null: all of them are inserted. */
  readonly verdicts: InsertVerdict[] | null
  readonly recordsOk: boolean
  readonly changed: LeaseVerdict[]
}

export const PLAIN_JOB_WIDTH = 4

export const arePlain = (jobs: WireInsert['jobs']): jobs is PlainJobs => !Array.isArray(jobs)

const isPlainJob = (job: NewJob): boolean =>
  job.delayMs === 0 &&
  job.runAt === null &&
  (job.blocked ??
    job.maxRetries ??
    job.leaseMs ??
    job.options ??
    job.key ??
    job.ref ??
    job.tags ??
    job.ties) === null

export const toWireJobs = (jobs: readonly NewJob[]): WireInsert['jobs'] => {
  if (jobs.length < 2 || !jobs.every(isPlainJob)) return jobs
  const names: PlainNames[] = []
  const values: SqliteValue[] = []
  for (const { id, queue, task, group, priority, payload } of jobs) {
    // The jobs of one call are of few kinds, and mostly of the same one as their neighbours.
    let at = names.length - 1
    while (at >= 0 && !isNamed(names[at] as PlainNames, queue, task, group)) at--
    if (at < 0) at = names.push({ queue, task, group }) - 1
    values.push(id, at, priority, payload)
  }
  return { names, values }
}

const isNamed = (names: PlainNames, queue: string, task: string, group: string | null): boolean =>
  names.task === task && names.queue === queue && names.group === group

export const idsOfPlain = ({ values }: PlainJobs): string[] => {
  const ids: string[] = []
  for (let at = 0; at < values.length; at += PLAIN_JOB_WIDTH) ids.push(values[at] as string)
  return ids
}

/** The jobs that a flat list stands for. */
export const fromPlain = ({ names, values }: PlainJobs): NewJob[] => {
  const jobs: NewJob[] = []
  for (let at = 0; at < values.length; at += PLAIN_JOB_WIDTH) {
    jobs.push({
      ...(names[values[at + 1] as number] as PlainNames),
      id: values[at] as string,
      priority: values[at + 2] as number,
      payload: values[at + 3] as string,
      delayMs: 0,
      runAt: null,
      blocked: null,
      maxRetries: null,
      leaseMs: null,
      options: null,
      key: null,
      ref: null,
      tags: null,
      ties: null,
    })
  }
  return jobs
}

export const fromWireInserted = (
  jobs: readonly NewJob[],
  { now, verdicts, recordsOk, changed }: WireInserted,
): InsertAnswer => ({
  now,
  verdicts: verdicts ?? jobs.map(({ id }): InsertVerdict => ({ status: 'inserted', id })),
  recordsOk,
  changed,
})
