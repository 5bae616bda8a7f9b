// Forty jobs failed while a supplier was down. Ten of them go first, the others only when these do well:
// `npm run build`, then `node examples/canary-retry.js`.
import { posthaste, task } from 'posthaste'

let supplierIsUp = false
const order = task({
  name: 'order',
  retry: { maxRetries: 0 },
  run: async ({ n }) => {
    if (!supplierIsUp) throw new Error(`no answer from 10.0.0.${n}:443`)
    return `order ${n}`
  },
})

const ph = await posthaste({ engine: 'memory:', tasks: [order] })
await ph.addMany(Array.from({ length: 40 }, (_, n) => ({ task: order, payload: { n } })))
ph.work()
while ((await ph.stats()).states.dead < 40) await new Promise((resolve) => setTimeout(resolve, 10))

// Forty messages, one cause.
const { groups } = await ph.deadLetters()
for (const { count, pattern } of groups) console.log(`${count} × ${pattern}`)
const filter = { fingerprint: groups[0]?.fingerprint ?? '' }

const { count, sample } = await ph.bulk({ action: 'retry', filter, dryRun: true })
console.log(`${count} jobs would be retried`)

// Somebody believes that the supplier is back.
const early = await ph.bulk({ action: 'retry', filter, canary: 10, by: 'ada' })
const stopped = await early.done()
console.log(`${stopped.state} after ${stopped.done} jobs`)

supplierIsUp = true
while ((await ph.stats()).states.dead < 40) await new Promise((resolve) => setTimeout(resolve, 10))
const run = await ph.bulk({ action: 'retry', filter, canary: 10, by: 'ada' })
const ended = await run.done()
console.log(`${ended.state}: ${ended.done} jobs, canary ${ended.canary?.verdict}`)

// Each of them tells who sent it round, and in which run.
const first = await ph.get(sample[0]?.id ?? '')
for (const { event, by, bulk } of first?.history ?? [])
  if (event === 'retry') console.log(`${by}, in the ${bulk === run.id ? 'second' : 'first'} run`)
const { entries } = await ph.audit({ by: 'ada' })
console.log(entries.map(({ action }) => action).join(', '))
await ph.close()
