// A worker process of a campaign: it dies by the hand of the campaign at any moment.
import { posthaste } from 'posthaste'
import { openLedger } from '../ledger.mjs'
import './parent.mjs'
import { recordEnds, workTask } from './work-task.mjs'

const {
  engine,
  archive = null,
  ledgerFolder,
  actor,
  lease,
  heartbeat,
  sweep,
  concurrency,
  logLevel,
  workers = 1,
  alsoTasks = [],
} = JSON.parse(process.argv[2] ?? '{}')
const ledger = openLedger(ledgerFolder, actor)
const options = {
  engine,
  archive,
  archiveAfter: 0,
  // A task of its own shows whether this very process works.
  tasks: ['work', `work-${actor}`, ...alsoTasks].map((name) => workTask(ledger, actor, name)),
  lease,
  heartbeat,
  sweep,
  ...(logLevel === undefined ? {} : { logLevel }),
}

/** Started while there is no store, it tries again, as whoever supervises a program would. @returns {Promise<any>} */
const open = () =>
  posthaste(options).catch(async (error) => {
    if (!/^E_STORE/.test(error.code ?? '')) throw error
    await new Promise((resolve) => setTimeout(resolve, 50))
    return open()
  })

const ph = await open()
recordEnds(ph, ledger)
for (let n = 0; n < workers; n++) ph.work({ concurrency })
process.stdout.write('ready\n')
process.on('SIGTERM', () => ph.close().then(() => process.exit(0)))
// How much processor time it has used so far.
process.on('SIGUSR2', () => {
  const { user, system } = process.cpuUsage()
  ledger.write({ what: 'processor', ms: (user + system) / 1000 })
})
