// The task of the campaigns: it writes its start and its end to the ledger of its process.
import { task } from 'posthaste'
import { machineNow } from '../ledger.mjs'

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

/**
 * `ms` is how long a run takes, `poison` kills its worker, and a `stubborn` run heeds no signal: it goes on after its
 * lease is lost, and tries to write.
 * @param {ReturnType<typeof import('../ledger.mjs').openLedger>} ledger @param {string} actor
 * @param {string} name
 */
export const workTask = (ledger, actor, name = 'work') =>
  task({
    name,
    retry: { maxRetries: 50, backoff: 'heritage' },
    run: async (payload, ctx) => {
      const { ms, poison, stubborn } = /** @type {{ ms: number, poison?: boolean, stubborn?: boolean }} */ (
        payload
      )
      const run = { id: ctx.job.id, fence: ctx.fence }
      ledger.write({ what: 'start', ...run, attempt: ctx.attempt })
      if (poison === true) process.kill(process.pid, 'SIGKILL')
      try {
        if (stubborn === true) {
          const { signal } = ctx
          signal.addEventListener('abort', () => ledger.write({ what: 'told', ...run }), { once: true })
          await new Promise((resolve) => setTimeout(resolve, ms))
          const askedAt = machineNow()
          await ctx.checkpoint.set({ by: actor }).then(
            () => ledger.write({ what: 'wrote', ...run, askedAt }),
            () => ledger.write({ what: 'refused', ...run }),
          )
        } else if (ms > 0) await sleep(ms, ctx.signal)
        return { by: actor, fence: ctx.fence }
      } finally {
        ledger.write({ what: 'end', ...run })
      }
    },
  })

/**
 * Writes down every end that the store acknowledged.
 * @param {import('posthaste').Posthaste<any>} ph @param {ReturnType<typeof import('../ledger.mjs').openLedger>} ledger
 */
export const recordEnds = (ph, ledger) => {
  for (const event of /** @type {const} */ (['completed', 'dead', 'cancelled'])) {
    ph.on(event, (job) => ledger.write({ what: 'settled', id: job.id, fence: job.fence, state: event }))
  }
}
