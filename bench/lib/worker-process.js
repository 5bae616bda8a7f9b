// A worker process of a case, which takes orders from its parent:
// `node worker-process.js ENGINE SYSTEM PLACE CONCURRENCY [counting]`.
import { systemOf } from './systems.js'
import { machineNow } from './work.js'

/** How often it tells how many jobs it has run. */
const TELL_EVERY_MS = 5

const [engine = '', name = '', place = '', concurrency = '10', counting] = process.argv.slice(2)
const { open } = await systemOf(engine, name).load()

let ran = 0
let told = 0
/** @type {number[]} */
const waits = []
const system = await open({
  ...JSON.parse(place),
  onRun: (/** @type {unknown} */ payload) => {
    const { at } = /** @type {{ at: number }} */ (payload)
    if (at > 0) waits.push(machineNow() - at)
    ran++
    return null
  },
})
/** @type {{ stop(): Promise<unknown> } | undefined} */
let worker
/** @type {NodeJS.Timeout | undefined} */
let telling

/** @param {unknown} message */
const tell = (message) => process.send?.(message)
const tellRan = () => {
  if (ran > told) tell({ ran })
  told = ran
}
const rest = async () => {
  clearInterval(telling)
  telling = undefined
  await worker?.stop()
  worker = undefined
  tellRan()
}

/** @type {Readonly<Record<string, () => Promise<unknown>>>} */
const ORDERS = {
  work: async () => {
    // An idle worker must not be kept awake by us.
    if (counting !== undefined) telling = setInterval(tellRan, TELL_EVERY_MS)
    worker = await system.work(Number(concurrency))
  },
  rest,
  stop: async () => {
    await rest()
    await system.close()
    return { waits, peakRssMb: Math.round(process.resourceUsage().maxRSS / 1024) }
  },
}

process.on('message', async (/** @type {string} */ order) => {
  const answer = await ORDERS[order]?.()
  tell({ done: order, answer })
  if (order === 'stop') process.disconnect()
})
// Ends with whoever started it, and also when something of the system would keep it alive.
process.on('disconnect', () => process.exit(0))
tell({ done: 'open' })
