import { startBy } from './flow.ts'
import { parseHistory } from './history.ts'
import type { CancelRequest, HistoryEntry, JobError, JobOptions, JobRecord, Parent } from './job.ts'
import { parsePayload } from './json.ts'
import { MAX_RETRIES } from './limits.ts'
import type { JobState } from './states.ts'
import { type JobTransition, timelineOf } from './timeline.ts'

export type { JobTransition } from './timeline.ts'

/** A job as everybody outside sees it: plain data, which JSON.stringify writes with its dates in ISO 8601. */
export interface Job<Payload = unknown, Output = unknown> {
  readonly id: string
  readonly task: string
  readonly queue: string
  readonly payload: Payload
  /** 0 (first) … 9 (last). */
  readonly priority: number
  readonly state: JobState
  /** Why it is blocked, cancelled or dead, or null. */
  readonly reason: string | null
  /** Recorded starts that were not given back. */
  readonly attempt: number
  readonly maxRetries: number
  readonly runAt: Date
  readonly createdAt: Date
  /** Start of the newest run, or null. */
  readonly startedAt: Date | null
  readonly finishedAt: Date | null
  readonly lastError: JobError | null
  /** One for each attempt that ended badly, oldest first (as far as the bounded history reaches). */
  readonly errors: readonly AttemptError[]
  /** What the handler returned; null before that, and when it returned nothing. */
  readonly output: Output | null
  readonly progress: unknown
  readonly checkpoint: unknown
  /** Who holds, or last held, its lease. */
  readonly worker: string | null
  readonly leaseUntil: Date | null
  readonly fence: number
  readonly cancelRequested: { readonly at: Date; readonly by: string; readonly reason: string | null } | null
  readonly key: string | null
  readonly ref: string | null
  readonly group: string | null
  readonly tags: readonly string[]
  readonly metadata: Readonly<Record<string, unknown>>
  /** The jobs that it waits for, or waited for. */
  readonly parents: readonly Parent[]
  /** The batch that it counts in, or null. */
  readonly batch: string | null
  /** The schedule that added it, and the tick that it is for; `at` is null for a run by hand. */
  readonly schedule: { readonly name: string; readonly at: Date | null } | null
  /** Not started by then, it is cancelled. */
  readonly expiresAt: Date | null
  /** What happened to it, oldest first: what was recorded, and the plain steps that its columns tell. */
  readonly history: readonly JobTransition[]
}

export interface AttemptError extends JobError {
  readonly at: Date
  /** Counts from 1; null when no attempt was charged. */
  readonly attempt: number | null
  /** When its handler began, and how long it ran; null when no start was recorded. */
  readonly startedAt: Date | null
  readonly durationMs: number | null
}

/**
 * The public job of a stored one. What is JSON text inside is parsed when it is first looked at, so that a page of jobs
 * costs nothing for payloads that nobody reads.
 * @param maxRetries what the task says, for jobs that have no number of their own
 */
export const toJob = (record: JobRecord, maxRetries = MAX_RETRIES): Job => {
  const payload = once(() => parsePayload(record.payload))
  const output = once(() => parsed(record.output))
  const progress = once(() => parsed(record.progress))
  const checkpoint = once(() => parsed(record.checkpoint))
  const stored = once(() => parseHistory(record.history))
  const errors = once(() => errorsOf(stored(), lastError()))
  const history = once(() => timelineOf(record, stored()))
  const lastError = once(() => parsed(record.error) as JobError | null)
  const options = record.options === null ? {} : (JSON.parse(record.options) as JobOptions)
  const cancel = parsed(record.cancel) as CancelRequest | null
  return {
    id: record.id,
    task: record.task,
    queue: record.queue,
    get payload() {
      return payload()
    },
    priority: record.priority,
    state: record.state,
    reason: record.reason,
    attempt: record.attempt,
    maxRetries: record.maxRetries ?? maxRetries,
    runAt: new Date(record.runAt),
    createdAt: new Date(record.createdAt),
    startedAt: date(record.startedAt),
    finishedAt: date(record.finishedAt),
    get lastError() {
      return lastError()
    },
    get errors() {
      return errors()
    },
    get output() {
      return output()
    },
    get progress() {
      return progress()
    },
    get checkpoint() {
      return checkpoint()
    },
    worker: record.worker,
    leaseUntil: date(record.leaseUntil),
    fence: record.fence,
    cancelRequested: cancel === null ? null : { ...cancel, at: new Date(cancel.at) },
    key: record.key,
    ref: record.ref,
    group: record.group,
    tags: (parsed(record.tags) as string[] | null) ?? [],
    metadata: options.metadata ?? {},
    parents: record.ties?.parents ?? [],
    batch: record.ties?.batch ?? null,
    schedule: scheduleOf(options),
    expiresAt: date(startBy(record)),
    get history() {
      return history()
    },
  }
}

/** The schedule of a job as everybody sees it. */
export const scheduleOf = ({ schedule }: JobOptions): Job['schedule'] =>
  schedule === undefined ? null : { name: schedule.name, at: date(schedule.at) }

/** The errors of the history, which have no stack; the newest error, which has a column of its own, has one. */
const errorsOf = (stored: readonly HistoryEntry[], last: JobError | null): AttemptError[] => {
  const failed = stored.filter((entry) => entry.error !== undefined)
  return failed.map(({ at, attempt, startedAt = null, error }, index) => ({
    at: new Date(at),
    attempt: attempt ?? null,
    startedAt: date(startedAt),
    durationMs: startedAt === null ? null : Math.max(0, at - startedAt),
    ...(error as JobError),
    ...(index === failed.length - 1 && last?.message === error?.message ? last : {}),
  }))
}

const parsed = (text: string | null): unknown => (text === null ? null : parsePayload(text))

const date = (ms: number | null): Date | null => (ms === null ? null : new Date(ms))

const once = <T>(make: () => T): (() => T) => {
  let made: { readonly value: T } | null = null
  return () => {
    made ??= { value: make() }
    return made.value
  }
}
