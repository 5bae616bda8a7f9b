import { connect, createServer, type Server, type Socket } from 'node:net'
import { Redis } from 'ioredis'
import { onTestFinished } from 'vitest'
import { type RedisServer, startRedisServer } from '../../../scripts/lib/redis-server.js'
import { newId } from '../../../src/core/ids.ts'
import type { JobRecord, NewJob, Settlement } from '../../../src/core/job.ts'
import type { ClaimRequest, Engine } from '../../../src/engines/engine.ts'
import { createRedisEngine, type RedisEngineOptions } from '../../../src/engines/redis/index.ts'

/** A server of the test's own, which it may stop, kill and set up as it likes. */
export const startServer = async (settings: Readonly<Record<string, string>> = {}): Promise<RedisServer> => {
  const server = await startRedisServer(settings)
  onTestFinished(() => server.stop())
  return server
}

/** An open engine that is closed when the test is over. */
export const openEngine = async (url: string, options: Partial<RedisEngineOptions> = {}): Promise<Engine> => {
  const engine = createRedisEngine({ url, ...options })
  onTestFinished(() => engine.close())
  await engine.open()
  return engine
}

/** A connection of the test's own. */
export const openClient = (url: string): Redis => {
  const client = new Redis(url.replace(/\?.*/, ''), { maxRetriesPerRequest: 1 })
  client.on('error', () => {})
  onTestFinished(() => client.disconnect())
  return client
}

export const newJob = (given: Partial<NewJob> = {}): NewJob => ({
  ...{ id: newId(), task: 'greet', queue: 'default', group: null, priority: 5, payload: '{}' },
  ...{ delayMs: 0, runAt: null, blocked: null, maxRetries: null, leaseMs: null },
  ...{ options: null, key: null, ref: null, tags: null, ties: null },
  ...given,
})

export const newJobs = (count: number, given: Partial<NewJob> = {}): NewJob[] =>
  Array.from({ length: count }, () => newJob(given))

export const CLAIM: ClaimRequest = { limit: 100, queues: null, tasks: null, order: 'merged', leaseMs: 30_000 }

export const completion = ({ id, fence, createdAt }: JobRecord): Settlement => ({
  ...{ id, fence, to: 'completed', attempt: 1, retries: 0, crashes: 0, solo: false, startedAt: createdAt },
  ...{ reason: null, output: null, error: null, history: null, unlessCancelled: false },
})

/** The code of the error with which something is refused. */
export const codeOf = async (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'no error',
    (error: { readonly code?: unknown }) => error.code,
  )

/** Waits for a condition, and fails when it does not come true in time. */
export const until = async (
  condition: () => boolean | Promise<boolean>,
  deadlineMs = 10_000,
): Promise<void> => {
  const deadline = performance.now() + deadlineMs
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`Nothing happened within ${deadlineMs} ms.`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** What stands between an engine and its server. */
export interface Proxy {
  readonly url: string
  /** Keeps every connection open, and lets nothing through any more in either direction; new ones are accepted, too. */
  freeze(): void
  thaw(): void
  /** Resets all connections. */
  cut(): void
  /** How many connections were accepted so far. */
  accepted(): number
}

/** A connection through a proxy; `rewrite` sees what the server says. */
export const startProxy = async (
  port: number,
  rewrite: (data: Buffer) => Buffer = (data) => data,
): Promise<Proxy> => {
  const sockets = new Set<Socket>()
  let isFrozen = false
  let count = 0
  const server: Server = createServer((client) => {
    count++
    const upstream = connect(port, '127.0.0.1')
    for (const [from, to, change] of [
      [client, upstream, (data: Buffer) => data],
      [upstream, client, rewrite],
    ] as const) {
      sockets.add(from)
      from.on('data', (data) => {
        // What was said into a frozen line is lost: a half-open connection, as when a machine disappears.
        if (!isFrozen) to.write(change(data))
      })
      from.on('error', () => {})
      from.on('close', () => {
        sockets.delete(from)
        if (!isFrozen) to.destroy()
      })
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const cut = (): void => {
    for (const socket of sockets) socket.resetAndDestroy()
  }
  onTestFinished(() => {
    cut()
    server.close()
  })
  const address = server.address()
  return {
    url: `redis://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`,
    freeze() {
      isFrozen = true
    },
    thaw() {
      isFrozen = false
    },
    cut,
    accepted: () => count,
  }
}
