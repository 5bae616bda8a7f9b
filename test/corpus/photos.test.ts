import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { imageSchema } from '../../src/tasks/image/payload.ts'
import { type Rendered, render } from '../../src/tasks/image/render.ts'
import { corpusBytes, corpusNames, score } from './corpus.ts'

const run = async (name: string): Promise<Rendered> => {
  const { operations, output } = imageSchema.parse({
    source: 'x',
    operations: [{ resize: { width: 60, height: 60, fit: 'inside' } }],
    output: { format: 'png' },
  })
  const rendered: Rendered[] = []
  await render(await corpusBytes('photos', name), {
    ...{ operations, outputs: [output].flat(), signal: AbortSignal.timeout(30_000) },
    onRendered: (one) => void rendered.push(one),
  })
  return rendered[0] as Rendered
}
const pixels = ({ data }: Rendered): Promise<Buffer> => sharp(data).greyscale().raw().toBuffer()

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
