import { parseHistory } from '../core/history.ts'
import type { HistoryEntry, JobError, JobOptions, JobRecord, JobState } from '../core/job.ts'
import { MAX_RETRIES } from '../core/limits.ts'

/** A job as callers see it: dates are Dates, JSON is parsed. A copy: changing it changes nothing. */
export interface Job {
  readonly id: string
  readonly task: string
  readonly queue: string
  /** 0 (first) … 9 (last). */
  readonly priority: number
  readonly state: JobState
  /** Why it is blocked, cancelled or dead. */
  readonly reason: string | null
  readonly payload: unknown
  /** What the handler returned. */
  readonly output: unknown
  readonly progress: unknown
  /** Recorded starts that were not given back. */
  readonly attempt: number
  readonly maxRetries: number
  readonly createdAt: Date
  readonly runAt: Date
  readonly startedAt: Date | null
  readonly finishedAt: Date | null
  readonly lastError: JobError | null
  /** What went wrong, attempt by attempt (bounded like the history). */
  readonly errors: readonly JobFailure[]
  /** Transitions that were more than a plain first success (bounded). */
  readonly history: readonly HistoryEntry[]
  /** Who holds, or last held, the lease. */
  readonly worker: string | null
  readonly leaseUntil: Date | null
  /** True while its worker is asked to stop. */
  readonly cancelRequested: boolean
  readonly key: string | null
  readonly ref: string | null
  readonly group: string | null
  readonly tags: readonly string[]
  readonly metadata: Readonly<Record<string, unknown>> | null
  readonly expiresAt: Date | null
}

export interface JobFailure extends JobError {
  readonly attempt: number | null
  readonly at: Date
}

const parsed = (text: string | null): unknown => (text === null ? null : JSON.parse(text))
const date = (ms: number | null): Date | null => (ms === null ? null : new Date(ms))

/** The public form of a stored job. `maxRetries` stands in when the job leaves it to its task. */
export const toJob = (record: JobRecord, maxRetries: number = MAX_RETRIES): Job => {
  const options = record.options === null ? {} : (JSON.parse(record.options) as JobOptions)
  const history = parseHistory(record.history)
  return {
    id: record.id,
    task: record.task,
    queue: record.queue,
    priority: record.priority,
    state: record.state,
    reason: record.reason,
    payload: parsed(record.payload),
    output: parsed(record.output),
    progress: parsed(record.progress),
    attempt: record.attempt,
    maxRetries: record.maxRetries ?? maxRetries,
    createdAt: new Date(record.createdAt),
    runAt: new Date(record.runAt),
    startedAt: date(record.startedAt),
    finishedAt: date(record.finishedAt),
    lastError: parsed(record.error) as JobError | null,
    errors: history.flatMap((entry) =>
      entry.error === undefined ? [] : [{ ...entry.error, attempt: entry.attempt ?? null, at: new Date(entry.at) }],
    ),
    history,
    worker: record.worker,
    leaseUntil: date(record.leaseUntil),
    cancelRequested: record.cancel !== null,
    key: record.key,
    ref: record.ref,
    group: record.group,
    tags: (parsed(record.tags) as string[] | null) ?? [],
    metadata: options.metadata ?? null,
    expiresAt: date(options.expiresAt ?? null),
  }
}
