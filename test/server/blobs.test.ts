import { createHash, randomBytes } from 'node:crypto'
import { emailPack } from 'posthaste/tasks/email'
import { httpPack } from 'posthaste/tasks/http'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { inputSchemaOf } from '../../src/core/standard-schema.ts'
import { task } from '../../src/index.ts'
import { raw } from './raw.ts'
import { served } from './served.ts'

const greet = task({ name: 'greet', payload: z.object({ name: z.string() }), run: () => null })
const plain = task({ name: 'plain', queue: 'mail', run: () => null })
const odd = task({ name: 'odd', payload: z.object({ at: z.date() }), run: () => null })
const here = served('memory', [greet, plain, odd])

const HELLO = '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824'
const call = (path: string, method = 'GET', body?: string | Uint8Array, headers = {}) =>
  raw(`${here.url}${path}`, { method, headers, ...(body === undefined ? {} : { body }) })

describe('/v1/blobs', () => {
  test('keeps what is sent, of any type', async () => {
    for (const type of ['application/json', 'image/png', 'application/x-www-form-urlencoded']) {
      const answer = await call('/v1/blobs', 'POST', 'hello', { 'content-type': type })
      expect(answer).toMatchObject({ status: 201, body: { hash: `sha256:${HELLO}`, size: 5 } })
      expect(answer.headers.location).toBe(`/v1/blobs/sha256:${HELLO}`)
    }
    expect((await call('/v1/blobs', 'PUT', 'hello')).status).toBe(201)
    expect((await call('/v1/blobs')).body).toMatchObject({ blobs: 1, bytes: 5, maxBytes: 1024 ** 3 })
  })

  test('gives it back as a download that no browser shows', async () => {
    const html = '<script>alert(1)</script>'
    const { hash } = (await call('/v1/blobs', 'POST', html)).body
    for (const name of [hash, hash.slice('sha256:'.length)]) {
      const answer = await call(`/v1/blobs/${name}`)
      expect(answer).toMatchObject({ status: 200, text: html })
      expect(answer.headers).toMatchObject({
        'content-type': 'application/octet-stream',
        'content-length': String(html.length),
        'content-disposition': expect.stringMatching(/^attachment; filename="[0-9a-f]{64}"$/),
        'x-content-type-options': 'nosniff',
        'content-security-policy': expect.stringContaining('sandbox'),
        'cache-control': 'no-store',
      })
    }
    const known = await call(`/v1/blobs/${hash}`, 'GET', undefined, { 'if-none-match': `"x", W/"${hash}"` })
    expect(known).toMatchObject({ status: 304, text: '' })
    expect(known.headers.etag).toBe(`"${hash}"`)
    const head = await call(`/v1/blobs/${hash}`, 'HEAD')
    expect(head).toMatchObject({ status: 200, text: '' })
    expect(head.headers['content-length']).toBe(String(html.length))
  })

  test('carries large ones through', async () => {
    const bytes = randomBytes(20_000_000)
    const digits = createHash('sha256').update(bytes).digest('hex')
    expect((await call(`/v1/blobs/${digits}`, 'PUT', bytes)).body).toMatchObject({ size: bytes.length })
    const back = await fetch(`${here.url}/v1/blobs/${digits}`)
    expect(Buffer.from(await back.arrayBuffer()).equals(bytes)).toBe(true)
  })

  test('refuses another hash, a wrong name, an unknown blob, an unknown question', async () => {
    expect(await call(`/v1/blobs/${HELLO}`, 'PUT', 'hello!')).toMatchObject({
      status: 400,
      body: { code: 'E_BLOB_HASH' },
    })
    for (const name of ['x', '..%2f..%2fetc%2fpasswd', `sha256:${HELLO}0`, HELLO.toUpperCase()]) {
      for (const method of ['GET', 'PUT', 'DELETE']) {
        const answer = await call(`/v1/blobs/${name}`, method)
        expect([name, method, answer.status, answer.body.code]).toEqual([name, method, 400, 'E_ARGUMENT'])
      }
    }
    for (const method of ['GET', 'DELETE']) {
      expect((await call(`/v1/blobs/${'0'.repeat(64)}`, method)).body).toMatchObject({
        status: 404,
        code: 'E_BLOB_MISSING',
      })
    }
    expect((await call('/v1/blobs?keep=soon', 'POST', 'x')).body).toMatchObject({ code: 'E_DURATION' })
    expect((await call('/v1/blobs?name=x', 'POST', 'x')).body).toMatchObject({ field: 'query.name' })
  })

  test('keeps nothing of an upload that is too large or breaks off', async () => {
    const before = (await call('/v1/blobs')).body
    const size = String(1024 ** 3 + 1)
    const large = await call('/v1/blobs', 'POST', undefined, { 'content-length': size })
    expect(large.body).toMatchObject({ status: 413, code: 'E_TOO_LARGE' })
    const stop = new AbortController()
    const body = new ReadableStream({
      async pull(controller) {
        controller.enqueue(Buffer.from('half'))
        await new Promise((resolve) => setTimeout(resolve, 20))
        stop.abort()
      },
    })
    const request = { method: 'POST', body, duplex: 'half', signal: stop.signal } as RequestInit
    await expect(fetch(`${here.url}/v1/blobs`, request)).rejects.toThrow()
    expect((await call('/v1/blobs')).body).toEqual(before)
  })

  test('erases, once', async () => {
    await call('/v1/blobs', 'POST', 'hello')
    expect((await call(`/v1/blobs/${HELLO}`, 'DELETE')).body).toMatchObject({ size: 5 })
    expect((await call(`/v1/blobs/${HELLO}`, 'DELETE')).status).toBe(404)
    expect((await call(`/v1/blobs/${HELLO}`)).status).toBe(404)
  })

  test('keeps as long as it is asked to', async () => {
    const { expiresAt } = (await call('/v1/blobs?keep=60d', 'POST', 'sixty days')).body
    expect(Date.parse(expiresAt) - Date.now()).toBeGreaterThan(59 * 86_400_000)
  })
})

test('the tasks of the program say what their payloads look like', () => {
  for (const pack of [emailPack({ env: {}, mailboxDir: 'unused' }), httpPack()]) {
    const schema = pack.tasks[0]?.payload === undefined ? null : inputSchemaOf(pack.tasks[0].payload)
    expect(schema).toMatchObject({
      type: 'object',
      properties: expect.anything(),
      required: expect.anything(),
    })
  }
})

test('/v1/tasks shows what payloads look like', async () => {
  expect((await call('/v1/tasks')).body).toEqual({
    tasks: [
      {
        name: 'greet',
        queue: 'default',
        schema: expect.objectContaining({
          type: 'object',
          properties: { name: { type: 'string' } },
          required: ['name'],
        }),
      },
      { name: 'plain', queue: 'mail', schema: null },
      { name: 'odd', queue: 'default', schema: null },
    ],
  })
})
