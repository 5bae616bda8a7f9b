import type { BlobInfo, Blobs } from '../../blobs/blob.ts'
import type { Outcome } from '../../core/decide.ts'
import type { JobError } from '../../core/job.ts'
import { toJobError } from '../../core/job-error.ts'
import { checkJsonText } from '../../core/json.ts'
import { DURATION_MAX_MS, OUTPUT_BYTES_MAX } from '../../core/limits.ts'
import type { LogLine } from '../../engines/engine.ts'
import type { ContextJob } from '../task.ts'

/**
 * What worker and child say to each other: JSON texts, one a message. The worker believes nothing of it: a handler may
 * have written to the channel itself, or have broken what writes there.
 */

/** Longest message in characters: the largest that is meant holds a payload or an output, escaped twice. */
export const MESSAGE_LENGTH_MAX = 4 * 1024 * 1024
/** Log lines in one message. */
export const LOG_LINES_A_MESSAGE = 100

/** A job as a child is told of it; times as epoch ms. */
export interface WireJob extends Omit<ContextJob, 'createdAt' | 'runAt'> {
  readonly createdAt: number
  readonly runAt: number
}

export interface WireError {
  readonly name: string
  readonly code: string | null
  readonly message: string
}

export type ToChild =
  | {
      readonly type: 'load'
      readonly url: string
      readonly settings: string | null
      readonly memoryMb: number
      /** The child's own folder. */
      readonly folder: string
    }
  | {
      readonly type: 'run'
      readonly run: number
      readonly task: string
      /** JSON text, like `checkpoint`. */
      readonly payload: string
      readonly checkpoint: string | null
      readonly job: WireJob
      /** Of the payload. */
      readonly version: number
      readonly fence: number
      readonly blobs: BlobFacts
    }
  | { readonly type: 'abort'; readonly run: number; readonly error: WireError }
  | { readonly type: 'answer'; readonly call: number; readonly value: unknown }
  | { readonly type: 'refusal'; readonly call: number; readonly error: WireError }
  | { readonly type: 'end' }

/** Bounds of the blob store. */
export type BlobFacts = Pick<Blobs, 'location' | 'maxBytes' | 'quotaBytes'>
/** A blob; its time as epoch ms. */
export interface WireBlob extends Omit<BlobInfo, 'expiresAt'> {
  readonly expiresAt: number
}
/** Names of files, in the child's own folder, with bytes for the blob store. */
export const BLOB_FILE = /^blob-[\da-f-]{36}$/

/** What a child hears when it wants to begin a step. */
export type StepBegun = { readonly isDone: false } | { readonly isDone: true; readonly result: unknown }

export type WireLine = readonly [message: string, level: LogLine['level']]

export type FromChild =
  | { readonly type: 'loaded'; readonly tasks: readonly string[] }
  | { readonly type: 'failed'; readonly error: JobError }
  | {
      readonly type: 'notes'
      readonly run: number
      readonly progress?: { readonly value: unknown }
      readonly log: readonly WireLine[]
    }
  | {
      readonly type: 'call'
      readonly run: number
      readonly call: number
      readonly method: string
      readonly args: readonly unknown[]
    }
  | { readonly type: 'done'; readonly run: number; readonly outcome: Outcome }
  /** After a run: fit for the next one. */
  | { readonly type: 'ready'; readonly run: number }
  /** After a run: not fit for another. */
  | { readonly type: 'retire'; readonly run: number; readonly why: string }
  /** Thrown where nobody waited for it; the child ends. */
  | { readonly type: 'thrown'; readonly error: JobError }
  /** The process takes more than its share, and is ended. */
  | { readonly type: 'memory'; readonly rssMb: number }

/** A message as it may look: which of the fields are there is for the reader to find out. */
export type Said = { readonly [Field in FieldsOf<FromChild>]?: unknown }
type FieldsOf<Message> = Message extends unknown ? keyof Message : never

/** The message of a text, or null when it is none. */
export const readSaid = (text: unknown): Said | null => {
  if (typeof text !== 'string' || text.length > MESSAGE_LENGTH_MAX) return null
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Said) : null
  } catch {
    return null
  }
}

/** Whole lines of a stream of texts. A line that is too long is given in two, and then is no message. */
export class Lines {
  #rest = ''
  readonly #lengthMax: number
  constructor(lengthMax: number) {
    this.#lengthMax = lengthMax
  }

  push(text: string): string[] {
    const parts = (this.#rest + text).split('\n')
    this.#rest = parts.pop() ?? ''
    if (this.#rest.length > this.#lengthMax) parts.push(this.take())
    return parts
  }

  /** What stands there without an end. */
  take(): string {
    const rest = this.#rest
    this.#rest = ''
    return rest
  }
}

/** An error as a child tells of it, bounded and masked here once more. */
export const readError = (value: unknown): JobError => {
  const { name, message, code, stack } = Object(value) as Partial<Record<keyof JobError, unknown>>
  // Only the frames of a stack travel, and only what follows the end of a line is taken for a frame.
  return toJobError({ name, message, code, stack: typeof stack === 'string' ? `\n${stack}` : '' })
}

/** What the child says became of a run, with the checks of a handler in the worker; null: no outcome at all. */
export const readOutcome = (value: unknown): Outcome | null => {
  const { kind, output, error, retriable, retryAfterMs, reason, delayMs } = Object(value) as Readonly<
    Record<string, unknown>
  >
  switch (kind) {
    case 'completed':
      return output === null ? { kind, output } : completed(output)
    case 'failed':
      return {
        kind,
        error: readError(error),
        retriable: retriable !== false,
        ...(isDelay(retryAfterMs) ? { retryAfterMs } : {}),
      }
    case 'discarded':
      return { kind, reason: textOf(reason), error: readError(error) }
    case 'snoozed':
      return isDelay(delayMs) ? { kind, delayMs, reason: reason === null ? null : textOf(reason) } : null
    default:
      return null
  }
}

const completed = (output: unknown): Outcome | null => {
  if (typeof output !== 'string') return null
  try {
    checkJsonText(output, 'output', OUTPUT_BYTES_MAX)
    return { kind: 'completed', output }
  } catch (error) {
    return { kind: 'failed', error: toJobError(error), retriable: false }
  }
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')
const isDelay = (value: unknown): value is number =>
  typeof value === 'number' && value >= 0 && value <= DURATION_MAX_MS
