import type { JobRecord, JobTies } from '../../core/job.ts'
import type { JobState } from '../../core/states.ts'
import { type PgRow, toFlag, toNumber, toNumberOrNull } from './driver.ts'

/** A job as `record.sql` reads it, with what the engine has to know of where it is. */
export interface StoredJob {
  readonly job: JobRecord
  readonly kind: number
  /** When it was due first; a later due time is in its notes. */
  readonly firstRunAt: number
  readonly hasNotes: boolean
  /** Who has its key, be it that the hold has expired. */
  readonly hold: Hold | null
  /** Where the row of a ready or waiting job is: another one once somebody wrote it. */
  readonly place: string | null
  /** The line in which it waits when it is ready; null when it has neither group nor limit key. */
  readonly line: number | null
  /** The line or kind under which it is ready now; null when it is not. */
  readonly readyAs: number | null
}

/** Who holds a unique key, and until when. */
export interface Hold {
  readonly id: string
  readonly until: JobTies['keyUntil']
  readonly expiresAt: number | null
}

/** Of id, until, expires_at. */
export const toHold = ([id, until, expiresAt]: PgRow): Hold => ({
  id: id as string,
  until: until as Hold['until'],
  expiresAt: toNumberOrNull(expiresAt),
})

const toRecord = (row: PgRow): JobRecord => ({
  id: row[0] as string,
  task: row[1] as string,
  queue: row[2] as string,
  group: row[3] as string | null,
  priority: toNumber(row[4]),
  payload: row[5] as string,
  maxRetries: toNumberOrNull(row[6]),
  leaseMs: toNumberOrNull(row[7]),
  options: row[8] as string | null,
  key: row[9] as string | null,
  ref: row[10] as string | null,
  tags: row[11] as string | null,
  state: row[12] as JobState,
  reason: row[13] as string | null,
  createdAt: toNumber(row[14]),
  runAt: toNumber(row[15]),
  startedAt: toNumberOrNull(row[16]),
  finishedAt: toNumberOrNull(row[17]),
  attempt: toNumber(row[18]),
  retries: toNumber(row[19]),
  crashes: toNumber(row[20]),
  solo: toFlag(row[21]),
  fence: toNumber(row[22]),
  worker: row[23] as string | null,
  leaseUntil: toNumberOrNull(row[24]),
  started: toFlag(row[25]),
  cancel: row[26] as string | null,
  output: row[27] as string | null,
  error: row[28] as string | null,
  history: row[29] as string | null,
  progress: row[30] as string | null,
  checkpoint: row[31] as string | null,
  ties: row[38] === null ? null : (JSON.parse(row[38] as string) as JobTies),
})

export const toStoredJob = (row: PgRow): StoredJob => {
  const job = toRecord(row)
  return {
    job,
    kind: toNumber(row[32]),
    firstRunAt: toNumberOrNull(row[33]) ?? job.createdAt,
    hasNotes: toFlag(row[34]),
    hold: row[35] === null ? null : toHold(row.slice(35, 38)),
    place: row[39] as string | null,
    line: toNumberOrNull(row[40]),
    readyAs: toNumberOrNull(row[41]),
  }
}
