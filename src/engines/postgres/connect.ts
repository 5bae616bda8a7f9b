import pg from 'pg'
import type { PgClient, PgPool } from './driver.ts'
import type { Listening } from './hints.ts'
import { type IsAtWork, streamOf, watchForSilence } from './silence.ts'

/** Connections that nobody needs any more are closed after so long. */
const IDLE_MS = 30_000
/** A peer that is gone without a word is noticed by the system after some of these. */
const KEEP_ALIVE_MS = 10_000
/** A connection that is not made by then leads nowhere; calls have more time, and try another one. */
const CONNECT_TIMEOUT_MS = 5_000
/** How long it may take to ask the server what it works on, connecting included. */
const ASK_TIMEOUT_MS = 4_000
/** How long the other side may take to see a connection off; one that is gone never does. */
const END_TIMEOUT_MS = 1_000
/** How often a connection that only listens is asked whether it still lives, and how long it may take to answer. */
const PING_MS = 30_000
const PING_TIMEOUT_MS = 5_000

export interface ConnectOptions {
  readonly url: string
  readonly connections: number
  readonly timeoutMs: number
  /** Behind a pooler: what the server says of its processes is not about our connections. */
  readonly isPooled: boolean
}

const common = ({ url, timeoutMs }: ConnectOptions) => ({
  connectionString: url,
  fallback_application_name: 'posthaste',
  connectionTimeoutMillis: Math.min(CONNECT_TIMEOUT_MS, timeoutMs),
  keepAlive: true,
  keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
})

/** A connection that could not be made is closed: without a password to give, the driver leaves it open for a minute. */
class Client extends pg.Client {
  constructor(config?: pg.ClientConfig) {
    super(config)
    // One that breaks while nobody uses it, or between being made and being handed out, has no other listener: without
    // one, the error would end the program.
    this.on('error', () => {})
  }

  override connect(): Promise<pg.Client>
  override connect(callback: Parameters<pg.Client['connect']>[0]): void
  override connect(callback?: (error: never, client: never) => void): unknown {
    const made = super.connect()
    made.catch(() => {
      const { connection } = this as unknown as { connection: { stream: { destroy(): void } } }
      connection.stream.destroy()
    })
    if (callback === undefined) return made
    return made.then(
      () => callback(null as never, this as never),
      (error: unknown) => callback(error as never, undefined as never),
    )
  }
}

/** Ends a connection of our own, in order where that is possible. */
const end = async (client: pg.Client): Promise<void> => {
  const stream = streamOf(client)
  const timer = setTimeout(() => stream.destroy(), END_TIMEOUT_MS)
  // A connection that never came about has nothing to see off.
  if (stream.connecting) stream.destroy()
  await client.end().catch(() => {})
  clearTimeout(timer)
}

/** The server works on a call when its process does so, and does not wait for our side of the connection. */
const AT_WORK = `select 1 from pg_stat_activity
  where pid = $1 and state = 'active' and wait_event_type is distinct from 'Client'`

/** Asks on a connection of its own: those of the pool may all be silent. */
const asking =
  (options: ConnectOptions): IsAtWork =>
  async (processId) => {
    const times = { connectionTimeoutMillis: ASK_TIMEOUT_MS, query_timeout: ASK_TIMEOUT_MS }
    const client = new pg.Client({ ...common(options), ...times })
    client.on('error', () => {})
    try {
      await client.connect()
      return (await client.query(AT_WORK, [processId])).rows.length > 0
    } catch {
      return false
    } finally {
      void end(client)
    }
  }

/** A pool of our own. */
export const createPool = (options: ConnectOptions): PgPool & { end(): Promise<void> } => {
  const { connectionTimeoutMillis, ...others } = common(options)
  const pool = new pg.Pool({
    ...others,
    // A call that waits for its turn has more time than the making of a connection.
    connectionTimeoutMillis: options.timeoutMs,
    Client: class extends Client {
      constructor(config?: pg.ClientConfig) {
        super({ ...config, connectionTimeoutMillis })
      }
    },
    max: options.connections,
    idleTimeoutMillis: IDLE_MS,
    allowExitOnIdle: true,
    // Known to the client, not yet to its types.
    ...{ pipeline: true },
  })
  // A connection that breaks while nobody uses it is replaced; there is nobody to tell.
  pool.on('error', () => {})
  // Told to end, a client with calls under way would wait for their answers, which may never come.
  pool.on('release', (error, client) => {
    if (error) streamOf(client).destroy()
  })
  watchForSilence(pool, options.isPooled ? null : asking(options))
  return pool as unknown as PgPool & { end(): Promise<void> }
}

const listenOn = async (query: (text: string) => Promise<unknown>, channel: string): Promise<void> => {
  await query(`listen "${channel.replaceAll('"', '""')}"`)
}

/** A connection of our own that listens. */
export const listenAlone = async (
  options: ConnectOptions,
  channel: string,
  onMessage: (message: string) => void,
  onLost: () => void,
): Promise<Listening> => {
  const client = new pg.Client({ ...common(options), query_timeout: PING_TIMEOUT_MS })
  let isOver = false
  const lost = (): void => {
    if (isOver) return
    isOver = true
    clearInterval(ping)
    void end(client)
    onLost()
  }
  client.on('error', lost)
  client.on('end', lost)
  client.on('notification', ({ payload }) => onMessage(payload ?? ''))
  const ping = setInterval(() => void client.query('select 1').catch(lost), PING_MS)
  ping.unref()
  try {
    await client.connect()
    await listenOn((text) => client.query(text), channel)
  } catch (error) {
    isOver = true
    clearInterval(ping)
    void end(client)
    throw error
  }
  // Listening keeps no program alive.
  const held = client as unknown as { ref(): void; unref(): void }
  held.unref()
  return {
    async close() {
      if (isOver) return
      isOver = true
      clearInterval(ping)
      // Ending does: a program that waits for nothing else would be over before this is answered.
      held.ref()
      await end(client)
    },
  }
}

/** A connection of the user's pool that listens for as long as it is held. */
export const listenInPool = async (
  pool: PgPool,
  channel: string,
  onMessage: (message: string) => void,
  onLost: () => void,
): Promise<Listening> => {
  const client: PgClient = await pool.connect()
  if (client.on === undefined) {
    client.release()
    throw new Error('The clients of this pool tell of no notifications.')
  }
  let isOver = false
  const end = (): void => {
    if (isOver) return
    isOver = true
    client.release(true)
    onLost()
  }
  client.on('error', end)
  client.on('end', end)
  client.on('notification', ({ payload }: { readonly payload?: string }) => onMessage(payload ?? ''))
  try {
    await listenOn((text) => client.query({ text }), channel)
  } catch (error) {
    end()
    throw error
  }
  return {
    async close() {
      if (isOver) return
      isOver = true
      // What listened is not given back to others.
      client.release(true)
    },
  }
}
