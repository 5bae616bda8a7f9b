import { payload, secondsSince } from '../lib/work.js'

/** @type {(context: import('../lib/types.js').CaseContext, inFlight: number) => Promise<import('../lib/types.js').Measured>} */
const addInFlight = async ({ open, folder, size }, inFlight) => {
  const system = await open({ folder, onRun: () => null })
  for (let n = 0; n < Math.min(size, 500); n++) await system.add(payload(n))
  let next = 0
  const from = performance.now()
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      while (next < size) await system.add(payload(next++))
    }),
  )
  const value = size / secondsSince(from)
  await system.close()
  return { value }
}

/** @type {import('../lib/types.js').BenchCase[]} */
export const addingCases = [
  {
    name: 'add-one',
    title: 'add, one at a time, each acknowledged',
    unit: 'jobs/s',
    better: 'more',
    systems: ['posthaste', 'plainjob-full', 'plainjob'],
    size: 3_000,
    goal: '≥ 0.8 × plainjob at the same level of durability',
    run: (context) => addInFlight(context, 1),
  },
  {
    name: 'add-100',
    title: 'add, 100 in flight, each acknowledged',
    unit: 'jobs/s',
    better: 'more',
    systems: ['posthaste', 'plainjob', 'plainjob-full'],
    size: 50_000,
    peerSize: 20_000,
    goal: '≥ 2 × plainjob',
    run: (context) => addInFlight(context, 100),
  },
  {
    name: 'add-bulk',
    title: 'bulk add, 100,000 jobs in one call',
    unit: 'jobs/s',
    better: 'more',
    systems: ['posthaste', 'plainjob', 'plainjob-full'],
    size: 100_000,
    goal: '≥ 0.8 × plainjob',
    run: async ({ open, folder, size }) => {
      const system = await open({ folder, onRun: () => null })
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
