import type { Clock } from '../../core/clock.ts'
import { idTime, isId } from '../../core/ids.ts'
import type { JobRecord } from '../../core/job.ts'
import { ARCHIVE_PRESSED_MS } from '../../core/limits.ts'
import type { ArchivedEngine } from '../archived.ts'
import { checks } from '../checks.ts'
import type { Engine, ExchangeAnswer, ExchangeRequest, InsertVerdict, LeaseVerdict } from '../engine.ts'
import { changeBoth } from './changing.ts'
import { Guard } from './guard.ts'
import { listBoth } from './list.ts'
import { Mover } from './mover.ts'
import { createReader } from './reading.ts'
import { Shadows } from './shadows.ts'

export interface ArchivedOptions {
  /** Where jobs are added and run. Both are given open, and closed together. */
  readonly engine: Engine
  /** Where they are kept when they have finished: any engine, on a store of its own. */
  readonly archive: Engine
  readonly clock: Clock
  /** For how long finished jobs stay in the engine. */
  readonly afterMs: number
  /** A text that is new each time. */
  readonly newKey: () => string
}

/**
 * An engine and an archive as one engine. The rest of the contract is the engine's own; `prune` is about the archive,
 * because nothing leaves the engine but by being moved.
 */
export const createArchived = (options: ArchivedOptions): ArchivedEngine => {
  const { engine, archive, clock, afterMs, newKey } = options
  const guard = new Guard(archive, () => clock.now())
  const shadows = new Shadows(engine, guard, newKey)
  const mover = new Mover({ engine, guard, shadows, afterMs, name: newKey() })
  const { get, logs, counts } = createReader(engine, guard, shadows)

  /** A job whose id was made within this time cannot have been moved yet; half of it is left to clocks that differ. */
  const freshMs = Math.min(afterMs, ARCHIVE_PRESSED_MS) / 2
  const mayBeKept = (id: string): boolean => !isId(id) || idTime(id) <= clock.now() - freshMs

  /** The copies of jobs that the engine does not know. Without the archive's answer, the engine's stands. */
  const copiesOf = async (ids: readonly string[]): Promise<Map<string, JobRecord>> => {
    if (ids.length === 0) return new Map()
    const copies = await guard.ask((one) => one.get(ids)).catch(() => [])
    return new Map(copies.flatMap((copy) => (copy === null ? [] : [[copy.id, copy]])))
  }

  /** Of a job that is kept, nobody holds a lease any more. */
  const asKept = async <V extends string>(
    about: readonly { readonly id: string }[],
    verdicts: readonly (V | LeaseVerdict)[],
  ): Promise<(V | LeaseVerdict)[]> => {
    const missing = about.filter((_, index) => verdicts[index] === 'missing').map(({ id }) => id)
    const copies = await copiesOf(missing)
    return verdicts.map((verdict, index) =>
      verdict === 'missing' && copies.has(about[index]?.id ?? '') ? 'stale' : verdict,
    )
  }

  /** A settlement that comes again finds what it left in the archive. */
  const exchange = async (request: ExchangeRequest): Promise<ExchangeAnswer> => {
    const answer = await engine.exchange(request)
    const { settle = [], start = [], renew } = request
    const all = [...answer.settled, ...answer.started, ...answer.renewed]
    if (!all.includes('missing')) return answer
    const missing = settle.filter((_, index) => answer.settled[index] === 'missing').map(({ id }) => id)
    const copies = await copiesOf(missing)
    return {
      ...answer,
      settled: answer.settled.map((verdict, index) => {
        const wanted = settle[index]
        const copy = verdict === 'missing' && wanted !== undefined ? copies.get(wanted.id) : undefined
        if (copy === undefined) return verdict
        return copy.fence === wanted?.fence && copy.state === wanted.to ? 'ok' : 'stale'
      }),
      started: await asKept(start, answer.started),
      renewed: await asKept(renew?.leases ?? [], answer.renewed),
    }
  }

  /** An id that is kept answers as one that is there: the job was added, and has finished since. */
  const insert: Engine['insert'] = async (jobs, given = {}) => {
    checks.insert(jobs, given)
    const old = jobs.filter(({ id }) => mayBeKept(id)).map(({ id }) => id)
    const known = new Set((old.length === 0 ? [] : await getIfPossible(old)).flatMap((job) => job?.id ?? []))
    if (known.size === 0) return engine.insert(jobs, given)
    const fresh = jobs.filter(({ id }) => !known.has(id))
    const answer = await engine.insert(fresh, given)
    const verdicts = new Map(fresh.map(({ id }, index) => [id, answer.verdicts[index] as InsertVerdict]))
    const status = answer.recordsOk ? 'inserted' : 'refused'
    return { ...answer, verdicts: jobs.map(({ id }) => verdicts.get(id) ?? { status, id }) }
  }
  /** While the archive is away, adding goes on. */
  const getIfPossible = (ids: readonly string[]) => get(ids).catch(() => engine.get(ids))

  return {
    live: engine,
    archiver: {
      sweep: () => mover.sweep(),
      status: () => guard.status(),
      ping: async () => void (await guard.ask((one) => one.now())),
    },

    async open() {
      await Promise.all([engine.open(), archive.open()])
    },
    async close() {
      // Both, even if one of them fails.
      const ends = await Promise.allSettled([engine.close(), archive.close()])
      for (const end of ends) if (end.status === 'rejected') throw end.reason
    },
    info: () => engine.info(),
    now: () => engine.now(),

    insert,
    exchange,
    report: async (reports) => asKept(reports, await engine.report(reports)),
    expired: (request) => engine.expired(request),
    promote: (request) => engine.promote(request),
    change: (changes) => changeBoth({ engine, guard, shadows }, changes),
    requestCancel: async (requests) => asKept(requests, await engine.requestCancel(requests)),
    overdue: (request) => engine.overdue(request),
    news: (request) => engine.news(request),
    clearNews: (news) => engine.clearNews(news),
    batches: (ids) => engine.batches(ids),
    forgetBatches: (ids) => engine.forgetBatches(ids),
    prune: (request) => guard.ask((one) => one.prune(request)),
    finished: (request) => engine.finished(request),
    restore: (jobs) => engine.restore(jobs),

    get,
    list: (query) => listBoth(engine, guard, query),
    counts,
    logs,

    queues: () => engine.queues(),
    pause: (requests) => engine.pause(requests),
    setLimits: (writes) => engine.setLimits(writes),
    limits: () => engine.limits(),
    beat: (beats) => engine.beat(beats),
    workers: () => engine.workers(),
    getRecords: (keys) => engine.getRecords(keys),
    putRecords: (writes) => engine.putRecords(writes),
    listRecords: (request) => engine.listRecords(request),
    listen: (onHint) => engine.listen(onHint),
  }
}
