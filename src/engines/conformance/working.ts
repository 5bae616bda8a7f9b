import assert from 'node:assert/strict'
import type { WorkerBeat } from '../engine.ts'
import { idsOf } from './lab.ts'
import type { Subject } from './subject.ts'

const TTL_MS = 5_000
const beat = (id: string, about = '{"pid":1}', ttlMs = TTL_MS): WorkerBeat => ({ id, about, ttlMs })

export const working: Subject = {
  subject: 'Workers',
  cases: {
    'a worker is known from its first beat until its ttl after the last one': async (lab) => {
      await lab.engine.beat([beat('w')])
      const firstSeenAt = lab.clock.now()
      lab.clock.advance(TTL_MS - 1)
      await lab.engine.beat([beat('w', '{"pid":2}')])
      const lastSeenAt = lab.clock.now()
      lab.clock.advance(TTL_MS - 1)
      assert.deepEqual(await lab.engine.workers(), [{ id: 'w', about: '{"pid":2}', firstSeenAt, lastSeenAt }])
      lab.clock.advance(1)
      assert.deepEqual(await lab.engine.workers(), [])
    },

    'a beat after the ttl is a first one': async (lab) => {
      await lab.engine.beat([beat('w')])
      lab.clock.advance(TTL_MS)
      await lab.engine.beat([beat('w')])
      assert.equal((await lab.engine.workers())[0]?.firstSeenAt, lab.clock.now())
    },

    'a worker that leaves is forgotten at once; leaving twice does no harm': async (lab) => {
      await lab.engine.beat([beat('stays'), beat('leaves')])
      for (let times = 0; times < 2; times++) await lab.engine.beat([{ ...beat('leaves'), gone: true }])
      assert.deepEqual(idsOf(await lab.engine.workers()), ['stays'])
      await lab.engine.beat([beat('leaves')])
      assert.equal((await lab.engine.workers()).length, 2)
    },

    'workers have ttls of their own and come by id': async (lab) => {
      await lab.engine.beat([beat('c'), beat('a', '{}', 100), beat('b')])
      assert.deepEqual(idsOf(await lab.engine.workers()), ['a', 'b', 'c'])
      lab.clock.advance(100)
      assert.deepEqual(idsOf(await lab.engine.workers()), ['b', 'c'])
    },

    'the same beat twice in one call is one worker': async (lab) => {
      await lab.engine.beat([beat('w'), beat('w', '{"pid":2}')])
      assert.deepEqual(
        (await lab.engine.workers()).map(({ about }) => about),
        ['{"pid":2}'],
      )
    },

    'a worker that is not heard of keeps its leases: only they count': async (lab) => {
      const job = await lab.run({ leaseMs: 60_000 })
      await lab.engine.beat([beat('worker-1', '{}', 1)])
      lab.clock.advance(10)
      assert.deepEqual(await lab.engine.expired({ limit: 10, after: null }), [])
      assert.equal(await lab.settle(job, 'completed'), 'ok')
    },
  },
}
