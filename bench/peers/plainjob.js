// plainjob on better-sqlite3, in its best configuration: synchronous=NORMAL (its own default), which may lose the last
// commits on power loss. With SYNCHRONOUS=FULL the same at our level of durability.
import Database from 'better-sqlite3'
import { better, defineQueue, defineWorker } from 'plainjob'

const silent = { error() {}, warn() {}, info() {}, debug() {} }
const PENDING = 0
const PROCESSING = 1

/** @type {(synchronous: 'NORMAL' | 'FULL') => import('../lib/types.js').OpenSystem} */
export const openPlainjob =
  (synchronous) =>
  async ({ folder, onRun }) => {
    const database = new Database(`${folder}/plainjob.db`)
    const queue = defineQueue({ connection: better(database), logger: silent, timeout: 30_000 })
    database.pragma(`synchronous = ${synchronous}`)
    database.pragma('busy_timeout = 10000')
    return {
      add: async (payload) => queue.add('bench', payload),
      addMany: async (payloads) => queue.addMany('bench', payloads),
      work: async () => {
        const worker = defineWorker(
          'bench',
          async (/** @type {{ data: string }} */ job) => {
            await onRun(JSON.parse(job.data))
          },
          { queue, logger: silent, pollIntervall: 1 },
        )
        worker.start()
        return { stop: async () => worker.stop() }
      },
      waiting: async () => queue.countJobs({ status: PENDING }) + queue.countJobs({ status: PROCESSING }),
      stats: undefined,
      page: undefined,
      close: async () => {
        queue.close()
      },
    }
  }

export const open = openPlainjob('NORMAL')
