import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { posthaste } from 'posthaste'
import { type ImageInput, type ImageJobOutput, imagePack } from 'posthaste/tasks/image'
import sharp from 'sharp'
import { expect, onTestFinished, test } from 'vitest'

/** A whole installation with a worker, and a folder of files. */
const installation = async (allow: readonly string[] = []) => {
  const folder = await mkdtemp(join(tmpdir(), 'posthaste-image-'))
  const files = join(folder, 'files')
  await mkdir(files)
  const ph = await posthaste({
    engine: `sqlite:${join(folder, 'jobs.db')}`,
    packs: [imagePack({ files, allow })],
  })
  const worker = ph.work({ concurrency: 2 })
  onTestFinished(async () => {
    await worker.stop({ grace: 0 })
    await ph.close()
    await rm(folder, { recursive: true, force: true })
  })
  const run = async (payload: ImageInput | object) => {
    const { id } = await ph.add('image', payload)
    return await ph.waitFor(id, { timeout: '30s' })
  }
  return { ph, files, run }
}
const png = (width = 60, height = 40): Promise<Buffer> =>
  sharp({ create: { width, height, channels: 3, background: '#36c' } })
    .png()
    .toBuffer()
const serve = async (
  answer: Parameters<typeof createServer>[1],
): Promise<{ url: string; server: Server }> => {
  const server = createServer(answer as never)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

test('a file becomes files', async () => {
  const { files, run } = await installation()
  await writeFile(join(files, 'a.png'), await png())
  const output = [
    { name: 'small', resize: { width: 30 }, format: 'webp', file: 'out/small.webp' },
    { name: 'square', resize: { width: 20, height: 20 }, file: 'out/square.png' },
  ]
  const job = await run({ source: 'a.png', output })
  expect(job).toMatchObject({ state: 'completed', progress: { done: 2, of: 2 } })
  const { source, outputs } = job.output as ImageJobOutput
  expect(source).toMatchObject({ format: 'png', width: 60, height: 40 })
  for (const { file, sha256, bytes, width, height, format } of outputs) {
    const written = await readFile(join(files, file as string))
    expect(createHash('sha256').update(written).digest('hex')).toBe(sha256)
    expect(await sharp(written).metadata()).toMatchObject({ format, width, height, size: bytes })
  }
  expect(outputs.map(({ width, height }) => [width, height])).toEqual([
    [30, 20],
    [20, 20],
  ])
})

test('a blob becomes a blob, which another job can take as it is', async () => {
  const { ph, run } = await installation()
  const { hash } = await ph.blobs.put(await png())
  const first = (await run({ source: { $blob: hash }, output: { format: 'jpeg', name: 'photo' } }))
    .output as ImageJobOutput
  const { blob } = first.outputs[0] ?? {}
  expect(blob).toMatchObject({ name: 'photo.jpg', type: 'image/jpeg' })
  const second = await run({ source: blob, output: { resize: { width: 10 } } })
  expect((second.output as ImageJobOutput).source.format).toBe('jpeg')
})

test('an image is fetched from where it may be fetched', async () => {
  const body = await png()
  const { url } = await serve((_, response) => void response.end(body))
  const { host } = new URL(url)
  const { run } = await installation([host])
  expect((await run({ url: `${url}/a.png`, width: 30, height: 30 })).output).toMatchObject({
    outputs: [{ width: 30, height: 20, format: 'png' }],
  })
  const closed = await installation()
  const job = await closed.run({ source: `${url}/a.png` })
  expect([job.state, job.lastError?.code]).toEqual(['dead', 'E_URL_REFUSED'])
})

test.each([
  [404, 'dead', 'E_IMAGE'],
  [503, 'retrying', 'E_REQUEST_FAILED'],
])('a server that answers %i: %s', async (status, state, code) => {
  const { url } = await serve((_, response) => void response.writeHead(status).end('no'))
  const { ph } = await installation([new URL(url).host])
  const { id } = await ph.add('image', { source: `${url}/a.png` })
  await expect.poll(async () => (await ph.get(id))?.state, { timeout: 15_000 }).toBe(state)
  expect((await ph.get(id))?.lastError?.code).toBe(code)
})

test.each([
  [{ source: { file: '../jobs.db' } }, 'E_FILE'],
  [{ source: { file: 'missing.png' } }, 'E_FILE'],
  [{ source: { $blob: `sha256:${'0'.repeat(64)}` } }, 'E_BLOB_MISSING'],
  [{ source: { $base64: Buffer.from('no image').toString('base64') } }, 'E_IMAGE'],
])('%j ends dead with %s', async (payload, code) => {
  const { run } = await installation()
  const job = await run(payload)
  expect([job.state, job.lastError?.code]).toEqual(['dead', code])
})

test('a payload that is wrong is refused when it is added, naming the field', async () => {
  const { ph } = await installation()
  await expect(ph.add('image', { source: 'a.png', output: { width: 3 } })).rejects.toMatchObject({
    code: 'E_PAYLOAD',
  })
})
