import { mkdtempSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import {
  ensureBuilt,
  launch,
  type RunOptions,
  type Service,
  stopAll,
  temporaryFolder,
} from '../cli/program.ts'
import { type EngineKind, newEngineUrl } from '../servers/engines.ts'
import { dropSchemas } from '../servers/postgres.ts'

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

export interface Place extends RunOptions {
  readonly env: Readonly<Record<string, string>>
  /** The same folder with another installation, which is empty. */
  another(): Promise<Place>
  /** The same with more in the environment. */
  with(env: Readonly<Record<string, string>>): RunOptions
}

/**
 * A folder for this file's tests, with the program built; everything that was started in it is ended. The jobs are in an
 * installation of this kind, or without one where the program puts them when it is told nothing.
 */
export const folder = (kind?: EngineKind): Place => {
  let made: ReturnType<typeof temporaryFolder> | undefined
  let url: string | undefined
  beforeAll(async () => {
    await ensureBuilt()
    made = temporaryFolder()
    if (kind !== undefined) url = await newEngineUrl(kind, made.path)
  }, 150_000)
  afterAll(async () => {
    await stopAll()
    made?.remove()
    if (kind === 'postgres') await dropSchemas()
  })
  return placeOf(
    kind,
    () => made?.path ?? '',
    () => url,
  )
}

const placeOf = (kind: EngineKind | undefined, cwd: () => string, url: () => string | undefined): Place => ({
  get cwd() {
    return cwd()
  },
  get env(): Readonly<Record<string, string>> {
    const engine = url()
    return engine === undefined ? {} : { POSTHASTE_ENGINE: engine }
  },
  async another() {
    const folder = mkdtempSync(join(cwd(), 'another-'))
    const other = await newEngineUrl(kind ?? 'sqlite', folder)
    return placeOf(kind, cwd, () => other)
  },
  with(env) {
    return { cwd: this.cwd, env: { ...this.env, ...env } }
  },
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
