import { Command, Redis, type RedisOptions } from 'ioredis'
import { PosthasteError } from '../../core/errors.ts'
import { toOpenError, toStoreError } from './failures.ts'
import type { RedisAddress } from './url.ts'
import { shownAddress } from './url.ts'

/** A server that says nothing for so long, while it is asked something, is taken for unreachable: a new connection is made. */
const SILENCE_MS = 5_000
const CONNECT_TIMEOUT_MS = 5_000
/** Between two tries to connect again: the first at once, then a little longer each time. */
const RECONNECT_STEP_MS = 50
const RECONNECT_MAX_MS = 1_000
const KEEP_ALIVE_MS = 10_000

/** An ioredis client of the user's own, as far as the engine looks at it: how it finds its server. */
export interface RedisClient {
  readonly options: object
}

type ConnectionOptions = Omit<RedisOptions, 'replyMapping'>

export interface LinkOptions {
  readonly address: RedisAddress
  /** Connections are made as this client makes its own (sentinels, TLS, credentials); the client itself is left alone. */
  readonly client?: RedisClient | undefined
  readonly callTimeoutMs: number
  readonly openTimeoutMs: number
}

const placeOf = (address: RedisAddress): ConnectionOptions => ({
  host: address.host,
  port: address.port,
  ...(address.username === '' ? {} : { username: address.username }),
  ...(address.password === '' ? {} : { password: address.password }),
  db: address.database,
  ...(address.tls ? { tls: {} } : {}),
})

/** How all connections of the engine are made. Nothing is sent twice by the client: whether to repeat a call is the caller's to say. */
export const connectionOptions = ({ address, client, openTimeoutMs }: LinkOptions): ConnectionOptions => ({
  ...(client === undefined ? placeOf(address) : client.options),
  // The scripts know no other prefix than their own.
  keyPrefix: '',
  lazyConnect: true,
  protocol: 2 as const,
  connectionName: 'posthaste',
  connectTimeout: Math.min(CONNECT_TIMEOUT_MS, openTimeoutMs),
  socketTimeout: SILENCE_MS,
  keepAlive: KEEP_ALIVE_MS,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  enableAutoPipelining: false,
  // A primary that became a replica: the name may lead to the new primary by now.
  reconnectOnError: ({ message }: Error) => /\bREADONLY\b/.test(message),
})

/** While the server is away, waiting for it keeps no program alive. */
export const waitUnnoticed = (redis: Redis): void => {
  redis.on('reconnecting', () => {
    // The client keeps the timer to itself.
    const { reconnectTimeout } = redis as unknown as { reconnectTimeout?: NodeJS.Timeout | null }
    reconnectTimeout?.unref()
  })
}

/** The connection of calls: comes back by itself, gives every call its deadline, and keeps no idle program alive. */
export class Link {
  readonly where: string
  private readonly redis: Redis
  private readonly options: LinkOptions
  /** Calls that wait for a connection. */
  private waiting = new Set<() => void>()
  private underWay = 0
  private isOpening = true
  private isClosed = false
  private lastError: unknown
  private whenIdle: (() => void) | undefined
  /** Told of every connection after the first. */
  onReconnect: () => void = () => {}

  constructor(options: LinkOptions) {
    this.options = options
    this.where = shownAddress(options.address)
    this.redis = new Redis({
      ...connectionOptions(options),
      retryStrategy: (times) =>
        this.isOpening || this.isClosed ? null : Math.min((times - 1) * RECONNECT_STEP_MS, RECONNECT_MAX_MS),
    })
    // Without a listener, the client would write its errors to the console.
    this.redis.on('error', (error) => {
      this.lastError = error
    })
    this.redis.on('ready', () => this.ready())
    waitUnnoticed(this.redis)
  }

  /** Connects for the first time; an error ends the link. */
  async open(): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error('no answer in time')), this.options.openTimeoutMs)
    })
    try {
      await Promise.race([this.connect(), late])
      this.isOpening = false
    } catch (error) {
      this.abandon()
      throw toOpenError(this.lastError ?? error, this.where)
    } finally {
      clearTimeout(timer)
    }
  }

  /** Sends a command, as soon as there is a connection. Answers text, numbers, null, and lists of these. */
  call(name: string, args: readonly (string | number)[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.isClosed) return reject(new PosthasteError('E_STORE_CLOSED'))
      let isOver = false
      const end = (settle: () => void): void => {
        if (isOver) return
        isOver = true
        clearTimeout(timer)
        this.waiting.delete(send)
        this.ended()
        settle()
      }
      const timer = setTimeout(() => end(() => reject(this.late())), this.options.callTimeoutMs)
      const send = (): void => {
        this.waiting.delete(send)
        if (this.isClosed) {
          end(() => reject(new PosthasteError('E_STORE_CLOSED')))
          return
        }
        const command = new Command(name, args as string[], { replyEncoding: 'utf8' })
        const answer = this.redis.sendCommand(command) as Promise<unknown>
        answer.then(
          (value) => end(() => resolve(value)),
          (error: unknown) => end(() => reject(error)),
        )
      }
      if (this.underWay++ === 0) this.redis.stream?.ref?.()
      if (this.isReady) send()
      else this.waiting.add(send)
    })
  }

  /** Waits for calls under way; those that have no connection are refused. */
  async close(): Promise<void> {
    this.isClosed = true
    for (const send of [...this.waiting]) send()
    if (this.underWay > 0) {
      await new Promise<void>((resolve) => {
        this.whenIdle = resolve
      })
    }
    this.abandon()
  }

  /** A connection that was ended on purpose, to make a new one, is called ready for a moment still. */
  private get isReady(): boolean {
    return this.redis.status === 'ready' && this.redis.stream?.writable === true
  }

  private async connect(): Promise<void> {
    await this.redis.connect()
    // The client does so by itself, but goes on with the first database when there is none of this number.
    await this.redis.select(this.options.address.database)
  }

  private abandon(): void {
    this.isClosed = true
    this.redis.disconnect()
    // Ended alone, a connection whose other side is gone would stay for minutes.
    this.redis.stream?.destroy()
  }

  private ready(): void {
    if (this.underWay === 0) this.redis.stream?.unref?.()
    for (const send of [...this.waiting]) send()
    if (!this.isOpening) this.onReconnect()
  }

  private ended(): void {
    this.underWay--
    if (this.underWay > 0) return
    this.redis.stream?.unref?.()
    this.whenIdle?.()
  }

  private late(): PosthasteError {
    const { callTimeoutMs } = this.options
    const why = this.isReady ? '' : ` ${toOpenError(this.lastError, this.where).message}`
    return new PosthasteError('E_STORE_TIMEOUT', `Redis did not answer within ${callTimeoutMs} ms.${why}`)
  }
}

/** The same call, with errors as the engine's callers know them. */
export const calling = async (
  link: Link,
  name: string,
  args: readonly (string | number)[],
): Promise<unknown> => {
  try {
    return await link.call(name, args)
  } catch (error) {
    throw toStoreError(error)
  }
}
