import { type Clock, systemClock } from '../../core/clock.ts'
import { PosthasteError } from '../../core/errors.ts'
import { checks } from '../checks.ts'
import type { Engine, Hint } from '../engine.ts'
import { exchange } from './exchange.ts'
import { insert } from './insert.ts'
import { finished, restore } from './keeping.ts'
import { readLimits, setLimits } from './limits.ts'
import { list } from './list.ts'
import { getRecords, listRecords, putRecords } from './records.ts'
import { change, expired, promote, prune, report, requestCancel } from './steps.ts'
import { Store } from './store.ts'
import { clearNews, news, overdue } from './ties.ts'
import { beat, counts, logs, pause, queues, workers } from './views.ts'

export interface MemoryEngineOptions {
  /** The store's clock. Default: the system's. */
  readonly clock?: Clock
}

/**
 * The reference model: the contract in the plainest code, for tests and for jobs that may be lost with the process
 * (durability `none`). Good for some ten thousand jobs; `list`, `prune` and `counts` look at every one of them.
 */
export const createMemoryEngine = ({ clock = systemClock }: MemoryEngineOptions = {}): Engine => {
  const store = new Store()
  const listeners = new Set<(hint: Hint) => void>()
  let status: 'new' | 'open' | 'closed' = 'new'
  let latest = 0
  let isTelling = false

  const now = (): number => {
    latest = Math.max(latest, clock.now())
    return latest
  }

  /** Hints leave through the event loop, once for all calls of a turn: a listener never runs within a call. */
  const tell = (): void => {
    isTelling = false
    const hints = [...store.hints]
    store.hints.clear()
    for (const hint of hints) for (const onHint of listeners) onHint(hint)
  }

  /** One call: refused when closed, otherwise carried out in one go. */
  const call = async <T>(work: (now: number) => T): Promise<T> => {
    if (status !== 'open') throw new PosthasteError('E_STORE_CLOSED')
    store.now = now()
    const answer = work(store.now)
    if (listeners.size === 0) store.hints.clear()
    else if (store.hints.size > 0 && !isTelling) {
      isTelling = true
      setImmediate(tell)
    }
    return answer
  }

  return {
    async open() {
      if (status === 'closed') throw new PosthasteError('E_STORE_CLOSED')
      status = 'open'
    },
    async close() {
      status = 'closed'
      listeners.clear()
    },
    info: () => ({
      kind: 'memory',
      durability: 'none',
      location: 'memory:',
      version: process.version,
      schemaVersion: 1,
      callerTransactions: false,
    }),
    now: () => call((at) => at),

    insert: (jobs, options = {}) =>
      call((at) => {
        checks.insert(jobs, options)
        if (options.tx !== undefined) {
          throw new PosthasteError(
            'E_TX_UNSUPPORTED',
            'The memory engine cannot join the transaction in tx.',
            { field: 'tx' },
          )
        }
        return insert(store, at, jobs, options)
      }),
    exchange: (request) =>
      call((at) => {
        checks.exchange(request)
        return exchange(store, at, request)
      }),
    report: (reports) =>
      call(() => {
        checks.report(reports)
        return reports.map((one) => report(store, one))
      }),

    expired: (request) =>
      call((at) => {
        checks.expired(request)
        return expired(store, at, request)
      }),
    promote: (request) =>
      call((at) => {
        checks.promote(request)
        return promote(store, at, request.limit)
      }),
    change: (changes) =>
      call((at) => {
        checks.change(changes)
        return changes.map((one) => change(store, at, one))
      }),
    requestCancel: (requests) =>
      call(() => {
        checks.requestCancel(requests)
        return requests.map(({ id, request }) => requestCancel(store, id, request))
      }),
    overdue: (request) =>
      call((at) => {
        checks.overdue(request)
        return overdue(store, at, request)
      }),
    news: (request) =>
      call(() => {
        checks.news(request)
        return news(store, request)
      }),
    clearNews: (some) =>
      call(() => {
        checks.clearNews(some)
        for (const one of some) clearNews(store, one)
      }),
    batches: (ids) =>
      call(() => {
        checks.batches(ids)
        return ids.map((id) => store.ties.batches.get(id) ?? null)
      }),
    forgetBatches: (ids) =>
      call(() => {
        checks.forgetBatches(ids)
        for (const id of ids) store.ties.batches.delete(id)
      }),

    prune: (request) =>
      call((at) => {
        checks.prune(request)
        return prune(store, at, request)
      }),

    finished: (request) =>
      call((at) => {
        checks.finished(request)
        return finished(store, at, request)
      }),
    restore: (jobs) =>
      call(() => {
        checks.restore(jobs)
        return jobs.map((one) => restore(store, one))
      }),

    get: (ids) =>
      call(() => {
        checks.get(ids)
        return ids.map((id) => store.jobs.get(id) ?? null)
      }),
    list: (query) =>
      call(() => {
        checks.list(query)
        return list(store, query)
      }),
    counts: () => call(() => counts(store)),
    logs: (request) =>
      call(() => {
        checks.logs(request)
        return logs(store, request)
      }),

    queues: () => call(() => queues(store)),
    pause: (requests) =>
      call((at) => {
        checks.pause(requests)
        for (const one of requests) pause(store, at, one)
      }),
    beat: (beats) =>
      call((at) => {
        checks.beat(beats)
        for (const one of beats) beat(store, at, one)
      }),
    workers: () => call((at) => workers(store, at)),

    setLimits: (writes) =>
      call((at) => {
        checks.setLimits(writes)
        return setLimits(store, at, writes)
      }),
    limits: () => call((at) => readLimits(store, at)),

    getRecords: (keys) =>
      call((at) => {
        checks.getRecords(keys)
        return getRecords(store, at, keys)
      }),
    putRecords: (writes) =>
      call((at) => {
        checks.putRecords(writes)
        return putRecords(store, at, writes)
      }),
    listRecords: (request) =>
      call((at) => {
        checks.listRecords(request)
        return listRecords(store, at, request)
      }),

    listen: (onHint) =>
      call(() => {
        // Wrapped, so that one function may listen twice and stop once.
        const listener = (hint: Hint): void => onHint(hint)
        listeners.add(listener)
        return { close: async () => void listeners.delete(listener) }
      }),
  }
}
