import { connect, createServer, type Server, type Socket } from 'node:net'
import { type Random, seeded } from '../campaigns/random.ts'

/** What becomes of the bytes that go in one direction. */
export interface Line {
  /**
   * `lose`: they are read and thrown away. A connection that lost something never passes anything in that direction
   * again, nor its end: no network delivers what comes behind a gap. `hold`: they are kept, and delivered when the line
   * is healed.
   */
  readonly flow: 'pass' | 'lose' | 'hold'
  /** How much later they arrive. */
  readonly delayMs: number
  /** Up to so much more, by chance; their order stays. */
  readonly jitterMs: number
  /** The largest piece that is sent at once; null: as they came. */
  readonly pieceBytes: number | null
  /** Pieces of any length up to pieceBytes, by chance. */
  readonly ragged: boolean
  /** A reader that is slow: what it does not take is left in the sender's buffers. Null: as fast as it goes. */
  readonly bytesPerSecond: number | null
}

const SOUND: Line = {
  flow: 'pass',
  delayMs: 0,
  jitterMs: 0,
  pieceBytes: null,
  ragged: false,
  bytesPerSecond: null,
}

/** `up` is what the client says, `down` what the server says. */
export interface Weather {
  readonly up?: Partial<Line>
  readonly down?: Partial<Line>
}

type Direction = 'up' | 'down'

/** How a connection is ended: with a reset, or in order. */
export type Ending = 'reset' | 'end'

/** One connection through the proxy, which may have a weather of its own. */
export interface ProxyConnection {
  /** From 1, in the order in which they came. */
  readonly number: number
  /** Changes this connection alone, until it is healed. */
  set(weather: Weather): void
  /** Ends both sides at once. */
  stop(how: Ending): void
  /** Lets so many more bytes of what the server says through, and ends the connection in their midst. */
  truncate(bytes: number, how: Ending): void
  heal(): void
}

/** What stands between a client and its server, and misbehaves on demand. */
export interface FaultProxy {
  readonly port: number
  /** Changes all connections, also those to come, until it is healed. */
  set(weather: Weather): void
  /** Those that are open on either side. */
  connections(): readonly ProxyConnection[]
  /** How many were accepted so far. */
  accepted(): number
  stop(how: Ending): void
  /** As for one connection; those to come meet it, too. */
  truncate(bytes: number, how: Ending): void
  /** New connections are refused from now on. */
  refuse(): Promise<void>
  /** Everything is sound again; what was held is delivered. */
  heal(): Promise<void>
  close(): Promise<void>
}

/** What is read ahead of a slow or held line. */
const AHEAD_BYTES = 65_536

/** One direction of one connection; `onLimit` is told when as much has passed as may. */
class Pipe {
  private readonly from: Socket
  private readonly to: Socket
  private readonly line: () => Line
  private readonly random: Random
  private readonly onLimit: (how: Ending) => void
  private readonly queue: { data: Buffer; readonly at: number }[] = []
  private queued = 0
  private lastAt = 0
  private isOver = false
  private isEnded = false
  private timer: NodeJS.Timeout | undefined
  private isWaiting = false
  private isDead = false
  limit: { bytes: number; how: Ending } | null = null

  constructor(from: Socket, to: Socket, line: () => Line, random: Random, onLimit: (how: Ending) => void) {
    this.from = from
    this.to = to
    this.line = line
    this.random = random
    this.onLimit = onLimit
    from.on('data', (data) => this.take(data))
    from.on('end', () => this.over())
    from.on('close', () => this.over())
  }

  /** Whether the other side hears what is said now. */
  get passes(): boolean {
    return !this.isDead && this.line().flow === 'pass'
  }

  /** Goes on after the line changed. */
  pump(): void {
    clearTimeout(this.timer)
    this.timer = undefined
    if (this.isWaiting) return
    for (;;) {
      const { flow, pieceBytes, ragged, bytesPerSecond } = this.line()
      if (flow === 'lose' && (this.queued > 0 || this.isOver)) this.isDead = true
      if (this.isDead) this.forget()
      if (flow !== 'pass' || this.isDead) break
      const head = this.queue[0]
      if (head === undefined) {
        if (this.isOver && !this.isEnded) {
          this.isEnded = true
          this.to.end()
        }
        break
      }
      const now = performance.now()
      if (head.at > now) {
        this.timer = setTimeout(() => this.pump(), head.at - now)
        break
      }
      const most = pieceBytes ?? (bytesPerSecond === null ? head.data.length : Math.ceil(bytesPerSecond / 50))
      const size = Math.min(head.data.length, ragged ? this.random.between(1, most) : most)
      if (!this.send(size)) return
      if (bytesPerSecond !== null) {
        this.timer = setTimeout(() => this.pump(), (1_000 * size) / bytesPerSecond)
        break
      }
      if (pieceBytes !== null && this.queue.length > 0) {
        // Each piece goes by itself: the system gathers what is written in one turn.
        this.isWaiting = true
        setImmediate(() => this.resume())
        break
      }
    }
    this.breathe()
  }

  destroy(): void {
    clearTimeout(this.timer)
    this.queue.length = 0
    this.isEnded = true
  }

  private take(data: Buffer): void {
    const { delayMs, jitterMs } = this.line()
    // A later byte does not overtake an earlier one.
    this.lastAt = Math.max(this.lastAt, performance.now() + delayMs + jitterMs * this.random.next())
    this.queue.push({ data, at: this.lastAt })
    this.queued += data.length
    this.pump()
  }

  /** The sender has ended, or is gone. On a line that loses everything nobody hears of it. */
  private over(): void {
    this.isOver = true
    this.pump()
  }

  private forget(): void {
    this.queue.length = 0
    this.queued = 0
  }

  /** Writes so much of what is first. False: the pipe is not to go on now. */
  private send(size: number): boolean {
    const head = this.queue[0]
    if (head === undefined) return false
    const allowed = Math.min(size, this.limit?.bytes ?? size)
    const piece = head.data.subarray(0, allowed)
    head.data = head.data.subarray(allowed)
    if (head.data.length === 0) this.queue.shift()
    this.queued -= allowed
    const hasRoom = this.to.destroyed || this.to.write(piece)
    if (this.limit !== null) {
      this.limit.bytes -= allowed
      if (this.limit.bytes <= 0) {
        this.onLimit(this.limit.how)
        return false
      }
    }
    if (hasRoom) return true
    this.isWaiting = true
    this.to.once('drain', () => this.resume())
    this.to.once('close', () => this.resume())
    return false
  }

  private resume(): void {
    if (!this.isWaiting) return
    this.isWaiting = false
    this.pump()
  }

  private breathe(): void {
    if (this.queued > AHEAD_BYTES) this.from.pause()
    else this.from.resume()
  }
}

class Connection implements ProxyConnection {
  readonly number: number
  private readonly client: Socket
  private readonly upstream: Socket
  private readonly pipes: { readonly [D in Direction]: Pipe }
  private readonly common: () => Weather
  private own: Weather = {}
  private readonly onGone: () => void

  constructor(given: {
    readonly number: number
    readonly client: Socket
    readonly upstream: Socket
    readonly common: () => Weather
    readonly seed: number
    readonly onGone: () => void
  }) {
    const { number, client, upstream, common, seed, onGone } = given
    this.number = number
    this.client = client
    this.upstream = upstream
    this.common = common
    this.onGone = onGone
    const line = (direction: Direction) => (): Line => ({
      ...SOUND,
      ...this.common()[direction],
      ...this.own[direction],
    })
    const chance = (which: number) => seeded(seed + 2 * number + which)
    const stop = (how: Ending) => this.stop(how)
    this.pipes = {
      up: new Pipe(client, upstream, line('up'), chance(0), stop),
      down: new Pipe(upstream, client, line('down'), chance(1), stop),
    }
    for (const [socket, other, direction] of [
      [client, upstream, 'up'],
      [upstream, client, 'down'],
    ] as const) {
      socket.setNoDelay(true)
      socket.on('error', (error: Error & { code?: string }) => {
        // A reset goes through to the other side, where the line lets anything through.
        if (error.code !== 'EPIPE' && this.pipes[direction].passes) other.resetAndDestroy()
      })
      socket.on('close', () => this.leave())
    }
  }

  set(weather: Weather): void {
    this.own = { up: { ...this.own.up, ...weather.up }, down: { ...this.own.down, ...weather.down } }
    this.pump()
  }

  heal(): void {
    this.own = {}
    this.pipes.down.limit = null
    this.pump()
  }

  truncate(bytes: number, how: Ending): void {
    this.pipes.down.limit = { bytes, how }
  }

  stop(how: Ending): void {
    for (const pipe of Object.values(this.pipes)) pipe.destroy()
    for (const socket of [this.client, this.upstream]) {
      if (how === 'reset') socket.resetAndDestroy()
      else socket.end(() => socket.destroy())
    }
  }

  pump(): void {
    for (const pipe of Object.values(this.pipes)) pipe.pump()
  }

  private leave(): void {
    if (this.client.destroyed && this.upstream.destroyed) this.onGone()
  }
}

/** A proxy before a port of this machine. `seed` decides about jitter and the lengths of pieces. */
export const startFaultProxy = async (port: number, seed = 1): Promise<FaultProxy> => {
  const open = new Set<Connection>()
  let weather: Weather = {}
  let limit: { readonly bytes: number; readonly how: Ending } | null = null
  let count = 0
  let isClosed = false

  const server: Server = createServer({ allowHalfOpen: true }, (client) => {
    const upstream = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    const connection = new Connection({
      number: ++count,
      client,
      upstream,
      common: () => weather,
      seed,
      onGone: () => open.delete(connection),
    })
    open.add(connection)
    if (limit !== null) connection.truncate(limit.bytes, limit.how)
  })
  const listen = (at: number): Promise<void> =>
    new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen(at, '127.0.0.1', () => {
        server.off('error', reject)
        resolve()
      })
    })
  await listen(0)
  const address = server.address()
  const own = typeof address === 'object' ? (address?.port ?? 0) : 0
  const stop = (how: Ending): void => {
    for (const connection of [...open]) connection.stop(how)
  }
  return {
    port: own,
    set(change) {
      weather = { up: { ...weather.up, ...change.up }, down: { ...weather.down, ...change.down } }
      for (const connection of open) connection.pump()
    },
    connections: () => [...open],
    accepted: () => count,
    stop,
    truncate(bytes, how) {
      limit = { bytes, how }
      for (const connection of open) connection.truncate(bytes, how)
    },
    async refuse() {
      // Closing ends once the connections have; that it listens no more is true at once.
      if (server.listening) server.close()
    },
    async heal() {
      weather = {}
      limit = null
      for (const connection of open) connection.heal()
      if (!server.listening && !isClosed) await listen(own)
    },
    async close() {
      isClosed = true
      stop('reset')
      if (server.listening) server.close()
    },
  }
}
