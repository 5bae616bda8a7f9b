import type { JobRecord, JobTies } from '../../core/job.ts'
import { groupIn } from './limits.ts'
import { FLAGS, NO_FLAGS, NUL, numberOrNull, orNull, stateOf } from './text.ts'

/** Fields of a run and of each of its jobs, as lua/include/rows.lua writes them. */
const RUN_WIDTH = 19
const JOB_WIDTH = 6

/** The jobs of rows, in their order. */
export const toJobs = (rows: string): JobRecord[] => {
  if (rows === '') return []
  const fields = rows.split(NUL)
  const jobs: JobRecord[] = []
  for (let at = 0; at + RUN_WIDTH <= fields.length; ) {
    const common = commonOf(fields, at)
    const end = at + RUN_WIDTH + Number(fields[at]) * JOB_WIDTH
    for (at += RUN_WIDTH; at < end; at += JOB_WIDTH) {
      jobs.push({
        ...common,
        id: fields[at] as string,
        maxRetries: numberOrNull(fields[at + 1] as string),
        options: orNull(fields[at + 2] as string),
        tags: orNull(fields[at + 3] as string),
        ties: toTies(fields[at + 4] as string),
        payload: fields[at + 5] as string,
      })
    }
  }
  return jobs
}

const toTies = (field: string): JobTies | null => (field === '' ? null : (JSON.parse(field) as JobTies))

/** What the jobs of a run have in common; the rest is filled in for each. */
const commonOf = (fields: readonly string[], at: number): JobRecord => {
  const field = (index: number): string => fields[at + index] as string
  const head = field(1)
  const flags = head.charCodeAt(1) - NO_FLAGS
  const [runAt = '', leaseMs = '', createdAt = ''] = field(3).split(' ')
  const [finishedAt = '', attempt = '', startedAt = '', retries = '', crashes = ''] = field(10).split(' ')
  return {
    id: '',
    task: field(6),
    queue: field(5),
    group: groupIn(field(7)),
    priority: Number(field(4)),
    payload: '',
    maxRetries: null,
    leaseMs: numberOrNull(leaseMs),
    options: null,
    key: orNull(field(8)),
    ref: orNull(field(9)),
    tags: null,
    ties: null,
    state: stateOf(head.charAt(0)),
    reason: orNull(field(11)),
    createdAt: Number(createdAt),
    runAt: Number(runAt),
    startedAt: numberOrNull(startedAt),
    finishedAt: numberOrNull(finishedAt),
    attempt: Number(attempt),
    retries: Number(retries),
    crashes: Number(crashes),
    solo: (flags & FLAGS.solo) !== 0,
    fence: Number(head.slice(2)),
    worker: orNull(field(2)),
    leaseUntil: numberOrNull(field(15)),
    started: (flags & FLAGS.started) !== 0,
    cancel: orNull(field(18)),
    output: orNull(field(12)),
    error: orNull(field(13)),
    history: orNull(field(14)),
    progress: orNull(field(16)),
    checkpoint: orNull(field(17)),
  }
}
