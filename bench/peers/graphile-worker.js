// graphile-worker in its best configuration: it fetches 2,000 jobs at a time into its local queue and completes them in
// batches, as its page on performance advises for many short jobs. It deletes a job when it succeeds.
import { Logger, makeWorkerUtils, run } from 'graphile-worker'
import pg from 'pg'

const logger = new Logger(() => () => {})
/** Jobs in one statement: 2,000 and 100,000 were slower. */
const ADD_AT_ONCE = 10_000

/** @type {(worker: object) => import('../lib/types.js').OpenSystem} */
export const openGraphileWorker =
  (worker) =>
  async ({ url, onRun }) => {
    const pool = new pg.Pool({ connectionString: url, max: 20 })
    // It asks for both, since a broken connection would otherwise end the process.
    pool.on('error', () => {})
    pool.on('connect', (client) => client.on('error', () => {}))
    const utils = await makeWorkerUtils({ pgPool: pool, logger })
    await utils.migrate()
    return {
      add: (payload) => utils.addJob('bench', payload),
      addMany: async (payloads) => {
        for (let at = 0; at < payloads.length; at += ADD_AT_ONCE) {
          await utils.addJobs(
            payloads.slice(at, at + ADD_AT_ONCE).map((payload) => ({ identifier: 'bench', payload })),
          )
        }
      },
      work: async (concurrency) => {
        const runner = await run({
          preset: {
            worker: {
              connectionString: url,
              concurrentJobs: concurrency,
              maxPoolSize: 20,
              logger,
              ...worker,
            },
          },
          noHandleSignals: true,
          taskList: {
            bench: async (payload) => {
              await onRun(payload)
            },
          },
        })
        return { stop: () => runner.stop() }
      },
      waiting: async () => {
        const { rows } = await pool.query('select count(*)::int as count from graphile_worker._private_jobs')
        return rows[0].count
      },
      stats: undefined,
      page: undefined,
      close: async () => {
        await utils.release()
        await pool.end()
      },
    }
  }

export const open = openGraphileWorker({
  localQueue: { size: 2_000 },
  completeJobBatchDelay: 25,
  failJobBatchDelay: 25,
})
