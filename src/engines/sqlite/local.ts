import { PosthasteError } from '../../core/errors.ts'
import { Bells, makeBells } from './bell.ts'
import { adoptConnection, openConnection } from './connection.ts'
import { checkVersion, type SqliteDatabase, versionOf } from './driver.ts'
import type { Executor, ExecutorOptions } from './executor.ts'
import { toStoreError } from './failures.ts'
import { insert } from './insert.ts'
import { SCHEMA_VERSION } from './migrate.ts'
import { randomPauseMs } from './patience.ts'
import { Store } from './store.ts'
import { WalKeeper } from './wal.ts'

/** Waiting costs a turn of the event loop at least; what is shorter than a timer can be is waited for in turns. */
const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    if (ms < 0.5) setImmediate(resolve)
    else setTimeout(resolve, ms)
  })

/**
 * A database of this thread: for a handle that the user brought, which cannot leave it, and for whoever wants no other
 * thread. Every commit holds up the event loop until the disk has it.
 */
export const openLocal = async (options: ExecutorOptions, handle?: SqliteDatabase): Promise<Executor> => {
  if (handle !== undefined) {
    checkVersion(handle, 'The given database handle')
    await adoptConnection(handle, options)
  }
  const database = handle ?? (await openConnection(options))
  const store = new Store(database)
  const wal = new WalKeeper(database, options.path)
  makeBells(options.path)
  const bells = new Bells(options.path)
  const within: Executor['within'] = (argument, at) => {
    if (!database.isTransaction) {
      throw new PosthasteError('E_ARGUMENT', 'tx has no transaction open.', { field: 'tx' })
    }
    try {
      return store.session.within(at ?? Date.now(), () => insert(store.session, argument))
    } catch (error) {
      throw toStoreError(error, 'inserting')
    }
  }
  return {
    ...(handle === undefined ? {} : { within }),
    isApart: false,
    facts: { sqliteVersion: versionOf(database), schemaVersion: SCHEMA_VERSION },
    async run(calls, at) {
      const began = performance.now()
      const work = store.work(calls)
      for (;;) {
        // In a transaction of the user's own, on the handle that we share, we wait like for any other writer.
        const state = database.isTransaction ? 'busy' : work.step(at ?? Date.now())
        if (state === 'done') break
        if (state !== 'busy') continue
        const waited = performance.now() - began
        if (waited > options.busyTimeoutMs) work.giveUp(waited)
        else await pause(randomPauseMs())
      }
      wal.keepBounded()
      const hints = store.takeHints()
      bells.ring(hints)
      return { outcomes: work.outcomes, hints }
    },
    async close() {
      if (handle === undefined) store.close()
    },
  }
}
