import assert from 'node:assert/strict'
import { JOB_STATES } from '../../core/states.ts'
import { claimRequest, idsOf, type Lab, WORKER } from './lab.ts'
import { allJobs, sortedCounts } from './snapshot.ts'
import type { Subject } from './subject.ts'

const pause = async (lab: Lab, queue: string, paused = true, by = 'someone') =>
  await lab.engine.pause([{ queue, paused, by }])

const named = async (lab: Lab, queue: string) =>
  (await lab.engine.queues()).find((row) => row.queue === queue)

export const queueing: Subject = {
  subject: 'Queues and counts',
  cases: {
    'after a pause is answered no claim takes a job from the queue, after a resume it does': async (lab) => {
      await lab.addMany(3)
      const other = await lab.add({ queue: 'other' })
      await pause(lab, 'default')
      for (const order of ['merged', 'listed'] as const) {
        assert.deepEqual(await lab.claim({ queues: ['default'], order }), [])
      }
      const answer = await lab.engine.exchange({ worker: WORKER, claim: claimRequest() })
      assert.deepEqual([idsOf(answer.jobs), answer.more], [[other.id], false])
      await pause(lab, 'default', false)
      assert.equal((await lab.claim()).length, 3)
    },

    'running jobs of a paused queue go on': async (lab) => {
      const job = await lab.run()
      await pause(lab, 'default')
      assert.equal(await lab.settle(job, 'completed'), 'ok')
    },

    'who paused a queue first, and when, is kept; resuming forgets it': async (lab) => {
      await pause(lab, 'default', true, 'first')
      const pausedAt = lab.clock.now()
      lab.clock.advance(10)
      await lab.changesNothing(() => pause(lab, 'default', true, 'second'))
      const row = { queue: 'default', paused: true, pausedAt, pausedBy: 'first', oldestReadyAt: null }
      assert.deepEqual(await lab.engine.queues(), [row])
      await pause(lab, 'default', false)
      await lab.changesNothing(() => pause(lab, 'default', false))
      assert.deepEqual(await lab.engine.queues(), [{ ...row, paused: false, pausedAt: null, pausedBy: null }])
    },

    'several queues in one call, one of them twice: the last word counts': async (lab) => {
      await lab.engine.pause([
        { queue: 'a', paused: true, by: 'x' },
        { queue: 'b', paused: true, by: 'x' },
        { queue: 'a', paused: false, by: 'x' },
      ])
      assert.deepEqual(
        (await lab.engine.queues()).map(({ queue, paused }) => [queue, paused]),
        [
          ['a', false],
          ['b', true],
        ],
      )
    },

    'resuming a queue that nobody ever heard of does not invent it': async (lab) => {
      await lab.changesNothing(() => pause(lab, 'nobody', false))
    },

    'a queue is known from its first job on, also when the job is gone; by name': async (lab) => {
      const names = ['b', 'a', 'B', 'ä', '\u{1f4ec}', '\uff5e', 'a.b', '']
      for (const queue of names) {
        await lab.engine.change([lab.change(await lab.add({ queue }), 'removed')])
      }
      const byBytes = [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
      assert.deepEqual(
        (await lab.engine.queues()).map(({ queue }) => queue),
        byBytes,
      )
    },

    'a queue of which only a duplicate was offered is not known': async (lab) => {
      await lab.add({ key: 'k' })
      await lab.engine.insert([lab.job({ key: 'k', queue: 'elsewhere' })])
      assert.equal(await named(lab, 'elsewhere'), undefined)
    },

    'a queue knows since when its oldest ready job waits': async (lab) => {
      const now = lab.clock.now()
      await lab.add({ delayMs: 5 })
      assert.equal((await named(lab, 'default'))?.oldestReadyAt, null)
      await lab.add({ runAt: now - 10, priority: 9 })
      await lab.add({ runAt: now - 99, priority: 9 })
      await lab.add({ runAt: now - 50, priority: 0 })
      assert.equal((await named(lab, 'default'))?.oldestReadyAt, now - 99)
      await lab.claim()
      assert.equal((await named(lab, 'default'))?.oldestReadyAt, null)
    },

    'counts are exact by queue, task and state': async (lab) => {
      const expected = []
      for (const [index, state] of JOB_STATES.entries()) {
        // What is ready stays ready only when nothing is claimed after it.
        if (state === 'ready') continue
        for (let count = 0; count <= index % 3; count++)
          await lab.bring(state, { queue: 'q', task: `t${index % 2}` })
        expected.push({ queue: 'q', task: `t${index % 2}`, state, count: (index % 3) + 1 })
      }
      await lab.addMany(7, () => ({ queue: 'q', task: 't0' }))
      expected.push({ queue: 'q', task: 't0', state: 'ready' as const, count: 7 })
      assert.deepEqual(sortedCounts(await lab.engine.counts()), sortedCounts(expected))
    },

    'counts of nothing are empty, and rows go when their last job goes': async (lab) => {
      assert.deepEqual(await lab.engine.counts(), [])
      const job = await lab.add()
      await lab.engine.change([lab.change(job, 'removed')])
      assert.deepEqual(await lab.engine.counts(), [])
    },

    'counts are exact in the middle of a crowd, and after it': async (lab) => {
      const crowd = async (worker: string) => {
        await lab.addMany(40)
        const jobs = await lab.claim({ limit: 25 }, worker)
        const settle = jobs.map((job, i) => lab.settlement(job, i % 2 === 0 ? 'completed' : 'retrying'))
        await lab.engine.exchange({ worker, settle })
        const rows = await lab.engine.counts()
        assert.equal(rows.reduce((sum, { count }) => sum + count, 0) % 40, 0)
      }
      await Promise.all(Array.from({ length: 8 }, (_, index) => crowd(`worker-${index}`)))
      const jobs = await allJobs(lab.engine)
      for (const { state, count } of await lab.engine.counts()) {
        assert.equal(count, jobs.filter((job) => job.state === state).length)
      }
    },
  },
}
