import assert from 'node:assert/strict'
import { decide, type RetryPolicy } from '../../core/decide.ts'
import type { JobRecord } from '../../core/job.ts'
import { CRASH_CAP } from '../../core/limits.ts'
import { idsOf, type Lab, LEASE_MS } from './lab.ts'
import { renew, start } from './leases.ts'
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

export const rescuing: Subject = {
  subject: 'Rescue and requests to cancel',
  cases: {
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
