import { fill, payload, percentile, secondsSince, until } from '../lib/work.js'

/** Longer than the slowest system needs for any of the cases. */
const DRAIN_DEADLINE_MS = 10 * 60_000
const LOOK_EVERY_MS = 2
const CONCURRENCY = 100

/** @typedef {import('../lib/types.js').WorkerProcess} WorkerProcess */

/** @param {readonly WorkerProcess[]} workers */
const ranBy = (workers) => workers.reduce((sum, worker) => sum + worker.ran(), 0)

/**
 * Lets workers that rest drain what is there: jobs per second from the order to the end of the last one, stored.
 *
 * @param {import('../lib/types.js').System} system
 * @param {readonly WorkerProcess[]} workers
 * @param {number} size
 */
const drain = async (system, workers, size) => {
  const before = ranBy(workers)
  const from = performance.now()
  await Promise.all(workers.map((worker) => worker.work()))
  await until(() => ranBy(workers) - before >= size, LOOK_EVERY_MS, DRAIN_DEADLINE_MS)
  await until(async () => (await system.waiting()) === 0, LOOK_EVERY_MS, DRAIN_DEADLINE_MS)
  const rate = size / secondsSince(from)
  await Promise.all(workers.map((worker) => worker.rest()))
  return rate
}

/** @type {(context: import('../lib/types.js').CaseContext, processes: number) => Promise<import('../lib/types.js').Measured>} */
const drainAll = async ({ open, size, spawnWorker }, processes) => {
  const system = await open()
  await fill(system, size)
  const workers = await Promise.all(
    Array.from({ length: processes }, () => spawnWorker({ concurrency: CONCURRENCY, counting: true })),
  )
  const value = await drain(system, workers, size)
  const reports = await Promise.all(workers.map((worker) => worker.stop()))
  await system.close()
  return { value, more: { peakRssMb: Math.max(...reports.map(({ peakRssMb }) => peakRssMb)) } }
}

/** Jobs that a worker runs before it is measured, so that its code is compiled. */
const WARM_UP = 10_000
/** How often short drains are repeated. */
const REPEATS = 5

/** @param {import('../lib/types.js').System} system @param {WorkerProcess} worker @param {number} size */
const fillAndDrain = async (system, worker, size) => {
  await fill(system, size)
  return await drain(system, [worker], size)
}

/** The median of several. @param {import('../lib/types.js').System} system @param {WorkerProcess} worker @param {number} size */
const shortDrains = async (system, worker, size) => {
  /** @type {number[]} */
  const rates = []
  for (let n = 0; n < REPEATS; n++) rates.push(await fillAndDrain(system, worker, size))
  return percentile(rates, 0.5)
}

const PARKED_GROUPS = 10_000

/**
 * Drains what is added, beside jobs that go on waiting: jobs per second to the end of the last one.
 *
 * @param {import('../lib/types.js').System} system @param {WorkerProcess} worker @param {number} size
 */
const drainBeside = async (system, worker, size) => {
  await fill(system, size)
  const before = worker.ran()
  const from = performance.now()
  await worker.work()
  await until(() => worker.ran() - before >= size, LOOK_EVERY_MS, DRAIN_DEADLINE_MS)
  const rate = size / secondsSince(from)
  await worker.rest()
  return rate
}

/** The median of several. @param {import('../lib/types.js').System} system @param {WorkerProcess} worker @param {number} size */
const medianBeside = async (system, worker, size) => {
  /** @type {number[]} */
  const rates = []
  for (let n = 0; n < REPEATS; n++) rates.push(await drainBeside(system, worker, size))
  return percentile(rates, 0.5)
}

const DRAINED = {
  sqlite: ['posthaste', 'plainjob'],
  postgres: ['posthaste', 'graphile-worker', 'pg-boss', 'bullmq-postgres'],
  redis: ['posthaste', 'bee-queue', 'bullmq', 'posthaste-synced'],
}
const DRAINED_SIZES = {
  plainjob: 30_000,
  'graphile-worker': 100_000,
  'pg-boss': 50_000,
  'bullmq-postgres': 5_000,
  'bee-queue': 80_000,
  bullmq: 50_000,
}
const OURS = { sqlite: ['posthaste'], postgres: ['posthaste'], redis: ['posthaste'] }

/** @type {import('../lib/types.js').BenchCase[]} */
export const drainingCases = [
  {
    name: 'drain-1',
    title: 'drain, 1 worker process, concurrency 100',
    unit: 'jobs/s',
    better: 'more',
    systems: DRAINED,
    size: 200_000,
    sizes: DRAINED_SIZES,
    smokeSize: 500,
    run: (context) => drainAll(context, 1),
  },
  {
    name: 'drain-2',
    title: 'drain, 2 worker processes, concurrency 100 each',
    unit: 'jobs/s',
    better: 'more',
    systems: DRAINED,
    size: 200_000,
    sizes: DRAINED_SIZES,
    smokeSize: 500,
    run: (context) => drainAll(context, 2),
  },
  {
    name: 'backlog-10k',
    title: 'drain a backlog of {size} (median of five, by a warm worker)',
    unit: 'jobs/s',
    better: 'more',
    systems: OURS,
    size: 10_000,
    smokeSize: 100,
    run: async ({ open, size, spawnWorker }) => {
      const system = await open()
      const worker = await spawnWorker({ concurrency: CONCURRENCY, counting: true })
      await fillAndDrain(system, worker, Math.min(size, WARM_UP))
      const value = await shortDrains(system, worker, size)
      await worker.stop()
      await system.close()
      return { value }
    },
  },
  {
    name: 'backlog-1m',
    title: 'drain a tenth of a backlog of {size}, by a warm worker',
    unit: 'jobs/s',
    better: 'more',
    systems: OURS,
    size: 1_000_000,
    smokeSize: 1_000,
    run: async ({ open, size, spawnWorker }) => {
      const system = await open()
      const worker = await spawnWorker({ concurrency: CONCURRENCY, counting: true })
      await fillAndDrain(system, worker, Math.min(size, WARM_UP))
      await fill(system, size)
      const before = worker.ran()
      const from = performance.now()
      await worker.work()
      await until(() => worker.ran() - before >= size / 10, LOOK_EVERY_MS, DRAIN_DEADLINE_MS)
      const value = (worker.ran() - before) / secondsSince(from)
      await worker.stop()
      await system.close()
      return { value }
    },
  },
  {
    name: 'rss-1m',
    title: 'peak memory of a worker process that drains {size}',
    unit: 'MB',
    better: 'less',
    systems: OURS,
    size: 1_000_000,
    smokeSize: 1_000,
    run: async (context) => {
      const { value, more } = await drainAll(context, 1)
      return { value: more?.['peakRssMb'] ?? Number.NaN, more: { jobsPerS: value } }
    },
  },
  {
    name: 'history',
    title: 'drain 20,000 behind {size} finished jobs (median of five, by a warm worker)',
    unit: 'jobs/s',
    better: 'more',
    systems: { sqlite: ['posthaste'], postgres: ['posthaste'] },
    size: 1_000_000,
    smokeSize: 1_000,
    run: async ({ open, size, spawnWorker }) => {
      const measured = Math.min(size, 20_000)
      const system = await open()
      const worker = await spawnWorker({ concurrency: CONCURRENCY, counting: true })
      await fillAndDrain(system, worker, measured)
      const empty = await shortDrains(system, worker, measured)
      for (let left = size; left > 0; left -= 100_000)
        await fillAndDrain(system, worker, Math.min(left, 100_000))
      const value = await shortDrains(system, worker, measured)
      await worker.stop()
      await system.close()
      return { value, more: { finished: size, emptyPerS: empty, ofEmpty: value / empty } }
    },
  },
  {
    name: 'parked',
    title: 'drain 10,000 beside {size} jobs that wait in 10,000 groups (median of five, by a warm worker)',
    unit: 'jobs/s',
    better: 'more',
    systems: OURS,
    size: 100_000,
    smokeSize: 1_000,
    run: async ({ open, size, spawnWorker }) => {
      const measured = Math.min(size, PARKED_GROUPS)
      const system = await open()
      const worker = await spawnWorker({ concurrency: CONCURRENCY, counting: true })
      // One that waits: from the first group on groups take turns, and the limit holds in both halves.
      await system.park?.([payload()], 1)
      await drainBeside(system, worker, measured)
      const alone = await medianBeside(system, worker, measured)
      for (let at = 0; at < size; at += 10_000) {
        const some = Array.from({ length: Math.min(10_000, size - at) }, (_, n) => payload(at + n))
        await system.park?.(some, PARKED_GROUPS)
      }
      await drainBeside(system, worker, measured)
      const value = await medianBeside(system, worker, measured)
      await worker.stop()
      await system.close()
      return { value, more: { parked: size, alonePerS: alone, ofAlone: value / alone } }
    },
  },
]
