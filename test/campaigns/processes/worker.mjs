// A worker process of a campaign: runs jobs of 20 to 400 ms (and a share that ends at once), writes every start and
// end to its ledger, and dies by the hand of the campaign at any moment.
import { posthaste, task } from 'posthaste'
import { openLedger } from '../ledger.mjs'

const { engine, ledgerFolder, actor, lease, heartbeat, sweep, concurrency } = JSON.parse(
  process.argv[2] ?? '{}',
)
const ledger = openLedger(ledgerFolder, actor)

/** @param {number} ms @param {AbortSignal} signal */
const sleep = (ms, signal) =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer)
        reject(signal.reason)
      },
      { once: true },
    )
  })

const work = task({
  name: 'work',
  retry: { maxRetries: 50, backoff: 'heritage' },
  run: async (/** @type {{ ms: number, poison?: boolean }} */ payload, ctx) => {
    ledger.write({ what: 'start', id: ctx.job.id, fence: ctx.fence, attempt: ctx.attempt })
    if (payload.poison === true) process.kill(process.pid, 'SIGKILL')
    try {
      if (payload.ms > 0) await sleep(payload.ms, ctx.signal)
      return { by: actor }
    } finally {
      ledger.write({ what: 'end', id: ctx.job.id, fence: ctx.fence })
    }
  },
})

const ph = await posthaste({ engine, tasks: [work], lease, heartbeat, sweep })
for (const event of /** @type {const} */ (['completed', 'dead', 'cancelled'])) {
  ph.on(event, (/** @type {{ id: string }} */ job) =>
    ledger.write({ what: 'settled', id: job.id, state: event }),
  )
}
ph.work({ concurrency })
process.stdout.write('ready\n')
process.on('SIGTERM', () => ph.close().then(() => process.exit(0)))
