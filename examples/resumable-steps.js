// Steps: a job that fails half-way goes on where it was, instead of doing everything again.
// `npm run build`, then `node examples/resumable-steps.js`.
import { posthaste, task } from 'posthaste'

let printerHasPaper = false

const order = task({
  name: 'order',
  retry: { backoff: { base: '50ms', jitter: 0 } },
  run: async ({ item }, ctx) => {
    // The result of a step is kept with the job before the next one begins.
    const payment = await ctx.step('charge', () => {
      console.log(`run ${ctx.attempt}: charged for ${item}`)
      return { receipt: 4711 }
    })
    await ctx.step('print label', () => {
      console.log(`run ${ctx.attempt}: printing`)
      if (!printerHasPaper) throw new Error('The printer is out of paper.')
    })
    // Added with the end of the run: never by a run that failed.
    ctx.add(mail, { text: `receipt ${payment.receipt}` })
    return 'sent'
  },
})
const mail = task({ name: 'mail', run: ({ text }) => console.log(`mail: ${text}`) })

const ph = await posthaste({ engine: 'memory:', tasks: [order, mail] })
ph.on('failed', (job) => {
  console.log(`failed: ${job.lastError?.message}`)
  console.log(`finished steps: ${job.steps.map(({ name }) => name)}`)
  printerHasPaper = true
})
ph.work()
const { id } = await ph.add(order, { item: 'tea' })
const done = await ph.waitFor(id, { timeout: '10s' })
console.log(done.output, 'after run', done.attempt)

for (const added of (await ph.list({ task: 'mail' })).jobs) await ph.waitFor(added.id, { timeout: '10s' })
await ph.close()
