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

const ENDINGS = ['completed', 'failed', 'dead', 'cancelled', 'snoozed', 'held'] as const

/**
 * Runs all jobs that can run now, and those that they add, in this process. Jobs that are due later (also retries),
 * whose queue is paused, or whose task is not known here are left alone.
 * @returns the jobs that ended, each as it was after its run, in that order
 * @throws E_WAIT_TIMEOUT when handlers are still running at the deadline
 */
export const drain = async (ph: Posthaste, options: DrainOptions = {}): Promise<Job[]> => {
  const { timeoutMs = TIMEOUT_MS, concurrency = 10 } = options
  const ended: Job[] = []
  const stops = ENDINGS.map((name) => ph.on(name, (job) => ended.push(job)))
  await promoteDue(ph)
  const worker = ph.work({ concurrency })
  // Real time: a manual clock would never end the wait for a handler that hangs.
  const deadline = new AbortController()
  const late = pause(timeoutMs, 'late', { signal: deadline.signal }).catch(() => 'late')
  try {
    if ((await Promise.race([worker.drained(), late])) === 'late') {
      // Not awaited: a handler that hangs would hold up the failure of the test.
      void worker.stop({ grace: 0 })
      const what = `${worker.stats().running} handlers have not returned within ${timeoutMs} ms.`
      throw new PosthasteError('E_WAIT_TIMEOUT', what)
    }
    await worker.stop()
  } finally {
    deadline.abort()
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
