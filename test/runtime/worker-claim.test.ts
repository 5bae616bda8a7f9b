import { describe, expect, it } from 'vitest'
import { ManualClock } from '../../src/core/manual-clock.ts'
import type { ExchangeRequest } from '../../src/engines/engine.ts'
import { Prefetch } from '../../src/runtime/worker/prefetch.ts'
import { weightedOrder } from '../../src/runtime/worker/settings.ts'
import { gate, type Lab, type LabOptions, openLab, until, withMethods } from './worker-lab.ts'

/** A lab that keeps every exchange that was asked for. */
const watched = async (options: LabOptions): Promise<Lab & { readonly calls: ExchangeRequest[] }> => {
  const calls: ExchangeRequest[] = []
  const lab = await openLab({
    ...options,
    wrap: (engine) =>
      withMethods(engine, {
        exchange: (request) => {
          calls.push(request)
          return engine.exchange(request)
        },
      }),
  })
  return { ...lab, calls }
}

describe('how much a worker claims', () => {
  it('never holds slow jobs that an idle worker could run', async () => {
    const go = gate()
    const lab = await watched({ tasks: [{ name: 'slow', run: () => go.passed }] })
    const one = lab.work({ concurrency: 4 })
    const ids = await lab.addMany('slow', 10)
    await until(() => one.stats().running === 4)
    const two = lab.work({ concurrency: 6 })
    await until(() => two.stats().running === 6)
    expect(one.stats().waiting).toBe(0)
    go.open()
    await Promise.all([one.drained(), two.drained()])
    const workers = (await lab.engine.get(ids)).map((job) => job?.worker)
    expect(workers.filter((id) => id === one.id)).toHaveLength(4)
    expect(workers.filter((id) => id === two.id)).toHaveLength(6)
  })

  it('gives back what it held ahead when fast jobs are followed by slow ones', async () => {
    const go = gate()
    const lab = await watched({
      tasks: [
        { name: 'fast', run: async () => {} },
        { name: 'slow', run: () => go.passed },
      ],
    })
    await lab.addMany('fast', 2_000, { priority: 1 })
    const slow = await lab.addMany('slow', 200)
    const one = lab.work({ concurrency: 5 })
    await until(() => one.stats().running === 5 && one.stats().waiting === 0)
    const two = lab.work({ concurrency: 195 })
    await until(() => two.stats().running === 195)
    go.open()
    await Promise.all([one.drained(), two.drained()])
    for (const job of await lab.engine.get(slow))
      expect(job).toMatchObject({ state: 'completed', attempt: 1, retries: 0 })
  })

  it('fetches fast jobs in large batches, and settles them in as large ones', async () => {
    const lab = await watched({ tasks: [{ name: 'fast', run: async () => {} }] })
    await lab.addMany('fast', 5_000)
    const worker = lab.work({ concurrency: 10 })
    await worker.drained()
    expect(lab.calls.length).toBeLessThan(60)
    expect(Math.max(...lab.calls.map(({ settle }) => settle?.length ?? 0))).toBeGreaterThan(300)
    for (const { claim } of lab.calls) expect(claim?.limit ?? 0).toBeLessThanOrEqual(1_000)
    // Nothing that ended before the next call was written twice.
    expect(lab.calls.flatMap(({ start }) => start ?? [])).toEqual([])
  })

  it('holds nothing ahead when told so', async () => {
    const lab = await watched({ tasks: [{ name: 'fast', run: async () => {} }] })
    await lab.addMany('fast', 100)
    await lab.work({ concurrency: 3, prefetch: 0 }).drained()
    for (const { claim } of lab.calls) expect(claim?.limit ?? 0).toBeLessThanOrEqual(3)
  })

  it('judges by waiting and by computing handlers', () => {
    const waiting = new Prefetch(1_000, 100)
    expect(waiting.ahead()).toBe(0)
    waiting.ran(10)
    expect(waiting.ahead()).toBe(500)
    const computing = new Prefetch(1_000, 100)
    for (let n = 0; n < 100; n++) {
      computing.ran(10)
      computing.blocked(10)
    }
    expect(computing.ahead()).toBe(5)
    const slow = new Prefetch(1_000, 100)
    slow.ran(100)
    expect(slow.ahead()).toBe(0)
    const fast = new Prefetch(1_000, 1)
    fast.ran(0.01)
    expect(fast.ahead()).toBe(1_000)
    fast.tooMuch()
    expect(fast.ahead()).toBe(0)
  })
})

describe('an idle worker', () => {
  it('asks rarely, ever more so, and hears hints at once', async () => {
    const clock = new ManualClock()
    const lab = await watched({ clock, tasks: [{ name: 'it', run: () => {} }] })
    const worker = lab.work()
    await worker.drained()
    const before = lab.calls.length
    for (let ms = 0; ms < 20_000; ms += 50) {
      clock.advance(50)
      await new Promise((resolve) => setImmediate(resolve))
      await new Promise((resolve) => setImmediate(resolve))
    }
    const calls = lab.calls.length - before
    expect(calls).toBeGreaterThanOrEqual(15)
    expect(calls).toBeLessThanOrEqual(30)
    // No time passes here: only the hint can have told.
    const id = await lab.add('it')
    await lab.became(id, 'completed')
  })

  it('finds jobs within a second although every hint is lost', async () => {
    const lab = await openLab({
      tasks: [{ name: 'it', run: () => {} }],
      wrap: (engine) => withMethods(engine, { listen: () => Promise.reject(new Error('no hints here')) }),
    })
    const worker = lab.work()
    await worker.drained()
    const id = await lab.add('it')
    const began = performance.now()
    await lab.became(id, 'completed')
    expect(performance.now() - began).toBeLessThan(2_000)
  })
})

describe('which jobs a worker claims', () => {
  const inOrder = async (options: Parameters<Lab['work']>[0]): Promise<string[]> => {
    const ran: string[] = []
    const lab = await openLab({
      tasks: [{ name: 'it', run: (_, { job }) => void ran.push(`${job.queue}${job.priority}`) }],
    })
    for (const queue of ['a', 'b', 'c'])
      for (const priority of [5, 1]) await lab.add('it', {}, { queue, priority })
    await lab.work({ concurrency: 1, prefetch: 0, ...options }).drained()
    return ran
  }

  it('all queues by priority and due time', async () => {
    expect(await inOrder({})).toEqual(['a1', 'b1', 'c1', 'a5', 'b5', 'c5'])
  })

  it('only its queues', async () => {
    expect(await inOrder({ queues: ['b', 'c'] })).toEqual(['b1', 'c1', 'b5', 'c5'])
  })

  it('one queue after the other when they are listed', async () => {
    expect(await inOrder({ queues: ['c', 'a'], order: 'listed' })).toEqual(['c1', 'c5', 'a1', 'a5'])
  })

  it('queues with weights in an order that is drawn anew each time', async () => {
    expect((await inOrder({ weights: { a: 5, c: 1 } })).sort()).toEqual(['a1', 'a5', 'c1', 'c5'])
    const first = new Map<string, number>()
    const weights = new Map([
      ['a', 6],
      ['b', 3],
      ['c', 1],
    ])
    for (let n = 0; n < 10_000; n++) {
      const [queue = ''] = weightedOrder(weights, Math.random)
      first.set(queue, (first.get(queue) ?? 0) + 1)
    }
    expect(first.get('a')).toBeGreaterThan(5_500)
    expect(first.get('a')).toBeLessThan(6_500)
    expect(first.get('c')).toBeGreaterThan(700)
    expect(first.get('c')).toBeLessThan(1_300)
  })

  it.each([
    [{ concurrency: 0 }, 'concurrency'],
    [{ concurrency: 1.5 }, 'concurrency'],
    [{ order: 'listed' as const }, 'order'],
    [{ weights: {} }, 'weights'],
    [{ weights: { a: 0 } }, 'weights.a'],
    [{ weights: { a: 1 }, queues: ['a'] }, 'weights'],
    [{ queues: ['not a name'] }, 'queues[0]'],
    [{ lease: '10ms' }, 'lease'],
    [{ prefetch: -1 }, 'prefetch'],
  ])('refuses %j', async (options, field) => {
    const lab = await openLab({ tasks: [] })
    expect(() => lab.work(options)).toThrow(expect.objectContaining({ field }))
  })
})

describe('recorded starts', () => {
  it('are written for handlers that still run, and for them only', async () => {
    const go = gate()
    const lab = await watched({
      tasks: [
        { name: 'slow', run: () => go.passed },
        { name: 'fast', run: () => {} },
      ],
    })
    const slow = await lab.add('slow')
    lab.work()
    await until(async () => (await lab.job(slow)).started)
    const job = await lab.job(slow)
    expect(job).toMatchObject({ attempt: 1, state: 'running' })
    expect(job.startedAt).not.toBeNull()
    const fast = await lab.add('fast')
    await lab.became(fast, 'completed')
    go.open()
    await lab.became(slow, 'completed')
    expect(lab.calls.flatMap(({ start }) => start ?? []).map(({ id }) => id)).toEqual([slow])
  })

  it('come with the claim for a job that is suspected of bringing workers down', async () => {
    const lab = await watched({ tasks: [{ name: 'it', run: (_, { attempt }) => attempt }] })
    const id = await lab.add('it')
    // A worker that died before it began, as a sweeper leaves it.
    const asked = { limit: 1, queues: null, tasks: null, order: 'merged', leaseMs: 100 } as const
    await lab.engine.exchange({ worker: 'died', claim: asked })
    const solo = {
      id,
      fence: 1,
      to: 'ready',
      attempt: 0,
      retries: 0,
      crashes: 0,
      solo: true,
      startedAt: null,
    } as const
    await lab.engine.exchange({
      worker: null,
      settle: [{ ...solo, reason: null, output: null, error: null, history: null, unlessCancelled: true }],
    })
    await lab.work().drained()
    expect(await lab.job(id)).toMatchObject({ state: 'completed', attempt: 1, output: '1', solo: false })
    expect(lab.calls.flatMap(({ start }) => start ?? [])).toEqual([])
  })
})
