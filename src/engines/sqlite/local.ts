import { PosthasteError } from '../../core/errors.ts'
import { Bells, makeBells } from './bell.ts'
import { adoptConnection, openConnection } from './connection.ts'
import { checkVersion, type SqliteDatabase, versionOf } from './driver.ts'
import type { Executor, ExecutorOptions } from './executor.ts'
import { toStoreError } from './failures.ts'
import { insert } from './insert.ts'
import { findJob } from './jobs.ts'
import { SCHEMA_VERSION } from './migrate.ts'
import { randomPauseMs } from './patience.ts'
import { Store } from './store.ts'
import { WalKeeper } from './wal.ts'

/** How often a transaction of the user's is looked at, that added jobs, to tell their workers when it is over. */
const LOOK_MS = 2

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
    await adoptConnection(handle, { ...options, isGiven: true })
  }
  const database = handle ?? (await openConnection(options))
  const store = new Store(database)
  const wal = new WalKeeper(database, options.path)
  makeBells(options.path)
  const bells = new Bells(options.path)
  /** Nobody tells us of the end of the user's transaction; one that was rolled back is told of in vain. */
  const whenOver = (tell: () => void): void => {
    if (!database.isOpen) return
    if (database.isTransaction) setTimeout(whenOver, LOOK_MS, tell).unref()
    else tell()
  }
  const caller: Executor['caller'] = {
    insert(argument, at, onHints) {
      if (!database.isTransaction) {
        throw new PosthasteError(
          'E_ARGUMENT',
          'tx has no transaction open: execute "begin immediate" first.',
          {
            field: 'tx',
          },
        )
      }
      try {
        const within = store.session.within(at ?? Date.now(), () => insert(store.session, argument))
        setImmediate(whenOver, () => {
          bells.ring(within.hints)
          onHints(within.hints)
        })
        return within.answer
      } catch (error) {
        throw toStoreError(error, 'inserting')
      }
    },
    get: (ids) =>
      database.isTransaction ? ids.map((id) => findJob(store.session, id)?.job ?? null) : undefined,
  }
  return {
    ...(handle === undefined ? {} : { caller }),
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
