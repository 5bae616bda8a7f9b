import { rm } from 'node:fs/promises'
import { fill, percentile, secondsSince, until } from '../lib/work.js'

/** Time of the drain of `size` jobs by this process, its peak memory included. */
/** @type {(context: import('../lib/types.js').CaseContext, backlog: number) => Promise<import('../lib/types.js').Measured>} */
const drainHere = async ({ open, folder, size }, backlog) => {
  let ran = 0
  /** @type {() => void} */
  let finished = () => {}
  const done = new Promise((resolve) => {
    finished = () => resolve(undefined)
  })
  let peakRss = 0
  const system = await open({
    folder,
    onRun: () => {
      if (++ran === size) finished()
      if (ran % 5_000 === 0) peakRss = Math.max(peakRss, process.memoryUsage.rss())
      return null
    },
  })
  await fill(system, backlog)
  const from = performance.now()
  const worker = system.work(100)
  await done
  if (backlog === size) await until(async () => (await system.waiting()) === 0, 5, 60_000)
  const value = size / secondsSince(from)
  await worker.stop()
  await system.close()
  return { value, more: { peakRssMb: Math.round(peakRss / 1_048_576) } }
}

/** @type {import('../lib/types.js').BenchCase[]} */
export const drainingCases = [
  {
    name: 'drain-1',
    title: 'drain, 1 worker process, concurrency 100',
    unit: 'jobs/s',
    better: 'more',
    systems: ['posthaste', 'plainjob'],
    size: 200_000,
    peerSize: 30_000,
    goal: '≥ 8 × plainjob',
    run: (context) => drainHere(context, context.size),
  },
  {
    name: 'drain-2',
    title: 'drain, 2 worker processes, concurrency 100 each',
    unit: 'jobs/s',
    better: 'more',
    systems: ['posthaste', 'plainjob'],
    size: 200_000,
    peerSize: 30_000,
    goal: '≥ 1.0 × our one process',
    run: async ({ open, folder, size, spawnWorker }) => {
      const system = await open({ folder, onRun: () => null })
      await fill(system, size)
      const workers = await Promise.all([
        spawnWorker({ concurrency: 100 }),
        spawnWorker({ concurrency: 100 }),
      ])
      // Both are warm and running from here on; what they did before is not counted.
      const first = await system.waiting()
      const from = performance.now()
      await until(async () => (await system.waiting()) === 0, 5, 120_000)
      const value = first / secondsSince(from)
      await Promise.all(workers.map((worker) => worker.stop()))
      await system.close()
      return { value }
    },
  },
  {
    name: 'backlog-10k',
    title: 'drain 10,000 of a backlog of 10,000',
    unit: 'jobs/s',
    better: 'more',
    systems: ['posthaste'],
    size: 10_000,
    goal: 'the base of the next row',
    run: (context) => drainHere(context, 10_000),
  },
  {
    name: 'backlog-1m',
    title: 'drain 100,000 of a backlog of 1,000,000',
    unit: 'jobs/s',
    better: 'more',
    systems: ['posthaste'],
    size: 100_000,
    goal: '≥ 0.9 × a backlog of 10,000',
    run: (context) => drainHere(context, 1_000_000),
  },
  {
    name: 'look-1m',
    title: 'stats, and a page of 50, at 1,000,000 jobs (p99 of 200)',
    unit: 'ms',
    better: 'less',
    systems: ['posthaste'],
    size: 1_000_000,
    goal: '≤ 20 ms each',
    run: async ({ open, folder, size }) => {
      const system = await open({ folder, onRun: () => null })
      await fill(system, size)
      /** @type {number[]} */
      const stats = []
      /** @type {number[]} */
      const pages = []
      for (let n = 0; n < 200; n++) {
        let from = performance.now()
        await system.stats?.()
        stats.push(performance.now() - from)
        from = performance.now()
        await system.page?.()
        pages.push(performance.now() - from)
      }
      await system.close()
      await rm(folder, { recursive: true })
      const round = (/** @type {number} */ ms) => Math.round(ms * 100) / 100
      return {
        value: Math.max(percentile(stats, 0.99), percentile(pages, 0.99)),
        more: { statsP50Ms: round(percentile(stats, 0.5)), pageP50Ms: round(percentile(pages, 0.5)) },
      }
    },
  },
]
