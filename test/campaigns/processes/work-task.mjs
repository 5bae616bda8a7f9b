// The task of the campaigns: it writes its start and its end to the ledger of its process.
import { task } from 'posthaste'

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

/** @param {ReturnType<typeof import('../ledger.mjs').openLedger>} ledger @param {string} actor */
export const workTask = (ledger, actor) =>
  task({
    name: 'work',
    retry: { maxRetries: 50, backoff: 'heritage' },
    run: async (payload, ctx) => {
      const { ms, poison } = /** @type {{ ms: number, poison?: boolean }} */ (payload)
      ledger.write({ what: 'start', id: ctx.job.id, fence: ctx.fence, attempt: ctx.attempt })
      if (poison === true) process.kill(process.pid, 'SIGKILL')
      try {
        if (ms > 0) await sleep(ms, ctx.signal)
        return { by: actor }
      } finally {
        ledger.write({ what: 'end', id: ctx.job.id, fence: ctx.fence })
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
