// What happens to a job that fails: it is retried, then dead, explains itself, and runs again when someone says so.
// `npm run build`, then `node examples/retry-and-dead-letter.js`.
import { posthaste, task } from 'posthaste'

let supplierIsUp = false

const order = task({
  name: 'order',
  timeout: '5s',
  // Two retries, 50 ms and 100 ms later. The default is five, over an hour and a half.
  retry: { maxRetries: 2, backoff: { base: '50ms', factor: 2, jitter: 0 } },
  run: async ({ item }, ctx) => {
    ctx.log(`attempt ${ctx.attempt}`)
    if (!supplierIsUp) throw new Error(`The supplier does not answer about ${item}.`)
    return { ordered: item }
  },
})

// 'memory:' keeps nothing: for a demonstration only.
const ph = await posthaste({ engine: 'memory:', tasks: [order] })
ph.on('failed', (job) => console.log(`attempt ${job.attempt} failed, next at ${job.runAt.toISOString()}`))
ph.work()

// The key: at most one unfinished order of tea, however often it is asked for.
const job = await ph.add(order, { item: 'tea' }, { key: 'order:tea' })
const again = await ph.add(order, { item: 'tea' }, { key: 'order:tea' })
console.log(again.inserted ? 'two orders' : 'one order')

const dead = await ph.waitFor(job.id)
console.log(`${dead.state} after ${dead.attempt} attempts: ${dead.lastError?.message}`)

const why = await ph.explain(job.id)
console.log(why.summary)
console.log(why.next)

// Dead jobs are kept. When the cause is gone, an operator sends them round again with new retries.
supplierIsUp = true
const { jobs } = await ph.list({ state: 'dead', task: 'order' })
for (const { id } of jobs) await ph.retry(id, { by: 'ada' })

const done = await ph.waitFor(job.id)
console.log(`${done.state}:`, done.output)
for (const { message } of await ph.logs(job.id)) console.log(`log: ${message}`)
await ph.close()
