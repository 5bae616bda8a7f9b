import { payload, secondsSince } from '../lib/work.js'

/** @type {(context: import('../lib/types.js').CaseContext, inFlight: number) => Promise<import('../lib/types.js').Measured>} */
const addInFlight = async ({ open, size }, inFlight) => {
  const system = await open()
  let next = 0
  const addAll = async (/** @type {number} */ end) => {
    while (next < end) await system.add(payload(next++))
  }
  const lines = (/** @type {number} */ end) =>
    Promise.all(Array.from({ length: inFlight }, () => addAll(end)))
  // Connections are open and code is compiled before the clock starts.
  const warmUp = Math.min(size, 2_000)
  await lines(warmUp)
  const from = performance.now()
  await lines(warmUp + size)
  const value = size / secondsSince(from)
  await system.close()
  return { value }
}

const SYSTEMS = {
  sqlite: ['posthaste', 'plainjob-full', 'plainjob'],
  postgres: ['posthaste', 'graphile-worker', 'pg-boss', 'bullmq-postgres'],
  redis: ['posthaste', 'bee-queue', 'bullmq', 'posthaste-synced'],
}

/** @type {import('../lib/types.js').BenchCase[]} */
export const addingCases = [
  {
    name: 'add-one',
    title: 'add, one at a time, each acknowledged',
    unit: 'jobs/s',
    better: 'more',
    systems: SYSTEMS,
    size: 5_000,
    sizes: { postgres: 2_000, redis: 10_000 },
    smokeSize: 20,
    run: (context) => addInFlight(context, 1),
  },
  {
    name: 'add-100',
    title: 'add, 100 in flight, each acknowledged',
    unit: 'jobs/s',
    better: 'more',
    systems: SYSTEMS,
    size: 50_000,
    sizes: { 'graphile-worker': 3_000, 'pg-boss': 3_000, 'bullmq-postgres': 3_000 },
    smokeSize: 200,
    run: (context) => addInFlight(context, 100),
  },
  {
    name: 'add-bulk',
    title: 'bulk add, {size} jobs in one call',
    unit: 'jobs/s',
    better: 'more',
    systems: SYSTEMS,
    size: 100_000,
    smokeSize: 500,
    run: async ({ open, size }) => {
      const system = await open()
      await system.addMany(Array.from({ length: 2_000 }, (_, n) => payload(n)))
      const payloads = Array.from({ length: size }, (_, n) => payload(n))
      const from = performance.now()
      await system.addMany(payloads)
      const value = size / secondsSince(from)
      await system.close()
      return { value }
    },
  },
]
