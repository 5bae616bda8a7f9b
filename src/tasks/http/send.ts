import { STATUS_CODES } from 'node:http'
import { PosthasteError, RetryAfter, type TaskContext } from '../../index.ts'
import type { Outbound, OutboundRequest } from '../../outbound/index.ts'
import { type Body, renderBody } from './body.ts'
import { capture, excerpt, type HttpOutput } from './capture.ts'
import { type HttpPayload, timeoutMs } from './payload.ts'
import { asParameter, isSecretRef, type SecretSource, Secrets } from './secrets.ts'
import { signatureHeaders } from './sign.ts'
import { isExpected, isTemporary, retryAfterMs } from './status.ts'

export interface Sending {
  readonly outbound: Outbound
  readonly secrets: SecretSource
  readonly now: () => number
}

/**
 * One request. What the server says is the output when its status is expected.
 * @throws E_HTTP_LATER, RetryAfter or E_REQUEST_FAILED to be run again; E_HTTP_STATUS, E_URL_REFUSED, E_SECRET for good
 */
export const send = async (
  payload: HttpPayload,
  context: TaskContext,
  { outbound, secrets: source, now }: Sending,
): Promise<HttpOutput> => {
  const startedAt = now()
  const secrets = new Secrets(source)
  const body = await renderBody(payload.body, context.blobs, secrets)
  const request = requestOf(payload, body, context, { secrets, at: startedAt })
  const response = await outbound.request(request).catch((error: unknown) => {
    throw withoutSecrets(error, secrets)
  })
  const { status } = response
  const where = secrets.mask(place(response.url))
  context.log(`${request.method} ${where} answered ${status}.`)
  if (isExpected(status, payload.expect)) {
    const captured = await capture(response, payload.response ?? {}, secrets, context.blobs)
    return { ...captured, durationMs: Math.max(now() - startedAt, 0) }
  }
  const said = await excerpt(response, secrets)
  const name = STATUS_CODES[status] ?? ''
  const what = `${request.method} ${where} answered ${`${status} ${name}`.trim()}${said === '' ? '.' : `: ${said}`}`
  if (!isTemporary(status))
    throw new PosthasteError('E_HTTP_STATUS', what, { field: 'expect', data: { status } })
  const delay = retryAfterMs(response.headers.get('retry-after'), now())
  if (delay !== undefined) throw new RetryAfter(delay, what)
  throw new PosthasteError('E_HTTP_LATER', what, { data: { status } })
}

const requestOf = (
  payload: HttpPayload,
  body: Body | undefined,
  { job, signal }: TaskContext,
  { secrets, at }: { readonly secrets: Secrets; readonly at: number },
): OutboundRequest & { readonly method: string } => {
  const method = payload.method?.toUpperCase() ?? (body === undefined ? 'GET' : 'POST')
  const given = Object.entries(payload.headers ?? {})
  const headers = new Map<string, string>()
  for (const [name, value] of given) {
    headers.set(name.toLowerCase(), typeof value === 'string' ? value : secrets.reveal(value))
  }
  if (body !== undefined && !headers.has('content-type')) headers.set('content-type', body.type)
  const isUnsafe = method === 'POST' || method === 'PATCH'
  if (payload.idempotency ?? isUnsafe) headers.set('idempotency-key', job.id)
  if (payload.sign !== undefined) {
    const keys = [payload.sign.keys].flat().map((key) => secrets.reveal(key))
    const signed = signatureHeaders(job.id, at, body?.bytes ?? Buffer.alloc(0), keys)
    for (const [name, value] of Object.entries(signed)) headers.set(name, value)
  }
  return {
    url: withQuery(payload, secrets),
    method,
    headers: Object.fromEntries(headers),
    secretHeaders: given.filter(([, value]) => isSecretRef(value)).map(([name]) => name),
    ...(body === undefined ? {} : { body: body.bytes }),
    ...(payload.timeout === undefined ? {} : { timeoutMs: timeoutMs(payload.timeout) }),
    redirects: payload.redirects ?? (method === 'GET' || method === 'HEAD' ? 3 : 0),
    signal,
  }
}

const withQuery = ({ url, query = {} }: HttpPayload, secrets: Secrets): string => {
  const parts = Object.entries(query).map(
    ([name, value]) =>
      `${asParameter(name)}=${asParameter(isSecretRef(value) ? secrets.reveal(value) : `${value}`)}`,
  )
  if (parts.length === 0) return url
  const whole = new URL(url)
  whole.search = [...(whole.search === '' ? [] : [whole.search.slice(1)]), ...parts].join('&')
  return whole.href
}

/** Without the query, where people put keys. */
const place = (url: string): string => {
  const { origin, pathname } = new URL(url)
  return origin + pathname.slice(0, 200)
}

/** A header that cannot be sent is named with its value by nobody; a redirect may have named one in its address. */
const withoutSecrets = (error: unknown, secrets: Secrets): unknown => {
  if (error instanceof Error) error.message = secrets.mask(error.message)
  return error
}
