import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

export interface Listener {
  readonly port: number
  /** The local addresses under which connections came in. */
  readonly connections: string[]
}

/** A server on every address of this machine that writes down who connects. */
export const listener = async (
  answer: RequestListener = (_request, response) => response.end('reached'),
): Promise<Listener> => {
  const connections: string[] = []
  const server = createServer(answer)
  server.on('connection', (socket) => connections.push((socket.localAddress ?? '').replace(/^::ffff:/, '')))
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve))
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise<void>((resolve) => server.close(() => resolve()))
  })
  return { port: (server.address() as AddressInfo).port, connections }
}

/** How many connections this process begins from now on, wherever they lead. */
export const countSockets = (): { readonly count: number } => {
  const counter = { count: 0 }
  const begun = (): void => {
    counter.count += 1
  }
  subscribe('net.client.socket', begun)
  onTestFinished(() => {
    unsubscribe('net.client.socket', begun)
  })
  return counter
}
