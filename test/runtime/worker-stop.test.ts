import { describe, expect, it } from 'vitest'
import type { ExchangeRequest } from '../../src/engines/engine.ts'
import { gate, openLab, until, withMethods } from './worker-lab.ts'

describe.each(['memory', 'sqlite'] as const)('stopping a worker on %s', (kind) => {
  it('claims nothing more, lets handlers end, renews their leases until then, and is forgotten', async () => {
    const go = gate()
    const calls: ExchangeRequest[] = []
    const lab = await openLab({
      kind,
      settings: { leaseMs: 300, sweepMs: 100 },
      tasks: [{ name: 'it', run: () => go.passed }],
      wrap: (engine) =>
        withMethods(engine, {
          exchange: (request) => {
            calls.push(request)
            return engine.exchange(request)
          },
        }),
    })
    const id = await lab.add('it')
    const worker = lab.work()
    await until(() => worker.stats().running === 1)
    await until(async () => (await lab.engine.workers()).length === 1)
    const stopped = worker.stop()
    expect(worker.mode).toBe('draining')
    const before = calls.length
    const later = await lab.addMany('it', 5)
    await until(() => calls.slice(before).filter(({ renew }) => renew !== undefined).length >= 4)
    expect(calls.slice(before).some(({ claim }) => claim !== undefined)).toBe(false)
    expect((await lab.job(id)).leaseUntil).toBeGreaterThan(Date.now())
    go.open()
    await stopped
    expect(worker.mode).toBe('stopped')
    expect((await lab.job(id)).state).toBe('completed')
    for (const job of await lab.engine.get(later))
      expect(job).toMatchObject({ state: 'ready', attempt: 0, fence: 0 })
    expect(await lab.engine.workers()).toEqual([])
  })

  it('gives back what had not begun, free of charge', async () => {
    const go = gate()
    const lab = await openLab({
      kind,
      tasks: [
        { name: 'fast', run: () => {} },
        { name: 'slow', run: () => go.passed },
      ],
    })
    // Fast ones first: the worker learns to hold jobs ahead.
    await lab.addMany('fast', 300)
    const ids = await lab.addMany('slow', 50)
    const worker = lab.work({ concurrency: 4 })
    await until(() => worker.stats().running === 4 && worker.stats().waiting === 0)
    const stopped = worker.stop()
    go.open()
    await stopped
    const jobs = await lab.engine.get(ids)
    expect(jobs.filter((job) => job?.state === 'completed')).toHaveLength(4)
    const back = jobs.filter((job) => job?.state === 'ready')
    expect(back).toHaveLength(46)
    for (const job of back)
      expect(job).toMatchObject({ attempt: 0, retries: 0, crashes: 0, solo: false, history: null })
  })

  it('tells handlers to stop when the grace is over, and gives their jobs back', async () => {
    const reasons: string[] = []
    const lab = await openLab({
      kind,
      tasks: [
        {
          name: 'hears',
          run: (_, { signal }) =>
            new Promise((_, reject) => {
              signal.addEventListener('abort', () => {
                reasons.push(signal.reason.code)
                reject(new Error('aborted'))
              })
            }),
        },
        { name: 'deaf', run: () => new Promise(() => {}) },
        {
          name: 'finishes',
          run: (_, { signal }) =>
            new Promise((resolve) => signal.addEventListener('abort', () => resolve('made it'))),
        },
      ],
    })
    const ids = [await lab.add('hears'), await lab.add('deaf'), await lab.add('finishes')]
    const worker = lab.work()
    await until(async () => (await lab.engine.get(ids)).every((job) => job?.started))
    const began = performance.now()
    await worker.stop({ grace: 100 })
    expect(performance.now() - began).toBeLessThan(3_000)
    expect(reasons).toEqual(['E_SHUTDOWN'])
    const [hears, deaf, finishes] = await lab.engine.get(ids)
    for (const job of [hears, deaf]) {
      expect(job).toMatchObject({ state: 'ready', attempt: 0, retries: 0, started: false })
      expect(JSON.parse(job?.history ?? '')).toMatchObject([{ event: 'release', reason: 'shutdown' }])
    }
    expect(finishes).toMatchObject({ state: 'completed', output: '"made it"', attempt: 1 })
  })

  it('ends the grace when it is asked twice', async () => {
    const lab = await openLab({ kind, tasks: [{ name: 'deaf', run: () => new Promise(() => {}) }] })
    const id = await lab.add('deaf')
    const worker = lab.work()
    await until(() => worker.stats().running === 1)
    const first = worker.stop({ grace: '1h' })
    const began = performance.now()
    await worker.stop()
    await worker.stop()
    await first
    expect(performance.now() - began).toBeLessThan(3_000)
    expect((await lab.job(id)).state).toBe('ready')
  })

  it('gives back the jobs of a claim that was under way', async () => {
    const answer = gate()
    const lab = await openLab({
      kind,
      tasks: [{ name: 'it', run: () => {} }],
      wrap: (engine) =>
        withMethods(engine, {
          exchange: async (request) => {
            const answered = await engine.exchange(request)
            if (answered.jobs.length > 0) await answer.passed
            return answered
          },
        }),
    })
    const id = await lab.add('it')
    const worker = lab.work()
    await until(async () => (await lab.job(id)).state === 'running')
    const stopped = worker.stop()
    answer.open()
    await stopped
    expect(await lab.job(id)).toMatchObject({ state: 'ready', attempt: 0, fence: 1 })
  })

  it('stops at once when it has nothing to do, and answers everyone', async () => {
    const lab = await openLab({ kind, tasks: [{ name: 'it', run: () => {} }] })
    const worker = lab.work()
    const drained = worker.drained()
    await Promise.all([worker.stop(), worker.stop(), drained])
    await worker.stop()
    await worker.drained()
    expect(worker.mode).toBe('stopped')
  })
})

it('ends although the store fails', { timeout: 30_000 }, async () => {
  let reachable = true
  const lab = await openLab({
    tasks: [{ name: 'it', run: () => new Promise(() => {}) }],
    wrap: (engine) =>
      withMethods(engine, {
        exchange: (request) => (reachable ? engine.exchange(request) : Promise.reject(new Error('gone'))),
      }),
  })
  await lab.add('it')
  const worker = lab.work()
  await until(() => worker.stats().running === 1)
  reachable = false
  await worker.stop({ grace: 0 })
  expect(worker.mode).toBe('stopped')
})

it('pauses and resumes', async () => {
  const lab = await openLab({ tasks: [{ name: 'it', run: () => {} }] })
  const paused = lab.work()
  await paused.drained()
  paused.pause()
  const ids = await lab.addMany('it', 20)
  const other = lab.work({ concurrency: 1 })
  await other.drained()
  for (const job of await lab.engine.get(ids))
    expect(job).toMatchObject({ state: 'completed', worker: other.id })
  await other.stop()
  paused.resume()
  const id = await lab.add('it')
  expect(await lab.became(id, 'completed')).toMatchObject({ worker: paused.id })
})
