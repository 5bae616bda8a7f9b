import { signal } from '@preact/signals'
import { type Connection, type LiveEvent, openStream, type Receiver } from './stream.ts'

/** What tabs of one browser tell each other. */
type Message =
  | { readonly kind: 'event'; readonly event: LiveEvent }
  | { readonly kind: 'connection'; readonly state: Connection }
  | { readonly kind: 'who' }

const NAME = 'posthaste.live'

export const connection = signal<Connection>('connecting')
/** The reader wants the page to stand still. */
export const isFrozen = signal(false)

const listeners = new Set<(event: LiveEvent) => void>()

/** Calls `listener` at every event until the returned function is called. */
export const onLive = (listener: (event: LiveEvent) => void): (() => void) => {
  listeners.add(listener)
  return () => {
    listeners.delete(listener)
  }
}

const tell = (event: LiveEvent): void => {
  if (isFrozen.value) return
  for (const listener of listeners) listener(event)
}

export const toggleFrozen = (): void => {
  isFrozen.value = !isFrozen.value
  // What was missed meanwhile is read again.
  tell({ type: 'changed' })
}

/**
 * One stream for all tabs of a browser: it allows only six connections to a server, and a stream keeps one of them. The
 * tab that holds the lock has the stream and tells the others; when it is closed, the next one gets the lock.
 */
export const startLive = (): void => {
  const own: Receiver = {
    event: tell,
    connection: (state) => {
      connection.value = state
    },
  }
  // Neither exists on a page that came over plain HTTP from another machine: then every tab has a stream of its own.
  if (navigator.locks === undefined || typeof BroadcastChannel === 'undefined') {
    openStream(own)
    return
  }
  const channel = new BroadcastChannel(NAME)
  const post = (message: Message): void => channel.postMessage(message)
  let isLeader = false
  channel.addEventListener('message', ({ data }: MessageEvent<Message>) => {
    if (data.kind === 'who') {
      if (isLeader) post({ kind: 'connection', state: connection.value })
    } else if (data.kind === 'event') tell(data.event)
    else connection.value = data.state
  })
  post({ kind: 'who' })
  void navigator.locks.request(NAME, () => {
    isLeader = true
    openStream({
      event(event) {
        own.event(event)
        post({ kind: 'event', event })
      },
      connection(state) {
        own.connection(state)
        post({ kind: 'connection', state })
      },
    })
    // The lock is held as long as the tab is there.
    return new Promise<never>(() => {})
  })
}
