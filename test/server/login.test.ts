import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Posthaste, posthaste } from '../../src/index.ts'
import { silentLogger } from '../../src/runtime/logger.ts'
import { createSessions } from '../../src/server/http/session.ts'
import { createServer, type HttpServer } from '../../src/server/index.ts'
import { ensureBuilt } from '../cli/program.ts'

const TOKEN = 'a-token-of-enough-length'
let ph: Posthaste
let server: HttpServer
let url: string

beforeAll(async () => {
  await ensureBuilt()
  ph = await posthaste({ engine: 'memory:' })
  server = createServer({ posthaste: ph, packs: [], logger: silentLogger, token: TOKEN })
  url = await server.start({ host: '127.0.0.1', port: 0 })
}, 120_000)
afterAll(async () => {
  await server.stop()
  await ph.close()
})

const login = (token: string, headers: Record<string, string> = {}) =>
  fetch(`${url}/dashboard/login`, {
    method: 'POST',
    redirect: 'manual',
    headers,
    body: new URLSearchParams({ token }),
  })
const cookieOf = (response: Response): string => response.headers.get('set-cookie')?.split(';')[0] ?? ''
const statsWith = async (cookie: string) => (await fetch(`${url}/v1/stats`, { headers: { cookie } })).status

describe('the login', () => {
  it('gives a cookie for the token, and the cookie opens the API', async () => {
    const answer = await login(TOKEN)
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/dashboard'])
    expect(answer.headers.get('set-cookie')).toMatch(
      /^posthaste=.+; Path=\/; HttpOnly; SameSite=Strict; Max-Age=43200$/,
    )
    expect(await statsWith(cookieOf(answer))).toBe(200)
    expect(await statsWith('')).toBe(401)
  })

  it('binds the cookie to this host and to TLS when the page came over TLS', async () => {
    const answer = await login(TOKEN, { origin: url.replace('http:', 'https:') })
    expect(answer.headers.get('set-cookie')).toMatch(/^__Host-posthaste=.+; Path=\/; .*; Secure$/)
    expect(await statsWith(cookieOf(answer))).toBe(200)
  })

  it('gives nothing for a wrong token', async () => {
    const answer = await login('wrong')
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/dashboard/login?refused=wrong'])
    expect(answer.headers.get('set-cookie')).toBeNull()
  })

  it('takes a small form only', async () => {
    const json = await fetch(`${url}/dashboard/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    })
    expect(json.status).toBe(415)
    expect((await login('x'.repeat(10_000))).status).toBe(413)
  })

  it('believes no cookie that was changed', async () => {
    const cookie = cookieOf(await login(TOKEN))
    const [expires, nonce, mac] = cookie.replace('posthaste=', '').split('.')
    for (const value of [
      `${Number(expires) + 1}.${nonce}.${mac}`,
      `${expires}.x${nonce}.${mac}`,
      `${expires}.${nonce}.${mac?.slice(1)}`,
      `${expires}.${nonce}.`,
      '',
      '..',
      'Infinity..',
    ]) {
      expect(await statsWith(`posthaste=${value}`), value).toBe(401)
    }
  })

  it('ends after twelve hours, and with its token', async () => {
    let now = 1_000_000
    const contextWith = (cookie: string) =>
      ({ req: { raw: { headers: new Headers({ cookie }) }, header: () => undefined } }) as never
    const sessions = createSessions(TOKEN, () => now)
    const cookie = sessions.begin(contextWith('')).split(';')[0] ?? ''
    now += 12 * 3_600_000 - 1
    expect(sessions.has(contextWith(cookie))).toBe(true)
    expect(createSessions('another token', () => now).has(contextWith(cookie))).toBe(false)
    now += 1
    expect(sessions.has(contextWith(cookie))).toBe(false)
  })

  it('is taken back', async () => {
    const answer = await fetch(`${url}/dashboard/logout`, { method: 'POST', redirect: 'manual' })
    expect(answer.headers.getSetCookie()).toHaveLength(2)
    expect(answer.headers.getSetCookie().every((cookie) => cookie.includes('Max-Age=0'))).toBe(true)
  })
})

describe('the files of the page', () => {
  it('are the page for every address under it, without a token', async () => {
    for (const path of [
      '/dashboard',
      '/dashboard/',
      '/dashboard/jobs/some-id',
      '/dashboard/login?refused=wrong',
    ]) {
      const response = await fetch(url + path)
      expect(response.status).toBe(200)
      expect(response.headers.get('cache-control')).toBe('no-cache')
      expect(await response.text()).toContain('<div id="app">')
    }
  })

  it('have nothing inline, and come from here alone', async () => {
    const html = await (await fetch(`${url}/dashboard`)).text()
    expect(html).not.toMatch(/<script(?![^>]*\bsrc=)|<style|style=|\son\w+=/i)
    const addresses = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address]) => address)
    expect(addresses.length).toBeGreaterThan(2)
    for (const address of addresses) {
      expect(address).toMatch(/^\/dashboard\/assets\/[\w.-]+-[\w-]{8}\.(js|css|svg)$/)
      const file = await fetch(url + address)
      expect(file.status).toBe(200)
      expect(file.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
      const text = await file.text()
      expect(text).not.toMatch(/https?:\/\/(?!www\.w3\.org\/)/)
      // What is built for developing names the files of the machine that built it.
      expect(text).not.toContain('.tsx')
    }
  })

  it('may not be scripts of others, nor make markup of text', async () => {
    const policy = (await fetch(`${url}/dashboard`)).headers.get('content-security-policy') ?? ''
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'")
    expect(policy).toContain("require-trusted-types-for 'script'; trusted-types 'none'")
    expect(policy).not.toMatch(/unsafe|\*|https?:/)
  })

  it('are not sent twice', async () => {
    const first = await fetch(`${url}/dashboard`)
    const again = await fetch(`${url}/dashboard`, {
      headers: { 'if-none-match': first.headers.get('etag') ?? '' },
    })
    expect(again.status).toBe(304)
  })

  it.each([
    '/dashboard/assets/unknown.js',
    '/dashboard/assets/../index.html%00',
    '/dashboard/assets/..%2f..%2fpackage.json',
    '/dashboard/assets/',
    '/dashboard/x.svg',
  ])('are no other files: %s', async (path) => {
    const response = await fetch(url + path)
    // An address that leads out of the folder is the page, or nothing: never another file.
    if (response.status === 200) expect(await response.text()).toContain('<div id="app">')
    else expect(response.status).toBe(404)
  })
})
