import { resolve } from 'node:path'
import { type Clock, systemClock } from '../../core/clock.ts'
import { PosthasteError } from '../../core/errors.ts'
import type { JobRecord, NewJob } from '../../core/job.ts'
import { ENGINE_CALL_TIMEOUT_MS } from '../../core/limits.ts'
import { isSource, readsTypeScript } from '../../core/place.ts'
import { checks } from '../checks.ts'
import type { Engine, Hint, InsertAnswer, InsertOptions, ListAnswer, ListQuery } from '../engine.ts'
import { Listeners } from './bell.ts'
import type { Executor, ExecutorOptions } from './executor.ts'
import { Gatherer } from './gather.ts'
import { asDatabase, fileOf, type SqliteHandle } from './handle.ts'
import { fromWire, toWire } from './wire.ts'
import { fromWireInserted, toWireJobs } from './wire-insert.ts'

export interface SqliteEngineOptions {
  /** The database file; its folder must exist. With a handle, it is that of the handle. */
  readonly path?: string
  /** The store's clock. Default: the machine's. */
  readonly clock?: Clock
  /**
   * `full` (default): an answered call survives power loss. `normal`: it survives a crash of the process; the last ones
   * may be lost with the power.
   */
  readonly synchronous?: 'full' | 'normal'
  /** Whether SQLite works in a thread of its own (default) or in the caller's, which every commit then holds up. */
  readonly thread?: boolean
  /**
   * A handle of the user's own (`DatabaseSync` of `node:sqlite` or `@photostructure/sqlite`), to be used instead of
   * opening a file: SQLite must not be loaded twice for one file. The file may hold tables of the user's. The handle stays
   * in this thread, is not closed with the engine, and makes `insert({ tx })` with this handle possible. What is set on it
   * is the journal mode (WAL) and `synchronous`.
   */
  readonly database?: SqliteHandle
  /** Default ENGINE_CALL_TIMEOUT_MS. */
  readonly callTimeoutMs?: number
  /** How long opening waits for another program that holds the file. Default 5 s. */
  readonly openTimeoutMs?: number
}

const OPEN_TIMEOUT_MS = 5_000

/** A call that waits for another writer gives up a little before its own deadline, to say why. */
const BUSY_SHARE = 0.9

/**
 * Whether this process can start the thread: Node reads the files of a build, and newer ones read the sources of a
 * checkout, too.
 */
const canThread = !isSource || readsTypeScript

interface Open {
  readonly executor: Executor
  readonly gatherer: Gatherer
}

/** Jobs in an SQLite file, durable, and shared by any number of processes of one machine. */
export const createSqliteEngine = (options: SqliteEngineOptions): Engine => {
  const { clock = systemClock, synchronous = 'full', callTimeoutMs = ENGINE_CALL_TIMEOUT_MS } = options
  const database = options.database === undefined ? undefined : asDatabase(options.database)
  const path = resolve(database === undefined ? (options.path ?? '') : fileOf(database))
  const listeners = new Listeners(path)
  let opening: Promise<Open> | undefined
  let open: Open | undefined
  let closing: Promise<void> | undefined

  /** Only what is used is loaded: in a thread of its own, the statements do not burden this one. */
  const openExecutor = async (settings: ExecutorOptions): Promise<Executor> => {
    const { thread = canThread } = options
    if (database === undefined && thread) return (await import('./thread.ts')).openThread(settings)
    return (await import('./local.ts')).openLocal(settings, database)
  }

  const onHints = (hints: readonly Hint[]): void => {
    for (const hint of hints) listeners.tell(hint)
  }

  const start = async (): Promise<Open> => {
    const settings: ExecutorOptions = {
      path,
      synchronous,
      openTimeoutMs: options.openTimeoutMs ?? OPEN_TIMEOUT_MS,
      busyTimeoutMs: callTimeoutMs * BUSY_SHARE,
    }
    const executor = await openExecutor(settings)
    return { executor, gatherer: new Gatherer({ executor, clock, callTimeoutMs, onHints }) }
  }

  const stop = async (): Promise<void> => {
    const { executor, gatherer } = (await opening?.catch(() => undefined)) ?? {}
    listeners.close()
    await gatherer?.close()
    await executor?.close()
  }

  const opened = (): Open => {
    if (open === undefined || closing !== undefined) throw new PosthasteError('E_STORE_CLOSED')
    return open
  }

  const call: Gatherer['call'] = (name, argument, elements) =>
    opened().gatherer.call(name, argument, elements)

  /** A list in steps, so that a long search lets other calls through. */
  const list = async (query: ListQuery): Promise<ListAnswer> => {
    const jobs: JobRecord[] = []
    let { after } = query
    for (;;) {
      const step = await call('list', { query: { ...query, after }, limit: query.limit - jobs.length })
      jobs.push(...step.jobs)
      if (step.resume === null) return { jobs, more: step.more, bounded: step.bounded }
      after = { id: step.resume, value: null }
    }
  }

  /** Rows on the caller's own connection, in the transaction that it has open. */
  const insertWithin = (jobs: readonly NewJob[], { tx, records = [] }: InsertOptions): InsertAnswer => {
    const { executor } = opened()
    if (executor.caller === undefined) {
      const what = 'This sqlite engine has a connection of its own, which cannot join the transaction in tx.'
      throw new PosthasteError('E_TX_UNSUPPORTED', what, { field: 'tx' })
    }
    if (tx !== options.database) {
      const what = 'tx must be the database handle that the engine was given.'
      throw new PosthasteError('E_TX_ELSEWHERE', what, { field: 'tx' })
    }
    return fromWireInserted(
      jobs,
      executor.caller.insert(
        { jobs, records, changes: [] },
        clock === systemClock ? null : clock.now(),
        onHints,
      ),
    )
  }

  return {
    async open() {
      if (closing !== undefined) throw new PosthasteError('E_STORE_CLOSED')
      opening ??= start()
      try {
        open = await opening
      } catch (error) {
        opening = undefined
        throw error
      }
    },
    close() {
      closing ??= stop()
      return closing
    },
    info: () => ({
      kind: 'sqlite',
      durability: synchronous === 'full' ? 'system' : 'process',
      location: path,
      version: open?.executor.facts.sqliteVersion ?? '',
      schemaVersion: open?.executor.facts.schemaVersion ?? 0,
      callerTransactions: options.database !== undefined,
    }),
    now: async () => call('now', undefined),

    async insert(jobs, insertOptions = {}) {
      opened()
      checks.insert(jobs, insertOptions)
      if (insertOptions.tx !== undefined) return insertWithin(jobs, insertOptions)
      const wire = {
        jobs: toWireJobs(jobs),
        records: insertOptions.records ?? [],
        changes: insertOptions.changes ?? [],
      }
      return fromWireInserted(jobs, await call('insert', wire, jobs.length))
    },
    async exchange(request) {
      opened()
      checks.exchange(request)
      const wire = toWire(request)
      const elements = (request.settle?.length ?? 0) + (request.claim?.limit ?? 0)
      return fromWire(request, wire, await call('exchange', wire, elements))
    },
    async report(reports) {
      opened()
      checks.report(reports)
      return call('report', reports, reports.length)
    },

    async expired(request) {
      opened()
      checks.expired(request)
      return call('expired', request, request.limit)
    },
    async promote(request) {
      opened()
      checks.promote(request)
      return call('promote', request.limit, request.limit)
    },
    async change(changes) {
      opened()
      checks.change(changes)
      return call('change', changes, changes.length)
    },
    async requestCancel(requests) {
      opened()
      checks.requestCancel(requests)
      return call('requestCancel', requests, requests.length)
    },
    async overdue(request) {
      opened()
      checks.overdue(request)
      return call('overdue', request, request.limit)
    },
    async news(request) {
      opened()
      checks.news(request)
      return call('news', request, request.limit)
    },
    async clearNews(some) {
      opened()
      checks.clearNews(some)
      return call('clearNews', some, some.length)
    },
    async batches(ids) {
      opened()
      checks.batches(ids)
      return call('batches', ids, ids.length)
    },
    async forgetBatches(ids) {
      opened()
      checks.forgetBatches(ids)
      return call('forgetBatches', ids, ids.length)
    },
    async prune(request) {
      opened()
      checks.prune(request)
      return call('prune', request, request.limit)
    },

    async finished(request) {
      opened()
      checks.finished(request)
      return call('finished', request, request.limit)
    },
    async restore(jobs) {
      opened()
      checks.restore(jobs)
      return call('restore', jobs, jobs.length)
    },

    async get(ids) {
      opened()
      checks.get(ids)
      // Who waits for it within his transaction would wait for ever: other calls wait for the transaction's end.
      return opened().executor.caller?.get(ids) ?? call('get', ids, ids.length)
    },
    async list(query) {
      opened()
      checks.list(query)
      return list(query)
    },
    counts: async () => call('counts', undefined),
    async logs(request) {
      opened()
      checks.logs(request)
      return call('logs', request, request.limit)
    },

    queues: async () => call('queues', undefined),
    async pause(requests) {
      opened()
      checks.pause(requests)
      return call('pause', requests, requests.length)
    },
    async beat(beats) {
      opened()
      checks.beat(beats)
      return call('beat', beats, beats.length)
    },
    workers: async () => call('workers', undefined),

    async setLimits(writes) {
      opened()
      checks.setLimits(writes)
      return call('setLimits', writes, writes.length)
    },
    limits: async () => call('limits', undefined),

    async getRecords(keys) {
      opened()
      checks.getRecords(keys)
      return call('getRecords', keys, keys.length)
    },
    async putRecords(writes) {
      opened()
      checks.putRecords(writes)
      return call('putRecords', writes, writes.length)
    },
    async listRecords(request) {
      opened()
      checks.listRecords(request)
      return call('listRecords', request, request.limit)
    },

    async listen(onHint) {
      opened()
      return listeners.add(onHint)
    },
  }
}
