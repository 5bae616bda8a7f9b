// A server process of a campaign, as `posthaste start` is one: HTTP, workers and maintainer in one process.
import { posthaste } from 'posthaste'
import { createServer } from 'posthaste/server'
import { openLedger } from '../ledger.mjs'
import './parent.mjs'
import { recordEnds, workTask } from './work-task.mjs'

const { engine, ledgerFolder, actor, lease, heartbeat, sweep, concurrency } = JSON.parse(
  process.argv[2] ?? '{}',
)
const ledger = openLedger(ledgerFolder, actor)
const ph = await posthaste({ engine, tasks: [workTask(ledger, actor)], lease, heartbeat, sweep })
recordEnds(ph, ledger)
const server = createServer({ posthaste: ph, packs: ph.packs, logger: ph.logger, token: null })
const url = await server.start({ host: '127.0.0.1', port: 0 })
ph.work({ concurrency })
process.stdout.write(`${url}\n`)
process.on('SIGTERM', async () => {
  await server.stop()
  await ph.close()
  process.exit(0)
})
