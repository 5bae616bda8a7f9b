import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import type { Readable } from 'node:stream'
import type { Place } from './place.ts'
import { EMPTY_HASH, encoded, queryText, signed } from './sign.ts'

/** Silence of the server after which a request is given up. */
const IDLE_TIMEOUT_MS = 30_000
const CONNECTIONS_MAX = 16
/** Of an answer that is read as text: an error, a page of names. */
const TEXT_BYTES_MAX = 4 * 1024 * 1024
/** Times that a request is sent while the server says that it is busy, and how long is waited in between. */
const TRIES = 3
const RETRY_MS = 200

export interface S3Request {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'DELETE'
  /** '' for the bucket itself. */
  readonly key: string
  readonly query?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
  /** A new stream for every try. */
  readonly body?: { readonly hash: string; readonly size: number; readonly open: () => Readable }
}

export interface S3Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly stream: IncomingMessage
}

export interface S3Client {
  /** An answer of 2xx, or null for 404; its stream must be read or destroyed. @throws what the server said */
  send(request: S3Request): Promise<S3Answer | null>
  /** The same, as text. */
  text(request: S3Request): Promise<string | null>
  close(): void
}

/** Requests to one bucket, addressed by path, as every server of this kind understands it. */
export const s3Client = (place: Place): S3Client => {
  const { isTls, hostname, port, bucket, region, credentials } = place
  const options = { keepAlive: true, maxSockets: CONNECTIONS_MAX, timeout: IDLE_TIMEOUT_MS }
  const agent = isTls ? new HttpsAgent(options) : new HttpAgent(options)
  const name = hostname.includes(':') ? `[${hostname}]` : hostname
  const host = port === undefined ? name : `${name}:${port}`

  const once = ({ method, key, query = {}, headers = {}, body }: S3Request): Promise<S3Answer> => {
    const path = `/${[bucket, ...(key === '' ? [] : key.split('/'))].map(encoded).join('/')}`
    const bodyHash = body?.hash ?? EMPTY_HASH
    const all = signed({ method, host, path, query, headers, bodyHash }, credentials, region, Date.now())
    const search = queryText(query)
    return new Promise((resolve, reject) => {
      const request = (isTls ? httpsRequest : httpRequest)({
        host: hostname,
        port,
        method,
        path: search === '' ? path : `${path}?${search}`,
        agent,
        headers: { ...all, ...(body === undefined ? {} : { 'content-length': String(body.size) }) },
        timeout: IDLE_TIMEOUT_MS,
      })
      request.on('timeout', () => request.destroy(new Error(`no answer within ${IDLE_TIMEOUT_MS} ms`)))
      request.on('error', reject)
      request.on('response', (stream) =>
        resolve({ status: stream.statusCode ?? 0, headers: stream.headers, stream }),
      )
      if (body === undefined) request.end()
      else
        body
          .open()
          .on('error', (error) => request.destroy(error))
          .pipe(request)
    })
  }

  const send: S3Client['send'] = async (request) => {
    for (let nth = 1; ; nth++) {
      const answer = await once(request)
      if (answer.status >= 200 && answer.status < 300) return answer
      const said = await textOf(answer.stream)
      if (answer.status === 404 && !said.includes('NoSuchBucket')) return null
      const isBusy = answer.status === 503 || answer.status === 429 || answer.status === 500
      if (!isBusy || nth === TRIES) throw new Error(explain(answer.status, said))
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS * nth))
    }
  }

  return {
    send,
    async text(request) {
      const answer = await send(request)
      return answer === null ? null : textOf(answer.stream)
    },
    close: () => agent.destroy(),
  }
}

const textOf = async (stream: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of stream) {
    size += (chunk as Buffer).length
    if (size > TEXT_BYTES_MAX) throw new Error('the answer is too long')
    chunks.push(chunk as Buffer)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** `403 SignatureDoesNotMatch`: the code is enough; the rest repeats what was sent. */
const explain = (status: number, said: string): string =>
  `the server answered ${status} ${/<Code>(\w{1,60})<\/Code>/.exec(said)?.[1] ?? ''}`.trim()
