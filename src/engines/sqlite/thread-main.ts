import { parentPort, workerData } from 'node:worker_threads'
import { Bells, makeBells } from './bell.ts'
import { openConnection } from './connection.ts'
import { versionOf } from './driver.ts'
import type { ExecutorOptions } from './executor.ts'
import { SCHEMA_VERSION } from './migrate.ts'
import type { Call } from './operations.ts'
import { randomPauseMs, sleep } from './patience.ts'
import { Store, toFailure } from './store.ts'
import type { FromThread, ToThread } from './thread.ts'
import { WalKeeper } from './wal.ts'

/** The thread that holds the database: it opens it, works off one batch after the other, and closes it. */
const options = workerData as ExecutorOptions

const say = (message: FromThread): void => parentPort?.postMessage(message)

try {
  const database = await openConnection(options)
  const store = new Store(database)
  const wal = new WalKeeper(database, options.path)
  makeBells(options.path)
  const bells = new Bells(options.path)

  const work = (calls: readonly Call[], at: number | null): void => {
    const began = performance.now()
    const work = store.work(calls)
    for (;;) {
      const state = work.step(at ?? Date.now())
      if (state === 'done') break
      if (state !== 'busy') continue
      const waited = performance.now() - began
      if (waited > options.busyTimeoutMs) work.giveUp(waited)
      else sleep(randomPauseMs())
    }
    const hints = store.takeHints()
    say({ type: 'batch', outcomes: work.outcomes, hints })
    // Touching a file may wait for the file system's journal: the answer does not wait with it.
    bells.ring(hints)
    wal.keepBounded()
  }

  parentPort?.on('message', (message: ToThread) => {
    if (message.type === 'work') return work(message.calls, message.at)
    store.close()
    say({ type: 'closed' })
    parentPort?.close()
  })
  say({ type: 'open', facts: { sqliteVersion: versionOf(database), schemaVersion: SCHEMA_VERSION } })
} catch (error) {
  say({ type: 'failed', failure: toFailure(error, `opening ${options.path}`) })
  parentPort?.close()
}
