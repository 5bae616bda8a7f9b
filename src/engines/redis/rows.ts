import type { JobRecord } from '../../core/job.ts'
import { FLAGS, NO_FLAGS, NUL, numberOrNull, orNull, stateOf } from './text.ts'

/** Fields of a job as lua/include/rows.lua writes them. */
const WIDTH = 23

/** The jobs of rows, in their order. */
export const toJobs = (rows: string): JobRecord[] => {
  if (rows === '') return []
  const fields = rows.split(NUL)
  const jobs: JobRecord[] = []
  for (let at = 0; at + WIDTH <= fields.length; at += WIDTH) jobs.push(toJob(fields, at))
  return jobs
}

const toJob = (fields: readonly string[], at: number): JobRecord => {
  const field = (index: number): string => fields[at + index] as string
  const head = field(5)
  const flags = head.charCodeAt(1) - NO_FLAGS
  const [runAt = '', leaseMs = '', createdAt = ''] = field(7).split(' ')
  const [finishedAt = '', attempt = '', startedAt = '', retries = '', crashes = ''] = field(14).split(' ')
  return {
    id: field(0),
    task: field(10),
    queue: field(9),
    group: orNull(field(11)),
    priority: Number(field(8)),
    payload: field(4),
    maxRetries: numberOrNull(field(1)),
    leaseMs: numberOrNull(leaseMs),
    options: orNull(field(2)),
    key: orNull(field(12)),
    ref: orNull(field(13)),
    tags: orNull(field(3)),
    state: stateOf(head.charAt(0)),
    reason: orNull(field(15)),
    createdAt: Number(createdAt),
    runAt: Number(runAt),
    startedAt: numberOrNull(startedAt),
    finishedAt: numberOrNull(finishedAt),
    attempt: Number(attempt),
    retries: Number(retries),
    crashes: Number(crashes),
    solo: (flags & FLAGS.solo) !== 0,
    fence: Number(head.slice(2)),
    worker: orNull(field(6)),
    leaseUntil: numberOrNull(field(19)),
    started: (flags & FLAGS.started) !== 0,
    cancel: orNull(field(22)),
    output: orNull(field(16)),
    error: orNull(field(17)),
    history: orNull(field(18)),
    progress: orNull(field(20)),
    checkpoint: orNull(field(21)),
  }
}
