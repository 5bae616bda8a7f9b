import type { Sharp } from 'sharp'
import { PIXELS_MAX } from './limits.ts'
import type { ImageOperation, ImageOutput } from './payload.ts'
import type { ImageFormat } from './sniff.ts'

export type SharpFactory = typeof import('sharp').default

type Kind = 'resize' | 'crop' | 'rotate' | 'flip' | 'blur' | 'sharpen' | 'grayscale'

/**
 * Places that an operation can have in one pipeline of libvips, which does them in this order, however they were asked
 * for. Turning has none: it is a pipeline of its own, because the first one turns photos upright already.
 */
const PLACES: Readonly<Record<Kind, readonly number[]>> = {
  ...{ crop: [0, 3], grayscale: [1], resize: [2], blur: [4], sharpen: [5] },
  ...{ rotate: [], flip: [] },
}

/** The operations in groups that one pipeline does in their order. */
export const stagesOf = (operations: readonly ImageOperation[]): ImageOperation[][] => {
  const stages: ImageOperation[][] = []
  let last = Number.POSITIVE_INFINITY
  for (const operation of operations) {
    const places = PLACES[Object.keys(operation)[0] as Kind]
    const next = places.find((place) => place > last)
    if (next === undefined) stages.push([operation])
    else stages.at(-1)?.push(operation)
    last = next ?? places[0] ?? Number.POSITIVE_INFINITY
  }
  return stages
}

const CLEAR = { r: 0, g: 0, b: 0, alpha: 0 }

const apply = (image: Sharp, operation: ImageOperation): Sharp => {
  if ('resize' in operation) {
    const { width, height, fit, position, background, enlarge } = operation.resize
    return image.resize({
      ...(width !== undefined && { width }),
      ...(height !== undefined && { height }),
      ...{ fit, position, background: background ?? CLEAR, withoutEnlargement: !enlarge },
    })
  }
  if ('crop' in operation) return image.extract(operation.crop)
  if ('rotate' in operation) {
    const { rotate } = operation
    const { degrees, background } = typeof rotate === 'number' ? { degrees: rotate } : rotate
    return image.rotate(degrees, { background: background ?? CLEAR })
  }
  if ('flip' in operation) return operation.flip === 'vertical' ? image.flip() : image.flop()
  if ('blur' in operation) return image.blur(operation.blur)
  if ('sharpen' in operation) return image.sharpen()
  return image.grayscale()
}

const READING = { failOn: 'error', limitInputPixels: PIXELS_MAX } as const

const encode = (image: Sharp, format: ImageFormat, { quality, background }: ImageOutput): Sharp => {
  const options = quality === undefined ? {} : { quality }
  switch (format) {
    case 'jpeg':
      // Without a background, what is transparent would come out black.
      return image.flatten({ background }).jpeg({ ...options, mozjpeg: false })
    case 'png':
      return image.png(options)
    case 'webp':
      return image.webp(options)
    case 'avif':
      return image.avif(options)
    case 'gif':
      return image.gif()
  }
}

export interface Picture {
  readonly data: Buffer
  readonly width: number
  readonly height: number
}

/**
 * One picture made of the bytes of another one: turned upright, then the operations in their order.
 * @param frames of an animation that are read; more than one only when the output is to stay one
 * @throws what libvips says of bytes that it cannot read, of a crop outside the image and the like
 */
export const draw = async (
  sharp: SharpFactory,
  input: Buffer,
  format: ImageFormat,
  operations: readonly ImageOperation[],
  output: ImageOutput,
  frames: number,
): Promise<Picture> => {
  const keep = (image: Sharp): Sharp => (output.metadata ? image.keepMetadata() : image)
  const stages = stagesOf(operations)
  let bytes = input
  for (const [i, stage] of stages.slice(0, -1).entries()) {
    // Between pipelines the picture is kept whole: stored, not compressed.
    const image = stage.reduce(apply, sharp(bytes, { ...READING, autoOrient: i === 0 }))
    bytes = await keep(image).png({ compressionLevel: 0 }).toBuffer()
  }
  const isFirst = stages.length < 2
  const image = (stages.at(-1) ?? []).reduce(
    apply,
    sharp(bytes, { ...READING, pages: frames, autoOrient: isFirst }),
  )
  const { data, info } = await encode(keep(image), format, output).toBuffer({ resolveWithObject: true })
  return { data, width: info.width, height: info.pageHeight ?? info.height }
}
