import { randomBytes } from 'node:crypto'
import type { Job } from '../../core/view.ts'
import type { Logger } from '../../runtime/logger.ts'
import type { Posthaste } from '../../runtime/posthaste.ts'
import { jobRow } from './job-row.ts'

/** Events kept for streams that come back after a short break. */
const RING_MAX = 1_000
/** How long the hub goes on listening after the last stream ended, so that one that comes back misses nothing. */
const LINGER_MS = 30_000
/** Events told one by one in a second. Beyond it nobody could read them: the rest of the second is one `changed`. */
const EVENTS_PER_SECOND_MAX = 200
/** Hints of the store are gathered for this long: a busy store gives thousands a second. */
const CHANGED_MS = 250
/** How often the numbers by state are told while anybody listens. */
const STATS_MS = 2_000
/** How long a stream waits for the store to listen. */
const LISTEN_MS = 2_000

/** One event as it is sent. Without a number it is not kept for those who come back (the next one replaces it). */
export interface HubEvent {
  readonly id: string | null
  readonly type: 'job' | 'progress' | 'log' | 'queue' | 'changed' | 'stats'
  /** JSON text, a single line. */
  readonly data: string
}

export interface EventHub {
  /**
   * Begins to listen, and resolves when the store does, too: what changes from then on is told to whoever subscribes
   * now. Resolves after LISTEN_MS at the latest: a store that gives no hints hides only what other processes do.
   */
  listening(): Promise<void>
  /**
   * Tells `send` everything from now on, and first what came after `lastId`. When that is no longer known, a `changed`
   * with `missed` says so.
   * @param lastId the id of the last event that the caller has seen, or null
   */
  subscribe(lastId: string | null, send: (event: HubEvent) => void): () => void
  /** The id of the newest event: where a stream that begins now would resume. */
  position(): string
  close(): void
}

const JOB_EVENTS = [
  'added',
  'started',
  'completed',
  'failed',
  'dead',
  'cancelled',
  'snoozed',
  'released',
  'held',
] as const

/**
 * What happens in this installation, for any number of streams: events of this process in detail, and the store's
 * hints about what other processes did as a plain `changed`. While nobody listens, it does not listen either.
 */
export const createEventHub = (posthaste: Posthaste, logger: Logger): EventHub => {
  /** Tells the numbers of this process from those of an earlier one. */
  const boot = randomBytes(6).toString('base64url')
  const sends = new Set<(event: HubEvent) => void>()
  const ring: { readonly seq: number; readonly event: HubEvent }[] = []
  let seq = 0
  let heard: Listening | null = null
  let linger: NodeJS.Timeout | undefined
  let isClosed = false

  const idOf = (number: number): string => `${boot}.${number}`

  const tell = (event: HubEvent): void => {
    for (const send of sends) send(event)
  }
  const keep = (type: HubEvent['type'], data: unknown): void => {
    seq += 1
    const event: HubEvent = { id: idOf(seq), type, data: JSON.stringify(data) }
    ring.push({ seq, event })
    if (ring.length > RING_MAX) ring.shift()
    tell(event)
  }

  const resume = (lastId: string | null, send: (event: HubEvent) => void): void => {
    if (lastId === null) return
    const [of, number] = lastId.split('.')
    const last = Number(number)
    const isKnown = of === boot && Number.isInteger(last) && last <= seq
    const oldest = ring[0]?.seq ?? seq + 1
    if (!isKnown || last < oldest - 1) {
      send({ id: idOf(seq), type: 'changed', data: '{"missed":true}' })
      return
    }
    for (const { seq: number, event } of ring) if (number > last) send(event)
  }

  const begin = (): void => {
    clearTimeout(linger)
    if (heard === null && !isClosed) heard = listenTo(posthaste, logger, keep, tell)
  }
  const end = (): void => {
    clearTimeout(linger)
    heard?.stop()
    heard = null
  }
  /** Ends after a while, unless somebody subscribes. */
  const rest = (): void => {
    clearTimeout(linger)
    if (sends.size > 0 || isClosed) return
    linger = setTimeout(() => {
      end()
      // Whoever comes back later than this has missed events that nobody recorded.
      ring.length = 0
      seq += 1
    }, LINGER_MS).unref()
  }

  return {
    async listening() {
      begin()
      const isOpen = heard?.isOpen
      rest()
      let timer: NodeJS.Timeout | undefined
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, LISTEN_MS)
      })
      await Promise.race([isOpen, late])
      clearTimeout(timer)
    },
    subscribe(lastId, send) {
      begin()
      resume(lastId, send)
      sends.add(send)
      return () => {
        if (sends.delete(send)) rest()
      }
    },
    position: () => idOf(seq),
    close() {
      isClosed = true
      end()
      sends.clear()
    },
  }
}

type Keep = (type: HubEvent['type'], data: unknown) => void

interface Listening {
  /** Resolves when the store's hints are heard, or cannot be. */
  readonly isOpen: Promise<void>
  stop(): void
}

/** Listens to everything there is until it is stopped. */
const listenTo = (
  posthaste: Posthaste,
  logger: Logger,
  keep: Keep,
  tell: (event: HubEvent) => void,
): Listening => {
  const events = listenToEvents(posthaste, keep)
  const hints = listenToHints(posthaste, logger, () => keep('changed', {}))
  const stats = setInterval(async () => {
    try {
      const { at, total, states, oldestReadyAgeMs, workers } = await posthaste.stats()
      const slots = { running: sum(workers, 'running'), concurrency: sum(workers, 'concurrency') }
      const data = { at, total, states, oldestReadyAgeMs, workers: workers.length, ...slots }
      tell({ id: null, type: 'stats', data: JSON.stringify(data) })
    } catch (error) {
      logger.debug({ err: error }, 'the numbers for the event streams could not be read')
    }
  }, STATS_MS)
  stats.unref()
  return {
    isOpen: hints.isOpen,
    stop() {
      clearInterval(stats)
      events()
      hints.stop()
    },
  }
}

const sum = <K extends string>(rows: readonly { readonly [key in K]: number | null }[], key: K): number =>
  rows.reduce((total, row) => total + (row[key] ?? 0), 0)

/** Events of this process, at most EVENTS_PER_SECOND_MAX of them: in a busier second it stops to listen at all. */
const listenToEvents = (posthaste: Posthaste, keep: Keep): (() => void) => {
  let left = EVENTS_PER_SECOND_MAX
  let offs: (() => void)[] = []
  const off = (): void => {
    for (const end of offs.splice(0)) end()
  }
  const one = (type: HubEvent['type'], data: unknown): void => {
    if (left === 0) return
    left -= 1
    keep(type, data)
    if (left === 0) off()
  }
  const on = (): void => {
    offs = [
      ...JOB_EVENTS.map((event) =>
        posthaste.on(event, (job: Job) => one('job', { event, job: jobRow(job) })),
      ),
      posthaste.on('progress', (progress) => one('progress', progress)),
      posthaste.on('log', (line) => one('log', { ...line, at: new Date(line.at) })),
      posthaste.on('paused', ({ queue, by }) => one('queue', { queue, by, paused: true })),
      posthaste.on('resumed', ({ queue, by }) => one('queue', { queue, by, paused: false })),
    ]
  }
  on()
  const second = setInterval(() => {
    if (left === 0) {
      keep('changed', { missed: true })
      on()
    }
    left = EVENTS_PER_SECOND_MAX
  }, 1_000)
  second.unref()
  return () => {
    clearInterval(second)
    off()
  }
}

/** The store's word that something changed, whoever did it: at once, and then gathered. */
const listenToHints = (posthaste: Posthaste, logger: Logger, changed: () => void): Listening => {
  let timer: NodeJS.Timeout | undefined
  let isDue = false
  const hint = (): void => {
    if (timer !== undefined) {
      isDue = true
      return
    }
    changed()
    timer = setTimeout(() => {
      timer = undefined
      if (!isDue) return
      isDue = false
      hint()
    }, CHANGED_MS).unref()
  }
  let isOver = false
  const handle = posthaste.engine.listen(() => {
    if (!isOver) hint()
  })
  const isOpen = handle.then(
    () => undefined,
    (error: unknown) => logger.warn({ err: error }, 'the store gives no hints; pages are polled'),
  )
  return {
    isOpen,
    stop() {
      isOver = true
      clearTimeout(timer)
      void handle.then((open) => open.close()).catch(() => {})
    },
  }
}
