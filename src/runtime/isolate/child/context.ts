import { encodeJson } from '../../../core/json.ts'
import { CHECKPOINT_BYTES_MAX, PAYLOAD_BYTES_MAX, PROGRESS_BYTES_MAX } from '../../../core/limits.ts'
import type { AnyTask, Checkpoint, ContextJob, ParentJob, TaskContext } from '../../task.ts'
import type { WireJob } from '../wire.ts'
import type { Calls } from './calls.ts'
import type { Notes } from './notes.ts'

export interface ChildContextParts {
  readonly job: WireJob
  readonly fence: number
  readonly checkpoint: string | null
  readonly signal: AbortSignal
  readonly notes: Notes
  readonly calls: Calls
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

  constructor({ job, fence, checkpoint: kept, signal, notes, calls }: ChildContextParts) {
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
    this.add = (task, payload, options) => {
      const name = typeof task === 'string' ? task : (task as AnyTask).name
      const text = encodeJson(payload === undefined ? null : payload, 'payload', PAYLOAD_BYTES_MAX)
      return calls.askNow('add', [name, JSON.parse(text), plainOptions(options)]) as string
    }
  }
}

/** Options hold Dates and jobs; as JSON they are what the worker takes, too. */
const plainOptions = (options: unknown): unknown =>
  options === undefined ? null : JSON.parse(encodeJson(options, 'options', PAYLOAD_BYTES_MAX))
