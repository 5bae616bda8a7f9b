import { deadlineOf, expiryOf } from './deadline.ts'
import { parseHistory } from './history.ts'
import type { CancelRequest, HistoryEntry, JobError, JobOptions, JobRecord, Parent } from './job.ts'
import { parsePayload } from './json.ts'
import { MAX_RETRIES } from './limits.ts'
import type { JobState } from './states.ts'
import { readKept, type StepRecord } from './steps.ts'
import { taskVersion } from './task-name.ts'
import { type JobTransition, timelineOf } from './timeline.ts'

export type { JobTransition } from './timeline.ts'

/** A job as everybody outside sees it: plain data, which JSON.stringify writes with its dates in ISO 8601. */
export interface Job<Payload = unknown, Output = unknown> {
  readonly id: string
  readonly task: string
  /** Of its payload, as it was added: see `TaskOptions.version`. */
  readonly version: number
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
  /** What the handler keeps across attempts. */
  readonly checkpoint: unknown
  /** The steps that are finished, in the order in which they were; another run does not run them again. */
  readonly steps: readonly JobStep[]
  /** Who holds, or last held, its lease. */
  readonly worker: string | null
  readonly leaseUntil: Date | null
  readonly fence: number
  readonly cancelRequested: { readonly at: Date; readonly by: string; readonly reason: string | null } | null
  readonly key: string | null
  readonly ref: string | null
  readonly group: string | null
  /** Its limit key, or null. */
  readonly limit: string | null
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
  /** After this time no attempt begins, and one that runs is stopped. */
  readonly deadlineAt: Date | null
  /** What happened to it, oldest first: what was recorded, and the plain steps that its columns tell. */
  readonly history: readonly JobTransition[]
}

/** A finished step: see `context.step`. */
export interface JobStep {
  readonly name: string
  readonly finishedAt: Date
  /** How long it took. */
  readonly ms: number
  /** The run in which it was finished, from 1. */
  readonly attempt: number
  /** What it returned; null also for nothing. */
  readonly output: unknown
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
  const kept = once(() => readKept(record.checkpoint))
  const checkpoint = once(() => parsed(kept().own))
  const steps = once(() => kept().steps.map(stepOf))
  const stored = once(() => parseHistory(record.history))
  const errors = once(() => errorsOf(stored(), lastError()))
  const history = once(() => timelineOf(record, stored()))
  const lastError = once(() => parsed(record.error) as JobError | null)
  const options = record.options === null ? {} : (JSON.parse(record.options) as JobOptions)
  const cancel = parsed(record.cancel) as CancelRequest | null
  return {
    id: record.id,
    ...named(record.task),
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
    get steps() {
      return steps()
    },
    worker: record.worker,
    leaseUntil: date(record.leaseUntil),
    fence: record.fence,
    cancelRequested: cancel === null ? null : { ...cancel, at: new Date(cancel.at) },
    key: record.key,
    ref: record.ref,
    group: record.group,
    limit: record.ties?.limit ?? null,
    tags: (parsed(record.tags) as string[] | null) ?? [],
    metadata: options.metadata ?? {},
    parents: record.ties?.parents ?? [],
    batch: record.ties?.batch ?? null,
    schedule: scheduleOf(options),
    expiresAt: date(expiryOf(record)),
    deadlineAt: date(deadlineOf(record, options.deadlineMs ?? null)),
    get history() {
      return history()
    },
  }
}

const stepOf = ({ name, at, ms, attempt, output }: StepRecord): JobStep => ({
  name,
  finishedAt: new Date(at),
  ms,
  attempt,
  output: parsed(output),
})

/** The stored name of a task as everybody sees it. */
export const named = (stored: string): Pick<Job, 'task' | 'version'> => {
  const { name, version } = taskVersion(stored)
  return { task: name, version }
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
