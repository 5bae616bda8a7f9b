import type { Blobs } from '../../../blobs/blob.ts'
import { PosthasteError } from '../../../core/errors.ts'
import { toJobError } from '../../../core/job-error.ts'
import { encodeJson } from '../../../core/json.ts'
import { CHECKPOINT_BYTES_MAX, PAYLOAD_BYTES_MAX, PROGRESS_BYTES_MAX } from '../../../core/limits.ts'
import type { AnyTask, Checkpoint, ContextJob, ParentJob, TaskContext } from '../../task.ts'
import type { StepBegun, WireJob } from '../wire.ts'
import type { Calls } from './calls.ts'
import type { Notes } from './notes.ts'

export interface ChildContextParts {
  readonly job: WireJob
  readonly fence: number
  readonly checkpoint: string | null
  readonly signal: AbortSignal
  readonly notes: Notes
  readonly calls: Calls
  readonly blobs: Blobs
}

/** What an isolated handler is given: the same as in the worker, which carries out what is asked here. */
export class ChildContext implements TaskContext {
  readonly job: ContextJob
  readonly attempt: number
  readonly fence: number
  readonly signal: AbortSignal
  readonly checkpoint: Checkpoint
  readonly progress: TaskContext['progress']
  readonly log: TaskContext['log']
  readonly parents: TaskContext['parents']
  readonly add: TaskContext['add']
  readonly step: TaskContext['step']
  readonly blobs: Blobs
  readonly #steps = new Set<Promise<unknown>>()
  /** The part of a step before it first waits is under way. */
  #isWithinStep = false

  constructor({ job, fence, checkpoint: kept, signal, notes, calls, blobs }: ChildContextParts) {
    this.blobs = blobs
    this.job = { ...job, createdAt: new Date(job.createdAt), runAt: new Date(job.runAt) }
    this.attempt = job.attempt
    this.fence = fence
    this.signal = signal
    this.progress = (value) => notes.progress(encodeJson(value, 'progress', PROGRESS_BYTES_MAX))
    this.log = (message, level = 'info') => notes.log(String(message), level)
    let checkpoint = kept
    this.checkpoint = {
      get: () => (checkpoint === null ? undefined : JSON.parse(checkpoint)),
      set: async (value) => {
        const text = encodeJson(value, 'checkpoint', CHECKPOINT_BYTES_MAX)
        await calls.ask('checkpoint', [JSON.parse(text)])
        checkpoint = text
      },
    }
    this.parents = async () => (await calls.ask('parents', [])) as Readonly<Record<string, ParentJob>>
    this.step = async (name, work) => {
      const running = this.#step(calls, name, work)
      this.#steps.add(running)
      try {
        return await running
      } finally {
        this.#steps.delete(running)
      }
    }
    this.add = (task, payload, options) => {
      if (this.#isWithinStep) {
        throw new PosthasteError('E_STEP', 'A job was added within a step, which another run would skip.')
      }
      const name = typeof task === 'string' ? task : (task as AnyTask).name
      const text = encodeJson(payload === undefined ? null : payload, 'payload', PAYLOAD_BYTES_MAX)
      return calls.askNow('add', [name, JSON.parse(text), plainOptions(options)]) as string
    }
  }

  /** Resolves when no step is under way any more: the run is not over before. */
  async settled(): Promise<void> {
    while (this.#steps.size > 0) await Promise.allSettled(this.#steps)
  }

  /** The worker knows which steps are done, and keeps the results; the work is done here. */
  async #step<Result>(calls: Calls, name: string, work: () => Result | Promise<Result>): Promise<Result> {
    const begun = (await calls.ask('step', [name])) as StepBegun
    if (begun.isDone) return begun.result as Result
    let text: string | null
    try {
      const value = await this.#begin(work)
      text = value === undefined ? null : encodeJson(value, `step ${name}`, CHECKPOINT_BYTES_MAX)
    } catch (error) {
      const { message } = toJobError(error)
      await calls.ask('stepFailed', [name, message])
      throw error
    }
    return (await calls.ask('stepDone', [name, text])) as Result
  }

  #begin<Result>(work: () => Result | Promise<Result>): Result | Promise<Result> {
    const outer = this.#isWithinStep
    this.#isWithinStep = true
    try {
      return work()
    } finally {
      this.#isWithinStep = outer
    }
  }
}

/** Options hold Dates and jobs; as JSON they are what the worker takes, too. */
const plainOptions = (options: unknown): unknown =>
  options === undefined ? null : JSON.parse(encodeJson(options, 'options', PAYLOAD_BYTES_MAX))
