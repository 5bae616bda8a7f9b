import type { Context } from 'hono'
import { formatDuration } from '../../core/durations.ts'
import { PosthasteError } from '../../core/errors.ts'
import { LEASE_MIN_MS } from '../../core/limits.ts'
import { asArchived } from '../../engines/archived.ts'
import type { ServerDeps } from './deps.ts'
import type { Routes } from './routes.ts'

/** A store that needs longer than this is not healthy, even if it answers in the end. */
const ROUND_TRIP_MAX_MS = 5_000
/** Within a health check, the archive gets so long. */
const ARCHIVE_TRIP_MAX_MS = 2_000
/** A difference between the store's clock and this machine's that deserves a warning. */
const CLOCK_OFFSET_MAX_MS = 2_000

/** A worker of this process that the store has not answered for this long does not work. */
const WORKER_SILENCE_MAX_MS = 15_000
/** Never claims anything: it knows no task. */
const PROBE = 'posthaste:health'

/**
 * `/healthz`: a claim went through the store and back just now, here and in the workers of this process; what the store
 * promises; whether its clock agrees with ours; whether the archive answers.
 * `/readyz`: requests may be sent here; the same without the details.
 */
export const healthRoutes = ({ posthaste }: ServerDeps): Routes => {
  const roundTrip = async () => {
    const started = performance.now()
    const before = Date.now()
    const claim = { limit: 1, queues: null, tasks: [], order: 'merged', leaseMs: LEASE_MIN_MS } as const
    const { now: store } = await withDeadline(
      posthaste.engine.exchange({ worker: PROBE, claim }),
      ROUND_TRIP_MAX_MS,
    )
    const after = Date.now()
    // Any moment of the round trip may be the one that the store read its clock in.
    const clockOffsetMs = store < before ? store - before : store > after ? store - after : 0
    return { roundTripMs: Math.round((performance.now() - started) * 100) / 100, clockOffsetMs }
  }
  /** How long ago each worker that should be claiming last heard from the store. */
  const checkWorkers = (): { readonly count: number; readonly lastAnswerMs: number | null } => {
    const workers = posthaste.localWorkers().filter(({ mode }) => mode === 'running')
    const silences = workers.flatMap((worker) => worker.stats().lastAnswerMs ?? [])
    const lastAnswerMs = silences.length === 0 ? null : Math.round(Math.max(...silences))
    if (lastAnswerMs !== null && lastAnswerMs > WORKER_SILENCE_MAX_MS) {
      const what = `A worker of this process has not heard from the store for ${formatDuration(lastAnswerMs)}.`
      throw new PosthasteError('E_STORE_TIMEOUT', what)
    }
    return { count: workers.length, lastAnswerMs }
  }
  /** An archive that is away makes nothing worse than a warning: jobs are added, run and finished without it. */
  const checkArchive = async () => {
    const archived = asArchived(posthaste.engine)
    if (archived === null) return null
    const { kind } = archived.archiver.status()
    const ok = await withDeadline(archived.archiver.ping(), ARCHIVE_TRIP_MAX_MS).then(
      () => true,
      () => false,
    )
    return { kind, ok }
  }
  return new Map([
    [
      '/healthz',
      {
        async GET(context: Context) {
          const trip = await roundTrip()
          const workers = checkWorkers()
          const { kind, durability, lossMs, version } = posthaste.engine.info()
          const archive = await checkArchive()
          const warnings = [
            ...(Math.abs(trip.clockOffsetMs) > CLOCK_OFFSET_MAX_MS
              ? ['The clocks of the store and of this machine differ by more than two seconds.']
              : []),
            ...(archive?.ok === false
              ? ['The archive does not answer: finished jobs stay in the engine until it is back.']
              : []),
          ]
          return context.json({
            status: 'ok',
            engine: { kind, durability, ...(lossMs === undefined ? {} : { lossMs }), version },
            ...(archive === null ? {} : { archive: { kind: archive.kind, ok: archive.ok } }),
            ...trip,
            workers,
            warnings,
          })
        },
      },
    ],
    [
      '/readyz',
      {
        async GET(context: Context) {
          await roundTrip()
          checkWorkers()
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
