import type { Outcome } from '../../core/decide.ts'
import { durationMs } from '../../core/durations.ts'
import { PosthasteError } from '../../core/errors.ts'
import { isRetriable, toJobError } from '../../core/job-error.ts'
import { encodeJson } from '../../core/json.ts'
import { OUTPUT_BYTES_MAX } from '../../core/limits.ts'
import { isDiscard, isRetryAfter, isSnooze } from '../task.ts'
import type { Held } from './held.ts'

const NOTHING: Outcome = { kind: 'completed', output: null }

/** What a handler's return value means. An output that cannot be stored is an error of the task: no retry mends it. */
export const outcomeOfValue = (value: unknown): Outcome => {
  if (value === undefined) return NOTHING
  try {
    if (isSnooze(value)) {
      return { kind: 'snoozed', delayMs: durationMs(value.delay, 'snooze'), reason: value.reason }
    }
    return { kind: 'completed', output: encodeJson(value, 'output', OUTPUT_BYTES_MAX) }
  } catch (error) {
    return { kind: 'failed', error: toJobError(error), retriable: false }
  }
}

const hasMessage = (thrown: Error): boolean => {
  try {
    return typeof thrown.message === 'string' && thrown.message !== ''
  } catch {
    return false
  }
}

/** What a thrown value means. Never throws. */
export const outcomeOfThrown = (thrown: unknown): Outcome => {
  const error = toJobError(thrown)
  if (isDiscard(thrown)) {
    return {
      kind: 'discarded',
      reason: hasMessage(thrown) ? error.message : 'discarded by its handler',
      error,
    }
  }
  const failed = { kind: 'failed', error, retriable: isRetriable(thrown) } as const
  if (!isRetryAfter(thrown)) return failed
  try {
    return { ...failed, retryAfterMs: durationMs(thrown.delay, 'RetryAfter') }
  } catch (error) {
    // A wait that is none: the policy's wait holds, and the job shows why.
    return { ...failed, error: toJobError(error) }
  }
}

/**
 * A handler that was told to stop and failed (as an aborted fetch does) is judged by why it was told, not by how it
 * ended.
 */
export const unlessAborted = (held: Held, outcome: Outcome): Outcome =>
  held.aborted !== null && (outcome.kind === 'failed' || outcome.kind === 'crashed')
    ? outcomeOfAbort(held, held.aborted)
    : outcome

export const outcomeOfError = (held: Held, thrown: unknown): Outcome =>
  unlessAborted(held, outcomeOfThrown(thrown))

/** What becomes of a run that was told to stop and did not complete. */
export const outcomeOfAbort = (held: Held, reason: PosthasteError): Outcome => {
  if (reason.code === 'E_JOB_CANCELLED') return outcomeOfCancel(held)
  if (reason.code === 'E_JOB_DEADLINE') return outcomeOfDeadline(reason)
  if (reason.code === 'E_SHUTDOWN') return { kind: 'released', reason: 'shutdown' }
  return { kind: 'failed', error: toJobError(reason), retriable: true }
}

export const outcomeOfDeadline = (reason: PosthasteError): Outcome => ({
  kind: 'failed',
  error: toJobError(reason),
  retriable: false,
  isTooLate: true,
})

export const outcomeOfCancel = ({ cancel }: Held): Outcome => ({
  kind: 'cancelled',
  by: cancel?.by ?? 'unknown',
  reason: cancel?.reason ?? null,
})

/** The payload was good when it was added, but does not fit the task as it is here now. */
export const outcomeOfPayload = (error: unknown): Outcome => ({
  kind: 'failed',
  error: toJobError(error),
  retriable: false,
})

export const timeoutError = (held: Held, ms: number): PosthasteError =>
  new PosthasteError('E_JOB_TIMEOUT', `Task ${held.known.task.name} ran longer than its timeout of ${ms} ms.`)

export const deadlineError = ({ job, known, deadlineAt }: Held): PosthasteError => {
  const at = new Date(deadlineAt ?? 0).toISOString()
  return new PosthasteError(
    'E_JOB_DEADLINE',
    `The deadline of job ${job.id} (task ${known.task.name}) was ${at}.`,
  )
}

export const cancelError = (held: Held): PosthasteError => {
  const why = held.cancel?.reason ?? null
  return new PosthasteError('E_JOB_CANCELLED', why === null ? undefined : `The job was cancelled: ${why}.`)
}
