import { request } from 'node:http'

export interface RawAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
  /** The JSON of the answer; null when it is none. */
  // biome-ignore lint/suspicious/noExplicitAny: the shape is what the tests are about.
  readonly body: any
}

export interface RawRequest {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
}

/** A request with any header at all: fetch sends neither a Host nor an Origin of the caller's choice. */
export const raw = (url: string, { method = 'GET', headers = {}, body }: RawRequest = {}) =>
  new Promise<RawAnswer>((resolve, reject) => {
    let isAnswered = false
    // Node.js leaves it out for a DELETE, which is then no valid request.
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
    const sent = request(url, { method, headers: { ...length, ...headers }, agent: false }, (response) => {
      isAnswered = true
      const chunks: Buffer[] = []
      const done = (): void => {
        const text = Buffer.concat(chunks).toString()
        const isJson = /json/.test(response.headers['content-type'] ?? '') && text !== ''
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text,
          body: isJson ? JSON.parse(text) : null,
        })
      }
      // An event stream has no end to wait for.
      if (response.headers['content-type'] === 'text/event-stream') {
        done()
        sent.destroy()
        return
      }
      response.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', done)
      response.on('error', reject)
    })
    // A body that is refused before its end breaks the pipe; the answer counts.
    sent.on('error', (error) => {
      if (!isAnswered) reject(error)
    })
    sent.end(body)
  })
