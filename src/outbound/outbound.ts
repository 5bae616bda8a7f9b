import { formatDuration } from '../core/durations.ts'
import { isPosthasteError, PosthasteError } from '../core/errors.ts'
import { shown } from '../core/text.ts'
import { type Policy, policyOf } from './allow.ts'
import { exchange, type Received } from './exchange.ts'
import { checkHeaders } from './headers.ts'
import { OUTBOUND_TIMEOUT_MAX_MS, OUTBOUND_TIMEOUT_MS, REDIRECTS_MAX, RESPONSE_BYTES_MAX } from './limits.ts'
import { checkTarget, checkUrl, type Resolve, systemResolve } from './target.ts'

export interface OutboundOptions {
  /**
   * What may be called beside public addresses on ports 80 and 443: `internal.example:8080`, `10.0.0.0/8`,
   * `[fd00::/8]:8080`, `*:8443` (public addresses on that port). Without a port: 80 and 443; `:*`: all.
   */
  readonly allow?: readonly string[]
  /** Default: the system's resolver. */
  readonly resolve?: Resolve
  /** Certificates (PEM) to trust instead of those that Node.js trusts. */
  readonly ca?: string | readonly string[]
}

export interface OutboundRequest {
  readonly url: string
  /** Default GET. */
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Names of headers that another origin must not see after a redirect, beside those whose names say so. */
  readonly secretHeaders?: readonly string[]
  readonly body?: Uint8Array
  /** For everything: names, redirects, the body of the answer. Default 10 s, at most 5 minutes. */
  readonly timeoutMs?: number
  /** Of the answer's body. Default and at most 10 MiB. */
  readonly maxBytes?: number
  /** Followed at most; with 0, the redirect is the answer. Default and at most 3. */
  readonly redirects?: number
  readonly signal?: AbortSignal
}

export interface OutboundResponse {
  readonly status: number
  /** Names in lower case; several of one name are joined with a comma. */
  readonly headers: ReadonlyMap<string, string>
  /** Where the answer came from, after redirects. */
  readonly url: string
  readonly redirects: number
  /**
   * The body, bounded in size and time; to be read once. Encoded as the server sent it: none is asked for, and none is
   * undone.
   * @throws E_TOO_LARGE, E_REQUEST_FAILED, or the reason of the signal
   */
  readonly body: AsyncIterable<Uint8Array>
  /** The whole body. @throws as `body` does */
  bytes(): Promise<Buffer>
  /** Ends the connection when the body is not wanted. Safe at any time. */
  discard(): void
}

export interface Outbound {
  /**
   * One request, and those that it is redirected to. Not repeated, whatever happens.
   * @throws E_URL_REFUSED, E_ARGUMENT (headers), E_REQUEST_FAILED (no answer), E_TOO_LARGE, or the reason of the signal
   */
  request(request: OutboundRequest): Promise<OutboundResponse>
}

/**
 * Calls other servers on behalf of what a payload says. The name of a URL is resolved here, every address that it has
 * is checked, and the connection is made to a checked address and no other, for each redirect anew. Proxies of the
 * environment are not used.
 * @throws E_CONFIG when `allow` has an entry that cannot be read
 */
export const createOutbound = ({
  allow = [],
  resolve = systemResolve,
  ca,
}: OutboundOptions = {}): Outbound => {
  const policy = policyOf(allow)
  return {
    async request(request) {
      const { timeoutMs = OUTBOUND_TIMEOUT_MS, signal } = request
      const limitMs = Math.min(timeoutMs, OUTBOUND_TIMEOUT_MAX_MS)
      const deadline = AbortSignal.timeout(limitMs)
      const stop = signal === undefined ? deadline : AbortSignal.any([signal, deadline])
      const told = (error: unknown): unknown => {
        if (signal?.aborted) return signal.reason
        if (isPosthasteError(error)) return error
        const where = new URL(request.url).host
        const why = deadline.aborted ? `no answer within ${formatDuration(limitMs)}` : reasonOf(error)
        return new PosthasteError('E_REQUEST_FAILED', `The request to ${where} failed: ${why}.`, {
          cause: error,
        })
      }
      try {
        const { received, url, redirects } = await follow(request, { policy, resolve, ca, stop })
        return responseOf(received, {
          url,
          redirects,
          maxBytes: request.maxBytes ?? RESPONSE_BYTES_MAX,
          told,
        })
      } catch (error) {
        throw told(error)
      }
    },
  }
}

interface Means {
  readonly policy: Policy
  readonly resolve: Resolve
  readonly ca: string | readonly string[] | undefined
  readonly stop: AbortSignal
}

export const METHODS: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
])
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])
/** Headers that another origin must not see. */
const PRIVATE =
  /^(authorization|cookie|webhook-.*|idempotency-key|.*(token|secret|signature|api-?key|password).*)$/

const follow = async (
  request: OutboundRequest,
  { policy, resolve, ca, stop }: Means,
): Promise<{ received: Received; url: URL; redirects: number }> => {
  const most = Math.min(request.redirects ?? REDIRECTS_MAX, REDIRECTS_MAX)
  let { body } = request
  let method = checkMethod(request.method ?? 'GET')
  let url = checkUrl(request.url)
  const headers = checkHeaders(request.headers ?? {})
  const secret = new Set((request.secretHeaders ?? []).map((name) => name.toLowerCase()))
  for (let redirects = 0; ; redirects++) {
    const target = await unlessStopped(checkTarget(url, policy, resolve), stop)
    const received = await exchange(target, { method, headers, body, ca, stop })
    const location = received.headers.get('location')
    if (!REDIRECTS.has(received.status) || location === undefined || most === 0)
      return { received, url, redirects }
    received.discard()
    if (redirects === most) throw tooMany(request.url, most)
    const next = checkUrl(location, url)
    if (url.protocol === 'https:' && next.protocol === 'http:') {
      throw new PosthasteError('E_URL_REFUSED', `${url.host} redirects from https to http.`, { field: 'url' })
    }
    if (next.origin !== url.origin) dropHeaders(headers, (name) => secret.has(name) || PRIVATE.test(name))
    if (!keepsBody(received.status, method)) {
      dropHeaders(headers, (name) => name.startsWith('content-'))
      body = undefined
      if (method !== 'HEAD') method = 'GET'
    }
    url = next
  }
}

const dropHeaders = (headers: Map<string, string>, isDropped: (name: string) => boolean): void => {
  for (const name of headers.keys()) if (isDropped(name)) headers.delete(name)
}

/** @throws E_ARGUMENT for what is no method of a plain request (CONNECT, TRACE) */
const checkMethod = (method: string): string => {
  const upper = method.toUpperCase()
  if (METHODS.has(upper)) return upper
  throw new PosthasteError('E_ARGUMENT', `method is ${shown(method)}, none of ${[...METHODS].join(', ')}.`, {
    field: 'method',
  })
}

/** As browsers do: 303 always becomes GET, 301 and 302 after POST. */
const keepsBody = (status: number, method: string): boolean =>
  status === 307 || status === 308 || (status !== 303 && method !== 'POST')

const tooMany = (url: string, most: number): PosthasteError =>
  new PosthasteError('E_URL_REFUSED', `${new URL(url).host} redirects more than ${most} times.`, {
    field: 'url',
  })

/** A resolver cannot be interrupted; its answer is then of no interest any more. */
const unlessStopped = <T>(work: Promise<T>, stop: AbortSignal): Promise<T> =>
  new Promise((resolve, reject) => {
    if (stop.aborted) return reject(stop.reason)
    const stopped = (): void => reject(stop.reason)
    stop.addEventListener('abort', stopped, { once: true })
    work.then(resolve, reject).finally(() => stop.removeEventListener('abort', stopped))
  })

const responseOf = (
  received: Received,
  about: { url: URL; redirects: number; maxBytes: number; told: (error: unknown) => unknown },
): OutboundResponse => {
  const { status, headers, discard } = received
  const limit = Math.min(about.maxBytes, RESPONSE_BYTES_MAX)
  const body = bounded(received, limit, about.told)
  return {
    status,
    headers,
    url: about.url.href,
    redirects: about.redirects,
    body,
    async bytes() {
      const chunks: Uint8Array[] = []
      for await (const chunk of body) chunks.push(chunk)
      return Buffer.concat(chunks)
    },
    discard,
  }
}

async function* bounded(
  { headers, stream, discard }: Received,
  limit: number,
  told: (error: unknown) => unknown,
): AsyncGenerator<Uint8Array> {
  const tooLarge = () =>
    new PosthasteError('E_TOO_LARGE', `The answer is larger than ${limit} bytes.`, {
      field: 'response',
      data: { limit },
    })
  try {
    if (Number(headers.get('content-length') ?? 0) > limit) throw tooLarge()
    let size = 0
    for await (const chunk of stream) {
      size += (chunk as Uint8Array).byteLength
      if (size > limit) throw tooLarge()
      yield chunk as Uint8Array
    }
  } catch (error) {
    throw told(error)
  } finally {
    discard()
  }
}

/** Node.js gives the failures of several addresses as one error without a message. */
const reasonOf = (error: unknown): string => {
  const { code, message, errors } = Object(error) as { code?: unknown; message?: unknown; errors?: unknown[] }
  if (typeof code === 'string') return code
  if (Array.isArray(errors) && errors.length > 0) return reasonOf(errors[0])
  return typeof message === 'string' && message !== '' ? message : 'the connection broke'
}
