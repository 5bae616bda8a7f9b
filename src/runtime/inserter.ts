import { isPosthasteError } from '../core/errors.ts'
import type { NewJob } from '../core/job.ts'
import { ENGINE_BATCH_MAX } from '../core/limits.ts'
import type { Engine, InsertVerdict } from '../engines/engine.ts'

/** What became of one insert, and the store's time of it. */
export interface Inserted {
  readonly verdict: InsertVerdict
  readonly now: number
}

interface Waiting {
  readonly job: NewJob
  readonly resolve: (inserted: Inserted) => void
  readonly reject: (error: unknown) => void
}

/**
 * Gathers the adds of one turn of the event loop's microtasks into one call of the engine: a hundred concurrent adds
 * are one message instead of a hundred. No timer is involved: a lone add is sent before the caller's next await.
 */
export const createInserter = (engine: Engine): ((job: NewJob) => Promise<Inserted>) => {
  let waiting: Waiting[] = []

  const flush = (): void => {
    const all = waiting
    waiting = []
    for (let i = 0; i < all.length; i += ENGINE_BATCH_MAX) send(all.slice(i, i + ENGINE_BATCH_MAX))
  }

  const send = (batch: readonly Waiting[]): void => {
    engine.insert(batch.map(({ job }) => job)).then(
      ({ verdicts, now }) => {
        for (const [i, { resolve }] of batch.entries())
          resolve({ verdict: verdicts[i] as InsertVerdict, now })
      },
      (error: unknown) => {
        // One job that the engine refuses must not take its neighbours with it.
        if (isPosthasteError(error, 'E_ARGUMENT') && batch.length > 1) for (const one of batch) send([one])
        else for (const { reject } of batch) reject(error)
      },
    )
  }

  return (job) =>
    new Promise((resolve, reject) => {
      if (waiting.push({ job, resolve, reject }) === 1) queueMicrotask(flush)
    })
}
