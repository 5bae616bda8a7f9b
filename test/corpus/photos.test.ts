import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { imageSchema } from '../../src/tasks/image/payload.ts'
import { type Rendered, render } from '../../src/tasks/image/render.ts'
import { openViewer, type Point, type Viewer } from '../tasks/image/viewer.ts'
import { corpusBytes, corpusNames, score } from './corpus.ts'

const SMALL = {
  operations: [{ resize: { width: 60, height: 60, fit: 'inside' } }],
  output: { format: 'png' },
}

const run = async (name: string, wishes: object = SMALL): Promise<Rendered> => {
  const { operations, output } = imageSchema.parse({ source: 'x', ...wishes })
  const rendered: Rendered[] = []
  await render(await corpusBytes('photos', name), {
    ...{ operations, outputs: [output].flat(), signal: AbortSignal.timeout(30_000) },
    onRendered: (one) => void rendered.push(one),
  })
  return rendered[0] as Rendered
}
const pixels = ({ data }: Rendered): Promise<Buffer> => sharp(data).greyscale().raw().toBuffer()

let viewer: Viewer
beforeAll(async () => {
  viewer = await openViewer()
}, 60_000)
afterAll(() => viewer?.close())

describe('photos', () => {
  test('in every orientation come out upright: the same picture nine times', async () => {
    const upright = await run('Landscape_1.jpg')
    const expected = await pixels(upright)
    const names = (await corpusNames('photos')).filter((name) => name.startsWith('Landscape_'))
    let good = 0
    for (const name of names) {
      const seen = await run(name)
      expect([name, seen.width, seen.height]).toEqual([name, upright.width, upright.height])
      const raw = await pixels(seen)
      // The file says its orientation in small print in a corner; the rest is the same but for its compression.
      const difference =
        raw.reduce((sum, value, i) => sum + Math.abs(value - (expected[i] ?? 0)), 0) / raw.length
      expect(difference, name).toBeLessThan(8)
      good += 1
    }
    score('photos upright', good, names.length)
    expect(names).toHaveLength(9)
  })

  test('look in Chromium as they looked there before', async () => {
    const steps = Array.from({ length: 12 }, (_, i) => (i + 0.5) / 12)
    const points = steps.flatMap((y) => steps.map((x): Point => [x, y]))
    const names = (await corpusNames('photos')).filter((name) => name.startsWith('Landscape_'))
    let good = 0
    for (const name of names) {
      // The browser turns the source by its EXIF itself; what comes out has none, and its own pixels are upright.
      const before = await viewer.see(await corpusBytes('photos', name), 'image/jpeg', points)
      const made = await run(name, { output: { format: 'jpeg', quality: 95 } })
      const after = await viewer.see(made.data, 'image/jpeg', points)
      expect([name, after.width, after.height]).toEqual([name, before.width, before.height])
      const colours = before.colours.flat()
      const others = after.colours.flat()
      const difference = colours.reduce((sum, value, i) => sum + Math.abs(value - (others[i] ?? 0)), 0)
      expect(difference / colours.length, name).toBeLessThan(8)
      good += 1
    }
    score('photos that look the same in Chromium', good, names.length)
    expect(names).toHaveLength(9)
  })

  test('of other kinds are read, or refused for what they are', async () => {
    const outcome = async (name: string) =>
      await run(name).then(
        ({ width }) => width > 0,
        ({ code }: { code: string }) => code,
      )
    const names = (await corpusNames('photos')).filter((name) => !name.startsWith('Landscape_'))
    const seen = Object.fromEntries(await Promise.all(names.map(async (name) => [name, await outcome(name)])))
    expect(seen).toEqual({
      ...{ '8bit_depth.tiff': 'E_IMAGE', 'check.svg': 'E_IMAGE', 'corrupt-header.jpg': 'E_IMAGE' },
      ...{ 'grey-plus-alpha.gif': true, 'with-alpha.png': true },
    })
  })
})
