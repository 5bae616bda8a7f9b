import type { Context } from 'hono'
import { PosthasteError } from '../../core/errors.ts'
import type { ServerDeps } from './deps.ts'
import type { Routes } from './routes.ts'

/** A store that needs longer than this is not healthy, even if it answers in the end. */
const ROUND_TRIP_MAX_MS = 5_000
/** A difference between the store's clock and this machine's that deserves a warning. */
const CLOCK_OFFSET_MAX_MS = 2_000

/**
 * `/healthz`: the store answered just now, what it promises, and whether its clock agrees with ours.
 * `/readyz`: requests may be sent here; the same round trip without the details.
 */
export const healthRoutes = ({ posthaste }: ServerDeps): Routes => {
  const roundTrip = async () => {
    const started = performance.now()
    const before = Date.now()
    const store = await withDeadline(posthaste.engine.now(), ROUND_TRIP_MAX_MS)
    const after = Date.now()
    // Any moment of the round trip may be the one that the store read its clock in.
    const clockOffsetMs = store < before ? store - before : store > after ? store - after : 0
    return { roundTripMs: Math.round((performance.now() - started) * 100) / 100, clockOffsetMs }
  }
  return new Map([
    [
      '/healthz',
      {
        async GET(context: Context) {
          const trip = await roundTrip()
          const { kind, durability, version } = posthaste.engine.info()
          const warnings =
            Math.abs(trip.clockOffsetMs) > CLOCK_OFFSET_MAX_MS
              ? ['The clocks of the store and of this machine differ by more than two seconds.']
              : []
          return context.json({ status: 'ok', engine: { kind, durability, version }, ...trip, warnings })
        },
      },
    ],
    [
      '/readyz',
      {
        async GET(context: Context) {
          await roundTrip()
          return context.json({ status: 'ok' })
        },
      },
    ],
  ])
}

const withDeadline = async <T>(work: Promise<T>, ms: number): Promise<T> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new PosthasteError('E_STORE_TIMEOUT')), ms)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
