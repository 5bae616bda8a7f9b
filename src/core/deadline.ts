import { parseHistory } from './history.ts'
import type { JobOptions, JobRecord } from './job.ts'

/**
 * When a job is too late: to be begun at all (it expires), and to be worked on any further (its deadline). Both are of the
 * whole job and by the store's clock.
 */

type Timed = Pick<JobRecord, 'createdAt' | 'ties' | 'options' | 'history'>

/** Options that another program spoiled count as none: one such job must not stop a worker or a sweep. */
const deadlineMsOf = ({ options }: Pick<Timed, 'options'>): number | null => {
  try {
    return options === null ? null : ((JSON.parse(options) as JobOptions).deadlineMs ?? null)
  } catch {
    return null
  }
}

/** After this time no attempt begins; null: there is no such time. An operator's retry grants the whole length anew. */
export const deadlineOf = (job: Omit<Timed, 'ties'>, deadlineMs = deadlineMsOf(job)): number | null => {
  if (deadlineMs === null) return null
  const retry = parseHistory(job.history).findLast(({ event }) => event === 'retry')
  return (retry?.at ?? job.createdAt) + deadlineMs
}

/**
 * Not begun by this time, it is not begun at all; null: there is no such time. A length in the ties that is the deadline's
 * is there so that the store can tell of a job that was never begun.
 */
export const expiryOf = (job: Omit<Timed, 'history'>): number | null => {
  const { ties, createdAt } = job
  if (ties === null) return null
  if (ties.dueAt !== null || ties.dueMs === null) return ties.dueAt
  return ties.dueMs === deadlineMsOf(job) ? null : createdAt + ties.dueMs
}

/** Why a job must not be begun any more, or null. */
export const whyTooLate = (
  job: Timed & Pick<JobRecord, 'attempt' | 'started'>,
  at: number,
): 'expired' | 'deadline' | null => {
  const wasBegun = job.attempt > (job.started ? 1 : 0)
  if (!wasBegun && (expiryOf(job) ?? Number.POSITIVE_INFINITY) <= at) return 'expired'
  return (deadlineOf(job) ?? Number.POSITIVE_INFINITY) <= at ? 'deadline' : null
}
