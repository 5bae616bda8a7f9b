import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Job, newId, type Posthaste, posthaste } from 'posthaste'
import { type HttpInput, type HttpOutput, httpPack } from 'posthaste/tasks/http'
import { onTestFinished } from 'vitest'

export interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** What a server does with the nth request, from 1. */
export type Answer = (seen: Seen, response: ServerResponse, nth: number) => void

export interface Place {
  readonly ph: Posthaste
  /** Of the server, without a slash at its end. */
  readonly url: string
  readonly seen: Seen[]
  /** Lines that were logged. */
  readonly logged: unknown[]
  /** Adds a job of the task and waits for its end. */
  run(payload: HttpInput): Promise<Job & { readonly output: HttpOutput }>
  /** Adds a job and waits for the end of its first attempt. */
  tryOnce(payload: HttpInput): Promise<Job>
}

/** A server on loopback, and an installation with a worker that may call it. */
export const place = async (
  answer: Answer = (_seen, response) => response.end('ok'),
  secrets: Readonly<Record<string, string>> = {},
): Promise<Place> => {
  const seen: Seen[] = []
  const server = createServer(async (request, response) => {
    const { method = '', url = '', headers } = request
    const one = { method, url, headers, body: await bytesOf(request) }
    seen.push(one)
    answer(one, response, seen.length)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const logged: unknown[] = []
  const line = (...fields: unknown[]) => void logged.push(fields)
  const logger = { trace: line, debug: line, info: line, warn: line, error: line, fatal: line }
  const ph = await posthaste({
    engine: 'memory:',
    packs: [httpPack({ allow: [`127.0.0.1:${port}`], secrets: (name) => secrets[name] })],
    logger: { ...logger, isLevelEnabled: () => true } as never,
  })
  ph.work()
  onTestFinished(async () => {
    await ph.close({ grace: 0 })
    server.closeAllConnections()
    await new Promise<void>((resolve) => server.close(() => resolve()))
  })
  return {
    ph,
    url: `http://127.0.0.1:${port}`,
    seen,
    logged,
    async run(payload) {
      const { id } = await ph.add('http', payload)
      return (await ph.waitFor(id)) as Job & { readonly output: HttpOutput }
    },
    async tryOnce(payload) {
      const id = newId()
      const failed = new Promise<Job>((resolve) => {
        const off = ph.on('failed', (job) => {
          if (job.id !== id) return
          off()
          resolve(job)
        })
      })
      await ph.add('http', payload, { id })
      return failed
    },
  }
}

const bytesOf = async (request: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
