import { appendHistory, parseHistory } from './history.ts'
import type { Change, HistoryEntry, JobRecord } from './job.ts'

/**
 * Ageing: a ready job that waits long gets a higher priority, one step for each stretch of waiting, up to a bound. So
 * what is urgent goes first, and nothing waits for ever behind it. What it was given is not lost: it is in the history.
 */

export interface AgeingRule {
  readonly everyMs: number
  /** It gets no higher than this (a smaller number is a higher priority). */
  readonly highest: number
  /** Null: all. */
  readonly queues: readonly string[] | null
}

const AGED = 'aged from '

/** How its priority rose while it waited, oldest first. */
export const risesOf = (history: string | null): HistoryEntry[] =>
  parseHistory(history).filter(({ event, reason }) => event === 'reschedule' && reason?.startsWith(AGED))

/**
 * What is to be written about a job, or null. Counts from the moment at which it became due, or from its last rise; one
 * look makes good what several have missed.
 * @param by who writes, in its history
 */
export const age = (job: JobRecord, rule: AgeingRule, now: number, by: string): Change | null => {
  const { everyMs, highest, queues } = rule
  if (job.state !== 'ready' || job.priority <= highest) return null
  if (queues !== null && !queues.includes(job.queue)) return null
  const since = Math.max(job.runAt, risesOf(job.history).at(-1)?.at ?? 0)
  const steps = Math.floor((now - since) / everyMs)
  if (steps < 1) return null
  const priority = Math.max(highest, job.priority - steps)
  const reason = `${AGED}priority ${job.priority} to ${priority}`
  const { id, fence, attempt, retries, crashes, solo, output, error } = job
  return {
    ...{ id, fence, from: 'ready', to: 'ready', priority, attempt, retries, crashes, solo, output, error },
    reason: job.reason,
    history: appendHistory(job.history, {
      ...{ at: now, event: 'reschedule', from: 'ready', to: 'ready', by, reason },
    }),
  }
}
