import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Pack, type Posthaste, posthaste, task } from '../../src/index.ts'
import { silentLogger } from '../../src/runtime/logger.ts'
import { HTTP_LIMITS } from '../../src/server/http/limits.ts'
import { createServer, type HttpServer } from '../../src/server/index.ts'

const LOOPBACK = { host: '127.0.0.1', port: 0 }
const TOKEN = 'a-token-of-enough-length'

const greet = task({ name: 'greet', run: (payload) => payload })
const pack: Pack = {
  name: 'pages',
  tasks: [],
  routes: [
    {
      method: 'GET',
      path: '/pages/:id',
      handler: (_, { id }) => new Response(`<p>${id}`, { headers: { 'content-security-policy': 'sandbox' } }),
    },
    { method: 'GET', path: '/broken', handler: () => Promise.reject(new Error('secret detail')) },
  ],
}

let ph: Posthaste
let server: HttpServer
let url: string

beforeAll(async () => {
  ph = await posthaste({ engine: 'memory:', tasks: [greet] })
  server = createServer({
    posthaste: ph,
    packs: [pack],
    logger: silentLogger,
    token: null,
    hosts: ['jobs.example'],
  })
  url = await server.start(LOOPBACK)
})
afterAll(async () => {
  await server.stop()
  await ph.close()
})

interface Answer {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: the shape is what the tests are about.
  readonly body: any
}

const call = async (path: string, init: RequestInit = {}, base = url): Promise<Answer> => {
  const response = await fetch(base + path, init)
  const text = await response.text()
  const isJson = /json/.test(response.headers.get('content-type') ?? '')
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text }
}

const post = (path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
  call(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })

/** fetch does not send a Host of the caller's choice. */
const rawGet = (
  headers: Record<string, string>,
  path = '/v1/stats',
  method = 'GET',
): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    const request = httpRequest(url + path, { headers, method }, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
    request.on('error', reject).end()
  })

describe('a bad request gets a problem document that names the field and the remedy', () => {
  const cases: readonly (readonly [string, number, string, string | undefined, () => Promise<Answer>])[] = [
    ['broken JSON', 400, 'E_JSON', 'body', () => post('/v1/jobs', '{"task":')],
    ['no object', 400, 'E_ARGUMENT', 'body', () => post('/v1/jobs', '[]')],
    ['no task', 400, 'E_ARGUMENT', 'body.task', () => post('/v1/jobs', {})],
    ['an unknown field', 400, 'E_ARGUMENT', 'body.tusk', () => post('/v1/jobs', { task: 'a', tusk: 1 })],
    [
      'a wrong type',
      400,
      'E_ARGUMENT',
      'body.maxRetries',
      () => post('/v1/jobs', { task: 'a', maxRetries: 'x' }),
    ],
    ['a wrong name', 400, 'E_NAME', 'task', () => post('/v1/jobs', { task: 'a b' })],
    [
      'a wrong priority',
      400,
      'E_PRIORITY',
      'priority',
      () => post('/v1/jobs', { task: 'a', priority: 'urgent' }),
    ],
    ['a wrong delay', 400, 'E_DURATION', 'delay', () => post('/v1/jobs', { task: 'a', delay: '5 parsecs' })],
    [
      'a number that would be rounded',
      400,
      'E_JSON',
      'body',
      () => post('/v1/jobs', '{"task":"a","payload":9007199254740993}'),
    ],
    [
      '__proto__',
      400,
      'E_JSON',
      'body',
      () => post('/v1/jobs', '{"task":"a","payload":{"__proto__":{"x":1}}}'),
    ],
    [
      'deep nesting',
      400,
      'E_JSON',
      'body',
      () => post('/v1/jobs', `{"task":"a","payload":${'['.repeat(100)}${']'.repeat(100)}}`),
    ],
    [
      'a large payload',
      413,
      'E_TOO_LARGE',
      'payload',
      () => post('/v1/jobs', { task: 'a', payload: Array(300).fill('x'.repeat(1_000)) }),
    ],
    [
      'a large body',
      413,
      'E_TOO_LARGE',
      'body',
      () => post('/v1/jobs', ' '.repeat(HTTP_LIMITS.bodyBytes + 1)),
    ],
    [
      'another content type',
      415,
      'E_CONTENT_TYPE',
      'Content-Type',
      () => post('/v1/jobs', '{}', { 'content-type': 'text/plain' }),
    ],
    [
      'an unknown job',
      404,
      'E_JOB_MISSING',
      'id',
      () => call('/v1/jobs/01890a5d-ac96-774b-bcce-b302099a8057'),
    ],
    ['no id at all', 400, 'E_ARGUMENT', 'id', () => call('/v1/jobs/12')],
    ['an unknown state', 400, 'E_ARGUMENT', 'state', () => call('/v1/jobs?state=done')],
    ['an unknown filter', 400, 'E_ARGUMENT', 'query.colour', () => call('/v1/jobs?colour=red')],
    ['a large page', 400, 'E_ARGUMENT', 'limit', () => call('/v1/jobs?limit=100000')],
    ['a broken cursor', 400, 'E_CURSOR', 'cursor', () => call('/v1/jobs?cursor=nonsense')],
    ['an unknown route', 404, 'E_NOT_FOUND', undefined, () => call('/v2/jobs')],
    ['a wrong method', 405, 'E_METHOD', undefined, () => call('/v1/jobs', { method: 'DELETE' })],
    ['a long address', 414, 'E_URL_TOO_LONG', undefined, () => call(`/v1/jobs?search=${'x'.repeat(5_000)}`)],
  ]

  it.each(cases)('%s: %i %s', async (_name, status, code, field, send) => {
    const before = (await ph.stats()).total
    const answer = await send()
    expect(answer.status).toBe(status)
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
    expect(answer.body).toMatchObject({ status, code, type: `urn:posthaste:error:${code}` })
    expect(answer.body.field).toBe(field)
    expect(answer.body.remedy).toMatch(/\w/)
    expect(answer.body.detail).toMatch(/\w/)
    expect(JSON.stringify(answer.body)).not.toMatch(/node_modules|\.ts:|stack/)
    expect((await ph.stats()).total).toBe(before)
  })

  it('405 names the methods that there are', async () => {
    expect((await call('/v1/jobs', { method: 'DELETE' })).headers.get('allow')).toBe('POST, GET, HEAD')
  })

  it('a chunked body is stopped at the limit', async () => {
    const chunk = new Uint8Array(100_000).fill(32)
    let sent = 0
    const body = new ReadableStream<Uint8Array>({
      // The server has its turn in between: they share a process, and the stream would fill its memory. Nearly endless:
      // a server that reads it all would take it.
      async pull(controller) {
        await new Promise((resolve) => setImmediate(resolve))
        if (++sent > 500) controller.close()
        else controller.enqueue(chunk)
      },
    })
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body, duplex: 'half' }
    // The connection is cut after the answer: the client may see either.
    const answer = await call('/v1/jobs', init as RequestInit).catch(() => null)
    if (answer !== null) expect(answer.status).toBe(413)
    expect(sent).toBeLessThanOrEqual(500)
    expect((await call('/healthz')).status).toBe(200)
  })

  it('our own fault says nothing but an id', async () => {
    const { status, body } = await call('/broken')
    expect(status).toBe(500)
    expect(body).toMatchObject({ code: 'E_INTERNAL' })
    expect(body.id).toMatch(/^[0-9a-f-]{36}$/)
    expect(JSON.stringify(body)).not.toContain('secret')
  })

  it('what is no HTTP, too', async () => {
    const { port } = new URL(url)
    const answer = await new Promise<string>((resolve, reject) => {
      let text = ''
      const socket = connect(Number(port), '127.0.0.1', () => socket.write('this is not HTTP\r\n\r\n'))
      socket.on('data', (data) => (text += data)).on('error', reject)
      socket.on('close', () => resolve(text))
    })
    expect(answer).toMatch(/^HTTP\/1\.1 400 /)
    expect(answer).toContain('application/problem+json')
  })

  it('headers without end, too', async () => {
    await expect(rawGet({ 'x-long': 'x'.repeat(HTTP_LIMITS.headersBytes + 1) })).resolves.toBe(431)
  })
})

describe('guards', () => {
  it('answer under known names only', async () => {
    const { port } = new URL(url)
    for (const host of [
      `127.0.0.1:${port}`,
      `localhost:${port}`,
      '[::1]',
      'jobs.example',
      'JOBS.example:443',
    ]) {
      expect([host, await rawGet({ host })]).toEqual([host, 200])
    }
    for (const host of ['evil.example', 'localhost.evil.example', 'evil.jobs.example', '127.0.0.1.evil']) {
      expect([host, await rawGet({ host })]).toEqual([host, 421])
    }
  })

  it('refuse a Host that is no host', async () => {
    expect(await rawGet({ host: 'jobs.example@evil' })).toBe(400)
  })

  it('let no page of another site write', async () => {
    const body = { task: 'greet' }
    expect((await post('/v1/jobs', body, { origin: url })).status).toBe(201)
    expect((await post('/v1/jobs', body, { origin: 'https://evil.example' })).status).toBe(403)
    expect((await post('/v1/jobs', body, { origin: 'null' })).status).toBe(403)
    expect((await post('/v1/jobs', body, { origin: `${url}.evil.example` })).status).toBe(403)
    const own = { origin: url }
    expect((await post('/v1/jobs', body, { ...own, 'sec-fetch-site': 'same-origin' })).status).toBe(201)
    for (const site of ['cross-site', 'same-site']) {
      expect((await post('/v1/jobs', body, { 'sec-fetch-site': site })).body).toMatchObject({
        code: 'E_ORIGIN',
      })
    }
  })

  it('set headers on every answer, and leave a policy of a route its own', async () => {
    for (const path of ['/', '/v1/stats', '/nothing', '/broken']) {
      const { headers } = await call(path)
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('referrer-policy')).toBe('no-referrer')
      expect(headers.get('cache-control')).toBe('no-store')
      expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'/)
      expect(headers.get('access-control-allow-origin')).toBeNull()
    }
    const preview = await call('/pages/7')
    expect(preview.body).toBe('<p>7')
    expect(preview.headers.get('content-security-policy')).toBe('sandbox')
  })
})

describe('a token', () => {
  let guarded: HttpServer
  let base: string
  beforeAll(async () => {
    guarded = createServer({ posthaste: ph, packs: [], logger: silentLogger, token: TOKEN })
    base = await guarded.start(LOOPBACK)
  })
  afterAll(() => guarded.stop())

  it('is asked for everywhere but by probes', async () => {
    const refused = await call('/v1/stats', {}, base)
    expect(refused).toMatchObject({ status: 401, body: { code: 'E_UNAUTHORIZED', field: 'Authorization' } })
    expect(refused.headers.get('www-authenticate')).toMatch(/^Bearer/)
    for (const authorization of ['', 'Bearer', 'Bearer wrong', `Basic ${TOKEN}`, `Bearer ${TOKEN}x`]) {
      expect((await call('/v1/jobs', { headers: { authorization } }, base)).status).toBe(401)
    }
    expect((await call('/nothing', {}, base)).status).toBe(401)
    expect((await call('/healthz', {}, base)).status).toBe(200)
    expect((await call('/v1/stats', { headers: { authorization: `Bearer ${TOKEN}` } }, base)).status).toBe(
      200,
    )
  })
})

describe('where it listens', () => {
  const door = (token: string | null, insecureHttp = false): HttpServer =>
    createServer({ posthaste: ph, packs: [], logger: silentLogger, token, insecureHttp })

  it.each([
    [null, false],
    [null, true],
    [TOKEN, false],
  ])(
    'is refused where others can reach it, with token %j and --insecure-http %j',
    async (token, insecure) => {
      for (const host of ['0.0.0.0', '::', '192.0.2.1', 'jobs.example']) {
        await expect(door(token, insecure).start({ host, port: 0 })).rejects.toMatchObject({ code: 'E_BIND' })
      }
    },
  )

  it('may be everywhere with both', async () => {
    const open = door(TOKEN, true)
    expect(await open.start({ host: '0.0.0.0', port: 0 })).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    await open.stop()
  })

  it('is told when it is taken, or not ours', async () => {
    const port = Number(new URL(url).port)
    await expect(door(null).start({ host: '127.0.0.1', port })).rejects.toMatchObject({
      code: 'E_ADDRESS_IN_USE',
    })
    await expect(door(TOKEN, true).start({ host: '192.0.2.1', port: 0 })).rejects.toMatchObject({
      code: 'E_CONFIG',
    })
  })
})

describe('health', () => {
  it('proves a round trip and states what the store promises', async () => {
    const { status, body } = await call('/healthz')
    expect(status).toBe(200)
    expect(body).toMatchObject({ status: 'ok', engine: { kind: 'memory', durability: 'none' }, warnings: [] })
    expect(body.roundTripMs).toBeGreaterThanOrEqual(0)
    expect((await call('/readyz')).body).toEqual({ status: 'ok' })
  })

  it('is red when the store does not answer', async () => {
    const closed = await posthaste({ engine: 'memory:' })
    const door = createServer({ posthaste: closed, packs: [], logger: silentLogger, token: null })
    const base = await door.start(LOOPBACK)
    await closed.close()
    expect(await call('/healthz', {}, base)).toMatchObject({ status: 503, body: { code: 'E_STORE_CLOSED' } })
    expect((await call('/readyz', {}, base)).status).toBe(503)
    await door.stop()
  })
})

describe('the first page', () => {
  it('tells people and programs where things are', async () => {
    const page = await call('/', { headers: { accept: 'text/html,*/*' } })
    expect(page.body).toContain('<h1>Posthaste</h1>')
    expect(page.body).toContain('href="/v1/jobs"')
    const style = /style-src 'sha256-/
    expect(page.headers.get('content-security-policy')).toMatch(style)
    expect((await call('/')).body.doors).toContainEqual(expect.objectContaining({ path: '/healthz' }))
  })
})

describe('the end', () => {
  it('lets a request that is under way finish', async () => {
    let release: () => void = () => undefined
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    let reached: () => void = () => undefined
    const arrived = new Promise<void>((resolve) => {
      reached = resolve
    })
    const slow: Pack = {
      name: 'slow',
      tasks: [],
      routes: [
        {
          method: 'GET',
          path: '/slow',
          handler: async () => {
            reached()
            await held
            return new Response('done')
          },
        },
      ],
    }
    const door = createServer({ posthaste: ph, packs: [slow], logger: silentLogger, token: null })
    const base = await door.start(LOOPBACK)
    const answer = call('/slow', {}, base)
    await arrived
    const stopped = door.stop()
    await expect(call('/readyz', {}, base)).rejects.toThrow()
    release()
    expect((await answer).body).toBe('done')
    await stopped
    await door.stop()
  })
})
