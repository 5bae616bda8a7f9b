import { startBy } from '../../core/flow.ts'
import type { JobRecord } from '../../core/job.ts'
import type { KeptJob, RestoreVerdict } from '../engine.ts'
import { bodyOf, tiesText } from './adding.ts'
import { groupField } from './limits.ts'
import { toJobs } from './rows.ts'
import { FLAGS, LETTERS, NO_FLAGS, NUL, orEmpty } from './text.ts'
import { logPlace, toLogLines } from './views.ts'

/** How finished jobs leave for another store, and come back from it. */

export const toKept = (rows: string, logs: readonly (readonly string[])[]): KeptJob[] =>
  toJobs(rows).map((job, index) => ({ job, log: toLogLines(logs[index] ?? []) }))

const flagsOf = ({ solo, leaseMs, progress, checkpoint }: JobRecord): string =>
  String.fromCharCode(
    NO_FLAGS +
      (solo ? FLAGS.solo : 0) +
      (leaseMs === null ? 0 : FLAGS.ownLease) +
      (progress === null ? 0 : FLAGS.progress) +
      (checkpoint === null ? 0 : FLAGS.checkpoint),
  )

/** A job's state as lua/include/jobs.lua describes it. */
const stateText = (job: JobRecord): string =>
  [
    LETTERS[job.state] + flagsOf(job) + job.fence,
    orEmpty(job.worker),
    `${job.runAt} ${job.leaseMs ?? ''} ${job.createdAt}`,
    ...[job.priority, job.queue, job.task, groupField(job), orEmpty(job.key), orEmpty(job.ref)],
    `${job.finishedAt ?? ''} ${job.attempt} ${job.startedAt ?? ''} ${job.retries} ${job.crashes}`,
    ...[job.reason, job.output, job.error, job.history].map(orEmpty),
  ].join(NUL)

export const restoreArguments = (jobs: readonly KeptJob[]): string[] => {
  const args = [String(jobs.length)]
  for (const { job, log } of jobs) {
    const lines = log.map((line) => [logPlace(line), line.at, line.level, line.message].join(NUL))
    args.push(job.id, bodyOf(job), stateText(job), orEmpty(job.progress), orEmpty(job.checkpoint))
    args.push(job.ties === null ? '' : tiesText(job.ties, String(startBy(job) ?? '')))
    args.push(String(lines.length), ...lines)
  }
  return args
}

/** Verdicts from their letters; holders of keys come in the order in which they were met. */
export const restoreVerdicts = (letters: string, holders: readonly string[]): RestoreVerdict[] => {
  let taken = 0
  return [...letters].map((letter): RestoreVerdict => {
    if (letter === 'k') return { status: 'key_taken', holder: holders[taken++] ?? '' }
    return { status: letter === 'o' ? 'ok' : 'known' }
  })
}
