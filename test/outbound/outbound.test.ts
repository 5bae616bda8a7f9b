import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { createOutbound, type OutboundOptions, type OutboundRequest } from 'posthaste/outbound'
import { describe, expect, onTestFinished, test } from 'vitest'
import { CERTIFICATE } from '../servers/certificate.ts'
import { listener } from './lab.ts'

/** A server, and what calls it under its address on loopback. */
const place = async (answer: RequestListener, options: OutboundOptions = {}) => {
  const server = await listener(answer)
  const outbound = createOutbound({ allow: ['127.0.0.0/8:*'], ...options })
  const call = (path = '/', request: Partial<OutboundRequest> = {}) =>
    outbound.request({ url: `http://127.0.0.1:${server.port}${path}`, timeoutMs: 5_000, ...request })
  return { ...server, call, outbound }
}

const textOf = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

/** Tells the sender what arrived. */
const echo = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const { method, url, headers } = request
  response.end(JSON.stringify({ method, url, headers, body: await textOf(request) }))
}
const echoed = async (response: { bytes(): Promise<Buffer> }) =>
  JSON.parse((await response.bytes()).toString()) as {
    method: string
    url: string
    headers: Record<string, string>
    body: string
  }

test('sends what it is told, and a little of its own', async () => {
  const { call, port } = await place(echo)
  const response = await call('/a%20b?c=d#e', {
    method: 'post',
    headers: { 'Content-Type': 'text/plain', 'X-One': 'ö' },
    body: Buffer.from('hello'),
  })
  expect(response).toMatchObject({ status: 200, redirects: 0, url: `http://127.0.0.1:${port}/a%20b?c=d` })
  const { method, url, headers, body } = await echoed(response)
  expect({ method, url, body }).toEqual({ method: 'POST', url: '/a%20b?c=d', body: 'hello' })
  expect(headers).toMatchObject({
    host: `127.0.0.1:${port}`,
    'content-type': 'text/plain',
    'content-length': '5',
    'accept-encoding': 'identity',
    'user-agent': 'Posthaste',
    connection: 'close',
  })
})

test.each([
  ['Host', 'evil.example'],
  ['content-length', '5'],
  ['Transfer-Encoding', 'chunked'],
  ['proxy-authorization', 'x'],
  ['x-bad', 'a\r\nb: c'],
  ['x-bad', 'a\0b'],
  ['x-bad', '☃'],
  ['x bad', 'x'],
  ['', 'x'],
  ['x-long', 'x'.repeat(8_193)],
])('refuses the header %j', async (name, value) => {
  const { call, connections } = await place(echo)
  await expect(call('/', { headers: { [name]: value } })).rejects.toMatchObject({ code: 'E_ARGUMENT' })
  expect(connections).toEqual([])
})

test.each(['CONNECT', 'TRACE', 'GET /x', ''])('refuses the method %j', async (method) => {
  const { call, connections } = await place(echo)
  await expect(call('/', { method })).rejects.toMatchObject({ code: 'E_ARGUMENT', field: 'method' })
  expect(connections).toEqual([])
})

describe('redirects', () => {
  const chain: RequestListener = (request, response) => {
    const left = Number(request.url?.slice(1))
    if (left === 0) response.end('here')
    else response.writeHead(302, { location: `/${left - 1}` }).end('ignored')
  }

  test('are followed three times', async () => {
    const { call, port } = await place(chain)
    const response = await call('/3')
    expect(response).toMatchObject({ status: 200, redirects: 3, url: `http://127.0.0.1:${port}/0` })
    expect((await response.bytes()).toString()).toBe('here')
    await expect(call('/4')).rejects.toMatchObject({ code: 'E_URL_REFUSED' })
    await expect(call('/2', { redirects: 1 })).rejects.toMatchObject({ code: 'E_URL_REFUSED' })
    expect((await call('/2', { redirects: 0 })).status).toBe(302)
  })

  test.each([
    [301, 'POST', 'GET'],
    [302, 'POST', 'GET'],
    [302, 'PUT', 'PUT'],
    [303, 'PUT', 'GET'],
    [303, 'HEAD', 'HEAD'],
    [307, 'POST', 'POST'],
    [308, 'PATCH', 'PATCH'],
  ])('%i makes %s a %s', async (status, method, then) => {
    const seen: string[] = []
    const { call } = await place(async (request, response) => {
      seen.push(`${request.method} ${request.headers['content-type'] ?? '-'} ${await textOf(request)}`)
      if (request.url === '/from') response.writeHead(status, { location: '/to' }).end()
      else response.end()
    })
    const response = await call('/from', {
      method,
      headers: { 'content-type': 'a/b' },
      body: Buffer.from('x'),
    })
    expect(response.status).toBe(200)
    const keeps = then === method && method !== 'HEAD'
    expect(seen[1]).toBe(keeps ? `${then} a/b x` : `${then} - `)
  })

  test('to another origin lose what is secret', async () => {
    const { call, port } = await place(async (request, response) => {
      if (request.url !== '/from') await echo(request, response)
      else response.writeHead(307, { location: `http://127.0.0.2:${port}/to` }).end()
    })
    const headers = {
      authorization: 'Bearer x',
      cookie: 'a=b',
      'x-api-key': 'x',
      'webhook-signature': 'x',
      'x-mine': 'x',
      'x-plain': 'x',
    }
    const there = await echoed(await call('/from', { method: 'POST', headers, secretHeaders: ['X-Mine'] }))
    expect(Object.keys(there.headers)).toContain('x-plain')
    for (const name of Object.keys(headers).slice(0, -1))
      expect(Object.keys(there.headers)).not.toContain(name)
    expect((await echoed(await call('/', { headers }))).headers).toMatchObject(headers)
  })
})

describe('bounds', () => {
  test('of the body, announced or not', async () => {
    const { call } = await place((request, response) => {
      if (request.url === '/announced') response.setHeader('content-length', 5_000)
      response.write('x'.repeat(1_000))
      response.end('x'.repeat(4_000))
    })
    for (const path of ['/announced', '/']) {
      const response = await call(path, { maxBytes: 4_999 })
      await expect(response.bytes()).rejects.toMatchObject({ code: 'E_TOO_LARGE', field: 'response' })
      expect((await (await call(path, { maxBytes: 5_000 })).bytes()).length).toBe(5_000)
    }
  })

  test('of an endless body', async () => {
    const { call } = await place((_request, response) => {
      const more = (): void => {
        if (!response.destroyed) response.write(Buffer.alloc(65_536), more)
      }
      more()
    })
    const response = await call('/', { maxBytes: 1e12 })
    await expect(response.bytes()).rejects.toMatchObject({ code: 'E_TOO_LARGE', data: { limit: 10_485_760 } })
  })

  test('of the headers', async () => {
    const { call } = await place((_request, response) =>
      response.writeHead(200, { x: 'x'.repeat(40_000) }).end(),
    )
    await expect(call()).rejects.toMatchObject({ code: 'E_REQUEST_FAILED' })
  })

  test('of time: silence, and a body that drips', async () => {
    const { call } = await place((request, response) => {
      if (request.url === '/silence') return
      const drip = setInterval(() => response.write('x'), 20)
      response.on('close', () => clearInterval(drip))
    })
    await expect(call('/silence', { timeoutMs: 200 })).rejects.toThrow(/no answer within 200ms/)
    const response = await call('/drip', { timeoutMs: 300 })
    await expect(response.bytes()).rejects.toMatchObject({ code: 'E_REQUEST_FAILED' })
  })

  test('of time: a name server that does not answer', async () => {
    const { outbound } = await place(echo, { resolve: () => new Promise(() => undefined) })
    const request = outbound.request({ url: 'http://silent.example/', timeoutMs: 200 })
    await expect(request).rejects.toThrow(/no answer within 200ms/)
  })

  test('the signal ends it, with its reason', async () => {
    const { call } = await place((request, response) => {
      if (request.url === '/body') response.write('x')
    })
    const stop = new AbortController()
    const silent = call('/', { signal: stop.signal })
    const response = await call('/body', { signal: stop.signal })
    const reason = new Error('cancelled')
    stop.abort(reason)
    await expect(silent).rejects.toBe(reason)
    await expect(response.bytes()).rejects.toBe(reason)
    await expect(call('/', { signal: stop.signal })).rejects.toBe(reason)
  })
})

describe('failures say what happened', () => {
  test('nobody listens, the connection breaks, the body breaks off', async () => {
    const { call, outbound } = await place((request, response) => {
      if (request.url === '/short') response.writeHead(200, { 'content-length': 100 }).write('x')
      setTimeout(() => request.socket.destroy(), 50)
    })
    await expect(outbound.request({ url: 'http://127.0.0.1:1/' })).rejects.toThrow(
      /127\.0\.0\.1:1 failed: ECONNREFUSED/,
    )
    await expect(call('/')).rejects.toThrow(/failed: ECONNRESET/)
    await expect((await call('/short')).bytes()).rejects.toMatchObject({ code: 'E_REQUEST_FAILED' })
  })

  test('a name without addresses, without naming secrets of the URL', async () => {
    const missing = Object.assign(new Error('no'), { code: 'ENOTFOUND' })
    const { outbound } = await place(echo, { resolve: () => Promise.reject(missing) })
    const url = 'http://nobody.example/?token=c4n4ry'
    await expect(outbound.request({ url })).rejects.toThrow(
      /nobody\.example cannot be resolved \(ENOTFOUND\)/,
    )
    const refused = outbound.request({ url: 'http://user:c4n4ry@nobody.example/?token=c4n4ry' })
    await expect(refused).rejects.not.toThrow(/c4n4ry/)
  })
})

describe('https', () => {
  const secure = async (name: string, ca: string | null = CERTIFICATE.cert) => {
    const names: (string | false | null)[] = []
    const server = createHttpsServer(CERTIFICATE, (_request, response) => response.end('secret'))
    server.on('secureConnection', (socket) =>
      names.push((socket as unknown as { servername: string }).servername),
    )
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())))
    const { port } = server.address() as AddressInfo
    const outbound = createOutbound({
      allow: [`${name}:${port}`],
      resolve: async () => ['127.0.0.1'],
      ...(ca === null ? {} : { ca }),
    })
    return { names, call: () => outbound.request({ url: `https://${name}:${port}/` }) }
  }

  test('compares the certificate with the name, not with the address', async () => {
    const { call, names } = await secure(CERTIFICATE.name)
    expect((await (await call()).bytes()).toString()).toBe('secret')
    expect(names).toEqual([CERTIFICATE.name])
    await expect((await secure('other.internal.example')).call()).rejects.toThrow(
      /ERR_TLS_CERT_ALTNAME_INVALID/,
    )
    await expect((await secure(CERTIFICATE.name, null)).call()).rejects.toThrow(/SELF_SIGNED/)
  })

  test('is not left for http by a redirect', async () => {
    const server = createHttpsServer(CERTIFICATE, (_request, response) =>
      response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
    )
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())))
    const { port } = server.address() as AddressInfo
    const outbound = createOutbound({
      allow: ['127.0.0.0/8:*'],
      resolve: async () => ['127.0.0.1'],
      ca: CERTIFICATE.cert,
    })
    await expect(outbound.request({ url: `https://${CERTIFICATE.name}:${port}/` })).rejects.toThrow(
      /redirects from https to http/,
    )
  })
})

describe('allow', () => {
  const verdict = async (
    entry: string,
    host: string,
    port: number | '',
    address: string,
  ): Promise<boolean> => {
    const outbound = createOutbound({ allow: entry === '' ? [] : [entry], resolve: async () => [address] })
    // Aborted before anything is connected: what is refused is refused before that.
    const url = `http://${host}${port === '' ? '' : `:${port}`}/`
    const error = await outbound.request({ url, timeoutMs: 60 }).catch((thrown: { code: string }) => thrown)
    return (error as { code?: string }).code !== 'E_URL_REFUSED'
  }

  test.each([
    ['10.0.0.0/8', 'ok.example', '', '10.1.2.3', true],
    ['10.0.0.0/8', 'ok.example', 8080, '10.1.2.3', false],
    ['10.0.0.0/8:8080', 'ok.example', 8080, '10.1.2.3', true],
    ['10.0.0.0/8:8080', 'ok.example', '', '10.1.2.3', false],
    ['10.0.0.0/8:*', 'ok.example', 22, '10.1.2.3', true],
    ['10.0.0.0/8', 'ok.example', '', '11.1.2.3', true],
    ['10.0.0.0/8', 'ok.example', '', '192.168.0.1', false],
    ['10.1.2.3', '10.1.2.3', '', '10.1.2.3', true],
    ['10.1.2.3', '10.1.2.4', '', '10.1.2.4', false],
    ['[fd00::/8]:8080', '[fd00::1]', 8080, '', true],
    ['fd00::/8', '[fd00::1]', '', '', false],
    ['[fd00::/8]', '[fd00::1]', '', '', true],
    ['[fd00::/8]', '[fe80::1]', '', '', false],
    ['internal.example:8080', 'INTERNAL.example', 8080, '127.0.0.2', true],
    ['internal.example:8080', 'internal.example.', 8080, '127.0.0.2', true],
    ['internal.example:8080', 'sub.internal.example', 8080, '127.0.0.2', false],
    ['internal.example:8080', 'xinternal.example', 8080, '127.0.0.2', false],
    ['internal.example:8080', 'internal.example', '', '127.0.0.2', false],
    ['*:8080', 'ok.example', 8080, '127.0.0.2', false],
    ['', 'ok.example', 8080, '192.0.2.1', false],
  ])('%j and http://%s:%s at %s: %s', async (entry, host, port, address, expected) => {
    if (entry === 'fd00::/8') expect(() => createOutbound({ allow: [entry] })).toThrow(/httpAllow has/)
    else expect(await verdict(entry, host, port as number, address)).toBe(expected)
  })

  test.each([
    '',
    '10.0.0.0/33',
    '10.0.0.1/8',
    '*',
    '*:0',
    'a:99999',
    'http://a',
    'a/b',
    '0x7f.1',
    '1',
    '[::1',
    'a b',
  ])('refuses %j', (entry) => {
    expect(() => createOutbound({ allow: [entry] })).toThrow(/httpAllow has/)
  })
})
