// pg-boss with LISTEN/NOTIFY, fetching in batches and without a pause as long as they come back full. It keeps finished
// jobs; a batch is completed as a whole.
import pg from 'pg'
import { PgBoss } from 'pg-boss'

const ADD_AT_ONCE = 10_000
const BATCH = 1_000
/** Fetchers that take turns: one works while the others wait for the server. */
const FETCHERS = 4

/** @type {import('../lib/types.js').OpenSystem} */
export const open = async ({ url, onRun }) => {
  const boss = new PgBoss({
    connectionString: url,
    max: 20,
    useListenNotify: true,
    supervise: false,
    schedule: false,
  })
  boss.on('error', () => {})
  await boss.start()
  if ((await boss.getQueue('bench')) === null) await boss.createQueue('bench', { notify: true })
  const pool = new pg.Pool({ connectionString: url, max: 1 })
  pool.on('error', () => {})
  return {
    add: (payload) => boss.send('bench', /** @type {object} */ (payload)),
    addMany: async (payloads) => {
      for (let at = 0; at < payloads.length; at += ADD_AT_ONCE) {
        await boss.insert(
          'bench',
          payloads.slice(at, at + ADD_AT_ONCE).map((data) => ({ data: /** @type {object} */ (data) })),
        )
      }
    },
    work: async () => {
      await boss.work(
        'bench',
        {
          batchSize: BATCH,
          localConcurrency: FETCHERS,
          burstWhenBatchFull: true,
          pollingIntervalSeconds: 0.5,
        },
        async (/** @type {{ data: unknown }[]} */ jobs) => {
          await Promise.all(jobs.map(async ({ data }) => onRun(data)))
        },
      )
      return { stop: () => boss.offWork('bench') }
    },
    waiting: async () => {
      const { rows } = await pool.query(
        "select count(*)::int as count from pgboss.job where state < 'completed'",
      )
      return rows[0].count
    },
    stats: undefined,
    page: undefined,
    close: async () => {
      await boss.stop({ graceful: true, timeout: 5_000 })
      await pool.end()
    },
  }
}
