import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { ImageJobOutput } from 'posthaste/tasks/image'
import sharp from 'sharp'
import { expect, onTestFinished, test } from 'vitest'
import { imageLab } from './lab.ts'

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
  const { files, run } = await imageLab()
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
  const { ph, run } = await imageLab()
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
  const { run } = await imageLab([host])
  expect((await run({ url: `${url}/a.png`, width: 30, height: 30 })).output).toMatchObject({
    outputs: [{ width: 30, height: 20, format: 'png' }],
  })
  const closed = await imageLab()
  const job = await closed.run({ source: `${url}/a.png` })
  expect([job.state, job.lastError?.code]).toEqual(['dead', 'E_URL_REFUSED'])
})

test.each([
  [404, 'dead', 'E_IMAGE'],
  [503, 'retrying', 'E_REQUEST_FAILED'],
])('a server that answers %i: %s', async (status, state, code) => {
  const { url } = await serve((_, response) => void response.writeHead(status).end('no'))
  const { ph } = await imageLab([new URL(url).host])
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
  const { run } = await imageLab()
  const job = await run(payload)
  expect([job.state, job.lastError?.code]).toEqual(['dead', code])
})

test('a payload that is wrong is refused when it is added, naming the field', async () => {
  const { ph } = await imageLab()
  await expect(ph.add('image', { source: 'a.png', output: { width: 3 } })).rejects.toMatchObject({
    code: 'E_PAYLOAD',
  })
})
