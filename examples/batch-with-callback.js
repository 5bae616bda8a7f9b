// A batch: many jobs count together, and a job is added when all of them are done.
// `npm run build`, then `node examples/batch-with-callback.js`.
import { posthaste, task } from 'posthaste'

const importRow = task({ name: 'import-row', run: ({ row }) => row })
const report = task({ name: 'report', run: ({ text }) => console.log(text) })

const ph = await posthaste({ engine: 'memory:', tasks: [importRow, report] })

const batch = await ph.batch({
  description: 'import of May',
  onSuccess: { task: report, payload: { text: 'all rows are in' } },
})
// It may grow until it is closed, from several programs, and by its own jobs.
await batch.addMany(Array.from({ length: 20 }, (_, row) => ({ task: importRow, payload: { row } })))
await batch.add(importRow, { row: 20 })
const closed = await batch.close()
console.log(`${closed.state}: ${closed.pending} of ${closed.total} are left`)

// The callback is a job like any other; here the program waits for its end.
const reported = new Promise((resolve) => ph.on('completed', (job) => job.task === 'report' && resolve(job)))
ph.work()
await reported
const done = await batch.status()
console.log(`${done.state}: ${done.completed} completed, ${done.progress * 100}%`)
await ph.close()
