// An adding process of a campaign: adds jobs one by one, in flights and in batches, and writes what was acknowledged.
import { randomInt } from 'node:crypto'
import { posthaste } from 'posthaste'
import { openLedger } from '../ledger.mjs'

const { engine, ledgerFolder, actor, longestMs } = JSON.parse(process.argv[2] ?? '{}')
const ledger = openLedger(ledgerFolder, actor)
const ph = await posthaste({ engine })
let stopping = false
process.on('SIGTERM', () => {
  stopping = true
})
process.stdout.write('ready\n')

const payload = () => ({ ms: randomInt(4) === 0 ? randomInt(20, longestMs) : 0 })

while (!stopping) {
  const size = /** @type {const} */ ([1, 10, 50])[randomInt(3)] ?? 1
  if (randomInt(2) === 0) {
    const jobs = await ph.addMany(Array.from({ length: size }, () => ({ task: 'work', payload: payload() })))
    ledger.write(
      ...jobs.map((/** @type {{ id: string }} */ job) => ({
        what: /** @type {const} */ ('added'),
        id: job.id,
      })),
    )
  } else {
    const jobs = await Promise.all(Array.from({ length: size }, () => ph.add('work', payload())))
    ledger.write(
      ...jobs.map((/** @type {{ id: string }} */ job) => ({
        what: /** @type {const} */ ('added'),
        id: job.id,
      })),
    )
  }
  await new Promise((resolve) => setTimeout(resolve, randomInt(5, 40)))
}
await ph.close()
process.exit(0)
