import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import type { LookupFunction } from 'node:net'
import { RESPONSE_HEADERS_BYTES_MAX } from './limits.ts'
import type { Checked } from './target.ts'

export interface Sent {
  readonly method: string
  /** Checked, names in lower case. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: Uint8Array | undefined
  readonly ca: string | readonly string[] | undefined
  readonly stop: AbortSignal
}

export interface Received {
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  readonly stream: IncomingMessage
  discard(): void
}

/**
 * One request to a checked target. The connection is new and used once: one that was kept would have been checked for
 * another request. Node.js asks for the addresses of the name by `lookup`, and gets the checked ones; certificates are
 * still compared with the name.
 */
export const exchange = (target: Checked, { method, headers, body, ca, stop }: Sent): Promise<Received> => {
  const { url, hostname, port } = target
  const isTls = url.protocol === 'https:'
  // An agent of its own: the global one may be set to use a proxy.
  const agent = isTls ? new HttpsAgent({ keepAlive: false }) : new HttpAgent({ keepAlive: false })
  return new Promise((resolve, reject) => {
    const request = (isTls ? httpsRequest : httpRequest)({
      host: hostname,
      port,
      method,
      path: `${url.pathname}${url.search}`,
      agent,
      lookup: lookupOf(target),
      headers: {
        'user-agent': 'Posthaste',
        accept: '*/*',
        ...Object.fromEntries(headers),
        host: url.host,
        'accept-encoding': 'identity',
        ...(body === undefined ? {} : { 'content-length': String(body.byteLength) }),
      },
      maxHeaderSize: RESPONSE_HEADERS_BYTES_MAX,
      insecureHTTPParser: false,
      signal: stop,
      ...(isTls && ca !== undefined ? { ca: ca as string | string[] } : {}),
    })
    const discard = (): void => {
      request.destroy()
    }
    // Stays: what goes wrong after the answer began is told by its stream, and must not end the process here.
    request.on('error', reject)
    request.on('response', (stream) => {
      const received = { status: stream.statusCode ?? 0, headers: headersOf(stream), stream, discard }
      // Until somebody reads it, a broken body has no other listener.
      stream.on('error', () => undefined)
      resolve(received)
    })
    request.end(body)
  })
}

const lookupOf =
  ({ addresses }: Checked): LookupFunction =>
  (_hostname, { all }, answer) => {
    const [first] = addresses
    if (all === true) answer(null, [...addresses])
    else answer(null, first?.address ?? '', first?.family)
  }

const headersOf = ({ headers }: IncomingMessage): ReadonlyMap<string, string> =>
  new Map(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, Array.isArray(value) ? value.join(', ') : value]],
    ),
  )
