import assert from 'node:assert/strict'
import type { JobRecord } from '../../core/job.ts'
import type { ExchangeRequest } from '../engine.ts'
import { idsOf, type Lab, LEASE_MS, WORKER } from './lab.ts'
import type { Subject } from './subject.ts'

export const renew = (
  leases: readonly { id: string; fence: number }[],
  complete = false,
): ExchangeRequest => ({
  worker: WORKER,
  renew: { leases, leaseMs: LEASE_MS, complete },
})

export const start = ({ id, fence }: JobRecord, attempt = 1, startedAt = 7): ExchangeRequest => ({
  worker: WORKER,
  start: [{ id, fence, attempt, startedAt }],
})

/** A job that a second worker runs after the first one lost it, and what the first one still believes. */
const takenOver = async (lab: Lab) => {
  const old = await lab.run({}, 'worker-old')
  lab.clock.advance(LEASE_MS)
  assert.equal(await lab.settle(old, 'ready'), 'ok')
  const [current] = await lab.claim({}, 'worker-new')
  assert.equal(current?.id, old.id)
  return { old, current }
}

export const leases: Subject = {
  subject: 'Leases',
  cases: {
    'a worker that lost its lease writes nothing: each of its calls is stale': async (lab) => {
      const { old } = await takenOver(lab)
      const { id, fence } = old
      const log = [{ seq: 1, at: 1, level: 'info' as const, message: 'still here' }]
      const add = [lab.job()]
      const records = [{ collection: 'things', key: 'k', value: '1', expect: null, ttlMs: null }]
      await lab.changesNothing(async () => {
        for (const to of [
          'completed',
          'retrying',
          'ready',
          'scheduled',
          'blocked',
          'dead',
          'cancelled',
        ] as const) {
          assert.equal(await lab.settle(old, to, { output: '1', add, records }), 'stale')
        }
        assert.deepEqual((await lab.engine.exchange(start(old))).started, ['stale'])
        assert.deepEqual((await lab.engine.exchange(renew([{ id, fence }]))).renewed, ['stale'])
        assert.deepEqual(await lab.engine.report([{ id, fence, checkpoint: '1', progress: '2', log }]), [
          'stale',
        ])
      })
    },

    'a fence from the future is as stale as one from the past': async (lab) => {
      const job = await lab.run()
      const ahead = { ...job, fence: job.fence + 1 }
      await lab.changesNothing(async () => {
        assert.equal(await lab.settle(ahead, 'completed'), 'stale')
        assert.deepEqual((await lab.engine.exchange(start(ahead))).started, ['stale'])
        assert.deepEqual((await lab.engine.exchange(renew([ahead]))).renewed, ['stale'])
        assert.deepEqual(await lab.engine.report([{ id: job.id, fence: ahead.fence, progress: '1' }]), [
          'stale',
        ])
      })
    },

    'the fence decides, not the time: an expired lease that nobody rescued is still good': async (lab) => {
      const job = await lab.run()
      lab.clock.advance(LEASE_MS * 2)
      assert.deepEqual((await lab.engine.exchange(renew([job]))).renewed, ['ok'])
      assert.deepEqual(await lab.engine.expired({ limit: 10, after: null }), [])
      lab.clock.advance(LEASE_MS * 2)
      assert.equal(await lab.settle(job, 'completed'), 'ok')
    },

    'a start is recorded under the fence, and once more does no harm': async (lab) => {
      const job = await lab.run()
      assert.deepEqual((await lab.engine.exchange(start(job, 3, 99))).started, ['ok'])
      assert.deepEqual(await lab.get(job.id), { ...job, attempt: 3, startedAt: 99, started: true })
      const again = await lab.changesNothing(() => lab.engine.exchange(start(job, 3, 99)))
      assert.deepEqual(again.started, ['ok'])
    },

    'starts, renewals, settlements and reports have verdicts of their own, in one call each': async (lab) => {
      const one = await lab.run()
      const two = await lab.run()
      const done = await lab.bring('completed')
      const all = [one, { ...two, fence: 9 }, done, { ...one, id: lab.newId() }]
      const verdicts = ['ok', 'stale', 'stale', 'missing']
      const answer = await lab.engine.exchange({
        ...renew(all),
        start: all.map(({ id, fence }) => ({ id, fence, attempt: 1, startedAt: 1 })),
      })
      assert.deepEqual([answer.started, answer.renewed], [verdicts, verdicts])
      const reports = all.map(({ id, fence }) => ({ id, fence, progress: '1' }))
      assert.deepEqual(await lab.engine.report(reports), verdicts)
      const { settled } = await lab.engine.exchange({
        worker: null,
        settle: all.map((job) => lab.settlement(job, 'dead')),
      })
      assert.deepEqual(settled, verdicts)
      assert.equal((await lab.get(two.id)).state, 'running')
    },

    "a renewed lease ends the lease length after now, the job's own first": async (lab) => {
      const plain = await lab.run()
      const own = await lab.run({ leaseMs: 900 })
      lab.clock.advance(500)
      const leases = [plain, own]
      await lab.engine.exchange({ worker: WORKER, renew: { leases, leaseMs: 4_000, complete: false } })
      const now = lab.clock.now()
      assert.deepEqual(await lab.get(plain.id), { ...plain, leaseUntil: now + 4_000 })
      assert.deepEqual(await lab.get(own.id), { ...own, leaseUntil: now + 900 })
    },

    'what was settled in the same call is not renewed': async (lab) => {
      const job = await lab.run()
      const answer = await lab.engine.exchange({
        ...renew([job]),
        settle: [lab.settlement(job, 'completed')],
      })
      assert.deepEqual([answer.settled, answer.renewed], [['ok'], ['stale']])
    },

    'a complete renewal names the leases that the worker does not know of': async (lab) => {
      const known = await lab.run()
      const lost = [await lab.run(), await lab.run()]
      await lab.run({}, 'worker-2')
      const answer = await lab.engine.exchange(renew([known], true))
      assert.deepEqual(idsOf(answer.unknown), idsOf(lost))
      assert.deepEqual(answer.unknown[0], lost[0])
      assert.deepEqual((await lab.engine.exchange(renew([known, ...lost], true))).unknown, [])
      assert.deepEqual((await lab.engine.exchange(renew([known]))).unknown, [])
    },

    'a lease known only under an older fence is unknown': async (lab) => {
      const old = await lab.run()
      await lab.settle(old, 'ready')
      const [current] = await lab.claim()
      const answer = await lab.engine.exchange(renew([old], true))
      assert.deepEqual([answer.renewed, answer.unknown], [['stale'], [current]])
    },

    'jobs of a claim whose answer was lost go back and run again': async (lab) => {
      const job = await lab.add()
      await lab.claim()
      const { unknown } = await lab.engine.exchange(renew([], true))
      assert.deepEqual(idsOf(unknown), [job.id])
      const settle = unknown.map((one) => lab.settlement(one, 'ready'))
      assert.deepEqual((await lab.engine.exchange({ worker: WORKER, settle })).settled, ['ok'])
      assert.deepEqual(idsOf(await lab.claim({}, 'worker-2')), [job.id])
    },
  },
}
