import { createHmac, randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { signatureHeaders } from '../../../src/tasks/http/sign.ts'
import { retryAfterMs } from '../../../src/tasks/http/status.ts'
import { place } from './lab.ts'

describe('a request', () => {
  test('without a body is a GET, and its answer is the output', async () => {
    const { run, url, seen } = await place((_seen, response) => {
      response
        .writeHead(200, { 'content-type': 'text/plain', 'x-other': 'y', 'set-cookie': 'a=b' })
        .end('hello')
    })
    const job = await run({ url: `${url}/path?a=b` })
    expect(seen).toMatchObject([{ method: 'GET', url: '/path?a=b' }])
    expect(seen[0]?.headers['idempotency-key']).toBeUndefined()
    expect(job).toMatchObject({ state: 'completed', queue: 'http' })
    expect(job.output).toEqual({
      status: 200,
      headers: { 'content-type': 'text/plain' },
      body: 'hello',
      size: 5,
      truncated: false,
      redirects: 0,
      durationMs: expect.any(Number),
    })
  })

  test.each([
    [{ item: 'tea', n: [1, null] }, 'application/json', '{"item":"tea","n":[1,null]}'],
    [null, 'application/json', 'null'],
    [false, 'application/json', 'false'],
    ['grün', 'text/plain; charset=utf-8', 'grün'],
    ['', 'text/plain; charset=utf-8', ''],
    [{ $base64: 'aGVsbG8=' }, 'application/octet-stream', 'hello'],
  ])('with the body %j is a POST of %s', async (body, type, sent) => {
    const { run, url, seen } = await place()
    const job = await run({ url, body })
    expect(seen[0]).toMatchObject({ method: 'POST', headers: { 'content-type': type } })
    expect(seen[0]?.body.toString()).toBe(sent)
    expect(seen[0]?.headers['idempotency-key']).toBe(job.id)
  })

  test('sends a blob, and what the payload says', async () => {
    const { ph, run, url, seen } = await place()
    const bytes = randomBytes(100_000)
    const { hash } = await ph.blobs.put(bytes)
    await run({ url, method: 'put', headers: { 'X-One': '1' }, body: { $blob: hash, type: 'image/png' } })
    expect(seen[0]).toMatchObject({ method: 'PUT', headers: { 'x-one': '1', 'content-type': 'image/png' } })
    expect(seen[0]?.body.equals(bytes)).toBe(true)
    expect(seen[0]?.headers['idempotency-key']).toBeUndefined()
    const headers = { 'content-type': 'application/vnd.api+json' }
    const job = await run({ url, method: 'PUT', headers, body: { a: 1 }, idempotency: true })
    expect(seen[1]?.headers).toMatchObject({ ...headers, 'idempotency-key': job.id })
    await run({ url, body: 'x', idempotency: false })
    expect(seen[2]?.headers['idempotency-key']).toBeUndefined()
  })
})

describe('a payload is refused when it is added:', () => {
  const url = 'https://api.example.com/'
  test.each([
    [{}, 'payload.url'],
    [{ url: 'ftp://example.com' }, 'payload.url'],
    [{ url: '/path' }, 'payload.url'],
    [{ url: 'https://user:pass@example.com/' }, 'payload.url'],
    [{ url, method: 'CONNECT' }, 'payload.method'],
    [{ url, method: 'GET', body: 'x' }, 'payload.body'],
    [{ url, headers: { host: 'x' } }, 'payload.headers.host'],
    [{ url, headers: { 'x-a': 'a\r\nb: c' } }, 'payload.headers.x-a'],
    [{ url, headers: { Authorization: 'Bearer c4n4ry' } }, 'payload.headers.Authorization'],
    [{ url, headers: { 'X-Api-Key': 'c4n4ry' } }, 'payload.headers.X-Api-Key'],
    [{ url: `${url}?api_key=c4n4ry` }, 'payload.url'],
    [{ url: `${url}?a=1&access%5Ftoken=c4n4ry` }, 'payload.url'],
    [{ url, query: { api_key: 'c4n4ry' } }, 'payload.query.api_key'],
    [{ url, query: { a: ['b'] } }, 'payload.query.a'],
    [{ url, headers: { a: { $secret: 'lower' } } }, 'payload.headers.a.$secret'],
    [{ url, body: { $blob: 'sha256:x' } }, 'payload.body'],
    [{ url, body: { $base64: '***' } }, 'payload.body'],
    [{ url, body: { a: [{ $secret: 'A', more: 1 }] } }, 'payload.body'],
    [{ url, expect: 99 }, 'payload.expect'],
    [{ url, expect: '6xx' }, 'payload.expect'],
    [{ url, timeout: '6m' }, 'payload.timeout'],
    [{ url, timeout: 0 }, 'payload.timeout'],
    [{ url, redirects: 4 }, 'payload.redirects'],
    [{ url, sign: {} }, 'payload.sign.keys'],
    [{ url, sign: { keys: 'c4n4ry' } }, 'payload.sign.keys'],
    [{ url, response: { headers: ['set-cookie'] } }, 'payload.response.headers[0]'],
    [{ url, follow: true }, 'payload'],
  ])('%j', async (payload, field) => {
    const { ph } = await place()
    const error = await ph.add('http', payload).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'E_PAYLOAD', field })
    expect(String(error)).not.toContain('c4n4ry')
  })
})

describe('a status', () => {
  test.each([400, 401, 404, 409, 410, 422, 301, 304])('%i ends the job, which says why', async (status) => {
    const { run, url, seen } = await place((_seen, response) =>
      response.writeHead(status, { location: '/x' }).end(status === 304 ? '' : 'this  is\nwhy'),
    )
    const job = await run({ url: `${url}/a?b=c4n4ry`, body: 'x' })
    expect(job).toMatchObject({ state: 'dead', attempt: 1, lastError: { code: 'E_HTTP_STATUS' } })
    expect(job.lastError?.message).toContain(`POST ${url}/a answered ${status} `)
    if (status !== 304) expect(job.lastError?.message).toContain(': this is why')
    expect(job.lastError?.message).not.toContain('c4n4ry')
    expect(seen).toHaveLength(1)
  })

  test.each([408, 425, 429, 500, 502, 503, 504, 599])('%i is tried again', async (status) => {
    const { tryOnce, ph, url, seen } = await place((_seen, response) => response.writeHead(status).end())
    const job = await tryOnce({ url })
    expect(job).toMatchObject({ state: 'retrying', lastError: { code: 'E_HTTP_LATER' } })
    await ph.runNow(job.id)
    await expect.poll(() => seen.length, { timeout: 10_000 }).toBe(2)
  })

  test('is success when the payload expects it', async () => {
    const { run, url } = await place((_seen, response) => response.writeHead(404).end('no such thing'))
    expect(await run({ url, expect: [200, 404] })).toMatchObject({
      state: 'completed',
      output: { status: 404, body: 'no such thing' },
    })
    expect((await run({ url, expect: '4xx' })).state).toBe('completed')
    expect((await run({ url, expect: '3xx' })).state).toBe('dead')
  })

  test('asks for a time, which is kept', async () => {
    const { tryOnce, url } = await place((_seen, response, nth) =>
      response.writeHead(nth === 1 ? 429 : 503, { 'retry-after': nth === 1 ? '120' : '9999999' }).end(),
    )
    const one = await tryOnce({ url })
    expect(+one.runAt - Date.now()).toBeGreaterThan(110_000)
    expect(+one.runAt - Date.now()).toBeLessThanOrEqual(120_000)
    const two = await tryOnce({ url })
    expect(+two.runAt - Date.now()).toBeLessThanOrEqual(3_600_000)
    expect(+two.runAt - Date.now()).toBeGreaterThan(3_500_000)
  })

  test('Retry-After is read as servers write it', () => {
    const now = Date.parse('2030-01-31T12:00:00Z')
    expect(retryAfterMs('30', now)).toBe(30_000)
    expect(retryAfterMs('Thu, 31 Jan 2030 12:01:00 GMT', now)).toBe(60_000)
    expect(retryAfterMs('Thu, 31 Jan 2030 11:00:00 GMT', now)).toBe(0)
    expect(retryAfterMs('Thu, 31 Jan 2031 11:00:00 GMT', now)).toBe(3_600_000)
    expect(retryAfterMs('soon', now)).toBeUndefined()
    expect(retryAfterMs(undefined, now)).toBeUndefined()
  })
})

describe('no answer', () => {
  test('is tried again: a broken connection, a timeout', async () => {
    const { tryOnce, url } = await place(({ url: path }, response) => {
      if (path === '/broken') response.destroy()
    })
    const broken = await tryOnce({ url: `${url}/broken` })
    expect(broken).toMatchObject({ state: 'retrying', lastError: { code: 'E_REQUEST_FAILED' } })
    const silent = await tryOnce({ url: `${url}/silent`, timeout: '100ms' })
    expect(silent).toMatchObject({ state: 'retrying' })
    expect(silent.lastError?.message).toMatch(/no answer within 100ms/)
  })

  test('of a place that must not be called ends the job', async () => {
    const { run } = await place()
    for (const url of ['http://127.0.0.1:1/', 'http://169.254.169.254/latest/meta-data/', 'http://[::1]/']) {
      expect(await run({ url })).toMatchObject({ state: 'dead', lastError: { code: 'E_URL_REFUSED' } })
    }
  })

  test('of a cancelled job ends at once', async () => {
    const { ph, url, seen } = await place(() => undefined)
    const { id } = await ph.add('http', { url, timeout: '5m' })
    await expect.poll(() => seen.length, { timeout: 10_000 }).toBe(1)
    await ph.cancel(id)
    expect((await ph.waitFor(id)).state).toBe('cancelled')
  })
})

describe('redirects', () => {
  test('are followed after a GET, and are the answer after a POST', async () => {
    const { run, url, seen } = await place(({ url: path }, response) => {
      if (path === '/from') response.writeHead(302, { location: '/to' }).end()
      else response.end('there')
    })
    expect((await run({ url: `${url}/from` })).output).toMatchObject({ body: 'there', redirects: 1 })
    expect(await run({ url: `${url}/from`, body: 'x' })).toMatchObject({ state: 'dead' })
    const kept = await run({ url: `${url}/from`, body: 'x', expect: 302 })
    expect(kept.output).toMatchObject({ status: 302, headers: { location: '/to' } })
    expect((await run({ url: `${url}/from`, body: 'x', redirects: 1 })).output).toMatchObject({
      body: 'there',
    })
    expect(seen.at(-1)).toMatchObject({ method: 'GET', url: '/to' })
  })
})

describe('what is kept of the answer', () => {
  test('text with its beginning, bytes as base64, nothing as null', async () => {
    const bodies: Record<string, string | Buffer> = {
      '/long': 'ü'.repeat(50_000),
      '/bytes': Buffer.from([0, 1, 2, 255]),
      '/nul': 'a\0b',
      '/invalid': Buffer.from([0x61, 0xff]),
      '/nothing': '',
      '/json': '{"__proto__":1,"big":12345678901234567890}',
    }
    const { run, url } = await place(({ url: path }, response) => response.end(bodies[path]))
    const outputs = Object.fromEntries(
      await Promise.all(
        Object.keys(bodies).map(async (path) => [path, (await run({ url: url + path })).output]),
      ),
    )
    expect(outputs).toMatchObject({
      '/long': { truncated: true, size: 65_536, body: 'ü'.repeat(32_768) },
      '/bytes': { truncated: false, body: { $base64: 'AAEC/w==' } },
      '/nul': { body: { $base64: 'YQBi' } },
      '/invalid': { body: { $base64: 'Yf8=' } },
      '/nothing': { body: null, size: 0 },
      '/json': { body: bodies['/json'] },
    })
  })

  test('the worst that fits into an output', async () => {
    const { run, url } = await place(({ url: path }, response) =>
      response
        .writeHead(200, { 'x-a': '"'.repeat(5_000) })
        .end((path === '/1' ? '"\n' : '\x01').repeat(70_000)),
    )
    for (const path of ['/1', '/2']) {
      const job = await run({ url: url + path, response: { headers: ['X-A'] } })
      expect(job).toMatchObject({ state: 'completed', output: { truncated: true } })
    }
  })

  test('as a blob when it is asked for, or not at all', async () => {
    const bytes = randomBytes(300_000)
    const { ph, run, url } = await place((_seen, response) =>
      response.writeHead(200, { 'content-type': 'image/png', etag: '"1"', 'x-rate': '5' }).end(bytes),
    )
    const { output } = await run({ url, response: { body: 'blob', headers: ['X-Rate'] } })
    expect(output).toMatchObject({
      size: 300_000,
      headers: { 'content-type': 'image/png', etag: '"1"', 'x-rate': '5' },
      body: { $blob: expect.stringMatching(/^sha256:/), type: 'image/png' },
    })
    expect((await ph.blobs.bytes(output.body as { $blob: string })).equals(bytes)).toBe(true)
    expect((await run({ url, response: { body: 'none' } })).output).toMatchObject({ body: null, size: 0 })
  })
})

describe('secrets', () => {
  const TOKEN = 'c4n4ry-"quoted"-/token+='
  const secrets = { API_KEY: TOKEN, SHORT: 'short', BAD: 'line\nends-here' }

  test('are sent, and neither kept nor shown, even when they are sent back', async () => {
    const { ph, run, url, seen, logged } = await place((one, response) => {
      const back = {
        headers: one.headers,
        body: one.body.toString(),
        in64: Buffer.from(TOKEN).toString('base64'),
      }
      const status = one.url === '/refuse' ? 400 : 200
      response.writeHead(status, { etag: TOKEN, location: `/?key=${encodeURIComponent(TOKEN)}` })
      response.end(`${JSON.stringify(back)} ${encodeURIComponent(TOKEN)} ${TOKEN}`)
    }, secrets)
    const payload = {
      headers: { Authorization: { $secret: 'API_KEY', prefix: 'Bearer ' }, 'X-Plain': 'plain' },
      body: { key: { $secret: 'API_KEY' }, list: [{ $secret: 'API_KEY', prefix: 'Key ' }] },
    }
    const done = await run({ url: `${url}/`, ...payload })
    expect(seen[0]?.headers.authorization).toBe(`Bearer ${TOKEN}`)
    expect(JSON.parse(String(seen[0]?.body))).toEqual({ key: TOKEN, list: [`Key ${TOKEN}`] })
    expect(done.output.body).toContain('plain')
    expect(done.output.body).toContain('***')
    const blob = await run({ url: `${url}/`, ...payload, response: { body: 'blob' } })
    const kept = (await ph.blobs.bytes(blob.output.body as { $blob: string })).toString()
    const refused = await run({ url: `${url}/refuse`, ...payload })
    expect(refused.state).toBe('dead')
    const logs = await Promise.all([done, blob, refused].map(({ id }) => ph.logs(id)))
    const everything = [JSON.stringify([done, blob, refused, logs, logged]), kept].join()
    for (const form of [TOKEN, JSON.stringify(TOKEN).slice(1, -1), encodeURIComponent(TOKEN), 'c4n4ry']) {
      expect(everything).not.toContain(form)
    }
    expect(everything).not.toContain(Buffer.from(TOKEN).toString('base64'))
    expect((await ph.get(done.id))?.payload).toMatchObject(payload)
  })

  test('are sent in the query of the address, beside what it has, and not shown', async () => {
    const { ph, run, url, seen, logged } = await place((one, response) => {
      response.writeHead(400, { location: one.url }).end(`no such thing: ${one.url}`)
    }, secrets)
    const query = { api_key: { $secret: 'API_KEY' }, page: 2, 'a b': "it's", all: true }
    const job = await run({ url: `${url}/things?x=1%202`, query })
    const asked = new URL(seen[0]?.url ?? '', url).searchParams
    expect([...asked]).toEqual([
      ['x', '1 2'],
      ['api_key', TOKEN],
      ['page', '2'],
      ['a b', "it's"],
      ['all', 'true'],
    ])
    expect(job.lastError?.message).toContain('api_key=***&page=2')
    expect(JSON.stringify([job, await ph.logs(job.id), logged])).not.toContain('c4n4ry')
  })

  test('are not shown by halves where an answer is cut off', async () => {
    const { run, url } = await place((one, response) => {
      const before = Number(one.url.slice(1))
      response.writeHead(200).end(`${'x'.repeat(before)}${one.headers['x-key']}${'y'.repeat(50_000)}`)
    }, secrets)
    for (const before of [65_500, 65_520, 65_530, 65_535]) {
      const job = await run({ url: `${url}/${before}`, headers: { 'X-Key': { $secret: 'API_KEY' } } })
      expect(job.output).toMatchObject({ truncated: true, size: 65_536 })
      expect(job.output.body).not.toMatch(/c|4/)
    }
  })

  test.each(['MISSING', 'SHORT', 'BAD', 'PATH'])('%s cannot be used, and the job says so', async (name) => {
    const { run, url, seen } = await place(undefined, secrets)
    const job = await run({ url, headers: { 'x-key': { $secret: name } } })
    expect(job.state).toBe('dead')
    expect(job.lastError?.message).not.toMatch(/ends-here/)
    expect(seen).toEqual([])
  })

  test('come from variables with the prefix, and no others', async () => {
    const { secretsOfEnvironment } = await import('../../../src/tasks/http/secrets.ts')
    const source = secretsOfEnvironment({ POSTHASTE_SECRET_A: 'yes', A: 'no', POSTHASTE_TOKEN: 'no' })
    expect([source('A'), source('TOKEN'), source('../A')]).toEqual(['yes', undefined, undefined])
  })
})

describe('signatures', () => {
  const KEY = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
  const OLD = `whsec_${Buffer.from('an older key, of 24 bytes').toString('base64')}`

  test('are those of Standard Webhooks', () => {
    const headers = signatureHeaders(
      'msg_p5jXN8AQM9LWM0D4loKWxJek',
      1_614_265_330_999,
      Buffer.from('{"test": 2432232314}'),
      [KEY],
    )
    expect(headers).toEqual({
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    })
  })

  test('of several keys can be checked by the bytes that arrive', async () => {
    const { run, url, seen } = await place(undefined, { NEW: KEY, OLD })
    const job = await run({ url, body: { a: 'ü' }, sign: { keys: [{ $secret: 'NEW' }, { $secret: 'OLD' }] } })
    const { headers, body } = seen[0] as (typeof seen)[number]
    expect(headers['webhook-id']).toBe(job.id)
    expect(Math.abs(Number(headers['webhook-timestamp']) - Date.now() / 1_000)).toBeLessThan(30)
    const expected = [KEY, OLD].map((key) => {
      const hmac = createHmac('sha256', Buffer.from(key.slice('whsec_'.length), 'base64'))
      hmac.update(`${headers['webhook-id']}.${headers['webhook-timestamp']}.`).update(body)
      return `v1,${hmac.digest('base64')}`
    })
    expect(headers['webhook-signature']).toBe(expected.join(' '))
    await run({ url, sign: { keys: { $secret: 'NEW' } } })
    expect(seen[1]?.headers['webhook-signature']).toMatch(/^v1,[\w+/]{43}=$/)
  })

  test('need a key that is one', async () => {
    const { run, url, seen } = await place(undefined, { KEY: 'whsec_not base64 at all', TINY: 'whsec_AAAA' })
    for (const name of ['KEY', 'TINY']) {
      const job = await run({ url, body: 'x', sign: { keys: { $secret: name } } })
      expect(job).toMatchObject({ state: 'dead', lastError: { code: 'E_SECRET' } })
    }
    expect(seen).toEqual([])
  })
})
