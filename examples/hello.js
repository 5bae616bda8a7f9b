// A task, a job, a worker: `npm run build`, then `node examples/hello.js`. Run it twice: the jobs stay in ./jobs.db.
import { posthaste, task } from 'posthaste'

const greet = task({
  name: 'greet',
  retry: { maxRetries: 5, backoff: 'exponential' },
  run: async (payload, ctx) => {
    ctx.progress({ step: 'greeting' })
    return `Hello, ${payload.name}!`
  },
})

const ph = await posthaste({ engine: 'sqlite:./jobs.db', tasks: [greet] })
const job = await ph.add(greet, { name: 'Ada' }) // on the disk before it answers
ph.work({ concurrency: 50 })

const done = await ph.waitFor(job.id, { timeout: '10s' })
console.log(done.output) // Hello, Ada!
await ph.close()
