import assert from 'node:assert/strict'
import type { JobRecord, LimitSetting } from '../../core/job.ts'
import type { LimitWrite } from '../engine.ts'
import { claimRequest, idsOf, type Lab, ties, WORKER } from './lab.ts'
import type { Check, Subject } from './subject.ts'

/** Limits on queues, tasks, groups and keys: never passed, by whomever and however jobs are claimed. */

const NONE: Omit<LimitSetting, 'scope' | 'name'> = {
  ...{ concurrency: null, rate: null, weight: null, pausedBy: null, by: 'someone' },
}
const limit = (scope: LimitSetting['scope'], name: string, given: Partial<LimitWrite> = {}): LimitWrite => ({
  scope,
  name,
  ...NONE,
  expect: null,
  ...given,
})
const set = async (lab: Lab, ...writes: LimitWrite[]) => await lab.engine.setLimits(writes)
const end = async (lab: Lab, job: JobRecord, to: 'completed' | 'ready' = 'completed') =>
  await lab.settle(job, to, { attempt: to === 'ready' ? 0 : 1 })

/** A job under a limit of this scope, and one that is not. */
const SCOPES = {
  queue: { name: 'slow', bound: { queue: 'slow' }, free: { queue: 'other' } },
  task: { name: 'send', bound: { task: 'send' }, free: { task: 'other' } },
  group: { name: 'default/t1', bound: { group: 't1' }, free: { group: 't2' } },
  groups: { name: 'default', bound: { group: 't1' }, free: {} },
  key: { name: 'api', bound: { ties: ties({ limit: 'api' }) }, free: { ties: ties({ limit: 'other' }) } },
} as const
type ScopeName = keyof typeof SCOPES

const cases: Record<string, Check> = {
  'settings come back with their versions, in the order of scope and name': async (lab) => {
    const writes = [
      limit('task', 'b', { concurrency: 3 }),
      limit('queue', 'q', { rate: { max: 5, perMs: 1_000 }, weight: 2, by: 'code' }),
      limit('task', 'a', { pausedBy: 'ada' }),
    ]
    assert.deepEqual(await lab.engine.setLimits(writes), Array(3).fill({ status: 'ok', version: 1 }))
    const shown = (await lab.engine.limits()).map(({ running: _, opensAt: __, ...row }) => row)
    const [b, q, a] = writes.map(({ expect: _, ...setting }) => ({ ...setting, version: 1, pausedAt: null }))
    assert.deepEqual(shown, [q, { ...a, pausedAt: lab.clock.now() }, b])
  },

  'a write that expects another version is refused, and all others of the call with it': async (lab) => {
    await set(lab, limit('queue', 'a', { concurrency: 1 }))
    const writes = [
      limit('queue', 'b', { concurrency: 1 }),
      limit('queue', 'a', { concurrency: 2, expect: 0 }),
    ]
    const before = await lab.engine.limits()
    assert.deepEqual(await lab.engine.setLimits(writes), [
      { status: 'refused' },
      { status: 'conflict', version: 1 },
    ])
    assert.deepEqual(await lab.engine.limits(), before)
    assert.deepEqual(await set(lab, limit('queue', 'a', { concurrency: 2, expect: 1 })), [
      { status: 'ok', version: 2 },
    ])
  },

  'a setting that bounds nothing is removed': async (lab) => {
    await set(lab, limit('queue', 'a', { concurrency: 0 }))
    assert.deepEqual(await set(lab, limit('queue', 'a')), [{ status: 'ok', version: 0 }])
    assert.deepEqual(await lab.engine.limits(), [])
  },

  'what is no limit is refused': async (lab) => {
    const bad = [
      { rate: { max: 0, perMs: 1 } },
      { rate: { max: 1, perMs: 0 } },
      { weight: 0 },
      { concurrency: -1 },
      { scope: 'moon' },
    ]
    for (const given of bad)
      await lab.refuses('E_ARGUMENT', () => set(lab, limit('queue', 'a', given as Partial<LimitWrite>)))
    await lab.refuses('E_ARGUMENT', () => set(lab, limit('queue', 'a'), limit('queue', 'a')))
  },

  'a pause keeps its time, and who wrote it, until it is ended': async (lab) => {
    await set(lab, limit('task', 'send', { pausedBy: 'ada' }))
    const since = lab.clock.now()
    lab.clock.advance(5_000)
    await set(lab, limit('task', 'send', { pausedBy: 'ada', concurrency: 3 }))
    assert.equal((await lab.engine.limits())[0]?.pausedAt, since)
    await lab.add({ task: 'send' })
    assert.deepEqual(await lab.claim(), [])
    await set(lab, limit('task', 'send', { concurrency: 3 }))
    assert.equal((await lab.claim()).length, 1)
  },

  'a limit that is lowered leaves running jobs alone and holds back all others': async (lab) => {
    await lab.addMany(5)
    const running = await lab.claim({ limit: 3 })
    await set(lab, limit('queue', 'default', { concurrency: 2 }))
    assert.deepEqual(await lab.claim(), [])
    for (const job of running.slice(0, 2)) await end(lab, job)
    assert.equal((await lab.claim()).length, 1)
    await set(lab, limit('queue', 'default', { concurrency: 10 }))
    assert.equal((await lab.claim()).length, 1)
  },

  'every limit of a job holds: the narrowest counts': async (lab) => {
    await lab.addMany(10, () => ({ queue: 'q', task: 't', group: 'g', ties: ties({ limit: 'k' }) }))
    await set(lab, limit('queue', 'q', { concurrency: 8 }), limit('task', 't', { concurrency: 7 }))
    assert.equal((await lab.claim({ limit: 5 })).length, 5)
    await set(lab, limit('group', 'q/g', { concurrency: 6 }), limit('key', 'k', { concurrency: 9 }))
    assert.equal((await lab.claim()).length, 1)
  },

  "a group's own setting goes before that of its queue's groups": async (lab) => {
    await lab.addMany(4, (i) => ({ group: i < 2 ? 'big' : 'small' }))
    await set(
      lab,
      limit('groups', 'default', { concurrency: 1 }),
      limit('group', 'default/big', { concurrency: 2 }),
    )
    assert.deepEqual((await lab.claim()).map(({ group }) => group).sort(), ['big', 'big', 'small'])
    const [, groups] = await lab.engine.limits()
    assert.deepEqual([groups?.scope, groups?.running], ['groups', 1])
  },

  'a limit of a task is one for all versions of its payload': async (lab) => {
    await set(lab, limit('task', 'send', { concurrency: 2 }))
    await lab.addMany(6, (i) => ({ task: ['send', 'send@2', 'send@10', 'sender'][i % 4] as string }))
    const running = await lab.claim()
    assert.deepEqual(running.map(({ task }) => task).sort(), ['send', 'send@2', 'sender'])
    assert.equal((await lab.engine.limits())[0]?.running, 2)
    await set(lab, limit('task', 'send', { pausedBy: 'ada' }))
    for (const job of running) await end(lab, job)
    assert.deepEqual(await lab.claim(), [])
  },

  'a group of one name in another queue is another group': async (lab) => {
    await set(lab, limit('group', 'a/g', { concurrency: 1 }))
    await lab.addMany(4, (i) => ({ queue: i < 2 ? 'a' : 'b', group: 'g' }))
    assert.deepEqual((await lab.claim()).map(({ queue }) => queue).sort(), ['a', 'b', 'b'])
  },

  'a rate counts claims in every stretch of its length, and tells when it opens': async (lab) => {
    await set(lab, limit('queue', 'default', { rate: { max: 2, perMs: 1_000 } }))
    await lab.addMany(6)
    const claim = async () => {
      const { jobs, nextDueAt } = await lab.engine.exchange({ worker: WORKER, claim: claimRequest() })
      return [jobs.length, nextDueAt === null ? null : nextDueAt - start]
    }
    const start = lab.clock.now()
    assert.equal((await lab.claim({ limit: 1 })).length, 1)
    lab.clock.advance(400)
    assert.deepEqual(await claim(), [1, 1_000])
    lab.clock.advance(599)
    assert.deepEqual(await claim(), [0, 1_000])
    assert.equal((await lab.engine.limits())[0]?.opensAt, start + 1_000)
    lab.clock.advance(1)
    assert.deepEqual(await claim(), [1, 1_400])
    lab.clock.advance(400)
    assert.deepEqual(await claim(), [1, 2_000])
    lab.clock.advance(5_000)
    assert.deepEqual(await claim(), [2, null])
    assert.equal((await lab.engine.limits())[0]?.opensAt, lab.clock.now() + 1_000)
  },

  'when a rate opens is told once nothing else is left, and not of what else holds back': async (lab) => {
    const rate = { max: 1, perMs: 1_000 }
    await set(lab, limit('group', 'default/g', { rate }))
    await lab.addMany(4, (i) => ({ group: i < 2 ? 'g' : null }))
    const told: (number | null)[] = []
    for (const most of [2, 1]) {
      const request = { worker: WORKER, claim: claimRequest({ limit: most }) }
      const { more, nextDueAt } = await lab.engine.exchange(request)
      assert.equal(more, most === 2)
      told.push(nextDueAt)
    }
    assert.deepEqual(told, [null, lab.clock.now() + 1_000])
    await set(lab, limit('queue', 'default', { concurrency: 3 }))
    const { nextDueAt } = await lab.engine.exchange({ worker: WORKER, claim: claimRequest() })
    assert.equal(nextDueAt, null)
  },

  'a claim that was given back counts for the rate, and not for the number that runs': async (lab) => {
    const [rate, concurrency] = [{ max: 2, perMs: 1_000 }, 1]
    await set(lab, limit('queue', 'default', { rate, concurrency }))
    await lab.addMany(3)
    for (let i = 0; i < 2; i++) {
      const [job] = await lab.claim()
      assert.ok(job)
      await end(lab, job, 'ready')
    }
    assert.deepEqual(await lab.claim(), [])
  },

  'the rate of groups is one for each of them': async (lab) => {
    await set(lab, limit('groups', 'default', { rate: { max: 1, perMs: 1_000 } }))
    await lab.addMany(6, (i) => ({ group: `g${i % 3}` }))
    assert.deepEqual((await lab.claim()).map(({ group }) => group).sort(), ['g0', 'g1', 'g2'])
    lab.clock.advance(1_000)
    assert.equal((await lab.claim()).length, 3)
  },

  'a rate that is set anew begins to count; one that stays does not': async (lab) => {
    const rate = { max: 1, perMs: 1_000 }
    await lab.addMany(3)
    await set(lab, limit('queue', 'default', { rate }))
    assert.equal((await lab.claim()).length, 1)
    await set(lab, limit('queue', 'default', { rate, concurrency: 9 }))
    assert.deepEqual(await lab.claim(), [])
    await set(lab, limit('queue', 'default', { rate: { max: 1, perMs: 2_000 } }))
    assert.equal((await lab.claim()).length, 1)
  },

  'jobs behind a limit do not hold up others, in whatever order they came': async (lab) => {
    await set(lab, limit('task', 'send', { concurrency: 1 }), limit('key', 'api', { concurrency: 0 }))
    const jobs = await lab.addMany(30, (i) =>
      i % 3 === 0 ? { task: 'send' } : i % 3 === 1 ? { ties: ties({ limit: 'api' }) } : {},
    )
    const free = jobs.filter((_, i) => i === 0 || i % 3 === 2)
    assert.deepEqual(idsOf(await lab.claim({ limit: 100 })), idsOf(free))
  },

  'what is behind a limit is not called more': async (lab) => {
    await set(lab, limit('queue', 'default', { concurrency: 1 }))
    await lab.addMany(3)
    const { jobs, more } = await lab.engine.exchange({ worker: WORKER, claim: claimRequest({ limit: 1 }) })
    assert.deepEqual([jobs.length, more], [1, false])
  },

  'a permit is back in the same call that ends its job': async (lab) => {
    await set(lab, limit('queue', 'default', { concurrency: 1 }))
    await lab.addMany(2)
    const [first] = await lab.claim()
    assert.ok(first)
    const settle = [lab.settlement(first, 'completed', { attempt: 1 })]
    const { jobs } = await lab.engine.exchange({ worker: WORKER, settle, claim: claimRequest() })
    assert.equal(jobs.length, 1)
  },

  'twenty that claim at once never pass a limit, and together reach it': async (lab) => {
    await set(
      lab,
      ...[limit('queue', 'default', { concurrency: 7 }), limit('groups', 'default', { concurrency: 2 })],
    )
    await lab.addMany(100, (i) => ({ group: `g${i % 5}` }))
    const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => lab.claim({ limit: 3 }, `w${i}`)))
    const running = answers.flat()
    assert.ok(running.length <= 7)
    const rest = await lab.claim()
    assert.equal(running.length + rest.length, 7)
    const all = [...running, ...rest]
    for (const { group } of all) assert.ok(all.filter((job) => job.group === group).length <= 2)
  },
}

for (const scope of Object.keys(SCOPES) as ScopeName[]) {
  const { name, bound, free } = SCOPES[scope]

  cases[`of the jobs under a limit on ${scope}, so many run and no more`] = async (lab) => {
    await set(lab, limit(scope, name, { concurrency: 2 }))
    await lab.addMany(6, (i) => (i % 2 === 0 ? bound : free))
    const running = await lab.claim()
    assert.equal(running.length, 5)
    assert.equal((await lab.engine.limits())[0]?.running, 2)
    const isBound = (job: JobRecord): boolean =>
      Object.entries(bound).every(([field, value]) =>
        field === 'ties' ? job.ties?.limit === 'api' : job[field as 'queue'] === value,
      )
    const [first, second] = running.filter(isBound) as [JobRecord, JobRecord]
    await end(lab, first, 'ready')
    assert.equal((await lab.claim({ limit: 1 })).length, 1)
    await end(lab, second)
    assert.equal((await lab.claim()).length, 1)
    assert.deepEqual(await lab.claim(), [])
  }

  cases[`while ${scope} is stopped, nothing of it is claimed`] = async (lab) => {
    await lab.addMany(4, (i) => (i % 2 === 0 ? bound : free))
    await set(lab, limit(scope, name, { pausedBy: 'ada' }))
    assert.equal((await lab.claim()).length, 2)
    await set(lab, limit(scope, name))
    assert.equal((await lab.claim()).length, 2)
  }
}

export const limiting: Subject = { subject: 'Limits', cases }
