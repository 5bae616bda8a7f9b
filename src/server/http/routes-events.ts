import { getConnInfo } from '@hono/node-server/conninfo'
import type { Context } from 'hono'
import { PosthasteError } from '../../core/errors.ts'
import { isLoopback } from './address.ts'
import type { ServerDeps } from './deps.ts'
import { createEventHub, type HubEvent } from './event-hub.ts'
import type { Routes } from './routes.ts'

/** Bounds of event streams. Each is a connection that stays, and memory for what its reader has not taken yet. */
export const STREAM_LIMITS = {
  streams: 100,
  /** Streams of one address. Loopback is exempt: everything behind a local proxy comes from there. */
  perAddress: 5,
  /** Bytes that a slow reader may leave unread before it is cut; it comes back and resumes, or starts anew. */
  bufferBytes: 1024 * 1024,
  /** A comment this often keeps proxies from ending a quiet stream, and finds readers that are gone. */
  heartbeatMs: 15_000,
  /** How long a browser waits before it connects again. */
  retryMs: 2_000,
} as const

/**
 * `GET /v1/events`: what happens, as server-sent events. `job` (an event of this process and the job's row), `progress`,
 * `log`, `queue`, `changed` (something changed: here too fast to tell it, or elsewhere), and `stats` every two seconds.
 * With `Last-Event-ID` it goes on where a stream broke off.
 * @param stopping ends all streams
 */
export const eventRoutes = ({ posthaste, logger }: ServerDeps, stopping: AbortSignal): Routes => {
  const hub = createEventHub(posthaste, logger)
  const open = new Set<{ readonly address: string; readonly end: () => void }>()
  stopping.addEventListener('abort', () => {
    hub.close()
    for (const { end } of [...open]) end()
  })

  const admit = (address: string): void => {
    const mine = [...open].filter((stream) => stream.address === address).length
    const isMine = !isLoopback(address) && mine >= STREAM_LIMITS.perAddress
    if (!isMine && open.size < STREAM_LIMITS.streams) return
    const limit = isMine ? STREAM_LIMITS.perAddress : STREAM_LIMITS.streams
    const whose = isMine ? 'from this address' : 'on this server'
    throw new PosthasteError('E_TOO_MANY', `${limit} event streams are open ${whose}.`, { data: { limit } })
  }

  const stream = (address: string, lastId: string | null): ReadableStream<Uint8Array> => {
    const encoder = new TextEncoder()
    let release = (): void => {}
    return new ReadableStream<Uint8Array>(
      {
        start(controller) {
          let isOver = false
          const end = (): void => {
            if (isOver) return
            release()
            controller.close()
          }
          const write = (text: string): void => {
            controller.enqueue(encoder.encode(text))
            if ((controller.desiredSize ?? 0) < 0) end()
          }
          const own = { address, end }
          open.add(own)
          const heartbeat = setInterval(() => write(':\n\n'), STREAM_LIMITS.heartbeatMs)
          let unsubscribe = (): void => {}
          release = () => {
            isOver = true
            clearInterval(heartbeat)
            unsubscribe()
            open.delete(own)
          }
          const position = lastId === null ? `id: ${hub.position()}\n` : ''
          write(`retry: ${STREAM_LIMITS.retryMs}\n${position}event: hello\ndata: {}\n\n`)
          unsubscribe = hub.subscribe(lastId, (event) => {
            if (!isOver) write(formatEvent(event))
          })
          // What it missed alone may have been too much, or the server stopped meanwhile.
          if (isOver) unsubscribe()
          else if (stopping.aborted) end()
        },
        // The reader is gone: there is nobody to close the stream for.
        cancel: () => release(),
      },
      new ByteLengthQueuingStrategy({ highWaterMark: STREAM_LIMITS.bufferBytes }),
    )
  }

  return new Map([
    [
      '/v1/events',
      {
        async GET(context: Context) {
          const headers = { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' }
          // Nobody would read, and so nobody would end, the stream of a HEAD request.
          if (context.req.method === 'HEAD') return new Response(null, { headers })
          const address = addressOf(context)
          // Refused before anything is begun, and asked again when the stream begins: others may have come meanwhile.
          admit(address)
          // Who was answered misses nothing.
          await hub.listening()
          admit(address)
          return new Response(stream(address, context.req.header('last-event-id') ?? null), { headers })
        },
      },
    ],
  ])
}

/** JSON text has no line breaks, so one data line holds it. */
const formatEvent = ({ id, type, data }: HubEvent): string =>
  `${id === null ? '' : `id: ${id}\n`}event: ${type}\ndata: ${data}\n\n`

/** Empty when the request did not come through a socket. */
export const addressOf = (context: Context): string => {
  try {
    return (getConnInfo(context).remote.address ?? '').replace(/^::ffff:/, '')
  } catch {
    return ''
  }
}
