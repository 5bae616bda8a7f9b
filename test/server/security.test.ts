import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { emailPack } from 'posthaste/tasks/email'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Posthaste, posthaste, task } from '../../src/index.ts'
import { routeTable } from '../../src/server/http/app.ts'
import { createAttempts } from '../../src/server/http/attempts.ts'
import { HTTP_LIMITS } from '../../src/server/http/limits.ts'
import { createServer, type HttpServer } from '../../src/server/index.ts'
import { DOORS, type Door } from './doors.ts'
import { raw } from './raw.ts'

const TOKEN = 'token-canary-of-enough-length'
const LOOPBACK = { host: '127.0.0.1', port: 0 }
const JSON_TYPE = { 'content-type': 'application/json' }

let folder: string
let ph: Posthaste
let log = ''
let servers: HttpServer[] = []
/** Without a token. */
let open: string
/** With one. */
let guarded: string

const leaky = task({
  name: 'leaky',
  retry: { maxRetries: 0 },
  run: () => {
    throw new Error('cannot reach postgres://app:handler-canary@db/jobs?token=handler-canary')
  },
})

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'posthaste-security-'))
  const logger = pino(
    { level: 'trace' },
    {
      write: (line: string) => {
        log += line
      },
    },
  )
  const packs = [emailPack({ mailboxDir: join(folder, 'mailbox'), env: {} })]
  ph = await posthaste({ engine: `sqlite:${join(folder, 'jobs.db')}`, tasks: [leaky], packs, logger })
  const serve = async (token: string | null): Promise<string> => {
    const server = createServer({ posthaste: ph, packs, logger: ph.logger, token, hosts: ['jobs.example'] })
    servers.push(server)
    return server.start(LOOPBACK)
  }
  open = await serve(null)
  guarded = await serve(TOKEN)
})
afterAll(async () => {
  await Promise.all(servers.map((server) => server.stop()))
  servers = []
  await ph.close()
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
})

const doors = Object.entries(DOORS).map(([name, door]) => [name, methodOf(name), door] as const)
const unsafe = doors.filter(([, method]) => method !== 'GET')
const withBody = doors.filter(([, , { body }]) => body === 'json' || body === 'old')

function methodOf(name: string): string {
  return name.split(' ')[0] ?? ''
}

/** The request of a door; JSON doors get an empty object unless told otherwise. */
const knock = (
  base: string,
  method: string,
  door: Door,
  headers: Readonly<Record<string, string>> = {},
  body = door.body === undefined ? undefined : door.body === 'form' ? 'token=x' : '{}',
) => {
  const type: Record<string, string> =
    door.body === 'json' ? JSON_TYPE : { 'content-type': 'application/x-www-form-urlencoded' }
  return raw(base + door.path, {
    method,
    headers: { ...(body === undefined ? {} : type), ...headers },
    ...(body === undefined ? {} : { body }),
  })
}

const total = async (): Promise<number> => (await ph.stats()).total

describe('every route', () => {
  it('is in the table of these tests', () => {
    const deps = { posthaste: ph, packs: ph.packs, logger: ph.logger, token: TOKEN }
    const routes = [...routeTable(deps, AbortSignal.abort())].flatMap(([path, handlers]) =>
      Object.keys(handlers).map((method) => `${method} ${path}`),
    )
    expect(Object.keys(DOORS).sort()).toEqual(routes.sort())
  })

  it.each(doors)('%s answers under known names only', async (_name, method, door) => {
    for (const host of [
      'evil.example',
      'localhost.evil.example',
      'jobs.example.evil',
      '127.0.0.1.nip.example',
    ]) {
      const answer = await knock(open, method, door, { host })
      expect([host, answer.status, answer.body.code]).toEqual([host, 421, 'E_HOST'])
    }
    expect((await knock(open, method, door, { host: 'jobs.example' })).status).not.toBe(421)
  })

  it.each(doors)('%s sets the headers that keep browsers safe', async (_name, method, door) => {
    const answers = [await knock(open, method, door), await knock(guarded, method, door)]
    for (const { headers } of [...answers, await knock(open, method, door, { host: 'evil.example' })]) {
      expect(headers['x-content-type-options']).toBe('nosniff')
      expect(headers['referrer-policy']).toBe('no-referrer')
      expect(headers['content-security-policy']).toMatch(/^default-src 'none'/)
      expect(headers['content-security-policy']).toMatch(/frame-ancestors '(none|self)'/)
      expect(headers['content-security-policy']).not.toMatch(/script-src[^;]*(unsafe|\*|https?:)/)
      expect(headers['access-control-allow-origin']).toBeUndefined()
      expect(headers['access-control-allow-credentials']).toBeUndefined()
      if (door.cached !== true) expect(headers['cache-control']).toBe('no-store')
    }
  })

  it.each(doors)('%s asks for the token unless it holds nothing secret', async (_name, method, door) => {
    for (const authorization of ['', `Bearer ${TOKEN}x`.slice(0, 9), `Basic ${TOKEN}`, TOKEN]) {
      const answer = await knock(guarded, method, door, authorization === '' ? {} : { authorization })
      expect(answer.status === 401 || answer.status === 429).toBe(door.open !== true)
    }
    // Never in the address.
    const inUrl = { ...door, path: `${door.path}?token=${TOKEN}&access_token=${TOKEN}` }
    const answer = await knock(guarded, method, inUrl)
    expect(answer.status === 401 || answer.status === 429).toBe(door.open !== true)
  })

  it.each(doors)('%s refuses an address that is too long', async (_name, method, door) => {
    const long = { ...door, path: `${door.path}?q=${'x'.repeat(HTTP_LIMITS.urlLength)}` }
    expect((await knock(open, method, long)).body).toMatchObject({ status: 414, code: 'E_URL_TOO_LONG' })
  })

  it('by GET changes nothing', async () => {
    const before = await ph.stats()
    for (const [, method, door] of doors) if (method === 'GET') await knock(open, method, door)
    const { at: _before, ...then } = before
    const { at: _now, ...now } = await ph.stats()
    expect(now).toEqual(then)
  })
})

describe('a page of another site', () => {
  const own = new URL('http://127.0.0.1')
  beforeAll(() => {
    own.port = new URL(open).port
  })

  it.each(unsafe)('cannot call %s', async (_name, method, door) => {
    const before = await total()
    for (const headers of [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: `${own.origin}.evil.example` },
      { origin: own.origin.replace('127.0.0.1', 'localhost') },
      { origin: own.origin.replace(own.port, '1') },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { origin: own.origin, 'sec-fetch-site': 'cross-site' },
      { origin: 'https://evil.example', 'sec-fetch-site': 'same-origin' },
    ]) {
      const answer = await knock(open, method, door, headers)
      expect([headers, answer.status, answer.body.code]).toEqual([headers, 403, 'E_ORIGIN'])
    }
    expect(await total()).toBe(before)
  })

  it.each(unsafe)(
    'is no reason to refuse %s to our own page and to programs',
    async (_name, method, door) => {
      for (const headers of [
        {},
        { origin: own.origin },
        { origin: own.origin, 'sec-fetch-site': 'same-origin' },
        { 'sec-fetch-site': 'none' },
      ]) {
        const type = door.body === 'old' ? JSON_TYPE : {}
        expect((await knock(open, method, door, { ...headers, ...type })).status).not.toBe(403)
      }
    },
  )

  it.each(withBody)('%s takes no simple form for JSON', async (_name, method, door) => {
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data',
      'text/json',
    ]) {
      const fromPage = await knock(open, method, door, { 'content-type': type, origin: own.origin })
      expect([type, fromPage.status]).toEqual([type, 415])
      expect(fromPage.body).toMatchObject({ code: 'E_CONTENT_TYPE', field: 'Content-Type' })
      // Programs of the old systems never said what they sent.
      const fromProgram = await knock(open, method, door, { 'content-type': type })
      expect([type, fromProgram.status === 415]).toEqual([type, door.body === 'json'])
    }
  })

  it('gets no answer to a preflight', async () => {
    const answer = await raw(`${open}/v1/jobs`, {
      method: 'OPTIONS',
      headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
    })
    expect(answer.status).toBe(405)
    expect(answer.headers['access-control-allow-origin']).toBeUndefined()
  })
})

describe('a bad body', () => {
  const deep = `{"a":${'['.repeat(40)}${']'.repeat(40)}}`
  const keys = JSON.stringify(Object.fromEntries(Array.from({ length: 10_001 }, (_, i) => [`k${i}`, 1])))
  const cases: readonly (readonly [what: string, body: string | Buffer, status: number, code: string])[] = [
    ['broken JSON', '{"task": "echo"', 400, 'E_JSON'],
    ['no JSON at all', 'To=a&subject=b', 400, 'E_JSON'],
    ['__proto__', '{"__proto__": {"polluted": true}}', 400, 'E_JSON'],
    ['__proto__ written otherwise', '{"\\u005f_proto__": {"polluted": true}}', 400, 'E_JSON'],
    ['constructor', '{"constructor": {"prototype": {"polluted": true}}}', 400, 'E_JSON'],
    ['a key twice', '{"task": "a", "task": "b"}', 400, 'E_JSON'],
    ['deep nesting', deep, 400, 'E_JSON'],
    ['very deep nesting', '['.repeat(200_000), 400, 'E_JSON'],
    ['too many keys', keys, 400, 'E_JSON'],
    ['a number that would be rounded', '{"task": 12345678901234567890}', 400, 'E_JSON'],
    ['no UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), 400, 'E_JSON'],
    ['2 MB', ' '.repeat(2 * 1024 * 1024), 413, 'E_TOO_LARGE'],
  ]

  it.each(withBody)(
    '%s refuses it with its field and the remedy, and nothing is half done',
    async (_n, method, door) => {
      const before = await total()
      for (const [what, body, status, code] of cases) {
        const answer = await knock(open, method, door, {}, body as string)
        expect([what, answer.status, answer.body.code, answer.body.field]).toEqual([
          what,
          status,
          code,
          'body',
        ])
        expect(answer.headers['content-type']).toBe('application/problem+json')
        expect(answer.body.detail).toMatch(/\w/)
        expect(answer.body.remedy).toMatch(/\w/)
        expect(answer.text).not.toMatch(/node_modules|\.ts:\d|\.js:\d|"stack"/)
      }
      expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
      expect(await total()).toBe(before)
    },
  )

  it.each(withBody)(
    '%s refuses fields that it does not know, and does not repeat what they hold',
    async (_n, method, door) => {
      const body = '{"password":"value-canary","unknown":"value-canary"}'
      const answer = await knock(open, method, door, {}, body)
      expect(answer.status).toBe(400)
      expect(answer.text).not.toContain('value-canary')
    },
  )
})

describe('what does not exist', () => {
  it('is refused: routes, methods, parameters', async () => {
    for (const path of [
      '/v2/jobs',
      '/v1',
      '/v1/jobs/',
      '/admin',
      '/.env',
      '/v1/../etc/passwd',
      '/dashboard/assets/x',
    ]) {
      expect([path, (await raw(open + path)).status]).toEqual([path, 404])
    }
    const puts = doors.filter(([name]) => name.startsWith('PUT ')).map(([, , { path }]) => path)
    for (const [, , { path }] of doors) {
      if (puts.includes(path)) continue
      const answer = await raw(open + path, { method: 'PUT' })
      expect([path, answer.status]).toEqual([path, 405])
      expect(answer.headers.allow).toMatch(/GET|POST/)
    }
    for (const path of ['/v1/jobs', '/v1/stats', '/v1/queues', '/v1/workers', '/metrics']) {
      expect((await raw(`${open}${path}?unknown=1`)).body).toMatchObject({
        code: 'E_ARGUMENT',
        field: 'query.unknown',
      })
    }
  })
})

describe('guessing tokens', () => {
  it('is slowed down by address', async () => {
    const server = createServer({ posthaste: ph, packs: [], logger: ph.logger, token: TOKEN })
    const base = await server.start(LOOPBACK)
    const ask = (token?: string) =>
      raw(`${base}/v1/stats`, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } })
    try {
      // Nothing sent is nothing guessed.
      for (let i = 0; i < 15; i++) expect((await ask()).status).toBe(401)
      expect((await ask(TOKEN)).status).toBe(200)
      for (let i = 0; i < 10; i++) expect((await ask(`guess-${i}`)).status).toBe(401)
      const refused = await ask('guess-10')
      expect(refused).toMatchObject({ status: 429, body: { code: 'E_TOO_MANY' } })
      expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
      expect((await ask(TOKEN)).status).toBe(429)
      expect((await raw(`${base}/healthz`)).status).toBe(200)
    } finally {
      await server.stop()
    }
  })

  it('is forgotten after a minute, and is nobody else’s fault', () => {
    let now = 0
    const attempts = createAttempts(() => now)
    for (let i = 0; i < 10; i++) {
      attempts.check('192.0.2.1')
      attempts.failed('192.0.2.1')
    }
    expect(() => attempts.check('192.0.2.1')).toThrow(/10 wrong tokens/)
    expect(() => attempts.check('192.0.2.2')).not.toThrow()
    now = 60_000
    expect(() => attempts.check('192.0.2.1')).not.toThrow()
  })
})

describe('secrets', () => {
  it('are in no answer, no log line and no page', async () => {
    const worker = ph.work({ concurrency: 1 })
    const { id } = await ph.waitFor((await ph.add('leaky', null)).id)
    await worker.stop()
    const headers = { authorization: `Bearer ${TOKEN}`, cookie: 'posthaste=cookie-canary' }
    const texts: string[] = []
    for (const [, method, door] of doors) {
      const path = door.path.replace(/[0-9a-f-]{36}/, id)
      if (method !== 'GET') continue
      texts.push((await knock(guarded, method, { ...door, path }, headers)).text)
      texts.push((await knock(open, method, { ...door, path }, headers)).text)
    }
    const wrong = { authorization: 'Bearer wrong-canary' }
    texts.push((await raw(`${open}/v1/jobs`, { headers: wrong })).text)
    const body = '{"task":"echo","payload":"smtp://user:url-canary@host","delay":"password=delay-canary"}'
    texts.push((await raw(`${open}/v1/jobs`, { method: 'POST', headers: JSON_TYPE, body })).text)
    expect(texts.join('\n')).toContain('cannot reach postgres://app:***@db')
    expect(log).toContain('cannot reach postgres://app:***@db')
    for (const text of [...texts, log]) {
      expect(text).not.toMatch(/token-canary|handler-canary|cookie-canary|wrong-canary/)
    }
    expect(log).not.toMatch(/url-canary|delay-canary/)
  })
})
