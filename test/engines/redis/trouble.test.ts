import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Hint } from '../../../src/engines/engine.ts'
import {
  CLAIM,
  codeOf,
  completion,
  newJob,
  newJobs,
  openClient,
  openEngine,
  startProxy,
  startServer,
  until,
} from './lab.ts'

const DURABLE = { appendonly: 'yes', appendfsync: 'always' }

describe('a server in trouble', () => {
  it('whose scripts were flushed gets them again, unnoticed', async () => {
    const server = await startServer()
    const engine = await openEngine(server.url)
    await engine.insert([newJob()])
    await openClient(server.url).script('FLUSH')
    const calls = [
      engine.insert(newJobs(2)),
      engine.insert([newJob()]),
      engine.insert([newJob()]),
      engine.counts(),
    ]
    await Promise.all(calls)
    const { jobs } = await engine.exchange({ worker: 'w', claim: CLAIM })
    expect(jobs).toHaveLength(5)
  })

  it('that is killed loses nothing that was acknowledged, and calls go on by themselves', async () => {
    const server = await startServer(DURABLE)
    const engine = await openEngine(server.url, { callTimeoutMs: 10_000 })
    const acknowledged: string[] = []
    const completed: string[] = []
    let isOver = false
    const adder = async (): Promise<void> => {
      while (!isOver) {
        const job = newJob({ key: null })
        // What was not answered is added again under its id.
        for (let isAdded = false; !isAdded; ) {
          isAdded = await engine.insert([job]).then(
            () => true,
            () => false,
          )
        }
        acknowledged.push(job.id)
      }
    }
    const finisher = async (worker: string): Promise<void> => {
      while (!isOver) {
        const answer = await engine.exchange({ worker, claim: { ...CLAIM, limit: 5 } }).catch(() => undefined)
        for (const job of answer?.jobs ?? []) {
          for (let verdict: unknown; verdict === undefined; ) {
            const settle = [completion(job)]
            verdict = await engine.exchange({ worker, settle }).then(
              ({ settled }) => settled[0],
              () => undefined,
            )
            // Settled again after a lost answer, it answers as the first time.
            if (verdict !== undefined) expect(verdict).toBe('ok')
          }
          completed.push(job.id)
        }
      }
    }
    const all = Promise.all([adder(), adder(), adder(), finisher('w1'), finisher('w2')])
    for (let kills = 0; kills < 5; kills++) {
      const before = acknowledged.length
      await until(() => acknowledged.length > before + 50)
      await server.halt('SIGKILL')
      await server.start()
    }
    const before = acknowledged.length
    await until(() => acknowledged.length > before + 50)
    isOver = true
    await all

    const found = new Map<string, string>()
    for (let at = 0; at < acknowledged.length; at += 1_000) {
      for (const job of await engine.get(acknowledged.slice(at, at + 1_000)))
        if (job) found.set(job.id, job.state)
    }
    expect(acknowledged.filter((id) => !found.has(id))).toEqual([])
    expect(completed.filter((id) => found.get(id) !== 'completed' && found.has(id))).toEqual([])
    const counts = await engine.counts()
    const total = counts.reduce((sum, { count }) => sum + count, 0)
    expect(total).toBeGreaterThanOrEqual(acknowledged.length)
    expect(counts.find(({ state }) => state === 'completed')?.count ?? 0).toBeGreaterThanOrEqual(
      completed.length,
    )
  }, 60_000)

  it('that is away for longer than a call may take fails the calls in time, and serves the next when it is back', async () => {
    const server = await startServer(DURABLE)
    const engine = await openEngine(server.url, { callTimeoutMs: 300 })
    await engine.insert([newJob()])
    await server.halt('SIGKILL')
    const asked = performance.now()
    const codes = await Promise.all([
      codeOf(engine.insert([newJob()])),
      codeOf(engine.counts()),
      codeOf(engine.now()),
    ])
    expect(codes.filter((code) => code !== 'E_STORE_TIMEOUT' && code !== 'E_STORE')).toEqual([])
    expect(performance.now() - asked).toBeLessThan(5_000)
    await expect(engine.counts()).rejects.toThrow(/did not answer within 300 ms.*ECONNREFUSED/)
    await server.start()
    await until(async () => (await codeOf(engine.counts())) === 'no error')
    expect((await engine.counts())[0]?.count).toBe(1)
  })

  it('to which the line goes dead without a word is given up and connected to anew', async () => {
    const server = await startServer()
    const proxy = await startProxy(server.port)
    const engine = await openEngine(proxy.url, { callTimeoutMs: 20_000 })
    const heard: Hint[] = []
    await engine.listen((hint) => heard.push(hint))
    await engine.insert([newJob()])
    const accepted = proxy.accepted()
    proxy.freeze()
    // Nothing that was said comes back: neither an answer nor an end of the connection.
    expect(await codeOf(engine.insert([newJob()]))).toBe('E_STORE')
    // The next connection is accepted, and what is said on it is lost, too.
    await until(() => proxy.accepted() > accepted)
    proxy.thaw()
    const healed = performance.now()
    await until(async () => (await codeOf(engine.counts())) === 'no error')
    expect(performance.now() - healed).toBeLessThan(10_000)
    heard.length = 0
    await until(async () => {
      await engine.insert([newJob()])
      return heard.includes('ready')
    })
  }, 40_000)

  it('whose connections are reset is connected to at once, and a repeated call does no harm', async () => {
    const server = await startServer()
    const proxy = await startProxy(server.port)
    const engine = await openEngine(proxy.url)
    for (let cuts = 0; cuts < 20; cuts++) {
      const jobs = newJobs(20)
      const calls = jobs.map((job) => codeOf(engine.insert([job])))
      if (cuts % 2 === 0) proxy.cut()
      const codes = await Promise.all(calls)
      expect(codes.filter((code) => code !== 'no error' && code !== 'E_STORE')).toEqual([])
      await Promise.all(jobs.map((job) => engine.insert([job])))
    }
    expect((await engine.counts())[0]?.count).toBe(400)
  })

  it('that is full refuses to store more, half of nothing, and takes it again when there is room', async () => {
    const server = await startServer()
    const engine = await openEngine(server.url)
    const client = openClient(server.url)
    await engine.insert(newJobs(10))
    await client.config('SET', 'maxmemory', '1mb')
    const payload = JSON.stringify('x'.repeat(10_000))
    const large = newJobs(300, { payload })
    const counts = await engine.counts()
    expect(await codeOf(engine.insert(large))).toBe('E_STORE_FULL')
    expect(await engine.counts()).toEqual(counts)
    expect((await engine.get([large[0]?.id ?? '']))[0]).toBeNull()
    await client.config('SET', 'maxmemory', '0')
    await engine.insert(large)
    expect((await engine.counts())[0]?.count).toBe(310)
  })

  it('that cannot write to its disk says so', async () => {
    const server = await startServer({ save: '3600 1', dbfilename: 'dump.rdb' })
    const engine = await openEngine(server.url)
    const client = openClient(server.url)
    await engine.insert([newJob()])
    // A folder in the place of the file: saving fails.
    mkdirSync(join(server.folder, 'dump.rdb'))
    await client.bgsave().catch(() => {})
    await until(async () => /rdb_last_bgsave_status:err/.test(await client.info('persistence')))
    expect(await codeOf(engine.insert([newJob()]))).toBe('E_STORE_FULL')
    expect((await engine.counts())[0]?.count).toBe(1)
  })

  it('that began to drop what it was given is given nothing more until it is set right', async () => {
    const server = await startServer()
    const engine = await openEngine(server.url)
    await engine.insert(newJobs(2))
    const client = openClient(server.url)
    await client.config('SET', 'maxmemory-policy', 'allkeys-lru')
    await client.call('client', 'kill', 'type', 'normal', 'skipme', 'yes')
    await until(async () => (await codeOf(engine.insert([newJob()]))) === 'E_STORE_EVICTS')
    expect(await codeOf(engine.exchange({ worker: 'w', claim: CLAIM }))).toBe('E_STORE_EVICTS')
    // What is there can still be looked at.
    expect((await engine.counts())[0]?.count).toBeGreaterThanOrEqual(2)
    await client.config('SET', 'maxmemory-policy', 'noeviction')
    expect((await engine.exchange({ worker: 'w', claim: CLAIM })).jobs.length).toBeGreaterThanOrEqual(2)
    await engine.insert([newJob()])
  })

  it('that became a replica is left for the primary that took its place', async () => {
    const one = await startServer({ 'repl-diskless-sync-delay': '0' })
    const two = await startServer({ replicaof: `127.0.0.1 ${one.port}` })
    const engine = await openEngine(one.url)
    await engine.insert([newJob()])
    const [first, second] = [openClient(one.url), openClient(two.url)]
    await until(async () => (await second.keys('*')).length > 5)
    await second.call('REPLICAOF', 'NO', 'ONE')
    await first.call('REPLICAOF', '127.0.0.1', String(two.port))
    expect(await codeOf(engine.insert([newJob()]))).toBe('E_STORE')
    await expect(engine.insert([newJob()])).rejects.toThrow(/replica/)
    await first.call('REPLICAOF', 'NO', 'ONE')
    await engine.insert([newJob()])
    expect((await engine.counts())[0]?.count).toBe(2)
  })
})

describe('hints', () => {
  it('reach other processes within milliseconds, and come back after an outage', async () => {
    const server = await startServer()
    const listener = await openEngine(server.url)
    const teller = await openEngine(server.url)
    const heard: Hint[] = []
    await listener.listen((hint) => heard.push(hint))
    await teller.insert([newJob()])
    await until(() => heard.includes('ready') && heard.includes('changed'))
    await server.halt('SIGKILL')
    await server.start()
    heard.length = 0
    await until(async () => {
      await teller.insert([newJob()]).catch(() => {})
      return heard.includes('ready')
    })
  })

  it('are told rarely when much happens, and the last one is not forgotten', async () => {
    const server = await startServer()
    const engine = await openEngine(server.url)
    const heard: Hint[] = []
    await engine.listen((hint) => heard.push(hint))
    const from = performance.now()
    for (let calls = 0; calls < 300; calls++) await engine.insert([newJob()])
    const lastedMs = performance.now() - from
    await until(() => heard.length > 0)
    expect(heard.filter((hint) => hint === 'changed').length).toBeLessThan(lastedMs / 20 + 3)
    heard.length = 0
    await engine.insert([newJob()])
    await until(() => heard.includes('ready') && heard.includes('changed'))
  })
})

describe('large batches', () => {
  it('of a thousand large payloads are stored, claimed and settled whole', async () => {
    const server = await startServer()
    const engine = await openEngine(server.url)
    const payload = JSON.stringify('\u{1f4ec}'.repeat(8_000))
    await engine.insert(newJobs(1_000, { payload, tags: '["t"]' }))
    const { jobs } = await engine.exchange({ worker: 'w', claim: { ...CLAIM, limit: 1_000 } })
    expect(jobs.filter((job) => job.payload === payload)).toHaveLength(1_000)
    const output = JSON.stringify('y'.repeat(20_000))
    const settle = jobs.map((job) => ({
      ...completion(job),
      output,
      add: [newJob({ queue: 'next', ref: job.id })],
    }))
    const { settled } = await engine.exchange({ worker: 'w', settle })
    expect(settled.filter((verdict) => verdict === 'ok')).toHaveLength(1_000)
    expect(await engine.counts()).toHaveLength(2)
  })

  it('of thousands of groups take turns in order', async () => {
    const server = await startServer()
    const engine = await openEngine(server.url)
    const groups = Array.from({ length: 2_000 }, (_, index) => `tenant-${index}`)
    for (let at = 0; at < groups.length; at += 500) {
      await engine.insert(groups.slice(at, at + 500).flatMap((group) => newJobs(2, { group })))
    }
    const ids: string[] = []
    for (let more = true; more; ) {
      const answer = await engine.exchange({ worker: 'w', claim: { ...CLAIM, limit: 1_000 } })
      ids.push(...answer.jobs.map(({ id }) => id))
      more = answer.more
    }
    expect(ids).toHaveLength(4_000)
    const jobs = (
      await Promise.all([0, 1, 2, 3].map((n) => engine.get(ids.slice(n * 1_000, (n + 1) * 1_000))))
    ).flat()
    const seen = new Set<string>()
    const order = jobs.map((job) => {
      const round = seen.has(job?.group ?? '') ? 2 : 1
      seen.add(job?.group ?? '')
      return [round, job?.runAt ?? 0, job?.id ?? ''] as const
    })
    const inOrder = [...order].sort((a, b) => a[0] - b[0] || a[1] - b[1] || (a[2] < b[2] ? -1 : 1))
    expect(order).toEqual(inOrder)
  })
})
