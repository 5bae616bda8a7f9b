import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { lstat, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { type BlobHash, type BlobOptions, type Blobs, blobStore, isBlobRef } from 'posthaste'
import { describe, expect, onTestFinished, test } from 'vitest'

const newFolder = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'posthaste-blobs-test-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

const newStore = async (options: Partial<BlobOptions> = {}): Promise<{ blobs: Blobs; folder: string }> => {
  const folder = join(await newFolder(), 'blobs')
  return { blobs: blobStore({ url: `folder:${folder}`, ...options }), folder }
}

/** As `sha256sum` writes it. */
const HELLO = 'sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824'
const NOBODY = `sha256:${'0'.repeat(64)}`
const fileOf = (folder: string, hash: BlobHash): string =>
  join(folder, hash.slice(7, 9), hash.slice('sha256:'.length))
const filesIn = async (folder: string): Promise<string[]> =>
  (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)

describe('storing', () => {
  test('keeps bytes under their hash', async () => {
    const { blobs } = await newStore()
    const info = await blobs.put('hello')
    expect(info).toMatchObject({ hash: HELLO, size: 5 })
    expect(+info.expiresAt - Date.now()).toBeGreaterThan(29 * 86_400_000)
    expect((await blobs.bytes(HELLO)).toString()).toBe('hello')
    expect((await blobs.bytes({ $blob: HELLO, name: 'hello.txt' })).toString()).toBe('hello')
    expect(await blobs.info(HELLO)).toMatchObject({ hash: HELLO, size: 5 })
  })

  test('takes streams of any chunks, and nothing at all', async () => {
    const { blobs } = await newStore()
    const bytes = randomBytes(300_000)
    const chunks = Array.from({ length: 30 }, (_, i) => bytes.subarray(i * 10_000, (i + 1) * 10_000))
    const { hash, size } = await blobs.put(Readable.from(chunks))
    expect(size).toBe(300_000)
    expect((await blobs.bytes(hash)).equals(bytes)).toBe(true)
    expect((await blobs.put(new Uint8Array())).size).toBe(0)
  })

  test('keeps the same bytes once, and for the longest time that was asked for', async () => {
    const { blobs, folder } = await newStore()
    const first = await blobs.put('hello', { keep: '60d' })
    const second = await blobs.put('hello', { keep: '1d' })
    expect(+second.expiresAt).toBe(+first.expiresAt)
    const third = await blobs.put('hello', { keep: '90d' })
    expect(+third.expiresAt).toBeGreaterThan(+first.expiresAt)
    expect(await filesIn(folder)).toEqual([HELLO.slice(7)])
    expect(await blobs.usage()).toMatchObject({ blobs: 1, bytes: 5 })
  })

  test('many at once, the same ones among them', async () => {
    const { blobs, folder } = await newStore()
    const put = await Promise.all(Array.from({ length: 60 }, (_, i) => blobs.put(`text ${i % 20}`)))
    expect(new Set(put.map(({ hash }) => hash)).size).toBe(20)
    expect(await filesIn(folder)).toHaveLength(20)
  })

  test('lets nobody else of the machine read', async () => {
    const { blobs, folder } = await newStore()
    await blobs.put('hello')
    const modes = await Promise.all(
      [folder, join(folder, 'tmp'), fileOf(folder, HELLO)].map(
        async (path) => (await lstat(path)).mode & 0o777,
      ),
    )
    expect(modes).toEqual([0o700, 0o700, 0o600])
  })

  test('makes no folder before it is needed', async () => {
    const { blobs, folder } = await newStore()
    await blobs.sweep()
    expect(await blobs.info(HELLO)).toBeNull()
    expect(await blobs.usage()).toMatchObject({ blobs: 0, bytes: 0 })
    expect(existsSync(folder)).toBe(false)
  })

  test('survives that the folder is taken away', async () => {
    const { blobs, folder } = await newStore()
    await blobs.put('hello')
    await rm(folder, { recursive: true })
    await expect(blobs.bytes(HELLO)).rejects.toMatchObject({ code: 'E_BLOB_MISSING' })
    await blobs.put('hello')
    expect((await blobs.bytes(HELLO)).toString()).toBe('hello')
  })
})

describe('refusing leaves nothing behind:', () => {
  test('too large, announced or not', async () => {
    const { blobs, folder } = await newStore({ maxBytes: 1_000 })
    await expect(blobs.put('x'.repeat(1_001))).rejects.toMatchObject({ code: 'E_TOO_LARGE' })
    await expect(blobs.put('x'.repeat(11), { maxBytes: 10 })).rejects.toMatchObject({ code: 'E_TOO_LARGE' })
    const endless = (async function* () {
      for (;;) yield Buffer.alloc(100)
    })()
    await expect(blobs.put(endless, { maxBytes: 1e12 })).rejects.toMatchObject({ code: 'E_TOO_LARGE' })
    await blobs.put('x'.repeat(1_000))
    expect(await filesIn(folder)).toHaveLength(1)
  })

  test('another hash than was said', async () => {
    const { blobs, folder } = await newStore()
    await expect(blobs.put('hello!', { hash: HELLO })).rejects.toMatchObject({ code: 'E_BLOB_HASH' })
    await blobs.put('hello', { hash: HELLO })
    expect(await filesIn(folder)).toHaveLength(1)
  })

  test('a stream that fails, and a signal', async () => {
    const { blobs, folder } = await newStore()
    const failing = (async function* () {
      yield Buffer.from('half')
      throw new Error('the sender went away')
    })()
    await expect(blobs.put(failing)).rejects.toThrow('the sender went away')
    const stop = new AbortController()
    const slow = (async function* () {
      yield Buffer.from('half')
      stop.abort(new Error('told to stop'))
      yield Buffer.from('never')
    })()
    await expect(blobs.put(slow, { signal: stop.signal })).rejects.toThrow('told to stop')
    expect(await filesIn(folder)).toEqual([])
    expect(await blobs.usage()).toMatchObject({ blobs: 0, bytes: 0 })
  })

  test('beyond the quota, until something is erased', async () => {
    const { blobs, folder } = await newStore({ quotaBytes: 1_000 })
    await blobs.put('a'.repeat(600))
    await expect(blobs.put('b'.repeat(600))).rejects.toMatchObject({ code: 'E_BLOBS_FULL', status: 507 })
    expect(await filesIn(folder)).toHaveLength(1)
    const { hash } = await blobs.put('a'.repeat(400))
    // What is there already takes no more room; of a stream that is known when it says what it is.
    expect(await blobs.put('a'.repeat(400))).toMatchObject({ hash })
    expect(await blobs.put(Readable.from([Buffer.from('a'.repeat(400))]), { hash })).toMatchObject({ hash })
    await expect(blobs.put(Readable.from([Buffer.from('b'.repeat(400))]), { hash })).rejects.toMatchObject({
      code: 'E_BLOB_HASH',
    })
    expect(await blobs.usage()).toEqual({ blobs: 2, bytes: 1_000, quotaBytes: 1_000 })
    expect(await blobs.remove(hash)).toBe(true)
    expect(await blobs.remove(hash)).toBe(false)
    await blobs.put('b'.repeat(400))
  })

  test('what is no content, and counts text in streams as bytes', async () => {
    const { blobs, folder } = await newStore({ quotaBytes: 100, maxBytes: 50 })
    const odd = [null, 5, {}, [1], Readable.from([1])] as unknown as string[]
    for (const content of odd) {
      await expect(blobs.put(content)).rejects.toMatchObject({ code: 'E_ARGUMENT', field: 'content' })
    }
    for (const maxBytes of ['5', Number.NaN, -1] as number[]) {
      await expect(blobs.put('x', { maxBytes })).rejects.toMatchObject({ code: 'E_ARGUMENT' })
    }
    const texts = (text: string) => Readable.from([text]) as unknown as AsyncIterable<Uint8Array>
    await expect(blobs.put(texts('é'.repeat(26)))).rejects.toMatchObject({ code: 'E_TOO_LARGE' })
    expect(await filesIn(folder)).toEqual([])
    expect(await blobs.put(texts('hello'))).toMatchObject({ hash: HELLO, size: 5 })
    expect(await blobs.usage()).toMatchObject({ blobs: 1, bytes: 5 })
  })

  test('what is no reference', async () => {
    const { blobs } = await newStore()
    for (const ref of [
      '',
      'hello',
      '../../etc/passwd',
      'sha256:../x',
      HELLO.toUpperCase(),
      `${HELLO}0`,
      5,
      null,
    ]) {
      await expect(blobs.info(ref as string)).rejects.toMatchObject({ code: 'E_ARGUMENT', field: 'blob' })
      await expect(blobs.bytes({ $blob: ref as string })).rejects.toMatchObject({ code: 'E_ARGUMENT' })
    }
    expect(isBlobRef({ $blob: HELLO })).toBe(true)
    expect(isBlobRef({ $blob: HELLO, name: 'a.txt', type: 'text/plain' })).toBe(true)
    for (const other of [
      HELLO,
      { $blob: 'x' },
      { $blob: HELLO, path: '/' },
      { $blob: HELLO, name: 1 },
      null,
      [],
    ]) {
      expect(isBlobRef(other)).toBe(false)
    }
  })
})

describe('reading', () => {
  test('says what is missing', async () => {
    const { blobs } = await newStore()
    await expect(blobs.bytes(NOBODY)).rejects.toMatchObject({ code: 'E_BLOB_MISSING', status: 404 })
    await expect(blobs.stream(NOBODY)).rejects.toMatchObject({ code: 'E_BLOB_MISSING' })
    await expect(blobs.withFile(NOBODY, () => undefined)).rejects.toMatchObject({ code: 'E_BLOB_MISSING' })
  })

  test('notices bytes that were changed, and replaces them', async () => {
    const { blobs, folder } = await newStore()
    await blobs.put('hello')
    await writeFile(fileOf(folder, HELLO), 'hell')
    await expect(blobs.bytes(HELLO)).rejects.toMatchObject({ code: 'E_BLOB_DAMAGED' })
    await blobs.put('hello')
    expect((await blobs.bytes(HELLO)).toString()).toBe('hello')
  })

  test('follows no link', async () => {
    const { blobs, folder } = await newStore()
    await blobs.put('hello')
    const secret = join(await newFolder(), 'secret')
    await writeFile(secret, 'secret')
    await rm(fileOf(folder, HELLO))
    await symlink(secret, fileOf(folder, HELLO))
    expect(await blobs.info(HELLO)).toBeNull()
    await expect(blobs.bytes(HELLO)).rejects.toMatchObject({ code: 'E_BLOB_MISSING' })
    await expect(blobs.withFile(HELLO, (path) => readFile(path))).rejects.toMatchObject({
      code: 'E_BLOB_MISSING',
    })
    await blobs.put('hello')
    expect((await blobs.bytes(HELLO)).toString()).toBe('hello')
    expect(await readFile(secret, 'utf8')).toBe('secret')
  })

  test('into memory is bounded, as a file it is not', async () => {
    const { blobs } = await newStore()
    const { hash } = await blobs.put('x'.repeat(100))
    await expect(blobs.bytes(hash, { maxBytes: 99 })).rejects.toMatchObject({ code: 'E_TOO_LARGE' })
    expect(await blobs.withFile(hash, async (path) => (await lstat(path)).size)).toBe(100)
  })
})

describe('expiry', () => {
  const age = (path: string, hours: number): Promise<void> => {
    const at = new Date(Date.now() - hours * 3_600_000)
    return utimes(path, at, at)
  }

  test('removes what is past its time, and nothing else', async () => {
    const { blobs, folder } = await newStore()
    const { hash } = await blobs.put('young')
    await blobs.put('hello')
    await age(fileOf(folder, HELLO), 1)
    expect(await blobs.sweep()).toEqual({ removed: 1, bytes: 5 })
    expect(await blobs.info(HELLO)).toBeNull()
    expect((await blobs.bytes(hash)).toString()).toBe('young')
    expect(await blobs.usage()).toMatchObject({ blobs: 1, bytes: 5 })
    expect(await filesIn(folder)).toEqual([hash.slice(7)])
  })

  test('storing again keeps it, also against sweeps at the same time', async () => {
    const { blobs, folder } = await newStore()
    const other = blobStore({ url: `folder:${folder}` })
    for (let round = 0; round < 40; round++) {
      await blobs.put('hello')
      await age(fileOf(folder, HELLO), 1)
      await Promise.all([blobs.put('hello'), other.sweep(), blobs.sweep()])
      expect((await blobs.bytes(HELLO)).toString()).toBe('hello')
    }
  })

  test('removes what killed processes left half-written', async () => {
    const { blobs, folder } = await newStore()
    await blobs.put('hello')
    await writeFile(join(folder, 'tmp', 'young.part'), '')
    await blobs.sweep()
    expect(await filesIn(folder)).toHaveLength(2)
  })
})

test('a temporary store is gone when it is closed', async () => {
  const blobs = blobStore('temporary:')
  await blobs.put('hello')
  const path = await blobs.withFile(HELLO, (file) => file)
  expect(existsSync(path)).toBe(true)
  await blobs.close()
  expect(existsSync(path)).toBe(false)
  expect(await blobs.info(HELLO)).toBeNull()
})

test('options are checked', () => {
  expect(() => blobStore('ftp://host/blobs')).toThrow(/neither folder:PATH nor s3/)
  expect(() => blobStore({ url: 'folder:x', maxBytes: 0 })).toThrow(/blobs\.maxBytes is 0/)
  expect(() => blobStore({ url: 'folder:x', quotaBytes: Number.NaN })).toThrow(/blobs\.quotaBytes/)
  expect(() => blobStore({ url: 'folder:x', keep: '1s' })).toThrow(/blobs\.keep/)
})
