import assert from 'node:assert/strict'
import { FINISHED_STATES } from '../../core/states.ts'
import type { BatchRow } from '../engine.ts'
import { idsOf, type Lab, ties } from './lab.ts'
import type { Check, Subject } from './subject.ts'

/** Batches: how many of their jobs are on their way, and what became of the others. */

const BATCH = 'b1'
const member = { ties: ties({ batch: BATCH }) }
const numbers = (given: Partial<BatchRow>): BatchRow => ({
  ...{ unfinished: 0, completed: 0, cancelled: 0, dead: 0, removed: 0 },
  ...given,
})
const row = async (lab: Lab, id = BATCH) => (await lab.engine.batches([id]))[0]
const told = async (lab: Lab) => idsOf(await lab.engine.news({ limit: 100, after: null }))

const cases: Record<string, Check> = {
  'a batch that nobody named is null, and the answer has the order of the question': async (lab) => {
    await lab.add(member)
    await lab.addMany(2, () => ({ ties: ties({ batch: 'b2' }) }))
    assert.deepEqual(await lab.engine.batches(['b2', 'none', BATCH, 'b2']), [
      numbers({ unfinished: 2 }),
      null,
      numbers({ unfinished: 1 }),
      numbers({ unfinished: 2 }),
    ])
  },

  'jobs that are not inserted do not count': async (lab) => {
    const { id } = await lab.add({ ...member, key: 'k' })
    await lab.engine.insert([lab.job({ ...member, key: 'k' }), lab.job({ ...member, id })])
    assert.deepEqual(await row(lab), numbers({ unfinished: 1 }))
  },

  'live states do not differ, and nothing is told of them': async (lab) => {
    for (const state of ['blocked', 'scheduled', 'ready'] as const) await lab.bring(state, member)
    const [running] = await lab.claim()
    assert.deepEqual(await row(lab), numbers({ unfinished: 3 }))
    await lab.settle(await lab.get(running?.id ?? ''), 'retrying')
    assert.deepEqual(await row(lab), numbers({ unfinished: 3 }))
    assert.deepEqual(await told(lab), [])
  },

  'every end is counted once and told': async (lab) => {
    for (const state of FINISHED_STATES) await lab.bring(state, member)
    const gone = await lab.bring('scheduled', member)
    assert.deepEqual(await told(lab), [BATCH])
    await lab.engine.clearNews(await lab.engine.news({ limit: 10, after: null }))
    await lab.engine.change([lab.change(gone, 'removed')])
    assert.deepEqual(await row(lab), numbers({ completed: 1, cancelled: 1, dead: 1, removed: 1 }))
    assert.deepEqual(await told(lab), [BATCH])
  },

  'a job that is sent round again is on its way again': async (lab) => {
    const dead = await lab.bring('dead', member)
    await lab.engine.change([lab.change(dead, 'ready')])
    assert.deepEqual(await row(lab), numbers({ unfinished: 1 }))
  },

  'what is removed or pruned after its end still counts': async (lab) => {
    const [done, dead] = [await lab.bring('completed', member), await lab.bring('dead', member)]
    await lab.engine.prune({ state: 'completed', ageMs: 0, count: 0, minAgeMs: 0, limit: 10 })
    await lab.engine.change([lab.change(dead, 'removed')])
    assert.deepEqual(await lab.engine.get([done.id, dead.id]), [null, null])
    assert.deepEqual(await row(lab), numbers({ completed: 1, dead: 1 }))
  },

  'jobs that a run adds count with it': async (lab) => {
    const job = await lab.run(member)
    await lab.settle(job, 'completed', { add: [lab.job(member), lab.job(member)] })
    assert.deepEqual(await row(lab), numbers({ unfinished: 2, completed: 1 }))
  },

  'the numbers are exact when many jobs end at once': async (lab) => {
    await lab.addMany(300, (i) => ({ ties: ties({ batch: `b${i % 3}` }) }))
    const running = await lab.claim({ limit: 300 })
    const ends = running.map((job, i) =>
      lab.settlement(job, i % 5 === 0 ? 'dead' : 'completed', { attempt: 1 }),
    )
    const calls = Array.from({ length: 10 }, (_, i) => ends.filter((_, at) => at % 10 === i))
    await Promise.all(calls.map((settle) => lab.engine.exchange({ worker: null, settle })))
    const rows = await lab.engine.batches(['b0', 'b1', 'b2'])
    for (const one of rows) assert.deepEqual(one, numbers({ completed: 80, dead: 20 }))
    assert.deepEqual(await told(lab), ['b0', 'b1', 'b2'])
  },

  'a forgotten batch begins anew': async (lab) => {
    await lab.bring('completed', member)
    await lab.engine.forgetBatches([BATCH, 'none'])
    assert.equal(await row(lab), null)
    await lab.engine.forgetBatches([BATCH])
    await lab.add(member)
    assert.deepEqual(await row(lab), numbers({ unfinished: 1 }))
  },

  'the jobs of a batch are listed': async (lab) => {
    const jobs = await lab.addMany(4, (i) => ({ ties: ties({ batch: i < 3 ? BATCH : 'b2' }) }))
    const query = { batch: BATCH, sort: { field: 'id', descending: false }, after: null } as const
    const page = await lab.engine.list({ ...query, limit: 2 })
    assert.deepEqual([idsOf(page.jobs), page.more], [idsOf(jobs.slice(0, 2)), true])
  },
}

export const batchNumbers: Subject = { subject: 'Numbers of batches', cases }
