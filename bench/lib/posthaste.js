// Posthaste on SQLite: synchronous=FULL, history, attempts and output kept. Its defaults, nothing tuned for the trial.
import { posthaste, task } from 'posthaste'

/** @type {import('./types.js').OpenSystem} */
export const open = async ({ folder, onRun }) => {
  const run = task({
    name: 'bench',
    run: async (payload) => onRun(payload),
  })
  const ph = await posthaste({ engine: `sqlite:${folder}/jobs.db`, tasks: [run] })
  return {
    durability: 'every commit synced (FULL)',
    add: (payload) => ph.add(run, payload),
    addMany: (payloads) => ph.addMany(payloads.map((payload) => ({ task: run, payload }))),
    work: (concurrency) => {
      const worker = ph.work({ concurrency })
      return { stop: () => worker.stop({ grace: '5s' }) }
    },
    waiting: async () => {
      const { states } = await ph.stats()
      return states.ready + states.scheduled + states.running + states.retrying
    },
    stats: () => ph.stats(),
    page: () => ph.list({ limit: 50 }),
    close: () => ph.close(),
  }
}
