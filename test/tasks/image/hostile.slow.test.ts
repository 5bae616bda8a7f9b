import { writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { join } from 'node:path'
import type { ImageJobOutput } from 'posthaste/tasks/image'
import sharp from 'sharp'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { ensureBuilt } from '../../cli/program.ts'
import { gifOfFrames, hostilePictures, webpOfFrames } from './hostile-pictures.ts'
import { imageLab } from './lab.ts'

/** Hostile pictures through the whole: file, job, child process, and what the job says afterwards. */

beforeAll(ensureBuilt, 150_000)

/** Counts who connects. */
const listener = async () => {
  let connections = 0
  const server = createServer((socket) => {
    connections++
    socket.destroy()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { url, connections: () => connections }
}

test('hostile pictures end dead with their reason, one try each, and their neighbours are made', async () => {
  const { url, connections } = await listener()
  // The address is allowed for sources: only a reader that follows what a picture says could go there.
  const { ph, worker, files, run } = await imageLab([new URL(url).host])
  const good = await sharp({ create: { width: 40, height: 30, channels: 3, background: '#3c6' } })
    .png()
    .toBuffer()
  await writeFile(join(files, 'good.png'), good)
  const pictures = await hostilePictures(url)
  const seen = await Promise.all(
    pictures.map(async ([name, bytes, says]) => {
      await writeFile(join(files, name), bytes)
      const output = { resize: { width: 10 }, format: 'png' }
      const [job, neighbour] = await Promise.all([
        run({ source: { file: name }, output }),
        run({ source: { file: 'good.png' }, output: { ...output, file: `made/${name}.png` } }),
      ])
      const { message = '', code } = job.lastError ?? {}
      return {
        ...{ name, state: job.state, code, attempt: job.attempt, says: says.test(message) ? says : message },
        neighbour: [neighbour.state, neighbour.attempt],
      }
    }),
  )
  expect(seen).toEqual(
    pictures.map(([name, , says]) => ({
      ...{ name, state: 'dead', code: 'E_IMAGE', attempt: 1, says, neighbour: ['completed', 1] },
    })),
  )
  expect(connections()).toBe(0)
  expect(worker.mode).toBe('running')
  expect(worker.stats()).toMatchObject({ waiting: 0, settling: 0 })
  expect((await ph.stats()).states).toMatchObject({ dead: pictures.length, completed: pictures.length })
})

test('animations are bounded: one frame unless more are asked for, a hundred at most, within the bound of pixels', async () => {
  const { files, run, worker } = await imageLab()
  const animations = {
    'many.gif': gifOfFrames(5_000, 20, 20),
    'many.webp': await webpOfFrames(5_000, 20, 20),
    'large.gif': gifOfFrames(5_000, 1_000, 1_000),
    'large.webp': await webpOfFrames(5_000, 1_000, 1_000),
  }
  for (const [name, bytes] of Object.entries(animations)) await writeFile(join(files, name), bytes)

  for (const file of ['many.gif', 'many.webp']) {
    const still = await run({ source: { file }, output: { format: 'png' } })
    const { source, outputs } = still.output as ImageJobOutput
    expect([still.state, source.frames, outputs[0]?.height]).toEqual(['completed', 5_000, 20])
    const moving = await run({ source: { file }, output: { animated: true, file: `moving-${file}` } })
    expect(moving.state).toBe('completed')
    expect((await sharp(join(files, `moving-${file}`)).metadata()).pages ?? 1).toBeLessThanOrEqual(100)
  }
  for (const [file, output, says] of [
    ['large.gif', { animated: true }, /pixel limit/],
    ['large.webp', { animated: true }, /pixel limit/],
    ['many.webp', { animated: true, format: 'png' }, /can be gif or webp, not png/],
  ] as const) {
    const { state, lastError } = await run({ source: { file }, output })
    expect([file, state, lastError?.code]).toEqual([file, 'dead', 'E_IMAGE'])
    expect(lastError?.message).toMatch(says)
  }
  expect(worker.mode).toBe('running')
})
