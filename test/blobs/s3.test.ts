import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { type BlobOptions, blobStore } from 'posthaste'
import { describe, expect, onTestFinished, test } from 'vitest'
import { parsePlace } from '../../src/blobs/s3/place.ts'
import { signed } from '../../src/blobs/s3/sign.ts'
import { S3_BUCKET, S3_KEYS, s3Server } from '../servers/s3.ts'

const HELLO = 'sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824'
const keyOf = (hash: string, prefix = 'jobs/'): string => `${prefix}${hash.slice(7, 9)}/${hash.slice(7)}`

const place = async (options: Partial<BlobOptions> = {}, { secretKey = S3_KEYS.secretKey } = {}) => {
  const server = await s3Server()
  const keys = `${S3_KEYS.accessKey}:${encodeURIComponent(secretKey)}`
  const url = `s3://${keys}@127.0.0.1:${server.port}/${S3_BUCKET}/jobs?tls=off&region=eu-central-1`
  const blobs = blobStore({ url, ...options })
  onTestFinished(async () => {
    await blobs.close()
    await server.close()
  })
  return { server, blobs }
}

describe('a store on S3', () => {
  test('keeps bytes, once, and gives them back', async () => {
    const { server, blobs } = await place()
    expect(await blobs.put('hello')).toMatchObject({ hash: HELLO, size: 5 })
    await blobs.put('hello', { keep: '1d' })
    expect([...server.objects.keys()]).toEqual([keyOf(HELLO)])
    expect((await blobs.bytes(HELLO)).toString()).toBe('hello')
    expect(await blobs.info(HELLO)).toMatchObject({ hash: HELLO, size: 5 })
    expect(await blobs.withFile(HELLO, (path) => readFile(path, 'utf8'))).toBe('hello')
    expect(blobs.location).toBe(`s3://127.0.0.1/${S3_BUCKET}/jobs/`)
  })

  test('extends the time of what is there', async () => {
    const { server, blobs } = await place()
    await blobs.put('hello')
    const { expiresAt } = await blobs.put('hello', { keep: '90d' })
    expect(server.requests.filter((line) => line.startsWith('PUT'))).toHaveLength(2)
    expect((await blobs.info(HELLO))?.expiresAt).toEqual(expiresAt)
    expect((await blobs.bytes(HELLO)).toString()).toBe('hello')
  })

  test('carries large ones, and leaves no file behind', async () => {
    const { blobs } = await place()
    const bytes = randomBytes(5_000_000)
    const { hash } = await blobs.put(bytes)
    expect((await blobs.bytes(hash)).equals(bytes)).toBe(true)
    const path = await blobs.withFile(hash, (file) => file)
    expect(existsSync(path)).toBe(false)
  })

  test('lists by pages, erases, and removes what has expired', async () => {
    const { server, blobs } = await place()
    const put = await Promise.all(Array.from({ length: 10 }, (_, i) => blobs.put(`text ${i}`)))
    server.objects.set('jobs/readme.txt', { bytes: Buffer.from('not ours'), metadata: {}, changedAt: 0 })
    server.objects.set(keyOf(`sha256:${'0'.repeat(64)}`), {
      bytes: Buffer.from('?'),
      metadata: {},
      changedAt: 0,
    })
    expect(await blobs.remove(put[0]?.hash ?? '')).toBe(true)
    expect(await blobs.remove(put[0]?.hash ?? '')).toBe(false)
    for (const { hash } of put.slice(1, 4)) {
      const object = server.objects.get(keyOf(hash))
      if (object === undefined) throw new Error('not stored')
      object.changedAt = Date.now() - 31 * 86_400_000
      object.metadata['x-amz-meta-expires-at'] = new Date(Date.now() - 1_000).toISOString()
    }
    expect(await blobs.sweep()).toEqual({ removed: 3, bytes: 18 })
    // Six of ours, and one that somebody else put there.
    expect(await blobs.usage()).toMatchObject({ blobs: 7, bytes: 37 })
    expect(server.objects.size).toBe(8)
  })

  test('says what is missing and what was damaged', async () => {
    const { server, blobs } = await place()
    expect(await blobs.info(HELLO)).toBeNull()
    await expect(blobs.bytes(HELLO)).rejects.toMatchObject({ code: 'E_BLOB_MISSING' })
    await blobs.put('hello')
    const object = server.objects.get(keyOf(HELLO))
    if (object !== undefined) object.bytes = Buffer.from('hellO')
    await expect(blobs.bytes(HELLO)).rejects.toMatchObject({ code: 'E_BLOB_DAMAGED' })
    await expect(blobs.withFile(HELLO, (path) => path)).rejects.toMatchObject({ code: 'E_BLOB_DAMAGED' })
  })

  test('tries again while the server is busy, and then says so without secrets', async () => {
    const { server, blobs } = await place()
    server.fail(503, 2)
    await blobs.put('hello')
    server.fail(503, 100)
    const error = await blobs.put('other').catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'E_BLOBS', retriable: true })
    expect(String(error)).toContain('the server answered 503')
    expect(String(error)).not.toMatch(/EXAMPLE|Canary/)
  })

  test('is refused with a wrong key', async () => {
    const { blobs } = await place({}, { secretKey: 'wrong' })
    await expect(blobs.put('hello')).rejects.toThrow(/403 SignatureDoesNotMatch/)
  })
})

test('signs as the example of the documentation of S3 does', () => {
  const credentials = {
    accessKey: 'AKIAIOSFODNN7EXAMPLE',
    secretKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  }
  const { authorization } = signed(
    {
      method: 'GET',
      host: 'examplebucket.s3.amazonaws.com',
      path: '/test.txt',
      query: {},
      headers: { range: 'bytes=0-9' },
      bodyHash: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    },
    credentials,
    'us-east-1',
    Date.parse('2013-05-24T00:00:00Z'),
  )
  expect(authorization).toBe(
    'AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
  )
})

describe('the URL', () => {
  test('says where, and the environment as whom', () => {
    const env = {
      AWS_ACCESS_KEY_ID: 'a',
      AWS_SECRET_ACCESS_KEY: 'b',
      AWS_SESSION_TOKEN: 'c',
      AWS_REGION: 'eu-west-1',
    }
    expect(parsePlace('s3://s3.eu-west-1.amazonaws.com/my-bucket', env)).toEqual({
      isTls: true,
      hostname: 's3.eu-west-1.amazonaws.com',
      port: undefined,
      bucket: 'my-bucket',
      prefix: '',
      region: 'eu-west-1',
      credentials: { accessKey: 'a', secretKey: 'b', sessionToken: 'c' },
    })
    expect(parsePlace('s3://k:s%2F@[::1]:9000/my-bucket/a/b/?tls=off&region=x', env)).toMatchObject({
      isTls: false,
      hostname: '::1',
      port: 9000,
      prefix: 'a/b/',
      region: 'x',
      credentials: { accessKey: 'k', secretKey: 's/', sessionToken: undefined },
    })
  })

  test.each([
    's3://',
    's3://host',
    's3://host/',
    's3://k:c4n4ry@host/..',
    's3://k:c4n4ry@host/bucket/a%2f..',
    's3://k:c4n4ry@host/bucket?tls=maybe',
    's3://k:c4n4ry@host/bucket?acl=public',
    's3://k:c4n4ry@host/bucket?region=a%0ab',
    's3://host/bucket',
    's3://k:@host/bucket',
  ])('%s is refused', (url) => {
    expect(() => parsePlace(url, {})).toThrow(expect.objectContaining({ code: 'E_CONFIG', field: 'blobs' }))
    expect(() => parsePlace(url, {})).not.toThrow(/c4n4ry/)
  })
})
