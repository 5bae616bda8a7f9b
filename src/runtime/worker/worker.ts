import type { Duration } from '../../core/durations.ts'
import type { RuntimeDeps } from '../deps.ts'
import { LoopingWorker } from './loop.ts'
import type { WorkerMode } from './modes.ts'
import { checkWorkerOptions, type WorkerOptions } from './settings.ts'

export type { WorkerMode } from './modes.ts'
export type { WorkerOptions } from './settings.ts'

/** A part of this process that runs jobs. */
export interface Worker {
  /** Random per boot: two lives of one program are two workers. */
  readonly id: string
  readonly mode: WorkerMode
  stats(): WorkerStats
  /** Claims nothing until `resume`. What runs goes on; what has not begun is given back. */
  pause(): void
  resume(): void
  /**
   * Resolves when this worker holds no job and a claim made after this call found none. Jobs that are due later, or
   * wait for another worker, do not count. Resolves too when the worker stops.
   */
  drained(): Promise<void>
  /**
   * Claims nothing more, gives back what has not begun, and lets handlers end for `grace` (default 25 s). Then they are
   * told to stop (E_SHUTDOWN) and their jobs given back, without a charge. Resolves when nothing is held any more, in
   * no more than the grace and a few seconds, also when the store fails. A second call ends the grace at once.
   */
  stop(options?: { readonly grace?: Duration }): Promise<void>
}

export interface WorkerStats {
  /** Handlers that have not returned. */
  readonly running: number
  /** Jobs held ahead of free slots. */
  readonly waiting: number
  /** Results that the store has not taken yet. */
  readonly settling: number
  readonly concurrency: number
  /** How long ago the store last answered, or null before the first time. */
  readonly lastAnswerMs: number | null
}

/**
 * Starts a worker. It runs until it is stopped; no failure of the store ends it.
 * @throws E_ARGUMENT, E_DURATION, E_NAME or E_TASK_UNKNOWN naming the option
 */
export const createWorker = (deps: RuntimeDeps, options: WorkerOptions = {}): Worker => {
  const worker = new LoopingWorker(deps, checkWorkerOptions(deps, options))
  worker.begin()
  return worker
}
