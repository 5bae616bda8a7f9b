import { setTimeout as pause } from 'node:timers/promises'
import { PosthasteError } from '../core/errors.ts'
import { ENGINE_BATCH_MAX } from '../core/limits.ts'
import type { Job } from '../core/view.ts'
import type { Posthaste } from '../runtime/api.ts'

export interface DrainOptions {
  /** How long to wait, in ms of real time. Default 10 s. */
  readonly timeoutMs?: number
  /** Handlers at the same time. Default 10. */
  readonly concurrency?: number
}

const TIMEOUT_MS = 10_000
/** Real time between two looks; handlers run in between, whatever clock the installation has. */
const LOOK_MS = 1

const ENDINGS = ['completed', 'failed', 'dead', 'cancelled', 'snoozed', 'held'] as const

/**
 * Runs all jobs that can run now, and those that they add, in this process. Jobs that are due later (also retries),
 * whose queue is paused, or whose task is not known here are left alone.
 * @returns the jobs that ended, each as it was after its run, in that order
 * @throws E_WAIT_TIMEOUT when jobs are still running or ready at the deadline
 */
export const drain = async (ph: Posthaste, options: DrainOptions = {}): Promise<Job[]> => {
  const { timeoutMs = TIMEOUT_MS, concurrency = 10 } = options
  const ended: Job[] = []
  const stops = ENDINGS.map((name) => ph.on(name, (job) => ended.push(job)))
  await promoteDue(ph)
  const worker = ph.work({ concurrency })
  try {
    const deadline = performance.now() + timeoutMs
    for (let left = await runnable(ph); left > 0; left = await runnable(ph)) {
      if (performance.now() > deadline) {
        // Not awaited: a handler that hangs would hold up the failure of the test.
        void worker.stop({ grace: 0 })
        const what = `${left} ${left === 1 ? 'job is' : 'jobs are'} still ready or running after ${timeoutMs} ms.`
        throw new PosthasteError('E_WAIT_TIMEOUT', what)
      }
      await pause(LOOK_MS)
    }
    await worker.stop()
  } finally {
    for (const stop of stops) stop()
  }
  return ended
}

/** A manual clock may have been advanced while no maintainer lived. */
const promoteDue = async ({ engine }: Posthaste): Promise<void> => {
  let promoted: number
  do {
    promoted = (await engine.promote({ limit: ENGINE_BATCH_MAX })).promoted
  } while (promoted === ENGINE_BATCH_MAX)
}

const runnable = async ({ engine, tasks }: Posthaste): Promise<number> => {
  const [counts, queues] = await Promise.all([engine.counts(), engine.queues()])
  const paused = new Set(queues.flatMap((row) => (row.paused ? [row.queue] : [])))
  return counts.reduce((sum, { task, queue, state, count }) => {
    const canRun = state === 'running' || (state === 'ready' && tasks.has(task) && !paused.has(queue))
    return canRun ? sum + count : sum
  }, 0)
}
