import type { JobRecord, JobTies } from '../../core/job.ts'
import type { JobState } from '../../core/states.ts'
import type { SqliteValue } from './driver.ts'

/** The columns of `record.sql`, one by one. */
export type RecordRow = readonly SqliteValue[]

/** A job as `record.sql` reads it, with the numbers of its lane and kind behind it. */
export interface StoredJob {
  readonly job: JobRecord
  readonly lane: number
  readonly kind: number
}

const toRecord = (row: RecordRow): JobRecord => ({
  id: row[0] as string,
  task: row[1] as string,
  queue: row[2] as string,
  group: row[3] as string | null,
  priority: row[4] as number,
  payload: row[5] as string,
  maxRetries: row[6] as number | null,
  leaseMs: row[7] as number | null,
  options: row[8] as string | null,
  key: row[9] as string | null,
  ref: row[10] as string | null,
  tags: row[11] as string | null,
  state: row[12] as JobState,
  reason: row[13] as string | null,
  createdAt: row[14] as number,
  runAt: row[15] as number,
  startedAt: row[16] as number | null,
  finishedAt: row[17] as number | null,
  attempt: row[18] as number,
  retries: row[19] as number,
  crashes: row[20] as number,
  solo: row[21] === 1,
  fence: row[22] as number,
  worker: row[23] as string | null,
  leaseUntil: row[24] as number | null,
  started: row[25] === 1,
  cancel: row[26] as string | null,
  output: row[27] as string | null,
  error: row[28] as string | null,
  history: row[29] as string | null,
  progress: row[30] as string | null,
  checkpoint: row[31] as string | null,
  ties: row[34] === null ? null : (JSON.parse(row[34] as string) as JobTies),
})

export const toStoredJob = (row: RecordRow): StoredJob => ({
  job: toRecord(row),
  lane: row[32] as number,
  kind: row[33] as number,
})
