import type { Job } from '../../../src/core/view.ts'
import type { BulkInfo } from '../../../src/runtime/bulk/view.ts'
import type { DeadLetters } from '../../../src/runtime/dead-letters.ts'
import type { Explanation } from '../../../src/runtime/explain.ts'
import type { QueueStats, Stats } from '../../../src/runtime/stats.ts'
import type { WorkerInfo } from '../../../src/runtime/workers.ts'

/** A value as it arrives over HTTP: JSON knows no dates, they are ISO 8601 text. */
export type Wire<T> = T extends Date
  ? string
  : T extends readonly (infer Item)[]
    ? readonly Wire<Item>[]
    : T extends object
      ? { readonly [Key in keyof T]: Wire<T[Key]> }
      : T

export type WireJob = Wire<Job>
export type WireStats = Wire<Stats>
export type WireQueue = Wire<QueueStats>
export type WireWorker = Wire<WorkerInfo>
export type WireBulk = Wire<BulkInfo>
export type WireDeadLetters = Wire<DeadLetters>
export type WireExplanation = Wire<Explanation>

/** What a table shows of a job: everything that is never large. */
export type JobRow = Pick<
  WireJob,
  | 'id'
  | 'task'
  | 'queue'
  | 'priority'
  | 'state'
  | 'reason'
  | 'attempt'
  | 'maxRetries'
  | 'runAt'
  | 'createdAt'
  | 'startedAt'
  | 'finishedAt'
  | 'worker'
  | 'lastError'
>

export interface JobPage {
  readonly jobs: readonly JobRow[]
  readonly cursor: string | null
  readonly bounded: boolean
}

export interface LogLine {
  readonly fence: number
  readonly seq: number
  readonly at: string
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly message: string
}

/** Numbers that arrive every two seconds. */
export interface LiveStats extends Pick<WireStats, 'at' | 'total' | 'states' | 'oldestReadyAgeMs'> {
  readonly workers: number
  readonly running: number
  readonly concurrency: number
}

/** A task that the server knows. */
export interface WireTask {
  readonly name: string
  readonly queue: string
  /** The JSON Schema of its payload; null when it has none, or none that can be written so. */
  readonly schema: Readonly<Record<string, unknown>> | null
}
