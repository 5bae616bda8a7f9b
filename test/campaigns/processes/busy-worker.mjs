// A worker of jobs that take no time, or very little: hundreds of results wait at any moment, two calls to the store are under
// way, and a few jobs are begun and not over.
import { openSync, writeSync } from 'node:fs'
import { posthaste, task } from 'posthaste'
import './parent.mjs'

const { engine, file, lease, heartbeat, sweep, retention } = JSON.parse(process.argv[2] ?? '{}')
/** Some of them are still under way when their worker is killed. */
const SLOW_ONE_IN = 100
const SLOW_MS = 10

const descriptor = openSync(file, 'a')
const fast = task({
  name: 'fast',
  run: async (payload, { job }) => {
    writeSync(descriptor, `${job.id}\n`)
    const { n } = /** @type {{ n: number }} */ (payload)
    if (n % SLOW_ONE_IN === 0) await new Promise((resolve) => setTimeout(resolve, SLOW_MS))
  },
})
const ph = await posthaste({ engine, tasks: [fast], lease, heartbeat, sweep, retention })
ph.work({ concurrency: 100 })
process.stdout.write('ready\n')
process.on('SIGTERM', () => ph.close().then(() => process.exit(0)))
