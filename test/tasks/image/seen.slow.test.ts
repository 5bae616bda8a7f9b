import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ImageInput, ImageJobOutput } from 'posthaste/tasks/image'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ensureBuilt } from '../../cli/program.ts'
import { blockPicture, blocksSeen, middles, UPRIGHT } from './blocks.ts'
import { type ImageLab, imageLab } from './lab.ts'
import { openViewer, type Viewer } from './viewer.ts'

/** What the task stores, looked at by a browser: its decoders share nothing with the library that wrote the pictures. */

const FORMATS = ['jpeg', 'png', 'webp', 'avif', 'gif'] as const

let viewer: Viewer
beforeAll(async () => {
  await ensureBuilt()
  viewer = await openViewer()
}, 150_000)
afterAll(() => viewer?.close())

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** Runs the job and looks at each of its results. */
const look = async ({ run, ph, files }: ImageLab, payload: ImageInput, expected: readonly string[]) => {
  const job = await run(payload)
  expect([job.state, job.lastError]).toEqual(['completed', null])
  const { outputs } = job.output as ImageJobOutput
  expect(outputs).toHaveLength(expected.length)
  for (const [i, { name, format, blob, file, ...facts }] of outputs.entries()) {
    const bytes = file === undefined ? await ph.blobs.bytes(blob ?? '') : await readFile(join(files, file))
    // The same bytes are named by the output, by the reference and by what is kept.
    expect([sha256(bytes), bytes.length]).toEqual([facts.sha256, facts.bytes])
    if (blob !== undefined) expect(blob.$blob).toBe(`sha256:${facts.sha256}`)
    const rows = expected[i] ?? ''
    const seen = await viewer.see(bytes, `image/${format}`, middles(rows))
    expect({ name, width: seen.width, height: seen.height, rows: blocksSeen(seen, rows) }).toEqual({
      ...{ name, width: facts.width, height: facts.height, rows },
    })
  }
}

describe('Chromium sees', () => {
  test('photos of all eight orientations upright, in every format', async () => {
    const lab = await imageLab()
    for (const [orientation, rows] of Object.entries(UPRIGHT)) {
      const photo = await blockPicture()
        .jpeg({ quality: 95 })
        .withMetadata({ orientation: Number(orientation) })
        .toBuffer()
      await writeFile(join(lab.files, `${orientation}.jpg`), photo)
      // The browser agrees about what is upright.
      expect(blocksSeen(await viewer.see(photo, 'image/jpeg', middles(rows)), rows)).toBe(rows)
      const output = [
        ...FORMATS.map((format) => ({ name: format, format })),
        // Nothing that is kept may have it turned again.
        ...(['jpeg', 'webp'] as const).map((format) => ({
          ...{ name: `${format}-with-metadata`, format, metadata: true, file: `${orientation}/${format}` },
        })),
      ]
      await look(lab, { source: { file: `${orientation}.jpg` }, output }, Array(output.length).fill(rows))
    }
  })

  test('crops, turns, flips and sizes as they were asked for', async () => {
    const lab = await imageLab()
    const { hash } = await lab.ph.blobs.put(await blockPicture().png().toBuffer())
    const wanted: [NonNullable<ImageInput['operations']>, string][] = [
      [[{ crop: { left: 20, width: 40, height: 20 } }], '12'],
      [[{ rotate: 90 }], '30/41/52'],
      [[{ flip: 'vertical' }, { crop: { width: 40, height: 20 } }], '34'],
      [[{ resize: { width: 120, height: 80 } }], '012/345'],
      [[{ resize: { width: 30, height: 40, fit: 'cover' } }], '1/4'],
    ]
    const output = wanted.flatMap(([operations], i) =>
      FORMATS.map((format) => ({ name: `${i}-${format}`, format, operations })),
    )
    const expected = wanted.flatMap(([, rows]) => FORMATS.map(() => rows))
    await look(lab, { source: { $blob: hash }, output: output.slice(0, 20) }, expected.slice(0, 20))
    await look(lab, { source: { $blob: hash }, output: output.slice(20) }, expected.slice(20))
  })

  test('what is transparent as it was, or the background in a JPEG', async () => {
    const lab = await imageLab()
    const clear = await blockPicture().ensureAlpha(0).png().toBuffer()
    const output = [
      ...(['png', 'webp', 'avif', 'gif'] as const).map((format) => ({ name: format, format })),
      { name: 'jpeg', format: 'jpeg' as const, background: '#00ff00' },
    ]
    const source = { $base64: clear.toString('base64') }
    const { outputs } = (await lab.run({ source, output })).output as ImageJobOutput
    const seen = []
    for (const { format, blob } of outputs) {
      const bytes = await lab.ph.blobs.bytes(blob ?? '')
      const { colours } = await viewer.see(bytes, `image/${format}`, [[0.5, 0.5]])
      const [red = 255, green = 0, , opacity] = colours[0] ?? []
      seen.push([format, format === 'jpeg' ? red < 10 && green > 245 : opacity])
    }
    expect(seen).toEqual([
      ['png', 0],
      ['webp', 0],
      ['avif', 0],
      ['gif', 0],
      ['jpeg', true],
    ])
  })
})
