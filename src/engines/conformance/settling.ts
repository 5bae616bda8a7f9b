import assert from 'node:assert/strict'
import type { Settlement } from '../../core/job.ts'
import { DELAY_MS, idsOf, type Lab } from './lab.ts'
import type { Subject } from './subject.ts'

const RESTING = ['completed', 'retrying', 'scheduled', 'ready', 'blocked', 'dead', 'cancelled'] as const

const document = { collection: 'things', key: 'k', value: '"v"', expect: 0, ttlMs: null }

const VALUES: Partial<Settlement> = {
  ...{ attempt: 4, retries: 3, crashes: 2, solo: true, startedAt: 77, reason: 'why', output: '{"o":1}' },
  ...{ error: '{"name":"E","message":"m"}', history: '[{"at":1}]', progress: '0.5', checkpoint: '{"c":1}' },
}

const statesOf = async (lab: Lab, ids: readonly string[]) =>
  (await lab.engine.get(ids)).map((job) => job?.state ?? null)

export const settling: Subject = {
  subject: 'Settling',
  cases: {
    'a settlement writes its values and ends the lease; the rest of the job stays': async (lab) => {
      const job = await lab.run({ payload: '[1]', key: 'k', ref: 'r', tags: '["t"]' })
      lab.clock.advance(10)
      assert.equal(await lab.settle(job, 'dead', VALUES), 'ok')
      const finishedAt = lab.clock.now()
      const ended = { state: 'dead', finishedAt, leaseUntil: null, started: false, cancel: null }
      assert.deepEqual(await lab.get(job.id), { ...job, ...VALUES, ...ended })
    },

    'a delay counts from the settlement; without one the due time stays': async (lab) => {
      const one = await lab.run()
      const two = await lab.run()
      lab.clock.advance(1_000)
      await lab.settle(one, 'retrying', { delayMs: 500 })
      await lab.settle(two, 'ready')
      assert.equal((await lab.get(one.id)).runAt, lab.clock.now() + 500)
      assert.equal((await lab.get(two.id)).runAt, two.runAt)
    },

    'progress and checkpoint stay unless they are named, and null clears them': async (lab) => {
      const job = await lab.run()
      await lab.engine.report([{ id: job.id, fence: job.fence, progress: '1', checkpoint: '2' }])
      await lab.settle(job, 'ready')
      const [again] = await lab.claim()
      assert.deepEqual([again?.progress, again?.checkpoint], ['1', '2'])
      assert.ok(again)
      await lab.settle(again, 'completed', { progress: null, checkpoint: null })
      const { progress, checkpoint } = await lab.get(job.id)
      assert.deepEqual([progress, checkpoint], [null, null])
    },

    'the same settlement again is ok and writes nothing, while the job is as it left it': async (lab) => {
      for (const to of RESTING) {
        const job = await lab.run()
        const settlement = lab.settlement(job, to, {
          add: [lab.job({ blocked: 'b' })],
          records: [{ ...document, key: to }],
        })
        const send = async () => (await lab.engine.exchange({ worker: null, settle: [settlement] })).settled
        assert.deepEqual(await send(), ['ok'])
        lab.clock.advance(100)
        assert.deepEqual(await lab.changesNothing(send), ['ok'], to)
        const left = await lab.get(job.id)
        await lab.engine.change([lab.change(left, 'removed')])
        assert.deepEqual(await lab.changesNothing(send), ['missing'], to)
      }
    },

    'a settlement that comes again after the job went on is stale': async (lab) => {
      const job = await lab.run()
      const settlement = lab.settlement(job, 'ready')
      await lab.engine.exchange({ worker: null, settle: [settlement] })
      await lab.claim({}, 'worker-2')
      const send = () => lab.engine.exchange({ worker: null, settle: [settlement] })
      assert.deepEqual((await lab.changesNothing(send)).settled, ['stale'])
    },

    'a run ends once: another ending under the same fence is stale': async (lab) => {
      for (const first of RESTING) {
        const job = await lab.run()
        assert.equal(await lab.settle(job, first), 'ok')
        await lab.changesNothing(async () => {
          for (const second of RESTING) {
            if (second !== first)
              assert.equal(await lab.settle(job, second), 'stale', `${first}, then ${second}`)
          }
        })
        await lab.engine.change([lab.change(await lab.get(job.id), 'removed')])
      }
    },

    'two settlements of one job in one call are judged in order': async (lab) => {
      const job = await lab.run()
      const settle = [
        lab.settlement(job, 'completed'),
        lab.settlement(job, 'dead'),
        lab.settlement(job, 'completed'),
      ]
      assert.deepEqual((await lab.engine.exchange({ worker: null, settle })).settled, ['ok', 'stale', 'ok'])
      assert.equal((await lab.get(job.id)).state, 'completed')
    },

    'jobs and documents of a settlement are written with it': async (lab) => {
      const job = await lab.run()
      const add = [lab.job(), lab.job({ delayMs: DELAY_MS }), lab.job({ blocked: 'b' })]
      assert.equal(await lab.settle(job, 'completed', { add, records: [document] }), 'ok')
      assert.deepEqual(await statesOf(lab, idsOf(add)), ['ready', 'scheduled', 'blocked'])
      assert.equal((await lab.engine.getRecords([document]))[0]?.version, 1)
    },

    'a refused settlement takes its jobs and documents with it': async (lab) => {
      const job = await lab.run()
      const extra = { add: [lab.job({ key: 'child' })], records: [document] }
      await lab.changesNothing(async () => {
        assert.equal(await lab.settle({ ...job, fence: 9 }, 'completed', extra), 'stale')
        assert.equal(await lab.settle({ ...job, id: lab.newId() }, 'completed', extra), 'missing')
      })
    },

    'a document that changed meanwhile refuses the settlement, and the lease is still held': async (lab) => {
      const job = await lab.run()
      await lab.engine.putRecords([document])
      const extra = { add: [lab.job()], records: [{ ...document, key: 'other' }, document] }
      assert.equal(await lab.changesNothing(() => lab.settle(job, 'completed', extra)), 'conflict')
      const fits = { add: extra.add, records: [{ ...document, expect: 1 }] }
      assert.equal(await lab.settle(job, 'completed', fits), 'ok')
    },

    'settlements of one call that write the same document see each other': async (lab) => {
      const [one, two] = [await lab.run(), await lab.run()]
      const settle = [one, two].map((job) => lab.settlement(job, 'completed', { records: [document] }))
      const { settled } = await lab.engine.exchange({ worker: null, settle })
      assert.deepEqual(settled, ['ok', 'conflict'])
      assert.deepEqual(await statesOf(lab, [one.id, two.id]), ['completed', 'running'])
    },

    'a finished job hands its key on to a job that it adds': async (lab) => {
      const job = await lab.run({ key: 'chain' })
      const next = lab.job({ key: 'chain' })
      assert.equal(await lab.settle(job, 'completed', { add: [next] }), 'ok')
      assert.deepEqual(await statesOf(lab, [next.id]), ['ready'])
    },

    'an added job whose key is taken is left out, and the settlement holds': async (lab) => {
      const job = await lab.run({ key: 'chain' })
      const [twin, other] = [lab.job({ key: 'chain' }), lab.job()]
      assert.equal(await lab.settle(job, 'retrying', { add: [twin, other] }), 'ok')
      assert.deepEqual(await statesOf(lab, [twin.id, other.id]), [null, 'ready'])
    },

    'settlements of one call take effect one after the other: a key that a later one frees is still taken':
      async (lab) => {
        const first = await lab.run()
        const holder = await lab.run({ key: 'chain' })
        const last = await lab.run()
        const [early, late] = [lab.job({ key: 'chain' }), lab.job({ key: 'chain' })]
        const settle = [
          lab.settlement(first, 'completed', { add: [early] }),
          lab.settlement(holder, 'completed'),
          lab.settlement(last, 'completed', { add: [late] }),
        ]
        assert.deepEqual((await lab.engine.exchange({ worker: null, settle })).settled, ['ok', 'ok', 'ok'])
        assert.deepEqual(await statesOf(lab, idsOf([early, late])), [null, 'ready'])
      },

    'running is no way to end a run': async (lab) => {
      const job = await lab.run()
      await lab.refuses('E_ARGUMENT', () => lab.settle(job, 'running' as never))
    },
  },
}
