import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Engine } from '../../../src/engines/engine.ts'
import {
  CLAIM,
  codeOf,
  completion,
  integrityOf,
  newFolder,
  newJob,
  newJobs,
  openEngine,
  openHandle,
} from './lab.ts'

/** What goes wrong while the store is in use, and the handle that the user brings. */

const READY = { queue: 'default', task: 'greet', state: 'ready' }

describe('calls that share a transaction', () => {
  it('do not fail for the sake of one that does', async () => {
    const path = join(newFolder(), 'jobs.db')
    const engine = await openEngine({ path, thread: false })
    const handle = await openHandle(path)
    handle.exec(`create trigger boom before insert on jobs when new.payload = '"boom"'
      begin select raise(abort, 'boom'); end`)
    const calls = [newJobs(3), [newJob(), newJob({ payload: '"boom"' })], newJobs(2)].map((jobs) =>
      engine.insert(jobs),
    )
    const codes = await Promise.all(calls.map(codeOf))
    expect(codes).toEqual(['no error', 'E_STORE', 'no error'])
    // Nothing is left of the call that failed, not even its first job or its counter.
    expect(await engine.counts()).toEqual([{ ...READY, count: 5 }])
    expect(integrityOf(handle)).toBe('ok')
  })

  it('see known ids among new ones, in one call and across calls', async () => {
    const engine = await openEngine({ path: join(newFolder(), 'jobs.db'), thread: false })
    const jobs = newJobs(120)
    await engine.insert(jobs.slice(50, 60))
    const answers = await Promise.all([
      engine.insert(jobs),
      engine.insert(jobs.slice(0, 20)),
      engine.insert(jobs),
    ])
    for (const { verdicts } of answers)
      expect(new Set(verdicts.map(({ status }) => status))).toEqual(new Set(['inserted']))
    expect(await engine.counts()).toEqual([{ ...READY, count: 120 }])
    const { jobs: claimed } = await engine.exchange({ worker: 'w', claim: { ...CLAIM, limit: 500 } })
    expect(claimed).toHaveLength(120)
  })
})

it('a database that someone else holds locked is busy, and free again later', async () => {
  const path = join(newFolder(), 'jobs.db')
  const engine = await openEngine({ path, thread: false, callTimeoutMs: 1_000 })
  const other = await openHandle(path)
  other.exec('begin immediate')
  expect(await codeOf(engine.insert([newJob()]))).toBe('E_STORE_BUSY')
  // Whoever reads does not wait for whoever writes.
  expect(await engine.counts()).toEqual([])
  other.exec('rollback')
  await engine.insert([newJob()])
  expect(await engine.counts()).toEqual([{ ...READY, count: 1 }])
})

/** Adds jobs until the store is full, and answers how many were acknowledged. */
const fill = async (engine: Engine): Promise<number> => {
  const payload = JSON.stringify('x'.repeat(5_000))
  for (let added = 0; added < 100_000; added += 7) {
    const code = await codeOf(engine.insert(newJobs(7, { payload })))
    if (code !== 'no error') {
      expect(code).toBe('E_STORE_FULL')
      return added
    }
  }
  throw new Error('The store was never full.')
}

describe('a full database', () => {
  it('refuses what has no room, keeps what was acknowledged, and works again when there is room', async () => {
    const path = join(newFolder(), 'jobs.db')
    const database = await openHandle(path)
    const engine = await openEngine({ path, database })
    database.exec('pragma max_page_count = 200')
    const added = await fill(engine)
    expect(added).toBeGreaterThan(7)
    expect(await engine.counts()).toEqual([{ ...READY, count: added }])
    expect(integrityOf(database)).toBe('ok')
    database.exec('pragma max_page_count = 100000')
    await engine.insert([newJob()])
    const { jobs } = await engine.exchange({ worker: 'w', claim: { ...CLAIM, limit: 1_000 } })
    expect(jobs).toHaveLength(added + 1)
    const { settled } = await engine.exchange({ worker: 'w', settle: jobs.map(completion) })
    expect(new Set(settled)).toEqual(new Set(['ok']))
  })
})

describe("a handle of the user's own", () => {
  it("inserts in the user's transaction: there with its commit, gone with its rollback", async () => {
    const path = join(newFolder(), 'jobs.db')
    const database = await openHandle(path)
    const engine = await openEngine({ path, database })
    expect(engine.info().callerTransactions).toBe(true)

    database.exec('begin')
    await engine.insert(newJobs(3, { queue: 'new', group: 'tenant' }), { tx: database })
    database.exec('rollback')
    expect(await engine.counts()).toEqual([])

    database.exec('begin')
    const jobs = newJobs(3, { queue: 'new', group: 'tenant', key: null })
    await engine.insert(jobs, { tx: database })
    // Calls of the engine's own wait for the end of the user's transaction.
    const others = engine.insert([newJob({ queue: 'new' })])
    database.exec('commit')
    await others
    expect(await engine.counts()).toEqual([{ ...READY, queue: 'new', count: 4 }])
    await engine.close()
    expect(database.isOpen).toBe(true)
  })

  it('is refused as a transaction when it has none open, or is another one', async () => {
    const folder = newFolder()
    const path = join(folder, 'jobs.db')
    const database = await openHandle(path)
    const engine = await openEngine({ path, database })
    expect(await codeOf(engine.insert([newJob()], { tx: database }))).toBe('E_ARGUMENT')
    const other = await openHandle(join(folder, 'other.db'))
    expect(await codeOf(engine.insert([newJob()], { tx: other }))).toBe('E_TX_ELSEWHERE')
    const without = await openEngine({ path, thread: false })
    expect(await codeOf(without.insert([newJob()], { tx: database }))).toBe('E_TX_UNSUPPORTED')
    expect(await engine.counts()).toEqual([])
  })
})

it('reads pages of many jobs, states and queues in order, each job once', async () => {
  const engine = await openEngine({ path: join(newFolder(), 'jobs.db'), thread: false })
  const jobs = Array.from({ length: 60 }, (_, i) =>
    newJob({ queue: `queue-${i % 17}`, delayMs: i % 3 === 0 ? 60_000 : 0 }),
  )
  await engine.insert(jobs)
  const { jobs: claimed } = await engine.exchange({ worker: 'w', claim: { ...CLAIM, limit: 20 } })
  await engine.exchange({ worker: 'w', settle: claimed.slice(0, 10).map(completion) })
  for (const descending of [true, false]) {
    const seen: string[] = []
    let after: { id: string; value: null } | null = null
    for (;;) {
      const states = ['ready', 'scheduled', 'running', 'completed'] as const
      const page = await engine.list({ states, sort: { field: 'id', descending }, after, limit: 7 })
      seen.push(...page.jobs.map(({ id }) => id))
      const last = page.jobs.at(-1)
      if (!page.more || last === undefined) break
      after = { id: last.id, value: null }
    }
    const ids = jobs.map(({ id }) => id).sort()
    expect(seen).toEqual(descending ? ids.reverse() : ids)
  }
})
