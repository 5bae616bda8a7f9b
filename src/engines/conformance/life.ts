import assert from 'node:assert/strict'
import type { Engine } from '../engine.ts'
import { claimRequest, type Lab, WORKER } from './lab.ts'
import type { Subject } from './subject.ts'

/** One call of every method. */
const everyCall = (
  lab: Lab,
): { readonly [M in Exclude<keyof Engine, 'close' | 'info'>]: () => Promise<unknown> } => {
  const { engine } = lab
  const id = lab.newId()
  return {
    open: () => engine.open(),
    now: () => engine.now(),
    insert: () => engine.insert([lab.job()]),
    exchange: () => engine.exchange({ worker: WORKER, claim: claimRequest() }),
    report: () => engine.report([{ id, fence: 1 }]),
    expired: () => engine.expired({ limit: 1, after: null }),
    promote: () => engine.promote({ limit: 1 }),
    change: () => engine.change([]),
    requestCancel: () => engine.requestCancel([]),
    overdue: () => engine.overdue({ limit: 1, after: null }),
    setLimits: () => engine.setLimits([]),
    limits: () => engine.limits(),
    news: () => engine.news({ limit: 1, after: null }),
    clearNews: () => engine.clearNews([]),
    batches: () => engine.batches([]),
    forgetBatches: () => engine.forgetBatches([]),
    prune: () => engine.prune({ state: 'dead', ageMs: 0, count: 0, minAgeMs: 0, limit: 1 }),
    finished: () => engine.finished({ state: 'dead', ageMs: 0, after: null, limit: 1 }),
    restore: () => engine.restore([]),
    get: () => engine.get([id]),
    list: () => engine.list({ sort: { field: 'id', descending: false }, after: null, limit: 1 }),
    counts: () => engine.counts(),
    logs: () => engine.logs({ id, after: null, limit: 1 }),
    queues: () => engine.queues(),
    pause: () => engine.pause([]),
    beat: () => engine.beat([]),
    workers: () => engine.workers(),
    getRecords: () => engine.getRecords([]),
    putRecords: () => engine.putRecords([]),
    listRecords: () => engine.listRecords({ collection: 'things', prefix: '', after: null, limit: 1 }),
    listen: () => engine.listen(() => {}),
  }
}

export const life: Subject = {
  subject: 'Opening and closing',
  cases: {
    'a new store is empty': async (lab) => {
      const { jobs, counts, queues, workers, records } = await lab.snapshot()
      assert.deepEqual([jobs, counts, queues, workers, records], [[], [], [], [], []])
    },

    'opening an open engine does nothing': async (lab) => {
      await lab.run()
      await lab.changesNothing(() => lab.engine.open())
    },

    'an engine says what it is': async (lab) => {
      const info = lab.engine.info()
      assert.ok(info.kind.length > 0 && info.location.length > 0 && info.version.length > 0)
      assert.ok(['none', 'process', 'system'].includes(info.durability))
      assert.ok(Number.isInteger(info.schemaVersion))
      assert.equal(typeof info.callerTransactions, 'boolean')
    },

    "a caller's transaction is refused by an engine that does not say it takes one": async (lab) => {
      if (lab.engine.info().callerTransactions) return
      await lab.refuses('E_TX_UNSUPPORTED', () => lab.engine.insert([lab.job()], { tx: {} }))
    },

    'after closing, every call is refused, and closing again does nothing': async (lab) => {
      lab.isDone = true
      await lab.engine.close()
      await lab.engine.close()
      for (const [method, call] of Object.entries(everyCall(lab))) {
        await assert.rejects(call, { code: 'E_STORE_CLOSED' }, method)
      }
    },

    'calls under way when the engine closes are carried out or refused, never left hanging': async (lab) => {
      lab.isDone = true
      const calls = Array.from({ length: 50 }, () => lab.engine.insert([lab.job()]))
      const answers = Promise.allSettled(calls)
      await lab.engine.close()
      for (const answer of await answers) {
        if (answer.status === 'rejected') assert.equal(answer.reason.code, 'E_STORE_CLOSED')
        else assert.equal(answer.value.verdicts[0]?.status, 'inserted')
      }
    },
  },
}
