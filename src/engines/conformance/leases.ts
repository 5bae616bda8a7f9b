import assert from 'node:assert/strict'
import { decide, type RetryPolicy } from '../../core/decide.ts'
import type { JobRecord } from '../../core/job.ts'
import { CRASH_CAP } from '../../core/limits.ts'
import type { ExchangeRequest } from '../engine.ts'
import { idsOf, type Lab, LEASE_MS, WORKER } from './lab.ts'
import type { Subject } from './subject.ts'

const POLICY: RetryPolicy = { maxRetries: 5, backoff: 'default', whenExhausted: 'dead' }
const CANCEL = { at: 1, by: 'someone', reason: 'no longer needed' }

/** What the maintainer does with a lease that ran out. */
const rescue = async (lab: Lab, job: JobRecord) => {
  const run = {
    started: job.started,
    startedAt: job.startedAt,
    at: lab.clock.now(),
    by: 'maintainer',
    random: 0.5,
  }
  const settle = [decide(job, { kind: 'expired' }, run, POLICY)]
  return (await lab.engine.exchange({ worker: null, settle })).settled[0]
}

const expiredIds = async (lab: Lab) => idsOf(await lab.engine.expired({ limit: 100, after: null }))

const renew = (leases: readonly { id: string; fence: number }[], complete = false): ExchangeRequest => ({
  worker: WORKER,
  renew: { leases, leaseMs: LEASE_MS, complete },
})

const start = ({ id, fence }: JobRecord, attempt = 1, startedAt = 7): ExchangeRequest => ({
  worker: WORKER,
  start: [{ id, fence, attempt, startedAt }],
})

/** A job that a second worker runs after the first one lost it, and what the first one still believes. */
const takenOver = async (lab: Lab) => {
  const old = await lab.run({}, 'worker-old')
  lab.clock.advance(LEASE_MS)
  assert.equal(await rescue(lab, old), 'ok')
  const [current] = await lab.claim({}, 'worker-new')
  assert.equal(current?.id, old.id)
  return { old, current }
}

export const leases: Subject = {
  subject: 'Leases',
  cases: {
    'a worker that lost its lease writes nothing: every call of its is stale': async (lab) => {
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
      assert.deepEqual(await expiredIds(lab), [])
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

    'a lease runs out when its last millisecond is over, not before': async (lab) => {
      const job = await lab.run()
      lab.clock.advance(LEASE_MS - 1)
      assert.deepEqual(await expiredIds(lab), [])
      lab.clock.advance(1)
      assert.deepEqual(await lab.engine.expired({ limit: 10, after: null }), [job])
    },

    'expired leases come by their end, then id; a sweeper passes those it cannot handle': async (lab) => {
      const jobs: JobRecord[] = []
      for (const leaseMs of [300, 100, 200, 100, 300]) jobs.push(await lab.run({ leaseMs }))
      lab.clock.advance(1_000)
      const expected = [jobs[1], jobs[3], jobs[2], jobs[0], jobs[4]]
      const found: JobRecord[] = []
      for (let size = 2; size === 2; ) {
        const last = found.at(-1)
        const after = last === undefined ? null : { leaseUntil: last.leaseUntil ?? 0, id: last.id }
        const page = await lab.engine.expired({ limit: 2, after })
        found.push(...page)
        assert.ok(found.length <= expected.length, 'every page begins after the last job of the one before')
        size = page.length
      }
      assert.deepEqual(found, expected)
    },

    'a job whose worker died before it started runs again, alone and uncharged': async (lab) => {
      const job = await lab.run()
      lab.clock.advance(LEASE_MS)
      assert.equal(await rescue(lab, job), 'ok')
      const rescued = await lab.get(job.id)
      assert.deepEqual([rescued.state, rescued.solo, rescued.attempt, rescued.crashes], ['ready', true, 0, 0])
      assert.equal((await lab.claim())[0]?.started, true)
    },

    'a job that takes its workers down is dead after the crash cap': async (lab) => {
      const { id } = await lab.run()
      await lab.engine.exchange(start(await lab.get(id)))
      for (let crash = 1; crash <= CRASH_CAP; crash++) {
        lab.clock.advance(LEASE_MS)
        const [found] = await lab.engine.expired({ limit: 1, after: null })
        assert.ok(found)
        assert.equal(await rescue(lab, found), 'ok')
        const job = await lab.get(id)
        assert.deepEqual([job.state, job.crashes], crash < CRASH_CAP ? ['ready', crash] : ['dead', crash])
        if (crash < CRASH_CAP) assert.equal((await lab.claim())[0]?.attempt, crash + 1)
      }
      assert.equal((await lab.get(id)).reason, 'crashed')
    },

    'two maintainers rescue a job once': async (lab) => {
      const job = await lab.run()
      lab.clock.advance(LEASE_MS)
      const verdicts = await Promise.all([rescue(lab, job), rescue(lab, job)])
      // The second finds the job as its own settlement would have left it.
      assert.deepEqual(verdicts, ['ok', 'ok'])
      const [current] = await lab.claim()
      assert.equal(current?.fence, job.fence + 1)
      assert.equal(await lab.changesNothing(() => rescue(lab, job)), 'stale')
    },

    'a request to cancel reaches the holder, and refuses what gives way to it': async (lab) => {
      const job = await lab.run()
      assert.deepEqual(await lab.engine.requestCancel([{ id: job.id, request: CANCEL }]), ['ok'])
      assert.deepEqual(JSON.parse((await lab.get(job.id)).cancel ?? ''), CANCEL)
      const { renewed } = await lab.engine.exchange(renew([job]))
      assert.deepEqual(renewed, ['cancel_requested'])
      await lab.changesNothing(async () => {
        const refused = { unlessCancelled: true, add: [lab.job()] }
        assert.equal(await lab.settle(job, 'retrying', refused), 'cancel_requested')
        assert.equal(await lab.settle(job, 'ready', refused), 'cancel_requested')
      })
      assert.equal(await lab.settle(job, 'completed', { unlessCancelled: false }), 'ok')
      assert.equal((await lab.get(job.id)).cancel, null)
    },

    'a job that is asked to cancel is renewed all the same': async (lab) => {
      const job = await lab.run()
      await lab.engine.requestCancel([{ id: job.id, request: CANCEL }])
      lab.clock.advance(1_000)
      await lab.engine.exchange(renew([job]))
      assert.equal((await lab.get(job.id)).leaseUntil, lab.clock.now() + LEASE_MS)
    },

    'the first request to cancel is kept; only running jobs can be asked': async (lab) => {
      const job = await lab.run()
      const idle = await lab.add()
      const requests = [job.id, idle.id, lab.newId()].map((id) => ({ id, request: CANCEL }))
      assert.deepEqual(await lab.engine.requestCancel(requests), ['ok', 'stale', 'missing'])
      await lab.changesNothing(() =>
        lab.engine.requestCancel([{ id: job.id, request: { ...CANCEL, by: 'someone else' } }]),
      )
    },
  },
}
