import { createHash } from 'node:crypto'
import { PosthasteError } from '../../index.ts'
import { FRAMES_MAX, PIXELS_MAX, SIDE_MAX, SOURCE_BYTES_MAX } from './limits.ts'
import type { ImageOperation, ImageOutput } from './payload.ts'
import { draw, type SharpFactory } from './pipeline.ts'
import { FORMATS, type ImageFormat, sniff } from './sniff.ts'

/** One result with its bytes. */
export interface Rendered {
  readonly name: string | null
  readonly format: ImageFormat
  readonly width: number
  readonly height: number
  readonly data: Buffer
  readonly sha256: string
}

export interface SourceFacts {
  readonly format: ImageFormat
  /** As it is seen: after it was turned upright. */
  readonly width: number
  readonly height: number
  /** More than one: an animation. */
  readonly frames: number
  readonly bytes: number
}

const LOADERS = { jpeg: 'Jpeg', png: 'Png', webp: 'Webp', avif: 'Heif', gif: 'Nsgif' } as const

let loading: Promise<SharpFactory> | undefined

/**
 * Loads sharp, and shuts every reader in it but those of our formats: SVG, PDF and the rest can reach for files or
 * addresses, or are seldom tested against hostile bytes.
 * @throws E_DEPENDENCY when it is not installed
 */
const loadSharp = (): Promise<SharpFactory> => {
  loading ??= (async () => {
    const { default: sharp } = await import('sharp').catch((cause: unknown) => {
      loading = undefined
      const what = 'The image task needs the package sharp. Install it: npm install sharp@0.35'
      throw new PosthasteError('E_DEPENDENCY', what, { cause })
    })
    sharp.block({ operation: ['VipsForeignLoad'] })
    sharp.unblock({ operation: FORMATS.map((format) => `VipsForeignLoad${LOADERS[format]}`) })
    // A child does one image at a time: its memory is bounded, and the cores are shared out by the number of children.
    sharp.concurrency(1)
    sharp.cache(false)
    return sharp
  })()
  return loading
}

const unreadable = (why: string, cause?: unknown): PosthasteError =>
  new PosthasteError('E_IMAGE', `The image cannot be used: ${why}.`, { field: 'payload.source', cause })

/** What the header says, checked against the bounds before anything is decoded. */
const inspect = async (sharp: SharpFactory, input: Buffer): Promise<SourceFacts> => {
  if (input.length > SOURCE_BYTES_MAX)
    throw unreadable(`it is larger than ${SOURCE_BYTES_MAX / 1024 / 1024} MB`)
  const format = sniff(input)
  if (format === undefined) throw unreadable(`it is none of ${FORMATS.join(', ')}`)
  const { autoOrient: upright, pages = 1 } = await sharp(input, { limitInputPixels: false })
    .metadata()
    .catch((error: unknown) => {
      throw unreadable(reasonOf(error), error)
    })
  const { width, height } = upright
  if (width * height > PIXELS_MAX) {
    const megapixels = Math.round((width * height) / 1e6)
    throw unreadable(
      `it has ${megapixels} megapixels (${width} × ${height}); ${PIXELS_MAX / 1e6} are allowed`,
    )
  }
  return { format, width, height, frames: pages, bytes: input.length }
}

/** The first line of what libvips says; the rest are the same words of other layers. */
const reasonOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n')[0]?.trim().replace(/\.$/, '') ?? ''

const checkAnimation = (
  output: ImageOutput,
  format: ImageFormat,
  operations: readonly ImageOperation[],
): void => {
  if (!output.animated) return
  if (format !== 'gif' && format !== 'webp')
    throw new PosthasteError('E_IMAGE', `An animation can be gif or webp, not ${format}.`, {
      field: 'output.format',
    })
  if (operations.some((operation) => !('resize' in operation)))
    throw new PosthasteError('E_IMAGE', 'An animation can only be resized.', { field: 'operations' })
}

export interface RenderRequest {
  readonly operations: readonly ImageOperation[]
  readonly outputs: readonly ImageOutput[]
  readonly signal: AbortSignal
  /** Told after each output. */
  readonly onRendered: (rendered: Rendered, index: number) => void | Promise<void>
}

/**
 * Makes every output of one image, one after the other.
 * @throws E_IMAGE for bytes that are no image, a bomb, or operations that do not fit it: trying again mends nothing
 */
export const render = async (
  input: Buffer,
  { operations, outputs, signal, onRendered }: RenderRequest,
): Promise<SourceFacts> => {
  const sharp = await loadSharp()
  const facts = await inspect(sharp, input)
  for (const [index, output] of outputs.entries()) {
    signal.throwIfAborted()
    const format = output.format ?? facts.format
    const all = [...operations, ...(output.resize ? [{ resize: output.resize }] : []), ...output.operations]
    checkAnimation(output, format, all)
    const frames = output.animated ? Math.min(facts.frames, FRAMES_MAX) : 1
    const { data, width, height } = await draw(sharp, input, format, all, output, frames).catch(
      (error: unknown) => {
        throw unreadable(reasonOf(error), error)
      },
    )
    if (width > SIDE_MAX || height > SIDE_MAX)
      throw unreadable(`what comes out is ${width} × ${height}; ${SIDE_MAX} a side are allowed`)
    const sha256 = createHash('sha256').update(data).digest('hex')
    await onRendered({ name: output.name ?? null, format, width, height, data, sha256 }, index)
  }
  return facts
}
