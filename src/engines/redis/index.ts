import { type Clock, systemClock } from '../../core/clock.ts'
import { isPosthasteError, PosthasteError } from '../../core/errors.ts'
import type { Change, NewJob, RecordWrite } from '../../core/job.ts'
import { ENGINE_CALL_TIMEOUT_MS, LOG_LINES_MAX } from '../../core/limits.ts'
import { checks } from '../checks.ts'
import type { Engine, InsertAnswer, LeaseVerdict } from '../engine.ts'
import { insertVerdicts, jobArguments, writeArguments } from './adding.ts'
import { exchangeAnswer, exchangeArguments, verdictsOf } from './exchange.ts'
import { Gatherer } from './gather.ts'
import { Bells, Listeners } from './hints.ts'
import { restoreArguments, restoreVerdicts, toKept } from './keeping.ts'
import { limitArguments, toLimits } from './limits.ts'
import { Link, type LinkOptions, type RedisClient } from './link.ts'
import { list } from './list.ts'
import { toJobs } from './rows.ts'
import { type ScriptName, Scripts } from './scripts.ts'
import { checkServer, type ServerFacts } from './server.ts'
import { cancelArguments, changeArguments, changeVerdicts, reportArguments } from './steps.ts'
import { LETTERS, numberOrNull } from './text.ts'
import { newsMember, toBatches, toNews } from './ties.ts'
import { addressOfClient, PREFIX_DEFAULT, parseRedisUrl, shownAddress } from './url.ts'
import {
  logPlace,
  toCounts,
  toFoundRecords,
  toLogLines,
  toQueues,
  toRecords,
  toRecordVerdicts,
  toWorkers,
} from './views.ts'

export interface RedisEngineOptions {
  /** `redis://[[user]:password@]host[:port][/database][?prefix=NAME]`, or `rediss:` for TLS. */
  readonly url?: string
  /**
   * An ioredis client of the user's own instead of a URL: the engine makes its connections in the same way (TLS,
   * sentinels, credentials, database). The client itself is neither used nor closed.
   */
  readonly client?: RedisClient
  /** Which of the installations in this database, for `client`; a URL names it itself. Default `posthaste`. */
  readonly prefix?: string
  /** The store's clock. Default: that of the Redis server. */
  readonly clock?: Clock
  /** Default ENGINE_CALL_TIMEOUT_MS. */
  readonly callTimeoutMs?: number
  /** How long opening waits for the server. Default 5 s. */
  readonly openTimeoutMs?: number
}

const OPEN_TIMEOUT_MS = 5_000
/** The layout of keys and values that this version writes. */
const SCHEMA_VERSION = 2
/** What `info()` says of the server is at most this much older than the question. */
const FACTS_MS = 10_000
/** Redis refuses a command with more arguments than this. */
const ARGUMENTS_MAX = 1_000_000

interface Open {
  readonly link: Link
  readonly scripts: Scripts
  readonly gatherer: Gatherer
  readonly bells: Bells
}

/** Jobs in Redis, shared by any number of machines. Everything of one installation lies under one prefix, in one slot. */
export const createRedisEngine = (options: RedisEngineOptions): Engine => {
  const { clock = systemClock, callTimeoutMs = ENGINE_CALL_TIMEOUT_MS } = options
  const address =
    options.client === undefined
      ? parseRedisUrl(options.url ?? '')
      : addressOfClient(options.client.options, options.prefix ?? PREFIX_DEFAULT)
  const linkOptions: LinkOptions = {
    address,
    client: options.client,
    callTimeoutMs,
    openTimeoutMs: options.openTimeoutMs ?? OPEN_TIMEOUT_MS,
  }
  const key = `{${address.prefix}}:`
  const channel = `${key}hints`
  const listeners = new Listeners(linkOptions, channel)
  let opening: Promise<Open> | undefined
  let open: Open | undefined
  let closing: Promise<void> | undefined
  let facts: ServerFacts = { version: '', durability: 'none', lossMs: null }
  let factsAt = 0
  /** Why nothing may be written for now: the server that is there since the last reconnection drops what it was given. */
  let danger: PosthasteError | undefined

  const refreshFacts = async (link: Link): Promise<void> => {
    factsAt = performance.now()
    try {
      facts = await checkServer(link)
      danger = undefined
    } catch (error) {
      // Else the server cannot be asked now, or says no by itself: what was last heard stands.
      if (isPosthasteError(error, 'E_STORE_EVICTS')) danger = error
    }
  }

  const start = async (): Promise<Open> => {
    const link = new Link(linkOptions)
    await link.open()
    try {
      facts = await checkServer(link)
      factsAt = performance.now()
      const scripts = new Scripts(link, key, clock)
      await scripts.load()
      checkSchema(String(await scripts.run('open', [SCHEMA_VERSION])), link.where)
      link.onReconnect = () => {
        void refreshFacts(link)
        listeners.renew()
      }
      const bells = new Bells(link, channel)
      const gatherer = new Gatherer((jobs) => insert(scripts, bells, jobs), callTimeoutMs)
      return { link, scripts, gatherer, bells }
    } catch (error) {
      await link.close()
      throw error
    }
  }

  const stop = async (): Promise<void> => {
    const { link, gatherer, bells } = (await opening?.catch(() => undefined)) ?? {}
    listeners.close()
    bells?.close()
    await gatherer?.close()
    await link?.close()
  }

  const opened = (): Open => {
    if (open === undefined || closing !== undefined) throw new PosthasteError('E_STORE_CLOSED')
    return open
  }

  /** What writes asks first whether the server still keeps what it is given. */
  const safe = async (): Promise<Open> => {
    const parts = opened()
    // An operator who sets the server right is noticed with the next call.
    if (danger !== undefined) await refreshFacts(parts.link)
    if (danger !== undefined) throw danger
    return parts
  }

  /** A script that reads. */
  const read = (name: ScriptName, args: readonly (string | number)[] = []): Promise<unknown> =>
    opened().scripts.run(name, args)

  /** A script that writes, and says behind its answer what is to be hinted at. */
  const write = async (name: ScriptName, args: readonly (string | number)[]): Promise<unknown[]> => {
    const { scripts, bells } = danger === undefined ? opened() : await safe()
    return writing(scripts, bells, name, args)
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
    info() {
      if (open !== undefined && closing === undefined && performance.now() - factsAt > FACTS_MS) {
        void refreshFacts(open.link)
      }
      return {
        kind: 'redis',
        durability: facts.durability,
        ...(facts.lossMs === null ? {} : { lossMs: facts.lossMs }),
        location: shownAddress(address),
        version: facts.version,
        schemaVersion: open === undefined ? 0 : SCHEMA_VERSION,
        callerTransactions: false,
      }
    },
    async now() {
      const { scripts } = opened()
      return scripts.hear(Number(await read('now')))
    },

    async insert(jobs, insertOptions = {}) {
      const { scripts, bells, gatherer } = opened()
      checks.insert(jobs, insertOptions)
      const { tx, records = [], changes = [] } = insertOptions
      if (tx !== undefined) {
        throw new PosthasteError('E_TX_UNSUPPORTED', 'The redis engine cannot join the transaction in tx.', {
          field: 'tx',
        })
      }
      if (danger !== undefined) await safe()
      const isFree = records.length + changes.length === 0
      return isFree ? gatherer.add(jobs) : insertIf(scripts, bells, jobs, { records, changes })
    },
    async exchange(request) {
      const { scripts } = opened()
      checks.exchange(request)
      const exchange = exchangeArguments(request)
      const answer = exchangeAnswer(exchange, await write('exchange', exchange.args))
      scripts.hear(answer.now)
      return answer
    },
    async report(reports) {
      opened()
      checks.report(reports)
      const [letters] = await write('report', [LOG_LINES_MAX, ...reportArguments(reports)])
      return verdictsOf<LeaseVerdict>(letters as string)
    },

    async expired(request) {
      opened()
      checks.expired(request)
      const { limit, after } = request
      return toJobs((await read('expired', [limit, after?.leaseUntil ?? '', after?.id ?? ''])) as string)
    },
    async promote(request) {
      opened()
      checks.promote(request)
      const [promoted, nextDueAt] = await write('promote', [request.limit])
      return { promoted: promoted as number, nextDueAt: numberOrNull(nextDueAt as string) }
    },
    async change(changes) {
      opened()
      checks.change(changes)
      const [letters, holders] = await write('change', changeArguments(changes))
      return changeVerdicts(letters as string, holders as string[])
    },
    async requestCancel(requests) {
      opened()
      checks.requestCancel(requests)
      const [letters] = await write('requestCancel', cancelArguments(requests))
      return verdictsOf<LeaseVerdict>(letters as string)
    },
    async overdue(request) {
      opened()
      checks.overdue(request)
      const { limit, after } = request
      return toJobs((await read('overdue', [limit, after?.due ?? '', after?.id ?? ''])) as string)
    },
    async news(request) {
      opened()
      checks.news(request)
      return toNews((await read('news', [request.limit, newsMember(request.after)])) as string[])
    },
    async clearNews(news) {
      opened()
      checks.clearNews(news)
      if (news.length > 0)
        await read(
          'clearNews',
          news.flatMap((one) => [newsMember(one), one.seq]),
        )
    },
    async batches(ids) {
      opened()
      checks.batches(ids)
      return toBatches((await read('batches', ids)) as string[])
    },
    async forgetBatches(ids) {
      opened()
      checks.forgetBatches(ids)
      if (ids.length > 0) await read('forgetBatches', ids)
    },
    async prune(request) {
      opened()
      checks.prune(request)
      const { state, ageMs, count, minAgeMs, limit } = request
      const [removed, more] = await write('prune', [LETTERS[state], ageMs, count, minAgeMs, limit])
      return { removed: removed as number, more: more === 1 }
    },

    async finished(request) {
      opened()
      checks.finished(request)
      const { state, ageMs, after, limit } = request
      const args = [LETTERS[state], ageMs, after?.finishedAt ?? '', after?.id ?? '', limit]
      const [rows, logs] = (await read('finished', args)) as [string, string[][]]
      return toKept(rows, logs)
    },
    async restore(jobs) {
      opened()
      checks.restore(jobs)
      const [letters, holders] = await write('restore', restoreArguments(jobs))
      return restoreVerdicts(letters as string, holders as string[])
    },

    async get(ids) {
      opened()
      checks.get(ids)
      const jobs = new Map(toJobs((await read('get', ids)) as string).map((job) => [job.id, job]))
      return ids.map((id) => jobs.get(id) ?? null)
    },
    async list(query) {
      const { scripts } = opened()
      checks.list(query)
      return list(scripts, query)
    },
    counts: async () => toCounts((await read('counts')) as string[]),
    async logs(request) {
      opened()
      checks.logs(request)
      const { id, after, limit } = request
      if (limit === 0) return []
      const reply = await read('logs', [id, after === null ? '' : logPlace(after), limit])
      return toLogLines(reply as string[])
    },

    async queues() {
      const [names, paused, heads] = (await read('queues')) as [string[], string[], string[]]
      return toQueues(names, paused, heads)
    },
    async pause(requests) {
      opened()
      checks.pause(requests)
      const args = requests.flatMap(({ queue, paused, by }) => [queue, paused ? '1' : '', by])
      await write('pause', [requests.length, ...args])
    },
    async beat(beats) {
      opened()
      checks.beat(beats)
      if (beats.length === 0) return
      const args = beats.flatMap(({ id, about, ttlMs, gone }) => [id, about, ttlMs, gone === true ? '1' : ''])
      await read('beat', [beats.length, ...args])
    },
    workers: async () => toWorkers((await read('workers')) as string[]),

    async setLimits(writes) {
      opened()
      checks.setLimits(writes)
      if (writes.length === 0) return []
      const [answers] = await write('setLimits', limitArguments(writes))
      return toRecordVerdicts(answers as string[])
    },
    limits: async () => toLimits((await read('limits')) as string[]),

    async getRecords(keys) {
      opened()
      checks.getRecords(keys)
      const args = keys.flatMap(({ collection, key: name }) => [collection, name])
      return toFoundRecords(keys, (await read('getRecords', args)) as string[])
    },
    async putRecords(writes) {
      opened()
      checks.putRecords(writes)
      return toRecordVerdicts((await read('putRecords', writeArguments(writes))) as string[])
    },
    async listRecords(request) {
      opened()
      checks.listRecords(request)
      const { collection, prefix, after, limit } = request
      const args = [collection, prefix, after === null ? '' : `=${after}`, limit]
      return toRecords(collection, (await read('listRecords', args)) as string[])
    },

    async listen(onHint) {
      opened()
      return listeners.add(onHint)
    },
  }
}

const checkSchema = (found: string, where: string): void => {
  if (found === '') {
    const what = `The keys under this prefix at ${where} belong to another application.`
    throw new PosthasteError('E_STORE_FOREIGN', what)
  }
  if (Number(found) > SCHEMA_VERSION) {
    const what = `The jobs at ${where} have layout ${found}; this version knows ${SCHEMA_VERSION}.`
    throw new PosthasteError('E_STORE_NEWER', what)
  }
}

/** Runs a script whose last answer is what it hinted at, and answers the rest. */
const writing = async (
  scripts: Scripts,
  bells: Bells,
  name: ScriptName,
  args: readonly (string | number)[],
): Promise<unknown[]> => {
  if (args.length > ARGUMENTS_MAX) {
    throw new PosthasteError('E_TOO_LARGE', `One call has more than ${ARGUMENTS_MAX} values.`)
  }
  const reply = (await scripts.run(name, [bells.allowed(), ...args])) as unknown[]
  bells.heard(String(reply.at(-1)))
  return reply.slice(0, -1)
}

const insert = async (scripts: Scripts, bells: Bells, jobs: readonly NewJob[]): Promise<InsertAnswer> => {
  const reply = await writing(scripts, bells, 'insert', jobArguments(jobs))
  const [now, , letters, holders] = reply as [string, number, string, string[]]
  scripts.hear(Number(now))
  return { now: Number(now), recordsOk: true, changed: [], verdicts: insertVerdicts(jobs, letters, holders) }
}

/** What most calls do not need would cost each of them: older servers make a script's functions anew for every call. */
const insertIf = async (
  scripts: Scripts,
  bells: Bells,
  jobs: readonly NewJob[],
  { records, changes }: { readonly records: readonly RecordWrite[]; readonly changes: readonly Change[] },
): Promise<InsertAnswer> => {
  const args = [...writeArguments(records), ...changeArguments(changes), ...jobArguments(jobs)]
  const reply = await writing(scripts, bells, 'insertIf', args)
  const [now, recordsOk, letters, holders, changed] = reply as [string, number, string, string[], string]
  scripts.hear(Number(now))
  const verdicts = verdictsOf<LeaseVerdict>(changed)
  const isDone = recordsOk === 1 && verdicts.every((verdict) => verdict === 'ok')
  return {
    now: Number(now),
    recordsOk: recordsOk === 1,
    changed: verdicts,
    verdicts: isDone
      ? insertVerdicts(jobs, letters, holders)
      : jobs.map(({ id }) => ({ status: 'refused', id })),
  }
}
