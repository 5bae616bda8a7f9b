// A debounce: however often something changes, one job runs, when it has been quiet for a while, with the first payload.
// `npm run build`, then `node examples/debounce.js`.
import { posthaste, task } from 'posthaste'

const index = task({ name: 'index', run: ({ document }) => `indexed ${document}` })

const ph = await posthaste({ engine: 'memory:', tasks: [index] })
ph.work()

// Three changes of one document. Each add with the key moves the job that waits to half a second from now.
const saved = () =>
  ph.add(index, { document: 7 }, { delay: '500ms', key: { key: 'document-7', onConflict: 'reschedule' } })
const first = await saved()
const second = await saved()
const third = await saved()
console.log(first.outcome, second.outcome, third.outcome)
console.log(third.other === first.id ? 'one job' : 'several jobs')

const done = await ph.waitFor(first.id, { timeout: '10s' })
console.log(done.output)
console.log(Number(done.startedAt) >= Number(third.runAt) ? 'after the last change' : 'too early')

// The key is free with the end of the job: the next change begins anew.
console.log((await saved()).outcome)
await ph.close()
