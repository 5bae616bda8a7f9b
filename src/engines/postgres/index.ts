import { createHash, randomBytes, randomInt } from 'node:crypto'
import { type Clock, systemClock } from '../../core/clock.ts'
import { PosthasteError } from '../../core/errors.ts'
import { ENGINE_BATCH_MAX, ENGINE_CALL_TIMEOUT_MS } from '../../core/limits.ts'
import { checks } from '../checks.ts'
import type { Engine, ExchangeAnswer, ExchangeRequest, InsertAnswer } from '../engine.ts'
import { type Address, checkSchema, parseAddress, SCHEMA } from './address.ts'
import { words } from './arrays.ts'
import { StoreClock } from './clock.ts'
import { createPool, listenAlone, listenInPool } from './connect.ts'
import { isUuid } from './cursors.ts'
import { Documents, getRecords, listRecords, readForWriting } from './documents.ts'
import { type PgPool, toNumber } from './driver.ts'
import { Exchanger } from './exchange.ts'
import { Hints } from './hints.ts'
import { Housekeeper } from './housekeeper.ts'
import { type InsertRequest, insert, mayOverlap } from './insert.ts'
import { insertWithin } from './insert-within.ts'
import { finished, restore } from './keeping.ts'
import { Kinds } from './kinds.ts'
import { limits, setLimits } from './limits.ts'
import { Line } from './line.ts'
import { list } from './list.ts'
import { lockOfSchema, SCHEMA_VERSION } from './migrate.ts'
import type { Parts } from './parts.ts'
import { toStoredJob } from './records.ts'
import { explain, type Facts, openStore } from './server.ts'
import { raiseClock } from './session.ts'
import { Sessions } from './sessions.ts'
import { statementsFor } from './statements.ts'
import { change, expired, promote, prune, report, requestCancel } from './steps.ts'
import { batches, clearNews, forgetBatches, news, overdue } from './ties.ts'
import { beat, counts, logs, pause, queues, workers } from './views.ts'

export interface PostgresEngineOptions {
  /** Where the database is: `postgres://user:password@host:port/database?schema=posthaste`. */
  readonly url?: string
  /**
   * A pool of the user's own (of `pg`, or of a driver with the same interface) instead of a URL. It is not closed with
   * the engine; what the engine sets for its transactions ends with them.
   */
  readonly pool?: PgPool
  /** The schema of the database that is the engine's own. Default: that of the URL, or `posthaste`. */
  readonly schema?: string
  /**
   * Behind a pooler that gives connections away after each transaction: no prepared statements, no listening, jobs are
   * found by polling. Default: that of the URL (`?pgbouncer=true`), or false.
   */
  readonly pgbouncer?: boolean
  /** Whether to hold a connection that hears of new jobs. Default: unless `pgbouncer`. */
  readonly listen?: boolean
  /** Connections at most, beside the one that listens. Default 4; two are busy when a worker is. */
  readonly connections?: number
  /** The store's clock instead of the server's: for tests. */
  readonly clock?: Clock
  /** Default ENGINE_CALL_TIMEOUT_MS. */
  readonly callTimeoutMs?: number
}

const CONNECTIONS = 4
/** Exchanges that are under way at once, each on a connection of its own; and inserts of a thousand, on one. */
const STEPS_AT_ONCE = 2
/** Smaller numbers have a meaning; two engines that draw the same one wait for each other, and that is all. */
const FIRST_ENGINE_LOCK = 1_000

interface Open extends Parts {
  readonly facts: Facts
  readonly exchanger: Exchanger
  readonly housekeeper: Housekeeper
  readonly inserts: Line<InsertRequest, InsertAnswer>
  readonly exchanges: Line<ExchangeRequest, ExchangeAnswer>
  close(): Promise<void>
}

/** Jobs in a PostgreSQL database, shared by any number of processes and machines. */
export const createPostgresEngine = (options: PostgresEngineOptions): Engine => {
  const { clock: givenClock = systemClock, callTimeoutMs = ENGINE_CALL_TIMEOUT_MS } = options
  const address = addressOf(options)
  const schema = options.schema === undefined ? address.schema : checkSchema(options.schema)
  const isPooled = options.pgbouncer ?? address.isPooled
  let opening: Promise<Open> | undefined
  let open: Open | undefined
  let closing: Promise<void> | undefined
  let underWay = 0
  let whenQuiet: (() => void) | undefined

  const start = async (): Promise<Open> => {
    const connect = {
      url: address.url,
      connections: options.connections ?? CONNECTIONS,
      timeoutMs: callTimeoutMs,
      isPooled,
    }
    const own = options.pool === undefined ? createPool(connect) : undefined
    const pool = options.pool ?? (own as PgPool)
    const clock = new StoreClock(givenClock)
    const sessions = new Sessions({
      pool,
      areOurs: own !== undefined && !isPooled,
      isPrepared: !isPooled,
      statements: statementsFor(schema),
      schema,
      clock,
      callTimeoutMs,
    })
    let facts: Facts
    try {
      facts = await sessions.raw('opening', (query) => openStore(query, schema))
    } catch (error) {
      await own?.end()
      throw explain(error, address.location)
    }
    clock.saw(facts.clock)
    const canListen = options.listen ?? !isPooled
    const channel = channelOf(schema)
    const hints: Hints = new Hints({
      id: randomBytes(9).toString('base64url'),
      channel,
      notify: (to, message) => sessions.single('telling others', 'notify', () => [to, message]),
      onTell: () => housekeeper.touched(),
      connect: !canListen
        ? null
        : (onMessage, onLost) =>
            own === undefined
              ? listenInPool(pool, channel, onMessage, onLost)
              : listenAlone(connect, channel, onMessage, onLost),
    })
    const parts: Parts = {
      sessions,
      kinds: new Kinds(sessions),
      clock,
      hints,
      store: facts.store,
      schemaLock: lockOfSchema(schema),
      engineLock: randomInt(FIRST_ENGINE_LOCK, 2 ** 31),
    }
    const housekeeper = new Housekeeper(parts, schema)
    const exchanger = new Exchanger(parts)
    const inserts = new Line<InsertRequest, InsertAnswer>({
      work: (requests, deadline) => insert(parts, requests, deadline),
      sizeMax: ENGINE_BATCH_MAX,
      // One is written here while the server works on the other.
      width: own === undefined || isPooled || clock.isGiven ? 1 : STEPS_AT_ONCE,
      mayOverlap: (requests) => mayOverlap(requests, parts),
      callTimeoutMs,
    })
    const exchanges = new Line<ExchangeRequest, ExchangeAnswer>({
      work: async ([request], deadline) => {
        const answer = await exchanger.exchange(request as ExchangeRequest, deadline)
        housekeeper.claimed(answer.jobs.length)
        return [answer]
      },
      sizeMax: 1,
      width: STEPS_AT_ONCE,
      callTimeoutMs,
    })
    const close = async (): Promise<void> => {
      await hints.close()
      await housekeeper.close()
      await own?.end()
    }
    return { ...parts, facts, exchanger, housekeeper, inserts, exchanges, close }
  }

  const stop = async (): Promise<void> => {
    const opened = await opening?.catch(() => undefined)
    if (underWay > 0) {
      await new Promise<void>((resolve) => {
        whenQuiet = resolve
      })
    }
    await opened?.close()
  }

  const opened = (): Open => {
    if (open === undefined || closing !== undefined) throw new PosthasteError('E_STORE_CLOSED')
    return open
  }

  /** One call: refused when closed; closing waits for it. */
  const call = async <T>(check: () => void, work: (parts: Open) => Promise<T>): Promise<T> => {
    const parts = opened()
    check()
    underWay++
    try {
      return await work(parts)
    } finally {
      underWay--
      if (underWay === 0) whenQuiet?.()
    }
  }
  const nothing = (): void => {}

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
      kind: 'postgres',
      durability: open?.facts.isSynced === false ? 'process' : 'system',
      location: address.location,
      version: open?.facts.version ?? '',
      schemaVersion: open === undefined ? 0 : SCHEMA_VERSION,
      callerTransactions: true,
    }),
    now: () =>
      call(nothing, async ({ sessions, clock }) => {
        const rows = await sessions.single('reading the time', 'now', (at) => [...at])
        return clock.saw(toNumber(rows[0]?.[0]))
      }),

    insert: (jobs, { tx, records = [], changes = [] } = {}) =>
      call(
        () =>
          checks.insert(jobs, {
            records,
            changes,
            ...(tx === undefined || changes.length === 0 ? {} : { tx }),
          }),
        async (parts) => {
          if (tx !== undefined) return insertWithin(parts, tx, { jobs, records, changes })
          return parts.inserts.call({ jobs, records, changes }, jobs.length + records.length + changes.length)
        },
      ),
    exchange: (request) =>
      call(
        () => checks.exchange(request),
        ({ exchanges }) => exchanges.call(request, 1),
      ),
    report: (reports) =>
      call(
        () => checks.report(reports),
        (parts) => report(parts, parts.exchanger, reports),
      ),

    expired: (request) =>
      call(
        () => checks.expired(request),
        async (parts) => (request.limit === 0 ? [] : expired(parts, request)),
      ),
    promote: (request) =>
      call(
        () => checks.promote(request),
        async (parts) => {
          const answer = await promote(parts, request.limit)
          parts.housekeeper.tidy()
          return answer
        },
      ),
    change: (changes) =>
      call(
        () => checks.change(changes),
        async (parts) => (changes.length === 0 ? [] : change(parts, changes)),
      ),
    requestCancel: (requests) =>
      call(
        () => checks.requestCancel(requests),
        (parts) => requestCancel(parts, parts.exchanger, requests),
      ),
    overdue: (request) =>
      call(
        () => checks.overdue(request),
        async (parts) => (request.limit === 0 ? [] : overdue(parts, request)),
      ),
    news: (request) =>
      call(
        () => checks.news(request),
        async (parts) => (request.limit === 0 ? [] : news(parts, request)),
      ),
    clearNews: (some) =>
      call(
        () => checks.clearNews(some),
        async (parts) => (some.length === 0 ? undefined : clearNews(parts, some)),
      ),
    batches: (ids) =>
      call(
        () => checks.batches(ids),
        async (parts) => (ids.length === 0 ? [] : batches(parts, ids)),
      ),
    forgetBatches: (ids) =>
      call(
        () => checks.forgetBatches(ids),
        async (parts) => (ids.length === 0 ? undefined : forgetBatches(parts, ids)),
      ),
    prune: (request) =>
      call(
        () => checks.prune(request),
        (parts) => prune(parts, request),
      ),

    finished: (request) =>
      call(
        () => checks.finished(request),
        async (parts) => (request.limit === 0 ? [] : finished(parts, request)),
      ),
    restore: (jobs) =>
      call(
        () => checks.restore(jobs),
        async (parts) => (jobs.length === 0 ? [] : restore(parts, jobs)),
      ),

    get: (ids) =>
      call(
        () => checks.get(ids),
        async ({ sessions }) => {
          const asked = [...new Set(ids.filter(isUuid))]
          if (asked.length === 0) return ids.map(() => null)
          const rows = await sessions.single('reading jobs', 'record', () => [words(asked)])
          const jobs = new Map(rows.map(toStoredJob).map(({ job }) => [job.id, job]))
          return ids.map((id) => jobs.get(id) ?? null)
        },
      ),
    list: (query) =>
      call(
        () => checks.list(query),
        (parts) => list(parts, query),
      ),
    counts: () =>
      call(nothing, async (parts) => {
        parts.housekeeper.tidy()
        return counts(parts)
      }),
    logs: (request) =>
      call(
        () => checks.logs(request),
        async (parts) => (request.limit === 0 ? [] : logs(parts, request)),
      ),

    queues: () => call(nothing, queues),
    pause: (requests) =>
      call(
        () => checks.pause(requests),
        (parts) => pause(parts, requests),
      ),
    beat: (beats) =>
      call(
        () => checks.beat(beats),
        (parts) => beat(parts, beats),
      ),
    workers: () => call(nothing, workers),
    setLimits: (writes) =>
      call(
        () => checks.setLimits(writes),
        async (parts) => (writes.length === 0 ? [] : setLimits(parts, writes)),
      ),
    limits: () => call(nothing, limits),

    getRecords: (keys) =>
      call(
        () => checks.getRecords(keys),
        async ({ sessions }) =>
          keys.length === 0
            ? []
            : sessions.transaction({ doing: 'reading documents', mode: 'read' }, (tx) =>
                getRecords(tx, keys),
              ),
      ),
    putRecords: (writes) =>
      call(
        () => checks.putRecords(writes),
        async ({ sessions, clock, schemaLock }) => {
          if (writes.length === 0) return []
          return sessions.transaction({ doing: 'writing documents' }, async (tx) => {
            const [found, times] = await Promise.all([
              readForWriting(tx, schemaLock, writes),
              tx.run('now', ...tx.at),
            ])
            const documents = new Documents(clock.saw(toNumber(times[0]?.[0])), found)
            const verdicts = documents.put(writes)
            await Promise.all([...documents.flush(tx), ...raiseClock(tx), tx.commit()])
            return verdicts
          })
        },
      ),
    listRecords: (request) =>
      call(
        () => checks.listRecords(request),
        async ({ sessions }) =>
          request.limit === 0
            ? []
            : sessions.transaction({ doing: 'reading documents', mode: 'read' }, (tx) =>
                listRecords(tx, request),
              ),
      ),

    listen: (onHint) => call(nothing, ({ hints }) => hints.add(onHint)),
  }
}

const addressOf = ({ url, pool }: PostgresEngineOptions): Address => {
  if ((url === undefined) === (pool === undefined)) {
    throw new PosthasteError('E_ARGUMENT', 'Give either the url of the database or a pool.', { field: 'url' })
  }
  if (url !== undefined) return parseAddress(url)
  return { url: '', location: 'postgres: the given pool', schema: SCHEMA, isPooled: false }
}

/** On which hints are told: the same name as that of `posthaste.channel()`. */
const channelOf = (schema: string): string =>
  `posthaste_${createHash('sha256').update(schema).digest('hex').slice(0, 16)}`
