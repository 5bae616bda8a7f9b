import fc from 'fast-check'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { type ImageInput, imageSchema } from '../../../src/tasks/image/payload.ts'
import { stagesOf } from '../../../src/tasks/image/pipeline.ts'
import { type Rendered, render } from '../../../src/tasks/image/render.ts'
import { BLOCK, blockPicture, COLOURS } from './blocks.ts'

/** Renders by a payload, as the task does. */
const run = async (
  input: Buffer,
  given: Omit<ImageInput, 'source'> = {},
  signal = AbortSignal.timeout(20_000),
) => {
  const { operations, output } = imageSchema.parse({ source: 'x', ...given })
  const rendered: Rendered[] = []
  const facts = await render(input, {
    operations,
    outputs: [output].flat(),
    signal,
    onRendered: (one) => void rendered.push(one),
  })
  return { facts, rendered, first: rendered[0] as Rendered }
}

/** The colours in the middle of each block, named by their place in COLOURS. */
const blocks = async (data: Buffer): Promise<string> => {
  const { data: raw, info } = await sharp(data).removeAlpha().raw().toBuffer({ resolveWithObject: true })
  const rows: string[] = []
  for (let y = BLOCK / 2; y < info.height; y += BLOCK) {
    let row = ''
    for (let x = BLOCK / 2; x < info.width; x += BLOCK) {
      const at = (y * info.width + x) * 3
      const distance = (colour: readonly number[]): number =>
        colour.reduce((sum, value, i) => sum + Math.abs(value - (raw[at + i] as number)), 0)
      const nearest = COLOURS.map((colour, i) => [distance(colour), i] as const).sort(
        (a, b) => a[0] - b[0],
      )[0]
      row += nearest === undefined || nearest[0] > 60 ? '?' : nearest[1]
    }
    rows.push(row)
  }
  return rows.join('/')
}

describe('rendering', () => {
  test.each(['jpeg', 'png', 'webp', 'avif', 'gif'] as const)('reads and writes %s', async (format) => {
    const input = await blockPicture()[format]().toBuffer()
    const { facts, first } = await run(input)
    expect(facts).toEqual({ format, width: 60, height: 40, frames: 1, bytes: input.length })
    expect(first).toMatchObject({ name: null, format, width: 60, height: 40 })
    const { format: seen } = await sharp(first.data).metadata()
    expect(seen).toBe(format === 'avif' ? 'heif' : format)
    expect(await blocks(first.data)).toBe('012/345')
  })

  // EXIF 2.32, table 6: where row 0 and column 0 of the stored picture belong.
  test.each([
    [1, '012/345'],
    [2, '210/543'],
    [3, '543/210'],
    [4, '345/012'],
    [5, '03/14/25'],
    [6, '30/41/52'],
    [7, '52/41/30'],
    [8, '25/14/03'],
  ])('a photo of orientation %i comes out upright, and says so no more', async (orientation, upright) => {
    const input = await blockPicture().jpeg({ quality: 95 }).withMetadata({ orientation }).toBuffer()
    const { facts, first } = await run(input, { output: { format: 'png' } })
    expect(await blocks(first.data)).toBe(upright)
    expect([facts.width, facts.height]).toEqual(orientation < 5 ? [60, 40] : [40, 60])
    const kept = await run(input, { output: { metadata: true } })
    expect((await sharp(kept.first.data).metadata()).orientation ?? 1).toBe(1)
  })

  test.each([
    [[{ crop: { left: 20, width: 40, height: 20 } }], '12'],
    [[{ rotate: 90 }], '30/41/52'],
    [[{ rotate: 180 }], '543/210'],
    [[{ flip: 'horizontal' }], '210/543'],
    [[{ flip: 'vertical' }], '345/012'],
    [[{ rotate: 90 }, { crop: { width: 40, height: 20 } }], '30'],
    [[{ crop: { width: 40, height: 20 } }, { rotate: 90 }], '0/1'],
    [[{ crop: { width: 40, height: 40 } }, { crop: { left: 20, width: 20, height: 40 } }], '1/4'],
    [[{ resize: { width: 120, height: 80 } }, { crop: { width: 40, height: 40 } }], '00/00'],
    [[{ flip: 'horizontal' }, { crop: { width: 20, height: 40 } }, { flip: 'vertical' }], '5/2'],
  ] satisfies [ImageInput['operations'], string][])('%j', async (operations, seen) => {
    const { first } = await run(await blockPicture().png().toBuffer(), { operations })
    expect(await blocks(first.data)).toBe(seen)
  })

  test('operations are done in their order, as if each were done alone', async () => {
    const input = await blockPicture().png().toBuffer()
    type Operations = NonNullable<ImageInput['operations']>
    const edge = fc.integer({ min: 14, max: 40 })
    // A crop needs 13 pixels a side; what it leaves is made larger again.
    const crop = fc
      .record({ left: fc.nat(4), top: fc.nat(4) })
      .map(
        (at): Operations => [{ crop: { ...at, width: 9, height: 8 } }, { resize: { width: 20, height: 20 } }],
      )
    const one = fc.oneof(
      fc.record({ resize: fc.record({ width: edge, height: edge }) }),
      fc.record({ rotate: fc.constantFrom(90, 180, 270) }),
      fc.record({ flip: fc.constantFrom('horizontal' as const, 'vertical' as const) }),
      fc.constant({ grayscale: true as const }),
    )
    const some = fc.array(
      fc.oneof(
        crop,
        one.map((single): Operations => [single]),
      ),
      { maxLength: 5 },
    )
    const grown = some.map((lists) => lists.flat())
    await fc.assert(
      fc.asyncProperty(grown, async (operations) => {
        const together = await run(input, { operations, output: { format: 'png' } })
        let alone: Buffer = input
        for (const one of operations)
          alone = (await run(alone, { operations: [one], output: { format: 'png' } })).first.data
        const [a, b] = await Promise.all(
          [alone, together.first.data].map((one) => sharp(one).removeAlpha().raw().toBuffer()),
        )
        expect(together.first.width).toBe((await sharp(alone).metadata()).width)
        const differences = [...(a as Buffer)].map((value, i) => Math.abs(value - (b?.[i] ?? Number.NaN)))
        expect(Math.max(0, ...differences)).toBeLessThanOrEqual(2)
      }),
      { numRuns: 60 },
    )
  })

  test('the usual list needs one pipeline', () => {
    const { operations } = imageSchema.parse({
      source: 'x',
      operations: [{ crop: { width: 9, height: 9 } }, { resize: { width: 5 } }, { sharpen: true }],
    })
    expect(stagesOf(operations)).toHaveLength(1)
  })

  test('several sizes come of one source, each with its own wishes', async () => {
    const { rendered } = await run(await blockPicture().jpeg().toBuffer(), {
      operations: [{ flip: 'horizontal' }],
      output: [
        { name: 'large', resize: { width: 120 } },
        { name: 'thumb', resize: { width: 10, height: 10 }, format: 'webp', quality: 50 },
        { name: 'tall', operations: [{ rotate: 90 }], format: 'png' },
      ],
    })
    expect(rendered.map(({ name, format, width, height }) => [name, format, width, height])).toEqual([
      ['large', 'jpeg', 120, 80],
      ['thumb', 'webp', 10, 10],
      ['tall', 'png', 40, 60],
    ])
    expect(new Set(rendered.map(({ sha256 }) => sha256)).size).toBe(3)
  })

  test('a small picture is not made larger when that is not wanted', async () => {
    const { first } = await run(await blockPicture().png().toBuffer(), {
      operations: [{ resize: { width: 600, enlarge: false } }],
    })
    expect(first.width).toBe(60)
  })

  test('metadata goes unless it is asked for', async () => {
    const input = await blockPicture()
      .jpeg()
      .withExif({ IFD0: { Copyright: 'Ada' }, IFD3: { GPSLatitudeRef: 'N' } })
      .toBuffer()
    const operations = [{ rotate: 180 }, { resize: { width: 30 } }]
    expect((await sharp((await run(input, { operations })).first.data).metadata()).exif).toBeUndefined()
    const kept = await run(input, { operations, output: { metadata: true } })
    expect((await sharp(kept.first.data).metadata()).exif?.includes('Ada')).toBe(true)
  })

  test('what is transparent lies on white in a JPEG', async () => {
    const input = await sharp({ create: { width: 8, height: 8, channels: 4, background: '#ff000000' } })
      .png()
      .toBuffer()
    const { first } = await run(input, { output: { format: 'jpeg' } })
    expect((await sharp(first.data).raw().toBuffer())[0]).toBeGreaterThan(250)
  })

  test('an animation stays one when it is asked to', async () => {
    const frames = [0, 1, 2].map((i) =>
      sharp({ create: { width: 8, height: 8, channels: 3, background: { r: 99 * i, g: 0, b: 0 } } })
        .png()
        .toBuffer(),
    )
    const input = await sharp(await Promise.all(frames), { join: { animated: true } })
      .gif()
      .toBuffer()
    const { first } = await run(input, {
      operations: [{ resize: { width: 4 } }],
      output: { animated: true, format: 'webp' },
    })
    expect(await sharp(first.data).metadata()).toMatchObject({ pages: 3, width: 4, height: 4 })
    expect(first.height).toBe(4)
    expect((await sharp((await run(input)).first.data).metadata()).pages ?? 1).toBe(1)
    await expect(run(input, { output: { animated: true, format: 'png' } })).rejects.toMatchObject({
      code: 'E_IMAGE',
    })
  })
})

describe('images that must not be trusted', () => {
  const refused = async (input: Buffer, words: RegExp, given: Omit<ImageInput, 'source'> = {}) => {
    await expect(run(input, given)).rejects.toMatchObject({
      code: 'E_IMAGE',
      message: expect.stringMatching(words),
    })
  }

  test('a bomb of 100 megapixels is refused by its header', async () => {
    const bomb = await sharp({ create: { width: 10_000, height: 10_000, channels: 3, background: '#000' } })
      .png()
      .toBuffer()
    expect(bomb.length).toBeLessThan(1_000_000)
    await refused(bomb, /100 megapixels/)
  })

  test('a truncated JPEG is refused', async () => {
    const whole = await blockPicture().resize(600).jpeg().toBuffer()
    await refused(whole.subarray(0, whole.length / 2), /cannot be used/)
  })

  test.each([
    [
      'an SVG with an external entity',
      Buffer.from(
        '<?xml version="1.0"?><!DOCTYPE s [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg xmlns="http://www.w3.org/2000/svg"><text>&x;</text></svg>',
      ),
    ],
    ['a PDF', Buffer.from('%PDF-1.7\n')],
    ['nothing', Buffer.alloc(0)],
    ['text', Buffer.from('hello')],
    ['a TIFF', Buffer.from('II*\0\x08\0\0\0', 'latin1')],
  ])('%s is refused', async (_, input) => {
    await refused(input, /none of jpeg/)
  })

  test('an SVG that calls itself a PNG by its first bytes is refused by the reader', async () => {
    await refused(
      Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), Buffer.from('<svg/>')]),
      /cannot be used/,
    )
  })

  test('readers of other formats are shut', async () => {
    await run(await blockPicture().png().toBuffer())
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')
    await expect(sharp(svg).png().toBuffer()).rejects.toThrow()
  })

  test('a crop outside the image says so', async () => {
    await refused(await blockPicture().png().toBuffer(), /extract/i, {
      operations: [{ crop: { left: 50, width: 20, height: 5 } }],
    })
  })

  test('what would come out too large is refused', async () => {
    const thin = await sharp({ create: { width: 1, height: 100, channels: 3, background: '#000' } })
      .png()
      .toBuffer()
    await refused(thin, /8192 a side/, { operations: [{ resize: { width: 100 } }] })
  })

  test('an aborted run stops between outputs', async () => {
    const stop = AbortSignal.abort(new Error('stop'))
    await expect(run(await blockPicture().png().toBuffer(), {}, stop)).rejects.toThrow('stop')
  })
})
