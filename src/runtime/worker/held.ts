import { deadlineOf } from '../../core/deadline.ts'
import type { Outcome } from '../../core/decide.ts'
import type { PosthasteError } from '../../core/errors.ts'
import type { CancelRequest, JobOptions, JobRecord, NewJob, Settlement } from '../../core/job.ts'
import type { KnownTask } from './known.ts'
import type { Notes } from './notes.ts'

/**
 * One job in this worker's hands, from its claim until the store took the settlement. Plain fields: thousands of them
 * are made in a second. Monotonic times end in `At` or `EndsAt`, times of the store's clock say so.
 */
export class Held {
  readonly job: JobRecord
  readonly known: KnownTask
  readonly options: JobOptions | null
  /** When the claim was asked for. */
  readonly claimedAt: number
  /** When the answer came. */
  readonly arrivedAt: number
  /** The job's own lease length, or the worker's. */
  readonly leaseMs: number
  /** The lease as the worker judges it: counted from the moment before it asked. */
  leaseEndsAt: number

  /** When the handler began: monotonic, and by the store's clock. */
  startedAt = 0
  startedStoreMs: number | null = null
  /** Whether the store knows that the handler began. */
  startRecorded: boolean
  timeoutAt = Number.POSITIVE_INFINITY

  /** Made when the handler first asks for its signal. */
  controller: AbortController | null = null
  /** Why the handler was told to stop; the first reason counts. */
  aborted: PosthasteError | null = null
  /** When the job is settled although its handler has not returned. */
  abortGraceEndsAt = Number.POSITIVE_INFINITY
  cancel: CancelRequest | null = null
  /** Store time after which no attempt of the job begins, or null. */
  readonly deadlineAt: number | null
  /** `timeoutAt` is the deadline. */
  isDeadlineFirst = false
  /** It came too late to be begun at all. */
  tooLate: 'expired' | 'deadline' | null = null

  /** Ends the child that runs the handler; null: there is none. */
  kill: (() => void) | null = null

  /** The run is decided, or the lease lost: what the handler still says changes nothing. */
  over = false
  outcome: Outcome | null = null
  /** No store could take its settlement; what goes out instead is that it failed. */
  refused = false
  settlement: Settlement | null = null

  /** Jobs that exist exactly when this run's end is written. */
  added: NewJob[] | null = null
  /** Steps and checkpoint of the job, once the handler asks for one of them. */
  notes: Notes | null = null
  /** The newest that the store has; the claimed job has those of before. */
  checkpoint: string | null
  progress: string | null
  logSeq = 0

  constructor(job: JobRecord, known: KnownTask, claimedAt: number, arrivedAt: number, leaseMs: number) {
    this.job = job
    this.known = known
    this.options = job.options === null ? null : parseOptions(job.options)
    this.deadlineAt = this.options?.deadlineMs === undefined ? null : deadlineOf(job, this.options.deadlineMs)
    this.claimedAt = claimedAt
    this.arrivedAt = arrivedAt
    this.leaseMs = job.leaseMs ?? leaseMs
    this.leaseEndsAt = claimedAt + this.leaseMs
    this.startRecorded = job.started
    this.checkpoint = job.checkpoint
    this.progress = job.progress
  }
}

/** Options that cannot be read count as none: a job that another program spoiled must not bring the worker down. */
const parseOptions = (text: string): JobOptions | null => {
  try {
    return JSON.parse(text) as JobOptions
  } catch {
    return null
  }
}

/** Number of the run that a handler sees, from 1. A solo job's start is on record when it is claimed. */
export const attemptOf = (job: JobRecord): number => (job.started ? job.attempt : job.attempt + 1)

/** The signal of a run, made when it is first asked for. */
export const signalOf = (held: Held): AbortSignal => {
  if (held.controller === null) {
    held.controller = new AbortController()
    if (held.aborted !== null) held.controller.abort(held.aborted)
  }
  return held.controller.signal
}
