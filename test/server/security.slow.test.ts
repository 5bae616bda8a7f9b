import { connect } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Posthaste, posthaste } from '../../src/index.ts'
import { silentLogger } from '../../src/runtime/logger.ts'
import { HTTP_LIMITS } from '../../src/server/http/limits.ts'
import { createServer, type HttpServer } from '../../src/server/index.ts'
import { raw } from './raw.ts'

/** Beside the timeout itself: how late the server may look, and how busy the machine may be. */
const SLACK_MS = 20_000

let ph: Posthaste
let server: HttpServer
let url: string

beforeAll(async () => {
  ph = await posthaste({ engine: 'memory:' })
  server = createServer({ posthaste: ph, packs: [], logger: silentLogger, token: null })
  url = await server.start({ host: '127.0.0.1', port: 0 })
})
afterAll(async () => {
  await server.stop()
  await ph.close()
})

/** Sends the beginning, then a byte a second for ever. Answers what came back when the server cut it, and after how long. */
const drip = (beginning: string): Promise<{ readonly answer: string; readonly ms: number }> =>
  new Promise((resolve) => {
    const began = performance.now()
    let answer = ''
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(beginning))
    const more = setInterval(() => socket.write('x'), 1_000)
    socket.setEncoding('utf8').on('data', (text: string) => {
      answer += text
    })
    socket.on('error', () => undefined)
    socket.on('close', () => {
      clearInterval(more)
      resolve({ answer, ms: performance.now() - began })
    })
  })

const HEAD = 'POST /v1/jobs HTTP/1.1\r\nhost: 127.0.0.1\r\n'

it('headers and bodies that come too slowly are cut, and harm nobody else', async () => {
  const headers = drip(`${HEAD}x-slow: `)
  const body = drip(`${HEAD}content-type: application/json\r\ncontent-length: 100000\r\n\r\n{"task":"`)
  const chunked = drip(`${HEAD}content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nffff\r\n{`)
  expect((await raw(`${url}/healthz`)).status).toBe(200)
  for (const [slow, limit] of [
    [headers, HTTP_LIMITS.headersTimeoutMs],
    [body, HTTP_LIMITS.requestTimeoutMs],
    [chunked, HTTP_LIMITS.requestTimeoutMs],
  ] as const) {
    const { answer, ms } = await slow
    expect(answer).toMatch(/^HTTP\/1\.1 (408|504) /)
    expect(answer).toContain('application/problem+json')
    expect(ms).toBeLessThan(limit + SLACK_MS)
  }
  expect((await ph.stats()).total).toBe(0)
  expect((await raw(`${url}/healthz`)).status).toBe(200)
})
