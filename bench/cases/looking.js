import { fill, percentile } from '../lib/work.js'

const LOOKS = 200

/** @param {(() => Promise<unknown>) | undefined} look */
const timed = async (look) => {
  /** @type {number[]} */
  const times = []
  for (let n = 0; n < LOOKS; n++) {
    const from = performance.now()
    await look?.()
    times.push(performance.now() - from)
  }
  return times
}

/** @type {import('../lib/types.js').BenchCase[]} */
export const lookingCases = [
  {
    name: 'look-1m',
    title: 'stats, and a page of 50, at {size} jobs (p99 of 200, the slower of both)',
    unit: 'ms',
    better: 'less',
    systems: { sqlite: ['posthaste'], postgres: ['posthaste'], redis: ['posthaste'] },
    size: 1_000_000,
    smokeSize: 1_000,
    run: async ({ open, size }) => {
      const system = await open()
      await fill(system, size)
      const stats = await timed(system.stats)
      const pages = await timed(system.page)
      await system.close()
      return {
        value: Math.max(percentile(stats, 0.99), percentile(pages, 0.99)),
        more: {
          statsP50Ms: percentile(stats, 0.5),
          statsP99Ms: percentile(stats, 0.99),
          pageP50Ms: percentile(pages, 0.5),
          pageP99Ms: percentile(pages, 0.99),
        },
      }
    },
  },
]
