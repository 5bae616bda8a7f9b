import { hostname } from 'node:os'
import { WORKER_FORGET_MS } from '../../core/limits.ts'
import { within } from '../deadline.ts'
import type { RuntimeDeps } from '../deps.ts'
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

/** A sweeper that hears nothing of a worker for a whole sweep may take it for dead: beats come a little closer. */
const BEATS_PART_OF_SWEEP = 0.8
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
  #everyMs: number
  #at = 0
  #beating: Promise<void> | null = null

  constructor(options: BeatsOptions) {
    this.#options = options
    const { deps, settings } = options
    this.#everyMs = Math.max(1, Math.min(settings.heartbeatMs, deps.settings.sweepMs * BEATS_PART_OF_SWEEP))
  }

  /** When the next beat is due (monotonic). */
  nextAt(): number {
    return this.#at
  }

  /** Beats when it is time, without being waited for. Never throws. */
  tick(now: number): void {
    if (now < this.#at) return
    this.#at = now + this.#everyMs
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
    const ttlMs = Math.max(WORKER_FORGET_MS, BEATS_BEFORE_FORGOTTEN * this.#everyMs)
    const beat = { id: workerId, about: JSON.stringify(about), ttlMs, ...(gone ? { gone } : {}) }
    try {
      await within(deps.clock, settings.callTimeoutMs, () => deps.engine.beat([beat]))
    } catch (error) {
      deps.logger.debug({ err: error, worker: workerId }, 'a beat was lost')
    }
  }
}
