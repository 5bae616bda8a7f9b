// A worker process of a case: `node worker-process.js SYSTEM FOLDER CONCURRENCY [REPORT]`.
import { appendFileSync } from 'node:fs'
import { openerOf } from './systems.js'
import { machineNow } from './work.js'

const [system = '', folder = '', concurrency = '10', report = ''] = process.argv.slice(2)
const open = await openerOf(system)

/** @type {number[]} */
let waits = []
const running = await open({
  folder,
  onRun: (/** @type {unknown} */ payload) => {
    if (report !== '') waits.push(machineNow() - /** @type {{ at: number }} */ (payload).at)
    return null
  },
})
const worker = running.work(Number(concurrency))
process.stdout.write('ready\n')
process.on('SIGTERM', async () => {
  if (report !== '') appendFileSync(report, waits.map((ms) => `${ms}\n`).join(''))
  waits = []
  await worker.stop()
  await running.close()
  process.exit(0)
})
