// bee-queue: removing jobs that succeed, without events and without keeping jobs in memory, bulk by saveAll.
import BeeQueue from 'bee-queue'

/** Larger pipelines are slower. */
const ADD_AT_ONCE = 2_000

/** @type {import('../lib/types.js').OpenSystem} */
export const open = async ({ url, onRun }) => {
  const settings = {
    redis: url,
    getEvents: false,
    sendEvents: false,
    storeJobs: false,
    removeOnSuccess: true,
  }
  const queue = new BeeQueue('bench', { ...settings, isWorker: false })
  queue.on('error', () => {})
  await queue.ready()
  return {
    add: (payload) => queue.createJob(payload).save(),
    addMany: async (payloads) => {
      for (let at = 0; at < payloads.length; at += ADD_AT_ONCE) {
        await queue.saveAll(payloads.slice(at, at + ADD_AT_ONCE).map((payload) => queue.createJob(payload)))
      }
    },
    work: async (concurrency) => {
      const worker = new BeeQueue('bench', settings)
      worker.on('error', () => {})
      worker.process(concurrency, async (/** @type {{ data: unknown }} */ job) => onRun(job.data))
      await worker.ready()
      return { stop: () => worker.close() }
    },
    waiting: async () => {
      const { waiting, active } = await queue.checkHealth()
      return waiting + active
    },
    stats: undefined,
    page: undefined,
    close: () => queue.close(),
  }
}
