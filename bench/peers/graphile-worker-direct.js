// Without its local queue graphile-worker picks up a single job sooner.
import { openGraphileWorker } from './graphile-worker.js'

export const open = openGraphileWorker({ completeJobBatchDelay: 0, failJobBatchDelay: 0 })
