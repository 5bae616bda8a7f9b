import { readFileSync } from 'node:fs'
import { machineNow, payload, percentile, until } from '../lib/work.js'

const sleep = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms))

/** @type {import('../lib/types.js').BenchCase[]} */
export const waitingCases = [
  {
    name: 'pickup',
    title: 'pickup by an idle worker in another process, p50',
    unit: 'ms',
    better: 'less',
    systems: {
      sqlite: ['posthaste', 'plainjob'],
      postgres: ['posthaste', 'graphile-worker-direct', 'graphile-worker', 'pg-boss', 'bullmq-postgres'],
      redis: ['posthaste', 'bee-queue', 'bullmq', 'posthaste-synced'],
    },
    size: 300,
    smokeSize: 10,
    run: async ({ open, size, spawnWorker }) => {
      const system = await open()
      const worker = await spawnWorker({ concurrency: 10 })
      await worker.work()
      // The worker is idle before each add: the pause between two adds is far longer than a pickup.
      for (let n = 0; n < size; n++) {
        await sleep(10 + Math.random() * 20)
        await system.add({ ...payload(n), at: machineNow() })
      }
      await until(async () => (await system.waiting()) === 0, 20, 30_000)
      const { waits } = await worker.stop()
      await system.close()
      return { value: percentile(waits, 0.5), more: { p99Ms: percentile(waits, 0.99), runs: waits.length } }
    },
  },
  {
    name: 'idle',
    title: 'an idle worker, CPU seconds in {size} s',
    unit: 'CPU s',
    better: 'less',
    systems: {
      sqlite: ['posthaste', 'plainjob'],
      postgres: ['posthaste', 'graphile-worker', 'pg-boss', 'bullmq-postgres'],
      redis: ['posthaste', 'bee-queue', 'bullmq'],
    },
    size: 20,
    smokeSize: 1,
    run: async ({ open, size, spawnWorker }) => {
      // Some systems want their store made before a worker comes.
      const system = await open()
      await system.close()
      const worker = await spawnWorker({ concurrency: 10 })
      await worker.work()
      await sleep(1_000)
      const before = usage(worker.pid)
      await sleep(size * 1_000)
      const after = usage(worker.pid)
      await worker.stop()
      return { value: after.cpuSeconds - before.cpuSeconds, more: { rssMb: after.rssMb } }
    },
  },
]

const TICKS_A_SECOND = 100

/** What the system has charged to a process so far (Linux). @param {number} pid */
const usage = (pid) => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  const rss = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return {
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND,
    rssMb: Math.round(Number(rss) / 1024),
  }
}
