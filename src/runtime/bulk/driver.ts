import type { BulkDocument } from '../../core/bulk.ts'
import type { Timer } from '../../core/clock.ts'
import { BULK_ACTIVE_MAX, BULK_SWEEP_MS } from '../../core/limits.ts'
import type { RuntimeDeps } from '../deps.ts'
import { activeRuns, updateRun } from './records.ts'
import { isGone, type StepDeps, stepRun } from './step.ts'

export interface Driver {
  /** Carries a run out in this process, step by step, until it is over. Safe to repeat. */
  drive(id: string): void
  /** Resolves when this process has made a step of the run, or after a moment: another process may have it. */
  moved(id: string): Promise<void>
  /** The maintainer's: takes up the runs that nobody carries out. */
  sweep(): Promise<void>
  /** Waits for the steps under way. What is not over goes on in other processes, or after the next start. */
  close(): Promise<void>
}

/** After a failed step: doubled from the first to the last. */
const RETRY_FIRST_MS = 100
const RETRY_LAST_MS = 5_000

export interface DriverDeps extends Pick<RuntimeDeps, 'clock'>, StepDeps {}

/** What carries bulk runs out in this process, each by one loop. */
export const createDriver = (deps: DriverDeps): Driver => {
  const { clock, logger, engine } = deps
  const driven = new Map<string, Promise<void>>()
  const waiting = new Map<string, Set<() => void>>()
  const sleeping = new Map<string, () => void>()
  let isClosed = false

  const tell = (id: string): void => {
    const heard = waiting.get(id)
    waiting.delete(id)
    for (const one of heard ?? []) one()
  }

  const sleep = (id: string, ms: number): Promise<void> =>
    new Promise((resolve) => {
      const wake = (): void => {
        timer.cancel()
        sleeping.delete(id)
        resolve()
      }
      const timer: Timer = clock.setTimer(wake, ms, { unref: true })
      sleeping.set(id, wake)
    })

  const loop = async (id: string): Promise<void> => {
    for (let failures = 0; !isClosed; ) {
      let waitMs: number | null
      try {
        waitMs = await stepRun(deps, id)
        failures = 0
      } catch (error) {
        if (isGone(error)) return
        waitMs = Math.min(RETRY_FIRST_MS * 2 ** failures++, RETRY_LAST_MS)
        if (!isClosed) logger.warn({ err: error, bulk: id }, 'a step of a bulk run failed; trying again')
      }
      tell(id)
      if (waitMs === null) return
      if (waitMs > 0 && !isClosed) await sleep(id, waitMs)
    }
    await letGo(id)
  }

  /** Another process need not wait until our time is over. */
  const letGo = async (id: string): Promise<void> => {
    const mine = (seen: BulkDocument): BulkDocument | null =>
      seen.owner === deps.me && seen.leaseUntil > 0 ? { ...seen, owner: null, leaseUntil: 0 } : null
    await updateRun(engine, id, mine).catch(() => undefined)
  }

  const drive = (id: string): void => {
    if (isClosed) return
    // One that waits for its canary, or for another process, looks at once.
    if (driven.has(id)) sleeping.get(id)?.()
    else
      driven.set(
        id,
        loop(id).finally(() => driven.delete(id)),
      )
  }

  return {
    drive,
    moved: (id) =>
      new Promise((resolve) => {
        const timer = clock.setTimer(() => done(), BULK_SWEEP_MS)
        const done = (): void => {
          timer.cancel()
          waiting.get(id)?.delete(done)
          resolve()
        }
        const heard = waiting.get(id) ?? new Set()
        waiting.set(id, heard.add(done))
      }),
    async sweep() {
      for (const id of await activeRuns(engine, BULK_ACTIVE_MAX)) if (!driven.has(id)) drive(id)
    },
    async close() {
      isClosed = true
      for (const wake of [...sleeping.values()]) wake()
      await Promise.all(driven.values())
      for (const id of [...waiting.keys()]) tell(id)
    },
  }
}
