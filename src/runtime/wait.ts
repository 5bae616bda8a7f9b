import type { Timer } from '../core/clock.ts'
import { type Duration, durationMs, formatDuration } from '../core/durations.ts'
import { isPosthasteError, PosthasteError } from '../core/errors.ts'
import type { JobRecord } from '../core/job.ts'
import { ENGINE_BATCH_MAX } from '../core/limits.ts'
import { isFinished } from '../core/states.ts'
import type { Job } from '../core/view.ts'
import { checkId } from './arguments.ts'
import type { RuntimeDeps } from './deps.ts'

export interface WaitOptions {
  /** Default 30 s. */
  readonly timeout?: Duration
}

export interface Waits {
  /**
   * Resolves with the job once it is completed, cancelled or dead.
   * @throws E_WAIT_TIMEOUT when it is not by then (the job goes on), E_JOB_MISSING, E_STORE_CLOSED
   */
  waitFor(id: string, options?: WaitOptions): Promise<Job>
  /** Everyone who waits is told E_STORE_CLOSED. */
  close(): Promise<void>
}

/** How long waitFor waits unless it is told otherwise. */
const WAIT_TIMEOUT_MS = 30_000
/** Looks at the store: at first after LOOK_MIN_MS, then less and less often. Hints and local events only make it faster. */
const LOOK_MIN_MS = 20
const LOOK_MAX_MS = 1_000

interface Waiter {
  readonly resolve: (job: Job) => void
  readonly reject: (error: unknown) => void
}

export interface WaitsDeps extends Pick<RuntimeDeps, 'engine' | 'clock' | 'events' | 'logger'> {
  readonly view: (record: JobRecord) => Job
}

/**
 * Everyone in this process who waits for a job shares one loop: a thousand waiters are one look at the store, not a
 * thousand. While nobody waits, nothing runs and nothing listens.
 */
export const createWaits = ({ engine, clock, events, logger, view }: WaitsDeps): Waits => {
  const waiting = new Map<string, Set<Waiter>>()
  /** Looked at before this turn ends: somebody has just begun to wait for them, or they have just finished here. */
  const urgent = new Set<string>()
  let timer: Timer | null = null
  let delayMs = LOOK_MIN_MS
  let isNudged = false
  let isClosed = false
  let stopEvents: (() => void)[] = []
  let hints: Promise<{ close(): Promise<void> } | null> | null = null

  const settle = (id: string, tell: (waiter: Waiter) => void): void => {
    const waiters = waiting.get(id)
    waiting.delete(id)
    if (waiting.size === 0) rest()
    for (const waiter of waiters ?? []) tell(waiter)
  }

  const judge = (id: string, record: JobRecord | null): void => {
    if (record === null) {
      const error = new PosthasteError('E_JOB_MISSING', `There is no job ${id}.`, { field: 'id' })
      settle(id, ({ reject }) => reject(error))
    } else if (isFinished(record.state)) {
      const job = view(record)
      settle(id, ({ resolve }) => resolve(job))
    }
  }

  const look = async (ids: readonly string[]): Promise<void> => {
    try {
      for (let i = 0; i < ids.length; i += ENGINE_BATCH_MAX) {
        const some = ids.slice(i, i + ENGINE_BATCH_MAX)
        const records = await engine.get(some)
        for (const [n, id] of some.entries()) judge(id, records[n] ?? null)
      }
    } catch (error) {
      // The store may recover before the deadlines; only what will not is told at once.
      if (isPosthasteError(error) && error.retriable) {
        logger.warn({ err: error, waiting: waiting.size }, 'cannot look at the jobs that are waited for')
      } else {
        for (const id of ids) settle(id, ({ reject }) => reject(error))
      }
    }
  }

  const lookNow = (id: string): void => {
    if (urgent.add(id).size > 1) return
    queueMicrotask(() => {
      const ids = [...urgent]
      urgent.clear()
      void look(ids)
    })
  }

  const lookAfter = (ms: number): void => {
    timer?.cancel()
    timer = clock.setTimer(async () => {
      isNudged = false
      await look([...waiting.keys()])
      if (waiting.size === 0 || isNudged) return
      delayMs = Math.min(delayMs * 2, LOOK_MAX_MS)
      lookAfter(delayMs)
    }, ms)
  }

  /** Something changed somewhere: look soon, but not once for every change of a busy system. */
  const nudge = (): void => {
    if (waiting.size === 0 || isNudged) return
    isNudged = true
    delayMs = LOOK_MIN_MS
    lookAfter(LOOK_MIN_MS)
  }

  const finishedHere = ({ id }: Job): void => {
    if (waiting.has(id)) lookNow(id)
  }

  const watch = (): void => {
    stopEvents = (['completed', 'cancelled', 'dead'] as const).map((name) => events.on(name, finishedHere))
    delayMs = LOOK_MIN_MS
    lookAfter(LOOK_MIN_MS)
    // Without hints waiting is slower, not wrong.
    hints ??= engine.listen(nudge).catch((error: unknown) => {
      logger.warn({ err: error }, 'the store gives no hints; looking by the clock')
      return null
    })
  }

  const rest = (): void => {
    timer?.cancel()
    isNudged = false
    for (const stop of stopEvents) stop()
  }

  const leave = (id: string, waiter: Waiter): void => {
    const waiters = waiting.get(id)
    if (waiters?.delete(waiter) === true && waiters.size === 0) settle(id, () => undefined)
  }

  return {
    async waitFor(id, { timeout = WAIT_TIMEOUT_MS } = {}) {
      checkId(id)
      const timeoutMs = durationMs(timeout, 'timeout')
      if (isClosed) throw new PosthasteError('E_STORE_CLOSED')
      return new Promise<Job>((resolve, reject) => {
        const waiter: Waiter = {
          resolve: (job) => {
            deadline.cancel()
            resolve(job)
          },
          reject: (error) => {
            deadline.cancel()
            reject(error)
          },
        }
        const deadline = clock.setTimer(() => {
          leave(id, waiter)
          const what = `Job ${id} did not finish within ${formatDuration(timeoutMs)}.`
          reject(new PosthasteError('E_WAIT_TIMEOUT', what, { data: { id } }))
        }, timeoutMs)
        if (waiting.size === 0) watch()
        waiting.set(id, (waiting.get(id) ?? new Set()).add(waiter))
        lookNow(id)
      })
    },

    async close() {
      isClosed = true
      const error = new PosthasteError('E_STORE_CLOSED')
      for (const id of [...waiting.keys()]) settle(id, ({ reject }) => reject(error))
      const listening = await hints
      await listening?.close()
    },
  }
}
