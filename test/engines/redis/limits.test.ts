import type { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'
import type { JobTies, LimitScope } from '../../../src/core/job.ts'
import type { Engine, LimitWrite } from '../../../src/engines/engine.ts'
import { ManualClock } from '../../../src/testing/index.ts'
import { CLAIM, completion, newJob, newJobs, openClient, openEngine, startServer } from './lab.ts'

const PREFIX = '{posthaste}:'

const limit = (scope: LimitScope, name: string, given: Partial<LimitWrite>): LimitWrite => ({
  ...{ scope, name, concurrency: null, rate: null, weight: null, pausedBy: null, by: 'x', expect: null },
  ...given,
})

const NO_TIES: JobTies = {
  ...{ keyUntil: 'finish', keyMs: null, keyFrom: null, parents: [], batch: null },
  ...{ limit: null, dueMs: null, dueAt: null },
}

const addGroups = async (engine: Engine, groups: number, jobs = 1): Promise<void> => {
  const all = Array.from({ length: groups * jobs }, (_, i) => newJob({ group: `g${i % groups}` }))
  for (let at = 0; at < all.length; at += 1_000) await engine.insert(all.slice(at, at + 1_000))
}

/** How many commands the server carries out for some work. */
const commandsOf = async (client: Redis, work: () => Promise<unknown>): Promise<number> => {
  await client.config('RESETSTAT')
  await work()
  const stats = await client.info('commandstats')
  const counts = [...stats.matchAll(/^cmdstat_(?!config|info)\S+:calls=(\d+)/gm)]
  return counts.reduce((sum, [, calls]) => sum + Number(calls), 0)
}

const open = async () => {
  const server = await startServer()
  const clock = new ManualClock()
  return {
    url: server.url,
    clock,
    engine: await openEngine(server.url, { clock }),
    client: openClient(server.url),
  }
}

describe('what limits cost', () => {
  it('is nothing for each job of a queue without any', async () => {
    const { engine, client } = await open()
    await engine.insert(newJobs(500))
    const cost = async (jobs: number): Promise<number> => {
      const { jobs: claimed } = await engine.exchange({ worker: 'w', claim: { ...CLAIM, limit: jobs } })
      const settle = claimed.map(completion)
      return await commandsOf(client, () =>
        engine.exchange({ worker: 'w', settle, claim: { ...CLAIM, limit: jobs } }),
      )
    }
    const few = await cost(5)
    // A hint more or less may be due.
    expect(await cost(200)).toBeLessThan(few + 3)
    // Neither does it for a queue beside one with groups and settings, but for a few looks at what there is.
    await engine.insert(newJobs(2, { queue: 'other', group: 'g' }))
    await engine.setLimits([limit('groups', 'other', { concurrency: 0 })])
    const claim = { ...CLAIM, queues: ['default'], limit: 10 }
    const beside = await commandsOf(client, () => engine.exchange({ worker: 'w', claim }))
    expect(beside).toBeLessThan(few + 10)
  })

  it('does not grow with what is held back', async () => {
    const { engine, client, clock } = await open()
    const claim = () => engine.exchange({ worker: 'w', claim: { ...CLAIM, limit: 10 } })
    await engine.insert(newJobs(40, { queue: 'free', group: 'f' }))
    const alone = await commandsOf(client, claim)
    for (const [name, given] of [
      ['stopped', { pausedBy: 'ada' }],
      ['slow', { rate: { max: 1, perMs: 60_000 } }],
    ] as const) {
      await engine.setLimits([limit('groups', 'default', given)])
      await addGroups(engine, 2_000, 3)
      // Each group is met once, and set aside.
      for (let isMore = true; isMore; ) {
        const request = { ...CLAIM, queues: ['default'], limit: 1_000 }
        const { jobs, more } = await engine.exchange({ worker: 'w', claim: request })
        isMore = more || jobs.length > 0
      }
      expect(await commandsOf(client, claim), name).toBeLessThan(2 * alone)
      const write = limit('group', 'default/g7', { concurrency: 5 })
      expect(await commandsOf(client, () => engine.setLimits([write])), name).toBeLessThan(40)
      expect(await commandsOf(client, claim), name).toBeLessThan(2 * alone)
      await engine.setLimits([limit('group', 'default/g7', {}), limit('groups', 'default', {})])
      clock.advance(60_000)
    }
  })

  it('is a step for a job that ends, however many groups share a limit key', async () => {
    const { engine, client } = await open()
    await engine.setLimits([limit('key', 'api', { concurrency: 2 })])
    const ties = { ...NO_TIES, limit: 'api' }
    const given = Array.from({ length: 1_500 }, (_, i) => newJob({ group: `g${i}`, ties }))
    for (let at = 0; at < given.length; at += 500) await engine.insert(given.slice(at, at + 500))
    const running = (await engine.exchange({ worker: 'w', claim: CLAIM })).jobs
    while ((await engine.exchange({ worker: 'w', claim: CLAIM })).more);
    for (let i = 2; i < 20; i++) {
      const settle = running.splice(0, 1).map(completion)
      const cost = await commandsOf(client, async () => {
        const { jobs } = await engine.exchange({ worker: 'w', settle, claim: CLAIM })
        expect(jobs.map(({ id }) => id)).toEqual([given[i]?.id])
        running.push(...jobs)
      })
      expect(cost).toBeLessThan(200)
    }
  })

  it('is a step for a job that ends, however many groups wait', async () => {
    const { engine, client } = await open()
    await engine.setLimits([limit('groups', 'default', { concurrency: 1 })])
    await addGroups(engine, 1_000, 2)
    const { jobs } = await engine.exchange({ worker: 'w', claim: { ...CLAIM, limit: 1_000 } })
    expect(jobs).toHaveLength(1_000)
    while ((await engine.exchange({ worker: 'w', claim: CLAIM })).more);
    const settle = jobs.slice(0, 1).map(completion)
    const cost = await commandsOf(client, async () => {
      const answer = await engine.exchange({ worker: 'w', settle, claim: CLAIM })
      expect(answer.jobs.map(({ group }) => group)).toEqual([jobs[0]?.group])
    })
    expect(cost).toBeLessThan(100)
  })
})

it('limits and groups leave nothing behind but turns that matter', async () => {
  const { engine, client, clock } = await open()
  const settings = [limit('groups', 'default', { rate: { max: 2, perMs: 1_000 }, concurrency: 2 })]
  await engine.setLimits(settings)
  await engine.insert(newJobs(9, { group: 'k', ties: { ...NO_TIES, limit: 'key' } }))
  await addGroups(engine, 50, 9)
  for (let left = 459; left > 0; clock.advance(1_000)) {
    const { jobs } = await engine.exchange({ worker: 'w', claim: CLAIM })
    await engine.exchange({ worker: 'w', settle: jobs.map(completion) })
    left -= jobs.length
  }
  await engine.setLimits(settings.map(({ scope, name }) => limit(scope, name, {})))
  await engine.prune({ state: 'completed', ageMs: 0, count: 0, minAgeMs: 0, limit: 1_000 })
  const kept = (await client.keys('*')).map((key) => key.slice(PREFIX.length)).sort()
  expect(kept).toEqual(['clock', 'fair', 'idle:default', 'keyedqueues', 'queues', 'schema', 'turns'])
  expect(await client.hlen(`${PREFIX}turns`)).toBeLessThanOrEqual(51)
})

it('an installation from before there were limits has its groups take turns, and counts what runs', async () => {
  const { engine, client, url } = await open()
  await engine.insert([...newJobs(1, { group: 'a' }), ...newJobs(3), ...newJobs(3, { group: 'a' })])
  await engine.insert(newJobs(2, { queue: 'plain' }))
  const [first] = (await engine.exchange({ worker: 'w', claim: { ...CLAIM, limit: 1 } })).jobs
  expect(first?.group).toBe('a')
  await engine.close()
  // As such a version leaves it: groups are parts of lanes, and nothing else is known of them.
  for (const lane of await client.zrange(`${PREFIX}fairlanes`, '0', '-1'))
    await client.zadd(`${PREFIX}lanes`, '5', lane)
  const made = ['fair', 'turns', 'fairlanes', 'grouped', 'fronts', 'placed', 'runs'].map(
    (name) => PREFIX + name,
  )
  await client.del(
    ...made,
    ...(await client.keys(`${PREFIX}heads:*`)),
    ...(await client.keys(`${PREFIX}idle:*`)),
  )
  await client.set(`${PREFIX}schema`, '1')

  const again = await openEngine(url)
  expect(again.info().schemaVersion).toBe(2)
  await again.setLimits([limit('group', 'default/a', { concurrency: 3 })])
  expect((await again.limits())[0]?.running).toBe(1)
  const { jobs } = await again.exchange({ worker: 'w', claim: { ...CLAIM, queues: ['default'] } })
  expect(jobs.map(({ group }) => group)).toEqual([null, 'a', null, 'a', null])
  const plain = await again.exchange({ worker: 'w', claim: CLAIM })
  expect(plain.jobs.map(({ queue }) => queue)).toEqual(['plain', 'plain'])
})
