// Posthaste with its defaults, history, attempts and output kept. Only retention is wider than usual, so that a million
// finished jobs stay.
import { posthaste, task } from 'posthaste'

const KEPT = { count: 1_000_000_000 }

/** @type {import('./types.js').OpenSystem} */
export const open = async ({ url, onRun }) => {
  const run = task({
    name: 'bench',
    run: async (payload) => onRun(payload),
  })
  const ph = await posthaste({
    engine: url,
    tasks: [run],
    retention: { completed: KEPT, cancelled: KEPT, dead: KEPT },
    logLevel: 'error',
  })
  return {
    add: (payload) => ph.add(run, payload),
    addMany: (payloads) => ph.addMany(payloads.map((payload) => ({ task: run, payload }))),
    work: async (concurrency) => {
      const worker = ph.work({ concurrency })
      return { stop: () => worker.stop({ grace: '5s' }) }
    },
    waiting: async () => {
      const { states } = await ph.stats()
      return states.ready + states.scheduled + states.running + states.retrying
    },
    stats: () => ph.stats(),
    page: () => ph.list({ limit: 50 }),
    park: async (payloads, groups) => {
      await ph.limits.set({ queue: 'default', groups: true }, { concurrency: 0 })
      await ph.addMany(payloads.map((payload, n) => ({ task: run, payload, group: `parked-${n % groups}` })))
    },
    close: () => ph.close(),
  }
}
