import sharp, { type Sharp } from 'sharp'
import type { Point, Seen } from './viewer.ts'

/** Three by two blocks, each of another colour, so that every turn and flip shows. */
export const COLOURS = [
  [250, 10, 10],
  [10, 250, 10],
  [10, 10, 250],
  [240, 240, 20],
  [20, 240, 240],
  [240, 20, 240],
] as const
/** Pixels. */
export const BLOCK = 20

export const blockPicture = (): Sharp => {
  const [width, height] = [3 * BLOCK, 2 * BLOCK]
  const raw = Buffer.alloc(width * height * 3)
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      raw.set(
        COLOURS[Math.floor(y / BLOCK) * 3 + Math.floor(x / BLOCK)] as readonly number[],
        (y * width + x) * 3,
      )
  return sharp(raw, { raw: { width, height, channels: 3 } })
}

/** EXIF 2.32, table 6: the picture that a stored one of this orientation is meant to be, row by row. */
export const UPRIGHT: Readonly<Record<number, string>> = {
  1: '012/345',
  2: '210/543',
  3: '543/210',
  4: '345/012',
  5: '03/14/25',
  6: '30/41/52',
  7: '52/41/30',
  8: '25/14/03',
}

/** The number of the colour that this one is meant to be, or `?`. */
const nameOf = (colour: readonly number[]): string => {
  const distances = COLOURS.map((one) =>
    one.reduce((sum, value, i) => sum + Math.abs(value - (colour[i] ?? Number.NaN)), 0),
  )
  const least = Math.min(...distances)
  return least <= 60 ? String(distances.indexOf(least)) : '?'
}

/** The middle of each of so many columns and rows. */
export const middles = (rows: string): Point[] => {
  const lines = rows.split('/')
  return lines.flatMap((line, y) =>
    [...line].map((_, x): Point => [(x + 0.5) / line.length, (y + 0.5) / lines.length]),
  )
}

/** What was seen in the middle of each block, written as `expected` is. */
export const blocksSeen = ({ colours }: Seen, expected: string): string => {
  let at = 0
  return expected.replaceAll(/\d/g, () => nameOf(colours[at++] ?? []))
}
