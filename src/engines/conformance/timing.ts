import assert from 'node:assert/strict'
import { claimRequest, DELAY_MS, idsOf, type Lab, WORKER } from './lab.ts'
import type { Subject } from './subject.ts'

const YEAR_MS = 365 * 24 * 3_600_000

const nextDueAt = async (lab: Lab) => (await lab.engine.exchange({ worker: WORKER })).nextDueAt
const statesOf = async (lab: Lab, jobs: readonly { readonly id: string }[]) =>
  (await lab.engine.get(idsOf(jobs))).map((job) => job?.state)

export const timing: Subject = {
  subject: 'Time',
  cases: {
    'a job is promoted when its time has come, not a millisecond before': async (lab) => {
      const job = await lab.add({ delayMs: DELAY_MS })
      lab.clock.advance(DELAY_MS - 1)
      const early = await lab.changesNothing(() => lab.engine.promote({ limit: 10 }))
      assert.deepEqual(early, { promoted: 0, nextDueAt: job.runAt })
      lab.clock.advance(1)
      assert.deepEqual(await lab.engine.promote({ limit: 10 }), { promoted: 1, nextDueAt: null })
      assert.deepEqual(await lab.get(job.id), { ...job, state: 'ready' })
    },

    'a failed job waits for its retry as a scheduled one waits for its start': async (lab) => {
      const job = await lab.bring('retrying')
      assert.equal(await nextDueAt(lab), job.runAt)
      lab.clock.advance(DELAY_MS)
      assert.equal((await lab.engine.promote({ limit: 10 })).promoted, 1)
      assert.deepEqual(await lab.get(job.id), { ...job, state: 'ready' })
    },

    'the earliest due are promoted first, up to the limit': async (lab) => {
      const jobs = await lab.addMany(6, (index) => ({
        delayMs: [30, 10, 20, 10, 40, 9_999][index] as number,
      }))
      lab.clock.advance(100)
      const [a, b, c, d, e, later] = jobs
      assert.deepEqual(await lab.engine.promote({ limit: 3 }), {
        promoted: 3,
        nextDueAt: (await lab.get(later?.id ?? '')).runAt,
      })
      const rest = 'scheduled'
      assert.deepEqual(await statesOf(lab, jobs), [rest, 'ready', 'ready', 'ready', rest, rest])
      assert.deepEqual(idsOf(await lab.claim()), idsOf([b, d, c] as never))
      assert.equal((await lab.engine.promote({ limit: 100 })).promoted, 2)
      assert.deepEqual(idsOf(await lab.claim()), idsOf([a, e] as never))
    },

    'promoters at the same time promote each job once': async (lab) => {
      await lab.addMany(100, () => ({ delayMs: 1 }))
      lab.clock.advance(1)
      const answers = await Promise.all(Array.from({ length: 8 }, () => lab.engine.promote({ limit: 30 })))
      assert.equal(
        answers.reduce((sum, { promoted }) => sum + promoted, 0),
        100,
      )
      assert.equal((await lab.claim({ limit: 1_000 })).length, 100)
    },

    'jobs of paused queues are promoted too, and wait there': async (lab) => {
      await lab.add({ delayMs: 1 })
      await lab.engine.pause([{ queue: 'default', paused: true, by: 'someone' }])
      lab.clock.advance(1)
      assert.equal((await lab.engine.promote({ limit: 10 })).promoted, 1)
      assert.deepEqual(await lab.claim(), [])
    },

    'the next due time is that of the earliest waiting job, also when it has passed': async (lab) => {
      assert.equal(await nextDueAt(lab), null)
      const late = await lab.add({ delayMs: 500 })
      const early = await lab.add({ delayMs: 200, queue: 'elsewhere' })
      await lab.add({ blocked: 'waits', delayMs: 1 })
      await lab.add()
      assert.equal(await nextDueAt(lab), early.runAt)
      lab.clock.advance(300)
      assert.equal(await nextDueAt(lab), early.runAt)
      assert.deepEqual(await lab.engine.promote({ limit: 0 }), { promoted: 0, nextDueAt: late.runAt })
      await lab.engine.promote({ limit: 10 })
      assert.equal(await nextDueAt(lab), late.runAt)
    },

    'the next due time tells what the same call did': async (lab) => {
      const job = await lab.run()
      const settle = [lab.settlement(job, 'retrying', { delayMs: 77 })]
      const answer = await lab.engine.exchange({ worker: WORKER, settle, claim: claimRequest() })
      assert.equal(answer.nextDueAt, answer.now + 77)
    },

    'a delay of ten years is kept to the millisecond': async (lab) => {
      const job = await lab.add({ delayMs: 10 * YEAR_MS + 1 })
      assert.equal(job.runAt, lab.clock.now() + 10 * YEAR_MS + 1)
      lab.clock.advance(10 * YEAR_MS)
      assert.equal((await lab.engine.promote({ limit: 1 })).promoted, 0)
      lab.clock.advance(1)
      assert.equal((await lab.engine.promote({ limit: 1 })).promoted, 1)
    },

    "the store's clock follows the given one, and never runs backwards": async (lab) => {
      const start = await lab.engine.now()
      assert.equal(start, lab.clock.now())
      lab.clock.advance(5_000)
      assert.equal(await lab.engine.now(), start + 5_000)
      lab.clock.set(start - 3_600_000)
      assert.ok((await lab.engine.now()) >= start + 5_000)
      const before = await lab.add()
      assert.ok(before.createdAt >= start + 5_000)
      lab.clock.set(start + 6_000)
      assert.equal(await lab.engine.now(), start + 6_000)
    },

    'a clock that was set back neither ends leases nor makes jobs due': async (lab) => {
      const running = await lab.run()
      const waiting = await lab.add({ delayMs: DELAY_MS })
      lab.clock.set(lab.clock.now() - YEAR_MS)
      await lab.changesNothing(async () => {
        assert.deepEqual(await lab.engine.expired({ limit: 10, after: null }), [])
        assert.equal((await lab.engine.promote({ limit: 10 })).promoted, 0)
      })
      assert.deepEqual(await statesOf(lab, [running, waiting]), ['running', 'scheduled'])
    },
  },
}
