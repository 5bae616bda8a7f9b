// An adding process of a campaign: adds jobs one by one, in flights and in batches, and writes what was acknowledged.
// What was not acknowledged is added again under its id until it is.
import { randomBytes, randomInt } from 'node:crypto'
import { posthaste } from 'posthaste'
import { openLedger } from '../ledger.mjs'
import './parent.mjs'

const { engine, ledgerFolder, actor, longestMs, pauseMs = 40 } = JSON.parse(process.argv[2] ?? '{}')
const ledger = openLedger(ledgerFolder, actor)
const ph = await posthaste({ engine })
let stopping = false
process.on('SIGTERM', () => {
  stopping = true
})
process.stdout.write('ready\n')

/** @param {number} ms */
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/** A UUIDv7 of our own. */
const newId = () => {
  const bytes = randomBytes(16)
  bytes.writeUIntBE(Date.now(), 0, 6)
  bytes[6] = 0x70 | ((bytes[6] ?? 0) & 0x0f)
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f)
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

/** @param {() => Promise<unknown>} add */
const untilAcknowledged = async (add) => {
  for (;;) {
    try {
      await add()
      return
    } catch (error) {
      // Anything but a store in trouble is a mistake, and ends the process.
      if (!/^E_STORE/.test(/** @type {{ code?: string }} */ (error).code ?? '')) throw error
      await pause(randomInt(10, 60))
    }
  }
}

while (!stopping) {
  const size = /** @type {const} */ ([1, 10, 50])[randomInt(3)] ?? 1
  const items = Array.from({ length: size }, () => ({
    id: newId(),
    task: 'work',
    payload: { ms: randomInt(4) === 0 ? randomInt(20, longestMs) : 0 },
  }))
  ledger.write(...items.map(({ id }) => ({ what: /** @type {const} */ ('adding'), id })))
  if (randomInt(2) === 0) await untilAcknowledged(() => ph.addMany(items))
  else {
    await Promise.all(
      items.map(({ id, task, payload }) => untilAcknowledged(() => ph.add(task, payload, { id }))),
    )
  }
  ledger.write(...items.map(({ id }) => ({ what: /** @type {const} */ ('added'), id })))
  await pause(randomInt(5, pauseMs))
}
await ph.close()
process.exit(0)
