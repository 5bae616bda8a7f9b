import { afterEach, describe, expect, it } from 'vitest'
import { PosthasteError } from '../../src/core/errors.ts'
import { createMaintainer, type Maintainer } from '../../src/runtime/maintainer.ts'
import { type FaultyEngine, faultyEngine } from '../../src/testing/faulty.ts'
import { type LabOptions, nothingElse, openLab, until, withMethods } from './worker-lab.ts'

const toStop: Maintainer[] = []
afterEach(async () => {
  await Promise.all(toStop.splice(0).map((maintainer) => maintainer.stop()))
})

const faultyLab = async (options: LabOptions) => {
  let faulty: FaultyEngine | null = null
  const lab = await openLab({
    ...options,
    wrap: (engine) => {
      faulty = faultyEngine(engine)
      return faulty
    },
  })
  return { lab, faulty: faulty as unknown as FaultyEngine }
}

describe.each(['memory', 'sqlite'] as const)('a store that fails, on %s', (kind) => {
  it.each(['before', 'after'] as const)(
    'at any one call, %s it was carried out: every job ends once, none is charged, none is left',
    { timeout: 60_000 },
    async (when) => {
      const runs = new Map<string, number>()
      const { lab, faulty } = await faultyLab({
        kind,
        tasks: [
          { name: 'fast', run: async (_, { job }) => void runs.set(job.id, (runs.get(job.id) ?? 0) + 1) },
          {
            name: 'slow',
            run: async (_, { job }) => {
              runs.set(job.id, (runs.get(job.id) ?? 0) + 1)
              await new Promise((resolve) => setTimeout(resolve, 1))
            },
          },
        ],
      })
      const worker = lab.work({ concurrency: 5 })
      for (let n = 1; n <= 100; n++) {
        const ids = [...(await lab.addMany('fast', 4)), ...(await lab.addMany('slow', 3))]
        faulty.inject({ method: 'exchange', call: 1 + (n % 4), when })
        await worker.drained()
        faulty.heal()
        for (const job of await lab.engine.get(ids)) {
          expect(job).toMatchObject({ state: 'completed', attempt: 1, retries: 0, crashes: 0 })
          // A claim whose answer was lost did not run; a settlement whose answer was lost is not run again.
          expect(runs.get(job?.id as string)).toBe(1)
        }
      }
    },
  )

  it('many times in a row, at random: everything ends, resumes by itself, and nothing runs twice', {
    timeout: 60_000,
  }, async () => {
    let runs = 0
    const { lab, faulty } = await faultyLab({ kind, tasks: [{ name: 'it', run: async () => void runs++ }] })
    const ids = await lab.addMany('it', 2_000)
    const worker = lab.work({ concurrency: 7, prefetch: 20 })
    for (let n = 1; n < 200; n += 2) {
      faulty.inject({ method: 'exchange', call: n, when: n % 3 === 0 ? 'before' : 'after' })
    }
    const healer = setInterval(() => faulty.heal(), 4_000)
    await worker.drained()
    clearInterval(healer)
    for (const job of await lab.engine.get(ids.slice(0, 1_000))) expect(job?.state).toBe('completed')
    for (const job of await lab.engine.get(ids.slice(1_000))) expect(job?.state).toBe('completed')
    expect(runs).toBe(2_000)
  })
})

it('goes on within seconds after a long outage, and keeps the results of runs that ended meanwhile', {
  timeout: 60_000,
}, async () => {
  const { lab, faulty } = await faultyLab({ tasks: [{ name: 'it', run: () => 'done' }] })
  const worker = lab.work()
  await worker.drained()
  let failures = 0
  lab.deps.events.on('error', () => failures++)
  faulty.inject({ times: Number.POSITIVE_INFINITY })
  const id = await lab.add('it')
  await until(() => failures > 6, 20_000)
  faulty.heal()
  const began = performance.now()
  await lab.became(id, 'completed')
  expect(performance.now() - began).toBeLessThan(10_000)
})

it('gives up waiting for a call that hangs, and goes on', { timeout: 30_000 }, async () => {
  let hang = 1
  const lab = await openLab({
    tasks: [{ name: 'it', run: () => {} }],
    settings: { leaseMs: 1_500 },
    wrap: (engine) =>
      withMethods(engine, {
        exchange: (request) => (hang-- > 0 ? new Promise(() => {}) : engine.exchange(request)),
      }),
  })
  const id = await lab.add('it')
  lab.work()
  await lab.became(id, 'completed')
})

it('loses one settlement that no store can take, not the others with it', async () => {
  const lab = await openLab({
    tasks: [{ name: 'it', run: (payload) => ((payload as { n: number }).n === 13 ? 'impossible' : 'fine') }],
    wrap: (engine) =>
      withMethods(engine, {
        exchange: async (request) => {
          if (request.settle?.some(({ output }) => output === '"impossible"')) {
            throw new PosthasteError('E_ARGUMENT', 'This output cannot be stored.')
          }
          return engine.exchange(request)
        },
      }),
  })
  const ids = await lab.addMany('it', 100)
  await lab.work({ concurrency: 100 }).drained()
  const jobs = await lab.engine.get(ids)
  expect(jobs.filter((job) => job?.state === 'completed')).toHaveLength(99)
  const dead = jobs.find((job) => job?.state === 'dead')
  expect(JSON.parse(dead?.error ?? '').message).toContain('cannot be stored')
})

it('makes the end of a run and the jobs it added one step: none is added twice by a lost answer', async () => {
  const { lab, faulty } = await faultyLab({
    tasks: [
      { name: 'parent', run: (_, ctx) => void ctx.add('child', {}, { delay: '1h' }) },
      { name: 'child', run: () => {} },
    ],
  })
  const worker = lab.work()
  await worker.drained()
  for (let n = 1; n <= 10; n++) {
    await lab.add('parent')
    faulty.inject({ method: 'exchange', call: 2, when: n % 2 === 0 ? 'before' : 'after' })
    await worker.drained()
    faulty.heal()
  }
  const children = (await lab.engine.counts()).filter(({ task }) => task === 'child')
  expect(children).toEqual([{ queue: 'default', task: 'child', state: 'scheduled', count: 10 }])
})

describe.each(['memory', 'sqlite'] as const)('several workers on %s', (kind) => {
  it('drain 10,000 jobs: each runs once, never two at a time', { timeout: 60_000 }, async () => {
    const running = new Set<string>()
    const ran = new Map<string, number>()
    let overlaps = 0
    const begin = (id: string): void => {
      if (running.has(id)) overlaps++
      running.add(id)
      ran.set(id, (ran.get(id) ?? 0) + 1)
    }
    const lab = await openLab({
      kind,
      settings: { sweepMs: 200 },
      tasks: [
        {
          name: 'at-once',
          run: (_, { job }) => {
            begin(job.id)
            running.delete(job.id)
          },
        },
        {
          name: 'later',
          run: async (_, { job }) => {
            begin(job.id)
            await new Promise((resolve) => setImmediate(resolve))
            running.delete(job.id)
          },
        },
      ],
    })
    const ids = [...(await lab.addMany('at-once', 5_000)), ...(await lab.addMany('later', 5_000))]
    const maintainer = createMaintainer(lab.deps, nothingElse)
    toStop.push(maintainer)
    maintainer.start()
    const workers = [
      lab.work({ concurrency: 3 }),
      lab.work({ concurrency: 50 }),
      lab.work({ concurrency: 10 }),
    ]
    await Promise.all(workers.map((worker) => worker.drained()))
    await Promise.all(workers.map((worker) => worker.drained()))
    expect(overlaps).toBe(0)
    expect(ran.size).toBe(10_000)
    expect([...ran.values()].every((count) => count === 1)).toBe(true)
    const counts = await lab.engine.counts()
    expect(counts.reduce((sum, { state, count }) => sum + (state === 'completed' ? count : 0), 0)).toBe(
      ids.length,
    )
  })
})

it('leaves no listeners, timers or signals behind', async () => {
  const controllers: AbortSignal[] = []
  const lab = await openLab({
    tasks: [{ name: 'it', run: (_, { signal }) => void controllers.push(signal) }],
  })
  await lab.addMany('it', 500)
  const listeners = () => process.eventNames().map((name) => [name, process.listenerCount(name)])
  const before = listeners()
  const worker = lab.work()
  await worker.drained()
  expect(listeners()).toEqual(before)
  await worker.stop()
  expect(worker.stats()).toMatchObject({ running: 0, waiting: 0, settling: 0 })
  expect(new Set(controllers).size).toBe(500)
})
