import assert from 'node:assert/strict'
import { ENGINE_BATCH_MAX, PAGE_SIZE_MAX } from '../../core/limits.ts'
import type { ExchangeRequest } from '../engine.ts'
import { claimRequest, type Lab, LEASE_MS, WORKER } from './lab.ts'
import type { Check, Subject } from './subject.ts'

/** How a method that takes a list is called with `count` elements, and how many answers come back. */
interface Batch {
  /** What must be there before. */
  readonly prepare?: (lab: Lab, count: number) => Promise<void>
  /** Answers the length of the answer. */
  readonly call: (lab: Lab, count: number) => Promise<number>
}

const many = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index))

const exchange =
  (
    part: (lab: Lab, count: number) => Omit<ExchangeRequest, 'worker'>,
    answer: 'settled' | 'started' | 'renewed',
  ) =>
  async (lab: Lab, count: number): Promise<number> =>
    (await lab.engine.exchange({ worker: WORKER, ...part(lab, count) }))[answer].length

const unknown = (lab: Lab, index: number) => ({ ...lab.job({ id: lab.newId() }), fence: index })

/** Settlements and changes of jobs that are not there: their number is what counts here. */
const writes = (lab: Lab, count: number) =>
  many(count, (index) => ({
    ...{ id: unknown(lab, index).id, fence: 1, attempt: 1, retries: 0, crashes: 0, solo: false },
    ...{ reason: null, output: null, error: null, history: null },
  }))
const settlements = (lab: Lab, count: number) =>
  writes(lab, count).map((one) => ({ ...one, to: 'completed' as const, startedAt: 1, unlessCancelled: true }))
const documents = (count: number) => many(count, (index) => ({ collection: 'things', key: `key-${index}` }))
const documentWrites = (count: number) =>
  documents(count).map((at) => ({ ...at, value: '{}', expect: null, ttlMs: null }))
const runAll = async (lab: Lab, count: number) => {
  if (count === 0) return
  await lab.addMany(Math.min(count, ENGINE_BATCH_MAX))
  await lab.claim({ limit: ENGINE_BATCH_MAX })
}

/** Lists: as many answers as elements, in one call. */
const LISTS: { readonly [name: string]: Batch } = {
  insert: {
    call: async (lab, count) => (await lab.engine.insert(many(count, () => lab.job()))).verdicts.length,
  },
  'insert with records': {
    call: async (lab, count) => {
      const answer = await lab.engine.insert([lab.job()], { records: documentWrites(count) })
      assert.equal(answer.recordsOk, true)
      return (await lab.engine.getRecords(documents(count))).filter((one) => one !== null).length
    },
  },
  'exchange.settle': { call: exchange((lab, count) => ({ settle: settlements(lab, count) }), 'settled') },
  'exchange.settle.add': {
    prepare: async (lab) => void (await lab.run()),
    call: async (lab, count) => {
      const [job] = (
        await lab.engine.list({ sort: { field: 'id', descending: true }, after: null, limit: 1 })
      ).jobs
      assert.ok(job)
      assert.equal(
        await lab.settle(job, 'completed', { add: many(count, () => lab.job({ task: 'added' })) }),
        'ok',
      )
      return (await lab.engine.counts()).find(({ task }) => task === 'added')?.count ?? 0
    },
  },
  'exchange.start': {
    call: exchange(
      (lab, count) => ({
        start: many(count, (i) => ({ id: unknown(lab, i).id, fence: 1, attempt: 1, startedAt: 1 })),
      }),
      'started',
    ),
  },
  'exchange.renew': {
    call: exchange((lab, count) => {
      const leases = many(count, (index) => ({ id: unknown(lab, index).id, fence: 1 }))
      return { renew: { leases, leaseMs: LEASE_MS, complete: false } }
    }, 'renewed'),
  },
  report: {
    call: async (lab, count) =>
      (await lab.engine.report(many(count, (i) => ({ id: unknown(lab, i).id, fence: 1 })))).length,
  },
  'report.log': {
    prepare: async (lab) => void (await lab.run()),
    call: async (lab, count) => {
      const [job] = (
        await lab.engine.list({ sort: { field: 'id', descending: true }, after: null, limit: 1 })
      ).jobs
      assert.ok(job)
      const log = many(count, (index) => ({
        seq: index + 1,
        at: 1,
        level: 'info' as const,
        message: `line ${index}`,
      }))
      assert.deepEqual(await lab.engine.report([{ id: job.id, fence: job.fence, log }]), ['ok'])
      return (await lab.engine.logs({ id: job.id, after: null, limit: ENGINE_BATCH_MAX })).length
    },
  },
  change: {
    call: async (lab, count) => {
      const changes = writes(lab, count).map((one) => ({
        ...one,
        from: 'ready' as const,
        to: 'cancelled' as const,
      }))
      return (await lab.engine.change(changes)).length
    },
  },
  requestCancel: {
    call: async (lab, count) => {
      const request = { at: 1, by: 'someone', reason: null }
      return (
        await lab.engine.requestCancel(many(count, (index) => ({ id: unknown(lab, index).id, request })))
      ).length
    },
  },
  get: { call: async (lab, count) => (await lab.engine.get(many(count, () => lab.newId()))).length },
  pause: {
    call: async (lab, count) => {
      await lab.engine.pause(
        many(count, (index) => ({ queue: `queue-${index}`, paused: true, by: 'someone' })),
      )
      return (await lab.engine.queues()).length
    },
  },
  beat: {
    call: async (lab, count) => {
      await lab.engine.beat(many(count, (index) => ({ id: `worker-${index}`, about: '{}', ttlMs: 1_000 })))
      return (await lab.engine.workers()).length
    },
  },
  getRecords: { call: async (lab, count) => (await lab.engine.getRecords(documents(count))).length },
  putRecords: { call: async (lab, count) => (await lab.engine.putRecords(documentWrites(count))).length },
}

/** Limits: as many answers as asked for, when there are enough. */
const LIMITS: { readonly [name: string]: Batch & { readonly max?: number; readonly least?: number } } = {
  claim: {
    prepare: async (lab) => void (await lab.addMany(ENGINE_BATCH_MAX)),
    call: async (lab, limit) => (await lab.claim({ limit })).length,
  },
  expired: {
    prepare: async (lab) => {
      await runAll(lab, ENGINE_BATCH_MAX)
      lab.clock.advance(LEASE_MS)
    },
    call: async (lab, limit) => (await lab.engine.expired({ limit, after: null })).length,
  },
  promote: {
    prepare: async (lab) => {
      await lab.addMany(ENGINE_BATCH_MAX, () => ({ delayMs: 1 }))
      lab.clock.advance(1)
    },
    call: async (lab, limit) => (await lab.engine.promote({ limit })).promoted,
  },
  prune: {
    prepare: async (lab) => {
      await lab.addMany(ENGINE_BATCH_MAX)
      const jobs = await lab.claim({ limit: ENGINE_BATCH_MAX })
      await lab.engine.exchange({ worker: null, settle: jobs.map((job) => lab.settlement(job, 'completed')) })
    },
    call: async (lab, limit) =>
      (await lab.engine.prune({ state: 'completed', ageMs: 0, count: 0, minAgeMs: 0, limit })).removed,
  },
  list: {
    max: PAGE_SIZE_MAX,
    least: 1,
    prepare: async (lab) => void (await lab.addMany(PAGE_SIZE_MAX)),
    call: async (lab, limit) =>
      (await lab.engine.list({ sort: { field: 'id', descending: false }, after: null, limit })).jobs.length,
  },
  logs: {
    prepare: async (lab) => {
      const job = await lab.run()
      const log = many(ENGINE_BATCH_MAX, (i) => ({ seq: i + 1, at: 1, level: 'info' as const, message: '' }))
      await lab.engine.report([{ id: job.id, fence: job.fence, log }])
    },
    call: async (lab, limit) => {
      const [job] = (
        await lab.engine.list({ sort: { field: 'id', descending: false }, after: null, limit: 1 })
      ).jobs
      return (await lab.engine.logs({ id: job?.id ?? '', after: null, limit })).length
    },
  },
  listRecords: {
    prepare: async (lab) => void (await lab.engine.putRecords(documentWrites(ENGINE_BATCH_MAX))),
    call: async (lab, limit) =>
      (await lab.engine.listRecords({ collection: 'things', prefix: '', after: null, limit })).length,
  },
}

const cases: Record<string, Check> = {}
for (const [name, { prepare, call }] of Object.entries(LISTS)) {
  for (const count of [0, 1, ENGINE_BATCH_MAX]) {
    cases[`${name} carries out ${count} in one call`] = async (lab) => {
      await prepare?.(lab, count)
      assert.equal(await call(lab, count), count)
    }
  }
  cases[`${name} refuses ${ENGINE_BATCH_MAX + 1} and touches nothing`] = async (lab) => {
    await prepare?.(lab, ENGINE_BATCH_MAX)
    await lab.refuses('E_BATCH_TOO_LARGE', () => call(lab, ENGINE_BATCH_MAX + 1))
  }
}
for (const [name, { prepare, call, max = ENGINE_BATCH_MAX, least = 0 }] of Object.entries(LIMITS)) {
  cases[`${name} answers ${max}, then 1 at most, as asked`] = async (lab) => {
    await prepare?.(lab, max)
    for (const limit of least === 0 ? [0, 1] : [1]) assert.equal(await call(lab, limit), limit)
    const rest = await call(lab, max)
    assert.ok(rest === max || rest === max - 1, `${rest} of ${max}`)
  }
  cases[`${name} refuses a limit of ${max + 1}, of −1, of a half`] = async (lab) => {
    await lab.refuses('E_BATCH_TOO_LARGE', () => call(lab, max + 1))
    await lab.refuses('E_ARGUMENT', () => call(lab, -1))
    await lab.refuses('E_ARGUMENT', () => call(lab, 0.5))
  }
}
cases['a call without elements touches nothing'] = async (lab) => {
  await lab.run()
  await lab.changesNothing(async () => {
    for (const { call } of Object.values(LISTS).filter((batch) => batch.prepare === undefined)) {
      if (call !== LISTS['insert with records']?.call) await call(lab, 0)
    }
    const nothing = { settle: [], start: [], renew: { leases: [], leaseMs: 1, complete: false } }
    const claim = claimRequest({ limit: 0 })
    const answer = await lab.engine.exchange({ worker: WORKER, ...nothing, claim })
    assert.deepEqual(answer, {
      ...{ now: lab.clock.now(), settled: [], started: [], renewed: [], unknown: [], jobs: [] },
      ...{ more: false, nextDueAt: null },
    })
  })
}
export const batches: Subject = { subject: 'Batches', cases }
