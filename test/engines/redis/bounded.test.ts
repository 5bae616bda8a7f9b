import { describe, expect, it } from 'vitest'
import type { JobRecord, JobState } from '../../../src/core/job.ts'
import type { Engine } from '../../../src/engines/engine.ts'
import { CLAIM, completion, newJob, newJobs, openClient, openEngine, startServer } from './lab.ts'

const JOBS = 3_000
const STEP = 500

const usedBytes = async (url: string): Promise<number> =>
  Number(/used_memory:(\d+)/.exec(await openClient(url).info('memory'))?.[1])

/** Claims and completes every ready job. */
const runAll = async (engine: Engine, worker: string): Promise<void> => {
  let done: JobRecord[] = []
  do {
    const settle = done.map(completion)
    done = (await engine.exchange({ worker, settle, claim: { ...CLAIM, limit: STEP } })).jobs
  } while (done.length > 0)
}

const pruneAll = async (engine: Engine): Promise<void> => {
  for (const state of ['completed', 'cancelled', 'dead'] as const) {
    const request = { state, ageMs: 0, count: 0, minAgeMs: 0, limit: STEP }
    while ((await engine.prune(request)).more);
  }
}

/** Everything that leaves keys behind: lanes, groups, keys, references, notes, logs, workers, documents that expire. */
const useAll = async (engine: Engine, round: number): Promise<void> => {
  for (let n = 0; n < JOBS; n += STEP)
    await engine.insert(newJobs(STEP, { group: `group-${n}`, ref: `ref-${n}` }))
  const later = newJobs(100, { delayMs: 3_600_000 })
  await engine.insert([...later, ...newJobs(100, { key: null, blocked: 'why' })])
  const keyed = Array.from({ length: 100 }, (_, n) => newJob({ key: `key-${round}-${n}`, queue: 'keyed' }))
  await engine.insert(keyed)
  const worker = `worker-${round}`
  const { jobs } = await engine.exchange({ worker, claim: { ...CLAIM, queues: ['keyed'] } })
  const line = { seq: 1, at: 1, level: 'info', message: 'm'.repeat(100) } as const
  await engine.report(
    jobs.map(({ id, fence }) => ({ id, fence, progress: '1', checkpoint: '{}', log: [line] })),
  )
  await engine.requestCancel(jobs.map(({ id }) => ({ id, request: { at: 1, by: 'b', reason: null } })))
  await engine.exchange({ worker, settle: jobs.map((job) => ({ ...completion(job), to: 'dead' as const })) })
  await runAll(engine, worker)
  await engine.beat([{ id: worker, about: '{}', ttlMs: 60_000 }])
  await engine.beat([{ id: worker, about: '{}', ttlMs: 60_000, gone: true }])
  const states: readonly JobState[] = ['scheduled', 'blocked']
  for (let more = true; more; ) {
    const sort = { field: 'id', descending: false } as const
    const page = await engine.list({ states, sort, after: null, limit: 100 })
    const change = { to: 'removed', attempt: 0, retries: 0, crashes: 0, solo: false, reason: null } as const
    const rest = { output: null, error: null, history: null }
    await engine.change(
      page.jobs.map(({ id, fence, state }) => ({ id, fence, from: state as 'blocked', ...change, ...rest })),
    )
    more = page.more
  }
  await pruneAll(engine)
}

describe('what is over leaves nothing behind', () => {
  it('neither keys nor memory, however many jobs there were', { timeout: 60_000 }, async () => {
    const server = await startServer({ activerehashing: 'yes' })
    const engine = await openEngine(server.url)
    // What stays for good is there after the first round: names of queues, the clock, the library.
    await useAll(engine, 0)
    const client = openClient(server.url)
    const [keys, bytes] = [(await client.keys('*')).sort(), await usedBytes(server.url)]
    // The turns are those of groups that had theirs when the others had not yet.
    const kept = ['clock', 'fair', 'idle:default', 'queues', 'schema', 'turns']
    expect(keys).toEqual(kept.map((name) => `{posthaste}:${name}`))
    for (let round = 1; round <= 3; round++) await useAll(engine, round)
    expect((await client.keys('*')).sort()).toEqual(keys)
    expect(await usedBytes(server.url)).toBeLessThan(bytes + 1_000_000)
  })
})

describe('ready, running and completed jobs share a place', () => {
  it('and each state is listed whole and alone, few or many', { timeout: 60_000 }, async () => {
    const engine = await openEngine((await startServer()).url)
    const expected = new Map<JobState, string[]>()
    const listed = async (states: readonly JobState[], descending: boolean): Promise<string[]> => {
      const ids: string[] = []
      let after: { id: string; value: string } | null = null
      for (let more = true; more; ) {
        const sort = { field: 'id', descending } as const
        const page = await engine.list({ states, sort, after, limit: 200 })
        ids.push(...page.jobs.map(({ id }) => id))
        const last = page.jobs.at(-1)
        if (last !== undefined) after = { id: last.id, value: last.id }
        more = page.more
      }
      return ids
    }
    const check = async (...states: JobState[]): Promise<void> => {
      const ids = states.flatMap((state) => expected.get(state) ?? []).sort()
      expect(await listed(states, false)).toEqual(ids)
      expect(await listed(states, true)).toEqual(ids.reverse())
    }
    // Every other job is completed; then some of the rest run. First few of each, then more than are collected.
    for (const jobs of [100, 5_000]) {
      const ids: string[] = []
      for (let n = 0; n < jobs; n += 100) {
        const made = newJobs(100).map((job, i) => ({ ...job, queue: i % 2 === 0 ? 'first' : 'second' }))
        await engine.insert(made)
        ids.push(...made.filter(({ queue }) => queue === 'second').map(({ id }) => id))
        const { jobs: some } = await engine.exchange({ worker: 'w', claim: { ...CLAIM, queues: ['first'] } })
        await engine.exchange({ worker: 'w', settle: some.map(completion) })
        expected.set('completed', [...(expected.get('completed') ?? []), ...some.map(({ id }) => id)])
      }
      const { jobs: running } = await engine.exchange({ worker: 'w', claim: { ...CLAIM, limit: 20 } })
      expected.set('running', [...(expected.get('running') ?? []), ...running.map(({ id }) => id)])
      const taken = new Set(expected.get('running'))
      expected.set(
        'ready',
        [...(expected.get('ready') ?? []), ...ids].filter((id) => !taken.has(id)),
      )
      for (const state of ['ready', 'running', 'completed'] as const) await check(state)
      await check('ready', 'completed')
      await check('running', 'completed')
    }
  })
})
