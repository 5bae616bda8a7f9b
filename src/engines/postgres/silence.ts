import type { Socket } from 'node:net'
import type pg from 'pg'

/**
 * A machine or a network that vanishes says nothing: whoever waits for an answer on such a connection would wait until
 * the call's own deadline, and keep the connection's place in the pool for as long. So a connection that is in use and
 * on which nothing moved for so long is asked after.
 */
const SILENCE_MS = 3_000
/** Where nobody can be asked, silence alone decides, and gets a little more time. */
const SILENCE_ALONE_MS = 5_000

/** Whether the server, asked on another connection, is at work for this one. False also when it cannot be asked. */
export type IsAtWork = (processId: number) => Promise<boolean>

/** The client has both; its types do not say so. */
interface Inner {
  readonly processID: number | null
  readonly connection: { readonly stream: Socket }
}

export const streamOf = (client: pg.ClientBase): Socket => (client as unknown as Inner).connection.stream

/** Watches the connections of a pool from now on. `isAtWork`: null when nobody can be asked. */
export const watchForSilence = (pool: pg.Pool, isAtWork: IsAtWork | null): void => {
  const silenceMs = isAtWork === null ? SILENCE_ALONE_MS : SILENCE_MS
  const used = new WeakSet<pg.PoolClient>()
  pool.on('acquire', (client) => void used.add(client))
  pool.on('release', (_error, client) => void used.delete(client))
  pool.on('connect', (client) => {
    const stream = streamOf(client)
    const { processID } = client as unknown as Inner
    let isAsking = false
    const ask = async (): Promise<void> => {
      if (isAsking || stream.destroyed || !used.has(client)) return
      isAsking = true
      const before = stream.bytesRead
      const isAlive = processID !== null && ((await isAtWork?.(processID)) ?? false)
      isAsking = false
      // An answer may have waited here while this thread was busy.
      if (isAlive || stream.bytesRead > before || !used.has(client)) stream.setTimeout(silenceMs)
      else stream.destroy(new Error(`the server was silent for ${silenceMs} ms`))
    }
    stream.setTimeout(silenceMs)
    stream.on('timeout', () => void ask())
  })
}
