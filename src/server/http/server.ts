import { createServer as createHttpServer, type Server, STATUS_CODES } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { getRequestListener } from '@hono/node-server'
import { type Address, formatAddress } from '../../core/config.ts'
import { PosthasteError } from '../../core/errors.ts'
import { baseUrl, checkBind, isEveryInterface, isLoopback } from './address.ts'
import { createApp } from './app.ts'
import type { ServerDeps } from './deps.ts'
import { HTTP_LIMITS } from './limits.ts'
import { problemResponse } from './problem.ts'

export interface HttpServer {
  /**
   * Listens. Answers the address to open, without a slash at its end.
   * @param address port 0 takes any free one
   * @throws E_BIND for an address that others can reach without a token, E_ADDRESS_IN_USE, E_CONFIG for one that this
   *   machine does not have
   */
  start(address: Address): Promise<string>
  /** Takes no new connections, lets requests under way end, then cuts what is left. Safe to repeat. */
  stop(): Promise<void>
}

/** The HTTP door of one installation. Stopping it leaves the installation open. */
export const createServer = (deps: ServerDeps): HttpServer => {
  let server: Server | null = null
  let unused: ReadonlySet<Socket> = new Set()
  let stopping = new AbortController()
  return {
    async start(address) {
      checkBind(address, { token: deps.token, insecureHttp: deps.insecureHttp === true })
      stopping = new AbortController()
      server = nodeServer(deps, address, stopping.signal)
      unused = unusedConnections(server)
      const port = await listen(server, address).catch((error: unknown) => {
        stopping.abort()
        throw error
      })
      return baseUrl({ ...address, port })
    },
    async stop() {
      stopping.abort()
      if (server !== null) await close(server, unused)
      server = null
    },
  }
}

const nodeServer = (deps: ServerDeps, address: Address, stopping: AbortSignal): Server => {
  const app = createApp(deps, [...(deps.hosts ?? []), ...ownName(address)], stopping)
  const server = createHttpServer(
    {
      maxHeaderSize: HTTP_LIMITS.headersBytes,
      headersTimeout: HTTP_LIMITS.headersTimeoutMs,
      requestTimeout: HTTP_LIMITS.requestTimeoutMs,
      keepAliveTimeout: HTTP_LIMITS.keepAliveTimeoutMs,
      connectionsCheckingInterval: HTTP_LIMITS.checkMs,
    },
    getRequestListener(app.fetch, {
      overrideGlobalObjects: false,
      // What is no valid URL or host never reaches a route.
      errorHandler: () =>
        problemResponse(new PosthasteError('E_ARGUMENT', 'The request is not valid HTTP.'), deps.logger),
    }),
  )
  server.maxConnections = HTTP_LIMITS.connections
  server.on('clientError', answerBrokenRequest)
  limitPerAddress(server)
  return server
}

/** The address itself is a name of this server, unless it stands for all. */
const ownName = ({ host }: Address): string[] => {
  if (isEveryInterface(host)) return []
  return [host.includes(':') ? `[${host}]` : host]
}

const listen = (server: Server, { host, port }: Address): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const where = formatAddress({ host, port })
      const details = { field: 'addr', cause: error }
      if (error.code === 'EADDRINUSE') {
        reject(new PosthasteError('E_ADDRESS_IN_USE', `${where} is in use by another program.`, details))
      } else {
        reject(
          new PosthasteError(
            'E_CONFIG',
            `Cannot listen on ${where} (${error.code ?? error.message}).`,
            details,
          ),
        )
      }
    })
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port))
  })

const close = (server: Server, unused: ReadonlySet<Socket>): Promise<void> =>
  new Promise((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), HTTP_LIMITS.stopGraceMs)
    const sweep = setInterval(() => {
      // A connection that was busy becomes idle after its answer, and would be kept for a next request.
      server.closeIdleConnections()
      // Browsers open connections ahead of their requests, and Node.js takes such a one for a busy one.
      for (const socket of unused) socket.destroy()
    }, HTTP_LIMITS.stopSweepMs)
    server.close(() => {
      clearTimeout(cut)
      clearInterval(sweep)
      resolve()
    })
    server.closeIdleConnections()
  })

/** The connections of the server that have sent no whole request yet. */
const unusedConnections = (server: Server): ReadonlySet<Socket> => {
  const unused = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    unused.add(socket)
    socket.once('close', () => unused.delete(socket))
  })
  server.on('request', ({ socket }) => unused.delete(socket))
  return unused
}

const limitPerAddress = (server: Server): void => {
  const open = new Map<string, number>()
  server.on('connection', (socket: Socket) => {
    const address = socket.remoteAddress ?? ''
    if (isLoopback(address.replace(/^::ffff:/, ''))) return
    const count = (open.get(address) ?? 0) + 1
    if (count > HTTP_LIMITS.connectionsPerAddress) {
      socket.destroy()
      return
    }
    open.set(address, count)
    socket.once('close', () => {
      const left = (open.get(address) ?? 1) - 1
      if (left === 0) open.delete(address)
      else open.set(address, left)
    })
  })
}

const BROKEN_STATUS: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
}

/** What cannot be parsed as HTTP, or comes too slowly, never reaches a route; it still gets a problem document. */
const answerBrokenRequest = (error: NodeJS.ErrnoException, socket: Duplex): void => {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const status = BROKEN_STATUS[error.code ?? ''] ?? 400
  const title = STATUS_CODES[status] ?? 'Bad Request'
  const body = JSON.stringify({ type: 'about:blank', title, status })
  const head = [
    `HTTP/1.1 ${status} ${title}`,
    'content-type: application/problem+json',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}
