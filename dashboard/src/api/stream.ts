import type { JobRow, LiveStats } from './types.ts'

/** What happened, as the server tells it. */
export type LiveEvent =
  | { readonly type: 'job'; readonly event: string; readonly job: JobRow }
  | { readonly type: 'progress'; readonly id: string; readonly progress: unknown }
  | { readonly type: 'log'; readonly id: string }
  | { readonly type: 'queue'; readonly queue: string; readonly paused: boolean }
  | { readonly type: 'changed' }
  | ({ readonly type: 'stats' } & LiveStats)

export type Connection = 'connecting' | 'live' | 'polling'

const TYPES = ['job', 'progress', 'log', 'queue', 'changed', 'stats'] as const

/** Without a stream, the page asks this often whether something changed. */
const POLL_MS = 5_000
/** A stream that the server refused (too many of them, a proxy without streams) is tried again after this. */
const RETRY_MS = 30_000

export interface Receiver {
  event(event: LiveEvent): void
  connection(state: Connection): void
}

/** Opens the stream of events and keeps it open; while there is none, `changed` comes at intervals instead. */
export const openStream = (receiver: Receiver): void => {
  let poll: ReturnType<typeof setInterval> | undefined

  const isLive = (live: boolean): void => {
    receiver.connection(live ? 'live' : 'polling')
    clearInterval(poll)
    poll = live ? undefined : setInterval(() => receiver.event({ type: 'changed' }), POLL_MS)
  }

  const connect = (): void => {
    const source = new EventSource('/v1/events')
    source.addEventListener('hello', () => {
      isLive(true)
      // What happened before this moment was not heard.
      receiver.event({ type: 'changed' })
    })
    for (const type of TYPES) {
      source.addEventListener(type, (message) => {
        receiver.event({ type, ...JSON.parse(message.data) } as LiveEvent)
      })
    }
    source.addEventListener('error', () => {
      isLive(false)
      // A broken connection is made anew by the browser; a refusal is final for it.
      if (source.readyState === EventSource.CLOSED) setTimeout(connect, RETRY_MS)
    })
  }
  connect()
}
