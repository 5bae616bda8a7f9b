// A worker process of a campaign: it dies by the hand of the campaign at any moment.
import { posthaste } from 'posthaste'
import { openLedger } from '../ledger.mjs'
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
} = JSON.parse(process.argv[2] ?? '{}')
const ledger = openLedger(ledgerFolder, actor)
const tasks = [workTask(ledger, actor)]
const ph = await posthaste({ engine, archive, archiveAfter: 0, tasks, lease, heartbeat, sweep })
recordEnds(ph, ledger)
ph.work({ concurrency })
process.stdout.write('ready\n')
process.on('SIGTERM', () => ph.close().then(() => process.exit(0)))
