import { Worker } from 'node:worker_threads'
import { PosthasteError } from '../../core/errors.ts'
import { moduleFile } from '../../core/place.ts'
import type { Hint } from '../engine.ts'
import type { Batch, Executor, ExecutorOptions, Facts } from './executor.ts'
import type { Call } from './operations.ts'
import type { Failure, Outcome } from './store.ts'

export type ToThread =
  | { readonly type: 'work'; readonly calls: readonly Call[]; readonly at: number | null }
  | { readonly type: 'close' }
export type FromThread =
  | { readonly type: 'open'; readonly facts: Facts }
  | { readonly type: 'failed'; readonly failure: Failure }
  | { readonly type: 'batch'; readonly outcomes: Outcome[]; readonly hints: Hint[] }
  | { readonly type: 'closed' }

/** A small young generation: batches die at once, and an idle program should not hold memory for them. */
const YOUNG_GENERATION_MB = 16

const ENTRY = moduleFile('engines/sqlite/thread-main')

/**
 * A database in a thread of its own: commits do not hold up the event loop, and SQLite works while handlers run. One
 * message carries a batch to it, one brings the answers back.
 */
export const openThread = async (options: ExecutorOptions): Promise<Executor> => {
  const worker = new Worker(ENTRY, {
    workerData: options,
    // The thread runs a file of ours: what the program was started with (code to evaluate, loaders) is not for it.
    execArgv: [],
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
  })
  let ended: PosthasteError | undefined
  /** Whoever waits for an answer. The thread answers in the order in which it was asked. */
  const asked: { resolve: (message: FromThread) => void; reject: (error: unknown) => void }[] = []

  const answer = (): Promise<FromThread> =>
    new Promise((resolve, reject) => {
      if (ended === undefined) asked.push({ resolve, reject })
      else reject(ended)
    })
  const end = (cause?: unknown): void => {
    ended ??= new PosthasteError('E_STORE', 'The thread of the SQLite store has ended.', { cause })
    for (const { reject } of asked.splice(0)) reject(ended)
  }
  worker.on('message', (message: FromThread) => asked.shift()?.resolve(message))
  worker.on('error', end)
  worker.on('exit', () => end())

  const opened = await answer()
  if (opened.type !== 'open') {
    await worker.terminate()
    throw opened.type === 'failed'
      ? new PosthasteError(opened.failure.code, opened.failure.what)
      : new PosthasteError('E_STORE_OPEN')
  }
  // An idle engine keeps no program alive; calls under way do.
  worker.unref()
  return {
    isApart: true,
    facts: opened.facts,
    async run(calls, at): Promise<Batch> {
      worker.ref()
      try {
        const reply = answer()
        worker.postMessage({ type: 'work', calls, at } satisfies ToThread)
        const message = await reply
        if (message.type !== 'batch') throw new PosthasteError('E_STORE')
        return message
      } finally {
        if (asked.length === 0) worker.unref()
      }
    },
    async close() {
      if (ended !== undefined) return
      worker.ref()
      const reply = answer()
      worker.postMessage({ type: 'close' } satisfies ToThread)
      await reply
      await worker.terminate()
    },
  }
}
