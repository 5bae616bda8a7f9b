import { readFileSync } from 'node:fs'
import { machineNow, payload, percentile, until } from '../lib/work.js'

/** @type {import('../lib/types.js').BenchCase[]} */
export const waitingCases = [
  {
    name: 'pickup',
    title: 'pickup by an idle worker in another process, p50 (p99)',
    unit: 'ms',
    better: 'less',
    systems: ['posthaste', 'plainjob'],
    size: 500,
    goal: '≤ 1.5 / 4 ms',
    run: async ({ open, folder, size, spawnWorker }) => {
      const report = `${folder}/pickup.ndjson`
      const worker = await spawnWorker({ concurrency: 10, report })
      const system = await open({ folder, onRun: () => null })
      // The worker is idle before each add: the pause between two adds is far longer than a pickup.
      for (let n = 0; n < size; n++) {
        await system.add({ ...payload(n), at: machineNow() })
        await new Promise((resolve) => setTimeout(resolve, 10 + Math.random() * 20))
      }
      await until(async () => (await system.waiting()) === 0, 20, 30_000)
      await worker.stop()
      await system.close()
      const waits = readFileSync(report, 'utf8').split('\n').filter(Boolean).map(Number)
      return { value: percentile(waits, 0.5), more: { p99Ms: percentile(waits, 0.99), runs: waits.length } }
    },
  },
  {
    name: 'idle',
    title: 'an idle worker, CPU seconds in 20 s (RSS)',
    unit: 'CPU s',
    better: 'less',
    systems: ['posthaste', 'plainjob'],
    size: 20,
    goal: '≤ 0.2 s, ≤ 70 MB',
    run: async ({ size, spawnWorker }) => {
      const worker = await spawnWorker({ concurrency: 10 })
      await new Promise((resolve) => setTimeout(resolve, 1_000))
      const before = usage(worker.pid)
      await new Promise((resolve) => setTimeout(resolve, size * 1_000))
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
