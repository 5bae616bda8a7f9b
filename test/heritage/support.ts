import { request } from 'node:http'
import { launch, type RunOptions, type Service } from '../cli/program.ts'

export { folder, type Place } from '../cli/place.ts'

/** What curl -d says when it is not told otherwise: the old systems never asked. */
const CURL = {
  'content-type': 'application/x-www-form-urlencoded',
  accept: '*/*',
  'user-agent': 'curl/8.5.0',
}

export interface Answer {
  readonly status: number
  readonly type: string
  // biome-ignore lint/suspicious/noExplicitAny: the shape is what the tests are about.
  readonly body: any
}

/** A request as it was typed for the old systems. A body that is text is sent as it is. */
export const curl = (
  url: string,
  method: 'GET' | 'POST' = 'GET',
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body)
    const length = { 'content-length': String(Buffer.byteLength(text)) }
    const sent = request(url, { method, headers: { ...CURL, ...length, ...headers } }, (response) => {
      let received = ''
      response.setEncoding('utf8').on('data', (chunk: string) => {
        received += chunk
      })
      response.on('error', reject).on('end', () => {
        const type = response.headers['content-type'] ?? ''
        const isJson = /json/.test(type)
        resolve({ status: response.statusCode ?? 0, type, body: isJson ? JSON.parse(received) : received })
      })
    })
    sent.on('error', reject).end(text)
  })

export interface Server {
  readonly url: string
  readonly service: Service
}

/** `posthaste start` or `serve` on a free port. */
export const startServer = async (args: readonly string[], options: RunOptions): Promise<Server> => {
  const port = args.includes('--addr') || options.env?.['APIADDR'] ? [] : ['--addr', '127.0.0.1:0']
  const service = launch([...args, ...port], options)
  return { service, url: (await service.match(/API +(http:\/\/\S+)/))[1] ?? '' }
}

export const until = async <T>(
  look: () => Promise<T>,
  isRight: (value: T) => boolean,
  what: string,
): Promise<T> => {
  const deadline = Date.now() + 10_000
  for (;;) {
    const value = await look()
    if (isRight(value)) return value
    if (Date.now() > deadline) throw new Error(`Not in time: ${what}. Last seen: ${JSON.stringify(value)}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
