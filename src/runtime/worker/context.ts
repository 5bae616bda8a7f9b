import type { Blobs } from '../../blobs/blob.ts'
import { PosthasteError } from '../../core/errors.ts'
import { endOf } from '../../core/flow.ts'
import { encodeJson, parsePayload } from '../../core/json.ts'
import { ENGINE_BATCH_MAX, LOG_LINE_LENGTH_MAX, MAX_RETRIES, PROGRESS_BYTES_MAX } from '../../core/limits.ts'
import type { LogLine } from '../../engines/engine.ts'
import type { RuntimeDeps } from '../deps.ts'
import type { Checkpoint, ContextJob, ParentJob, TaskContext } from '../task.ts'
import { attemptOf, type Held, signalOf } from './held.ts'
import { Notes } from './notes.ts'
import type { Reporter } from './reports.ts'

/** What all contexts of a worker share. */
export interface ContextServices {
  readonly deps: RuntimeDeps
  readonly reporter: Reporter
  /** The store's clock at a monotonic time, as the worker estimates it. */
  readonly storeTime: (monotonic: number) => number
}

/**
 * What a handler is given. Everything is made when it is first asked for: most handlers use little of it, and a worker
 * runs tens of thousands of them a second. The functions do not depend on `this`, so that they may be taken apart.
 */
export class RunContext implements TaskContext {
  #held: Held
  #services: ContextServices
  #job: ContextJob | null = null

  constructor(held: Held, services: ContextServices) {
    this.#held = held
    this.#services = services
  }

  get job(): ContextJob {
    this.#job ??= contextJob(this.#held)
    return this.#job
  }

  get attempt(): number {
    return attemptOf(this.#held.job)
  }

  get fence(): number {
    return this.#held.job.fence
  }

  get signal(): AbortSignal {
    return signalOf(this.#held)
  }

  get progress(): TaskContext['progress'] {
    const held = this.#held
    const { deps, reporter } = this.#services
    return (value) => {
      const text = encodeJson(value, 'progress', PROGRESS_BYTES_MAX)
      if (held.over) return
      reporter.progress(held, text)
      if (deps.events.has('progress')) {
        deps.events.emit('progress', {
          id: held.job.id,
          task: held.known.task.name,
          progress: JSON.parse(text),
        })
      }
    }
  }

  get log(): TaskContext['log'] {
    const held = this.#held
    const { deps, reporter, storeTime } = this.#services
    return (message, level = 'info') => {
      if (held.over) return
      const line: LogLine = {
        seq: ++held.logSeq,
        at: storeTime(deps.clock.monotonic()),
        level: levelOf(level),
        message: lineOf(message),
      }
      reporter.log(held, line)
      if (deps.events.has('log'))
        deps.events.emit('log', { id: held.job.id, task: held.known.task.name, ...line })
    }
  }

  get checkpoint(): Checkpoint {
    const notes = this.#notes
    return { get: () => notes.own, set: (value) => notes.setOwn(value) }
  }

  get step(): TaskContext['step'] {
    const notes = this.#notes
    return (name, work) => notes.step(name, work)
  }

  get #notes(): Notes {
    const { deps, reporter, storeTime } = this.#services
    this.#held.notes ??= new Notes(this.#held, { clock: deps.clock, reporter, storeTime })
    return this.#held.notes
  }

  get blobs(): Blobs {
    return this.#services.deps.blobs
  }

  get parents(): TaskContext['parents'] {
    const { job } = this.#held
    const { deps } = this.#services
    return async () => {
      const parents = job.ties?.parents ?? []
      const records = parents.length === 0 ? [] : await deps.engine.get(parents.map(({ id }) => id))
      const entries = parents.map(({ id, name }, i): [string, ParentJob] => {
        const record = records[i] ?? null
        const output = record?.output == null ? null : parsePayload(record.output)
        return [name ?? id, { id, state: endOf(record), output }]
      })
      return Object.fromEntries(entries)
    }
  }

  get add(): TaskContext['add'] {
    const held = this.#held
    const { deps } = this.#services
    return (task, payload, options) => {
      if (held.over) throw new PosthasteError('E_STALE_LEASE', `The run of job ${held.job.id} is over.`)
      if (held.notes?.isWithinStep === true) {
        const why = 'another run would skip the step and the job with it; add it after the step'
        throw new PosthasteError('E_STEP', `A job was added within a step: ${why}.`)
      }
      const job = deps.prepareAdd(task, payload, options)
      held.added ??= []
      if (held.added.length >= ENGINE_BATCH_MAX) {
        throw new PosthasteError('E_BATCH_TOO_LARGE', `One run may add ${ENGINE_BATCH_MAX} jobs.`)
      }
      held.added.push(job)
      return job.id
    }
  }
}

const LEVELS: readonly unknown[] = ['debug', 'info', 'warn', 'error']
const levelOf = (level: LogLine['level']): LogLine['level'] => (LEVELS.includes(level) ? level : 'info')

/** What a store can keep: bounded, without NUL, well-formed. */
const lineOf = (message: unknown): string =>
  String(message).slice(0, LOG_LINE_LENGTH_MAX).replaceAll('\u0000', '\ufffd').toWellFormed()

const contextJob = ({ job, known }: Held): ContextJob => ({
  id: job.id,
  task: known.task.name,
  version: known.version,
  queue: job.queue,
  group: job.group,
  priority: job.priority,
  createdAt: new Date(job.createdAt),
  runAt: new Date(job.runAt),
  attempt: attemptOf(job),
  maxRetries: job.maxRetries ?? known.retry.maxRetries ?? MAX_RETRIES,
  key: job.key,
  ref: job.ref,
  tags: job.tags === null ? [] : (JSON.parse(job.tags) as string[]),
})
