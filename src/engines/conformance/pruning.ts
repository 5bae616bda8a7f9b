import assert from 'node:assert/strict'
import { FINISHED_STATES, LIVE_STATES } from '../../core/states.ts'
import type { PruneRequest } from '../engine.ts'
import { idsOf, type Lab } from './lab.ts'
import type { Subject } from './subject.ts'

const HOUR_MS = 3_600_000

/** `count` jobs that finished one hour after the other; the last one just now. */
const finishHourly = async (lab: Lab, count: number, state: PruneRequest['state'] = 'completed') => {
  const ids: string[] = []
  for (let index = 0; index < count; index++) {
    if (index > 0) lab.clock.advance(HOUR_MS)
    ids.push((await lab.bring(state)).id)
  }
  return ids
}

const request = (given: Partial<PruneRequest>): PruneRequest => ({
  state: 'completed',
  ageMs: 1_000 * HOUR_MS,
  count: 1_000_000,
  minAgeMs: 0,
  limit: 100,
  ...given,
})

const left = async (lab: Lab) =>
  idsOf((await lab.engine.list({ sort: { field: 'id', descending: false }, after: null, limit: 200 })).jobs)

export const pruning: Subject = {
  subject: 'Pruning',
  cases: {
    'jobs that finished longer ago than the age go, the others stay': async (lab) => {
      const ids = await finishHourly(lab, 5)
      assert.deepEqual(await lab.engine.prune(request({ ageMs: 3 * HOUR_MS })), { removed: 1, more: false })
      assert.deepEqual(await left(lab), ids.slice(1))
    },

    'the newest of a number stay, the older ones go': async (lab) => {
      const ids = await finishHourly(lab, 5)
      assert.deepEqual(await lab.engine.prune(request({ count: 2 })), { removed: 3, more: false })
      assert.deepEqual(await left(lab), ids.slice(3))
    },

    'who finished at the same time is told apart by id': async (lab) => {
      const jobs = await lab.addMany(5)
      const running = await lab.claim()
      // Settled in the other order: only the time and the id may count.
      const settle = [...running].reverse().map((job) => lab.settlement(job, 'completed'))
      await lab.engine.exchange({ worker: null, settle })
      await lab.engine.prune(request({ count: 2 }))
      assert.deepEqual(await left(lab), idsOf(jobs.slice(3)))
    },

    'nothing younger than the least age goes, whatever the number': async (lab) => {
      const ids = await finishHourly(lab, 5)
      const young = { ageMs: 0, count: 0, minAgeMs: 2 * HOUR_MS }
      assert.deepEqual(await lab.engine.prune(request(young)), { removed: 3, more: false })
      assert.deepEqual(await left(lab), ids.slice(3))
      assert.deepEqual(await lab.engine.prune(request(young)), { removed: 0, more: false })
    },

    'the oldest go first, up to the limit, and more are said to remain': async (lab) => {
      const ids = await finishHourly(lab, 5)
      const all = request({ ageMs: 0, count: 0, limit: 2 })
      assert.deepEqual(await lab.engine.prune(all), { removed: 2, more: true })
      assert.deepEqual(await left(lab), ids.slice(2))
      assert.deepEqual(await lab.engine.prune(all), { removed: 2, more: true })
      assert.deepEqual(await lab.engine.prune(all), { removed: 1, more: false })
    },

    'only the named state is touched, and never a live job': async (lab) => {
      for (const state of LIVE_STATES) {
        if (state !== 'running' && state !== 'ready') await lab.bring(state)
      }
      for (const state of FINISHED_STATES) await lab.bring(state)
      await lab.bring('running')
      await lab.bring('ready')
      const live = LIVE_STATES.length
      for (const [index, state] of FINISHED_STATES.entries()) {
        assert.deepEqual(await lab.engine.prune(request({ state, ageMs: 0, count: 0 })), {
          removed: 1,
          more: false,
        })
        assert.equal((await left(lab)).length, live + FINISHED_STATES.length - 1 - index)
      }
    },

    'a job sent round again is judged by its last end': async (lab) => {
      const job = await lab.bring('dead')
      lab.clock.advance(10 * HOUR_MS)
      await lab.engine.change([lab.change(job, 'ready')])
      const [again] = await lab.claim()
      assert.ok(again)
      await lab.settle(again, 'dead')
      lab.clock.advance(HOUR_MS)
      const old = request({ state: 'dead', ageMs: 5 * HOUR_MS })
      assert.deepEqual(await lab.engine.prune(old), { removed: 0, more: false })
    },

    'logs go with their jobs': async (lab) => {
      const job = await lab.run()
      const log = [{ seq: 1, at: 1, level: 'info' as const, message: 'hello' }]
      await lab.engine.report([{ id: job.id, fence: job.fence, log }])
      await lab.settle(job, 'completed')
      await lab.engine.prune(request({ count: 0 }))
      assert.deepEqual(await lab.engine.logs({ id: job.id, after: null, limit: 10 }), [])
    },

    'pruners at the same time remove each job once': async (lab) => {
      await lab.addMany(100)
      const running = await lab.claim()
      await lab.engine.exchange({
        worker: null,
        settle: running.map((job) => lab.settlement(job, 'completed')),
      })
      const half = request({ count: 50, limit: 20 })
      const answers = await Promise.all(Array.from({ length: 6 }, () => lab.engine.prune(half)))
      assert.equal(
        answers.reduce((sum, { removed }) => sum + removed, 0),
        50,
      )
      assert.equal((await left(lab)).length, 50)
    },

    'only finished states can be pruned': async (lab) => {
      await lab.add()
      await lab.refuses('E_ARGUMENT', () => lab.engine.prune(request({ state: 'ready' as never, count: 0 })))
    },
  },
}
