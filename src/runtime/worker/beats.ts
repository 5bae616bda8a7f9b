import { hostname } from 'node:os'
import { WORKER_FORGET_MS } from '../../core/limits.ts'
import type { RuntimeDeps } from '../deps.ts'
import { within } from './deadline.ts'
import type { WorkerSettings } from './settings.ts'

/** What `workers()` shows of a worker, beside its id and when it was heard of. */
export interface WorkerAbout {
  readonly host: string
  readonly pid: number
  /** Of Node.js. */
  readonly version: string
  readonly mode: string
  /** Null: all, or more than a beat has room for. */
  readonly queues: readonly string[] | null
  /** Null: more than a beat has room for. */
  readonly tasks: readonly string[] | null
  readonly concurrency: number
  readonly running: number
}

/** Three beats may get lost before a worker is forgotten. */
const BEATS_BEFORE_FORGOTTEN = 4
/** Names in a beat: a program may know thousands of tasks. */
const NAMES_MAX = 200

export interface BeatsOptions {
  readonly deps: RuntimeDeps
  readonly settings: WorkerSettings
  readonly workerId: string
  /** What changes from beat to beat. */
  readonly now: () => { readonly mode: string; readonly running: number; readonly tasks: readonly string[] }
}

/** Says now and then that this worker lives. Losing beats costs nothing but its place in the list of workers. */
export class Beats {
  #options: BeatsOptions
  #at = 0
  #beating: Promise<void> | null = null

  constructor(options: BeatsOptions) {
    this.#options = options
  }

  /** When the next beat is due (monotonic). */
  nextAt(): number {
    return this.#at
  }

  /** Beats when it is time, without being waited for. Never throws. */
  tick(now: number): void {
    if (now < this.#at) return
    this.#at = now + this.#options.settings.heartbeatMs
    this.#beating ??= this.#send(false).finally(() => {
      this.#beating = null
    })
  }

  /** The last one: the store forgets this worker at once. */
  async gone(): Promise<void> {
    await this.#beating
    await this.#send(true)
  }

  async #send(gone: boolean): Promise<void> {
    const { deps, settings, workerId, now } = this.#options
    const { mode, running, tasks } = now()
    const queues = settings.weights === null ? settings.queues : [...settings.weights.keys()]
    const about: WorkerAbout = {
      host: hostname(),
      pid: process.pid,
      version: process.version,
      mode,
      queues: queues === null || queues.length > NAMES_MAX ? null : queues,
      tasks: tasks.length > NAMES_MAX ? null : tasks,
      concurrency: settings.concurrency,
      running,
    }
    const ttlMs = Math.max(WORKER_FORGET_MS, BEATS_BEFORE_FORGOTTEN * settings.heartbeatMs)
    const beat = { id: workerId, about: JSON.stringify(about), ttlMs, ...(gone ? { gone } : {}) }
    try {
      await within(deps.clock, settings.callTimeoutMs, () => deps.engine.beat([beat]))
    } catch (error) {
      deps.logger.debug({ err: error, worker: workerId }, 'a beat was lost')
    }
  }
}
