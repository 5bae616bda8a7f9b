// A nightly schedule in the time zone of its users: `npm run build`, then `node examples/nightly-schedule.js`.
import { posthaste, task } from 'posthaste'

const report = task({
  name: 'report',
  run: async (payload) => `a report of ${payload.of}`,
})

const ph = await posthaste({ engine: 'memory:', tasks: [report] })
const nightly = await ph.schedule('nightly', {
  cron: '30 2 * * *',
  timeZone: 'Europe/Berlin',
  startAt: '2030-03-30T00:00:00+01:00',
  task: report,
  payload: { of: 'yesterday' },
  overlap: 'skip',
  catchUp: 'last',
})
// On the last Sunday of March there is no 02:30: it runs right after the gap, at 03:00.
for (const at of nightly.nextRuns.slice(0, 3))
  console.log(at.toLocaleString('sv', { timeZone: nightly.timeZone }))

ph.work()
const job = await ph.schedules.run('nightly') // now, without moving the ticks
const done = await ph.waitFor(job.id, { timeout: '10s' })
console.log(done.output)
await ph.close()
