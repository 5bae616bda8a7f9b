// BullMQ on Redis, as its guide says for speed: removing jobs that complete, a concurrency of 100, bulk by addBulk.

import { Queue, Worker } from 'bullmq'
import { Redis } from 'ioredis'

const WAITING = /** @type {const} */ (['waiting', 'active', 'prioritized', 'delayed', 'paused'])

/**
 * @param {{ connect: () => any, backend: any, addAtOnce: number, close: () => Promise<unknown> }} where
 * @param {(payload: unknown) => unknown} onRun
 * @returns {import('../lib/types.js').System}
 */
export const bullmqOn = ({ connect, backend, addAtOnce, close }, onRun) => {
  const queue = new Queue(
    'bench',
    { connection: connect(), defaultJobOptions: { removeOnComplete: true } },
    ...backend,
  )
  queue.on('error', () => {})
  return {
    add: (payload) => queue.add('bench', payload),
    addMany: async (payloads) => {
      for (let at = 0; at < payloads.length; at += addAtOnce) {
        await queue.addBulk(payloads.slice(at, at + addAtOnce).map((data) => ({ name: 'bench', data })))
      }
    },
    work: async (concurrency) => {
      const worker = new Worker(
        'bench',
        async (job) => onRun(job.data),
        { connection: connect(), concurrency, removeOnComplete: { count: 0 } },
        ...backend,
      )
      worker.on('error', () => {})
      await worker.waitUntilReady()
      return { stop: () => worker.close() }
    },
    waiting: async () => queue.getJobCountByTypes(...WAITING),
    stats: undefined,
    page: undefined,
    close: async () => {
      await queue.close()
      await close()
    },
  }
}

/** @type {import('../lib/types.js').OpenSystem} */
export const open = async ({ url, onRun }) => {
  /** @type {Redis[]} */
  const connections = []
  const connect = () => {
    const connection = new Redis(url, { maxRetriesPerRequest: null })
    connections.push(connection)
    return connection
  }
  const close = async () => {
    for (const connection of connections) connection.disconnect()
  }
  return bullmqOn({ connect, backend: [], addAtOnce: 500, close }, onRun)
}
