import { z } from 'zod'
import {
  BLUR_MAX,
  INLINE_BYTES_MAX,
  NAME_LENGTH_MAX,
  OPERATIONS_MAX,
  OUTPUTS_MAX,
  PATH_LENGTH_MAX,
  SIDE_MAX,
  URL_LENGTH_MAX,
} from './limits.ts'
import { FORMATS } from './sniff.ts'

const side = z.int().min(1).max(SIDE_MAX)
const offset = z.int().min(0)
/** `#rgb`, `#rrggbb` or `#rrggbbaa`. */
const colour = z
  .string()
  .regex(/^#(?:[0-9a-f]{3}|[0-9a-f]{6}|[0-9a-f]{8})$/i, 'must be a colour such as "#ffffff"')
  .meta({ examples: ['#ffffff'] })
const path = z.string().min(1).max(PATH_LENGTH_MAX)

const POSITIONS = [
  ...['center', 'top', 'right top', 'right', 'right bottom', 'bottom', 'left bottom', 'left', 'left top'],
  ...['attention', 'entropy'],
] as const

const resize = z
  .strictObject({
    width: side.optional().describe('In pixels. Give width, height or both.'),
    height: side.optional().describe('In pixels.'),
    fit: z
      .enum(['cover', 'contain', 'fill', 'inside', 'outside'])
      .default('cover')
      .describe('As object-fit in CSS. inside and outside keep the shape of the image.'),
    position: z
      .enum(POSITIONS)
      .default('center')
      .describe('What stays in view (cover), or where the image lies (contain).'),
    background: colour.optional().describe('Around the image (contain).'),
    enlarge: z.boolean().default(true).describe('Whether a small image may be made larger.'),
  })
  .refine(({ width, height }) => width !== undefined || height !== undefined, 'needs width, height or both')
  .describe('Changes the size.')

const crop = z
  .strictObject({
    left: offset.default(0).describe('Pixels from the left edge.'),
    top: offset.default(0).describe('Pixels from the upper edge.'),
    width: side,
    height: side,
  })
  .describe('Cuts a part out.')
const degrees = z.number().min(-360).max(360)
const rotate = z
  .union([
    degrees,
    z.strictObject({ degrees, background: colour.optional().describe('In the corners that become free.') }),
  ])
  .describe('Turns clockwise, by degrees.')

/** One step; each names one thing, so that their order is the order in which they are done. */
const operation = z.union(
  [
    z.strictObject({ resize }),
    z.strictObject({ crop }),
    z.strictObject({ rotate }),
    z.strictObject({ flip: z.enum(['horizontal', 'vertical']).describe('Mirrors the image.') }),
    z.strictObject({ blur: z.number().min(0.3).max(BLUR_MAX).describe('Blurs it; more is softer.') }),
    z.strictObject({ sharpen: z.literal(true) }),
    z.strictObject({ grayscale: z.literal(true).describe('Takes the colours away.') }),
  ],
  'must be one of { resize }, { crop }, { rotate }, { flip }, { blur }, { sharpen: true }, { grayscale: true }',
)

const output = z.strictObject({
  name: z
    .string()
    .max(NAME_LENGTH_MAX)
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'must be letters, digits, dots, hyphens and underscores')
    .optional()
    .describe('Names it among several outputs.'),
  format: z.enum(FORMATS).optional().describe('Without it, that of the source.'),
  quality: z.int().min(1).max(100).optional().describe('Default 80, for avif 50.'),
  resize: resize.optional().describe('Changes the size, after the operations for all outputs.'),
  operations: z.array(operation).max(OPERATIONS_MAX).default([]).describe('Steps for this output alone.'),
  background: colour
    .default('#ffffff')
    .describe('Behind what is transparent, for a format that knows no transparency.'),
  metadata: z
    .boolean()
    .default(false)
    .describe('Keeps EXIF, XMP, IPTC and the colour profile. They may name places and people.'),
  animated: z
    .boolean()
    .default(false)
    .describe('Keeps all frames of a GIF or WebP. Only resize may be asked for then.'),
  file: path
    .optional()
    .describe('A path below the folder of files. Without it, the blob store keeps the result.'),
})

const source = z.union(
  [
    z
      .strictObject({
        $blob: z
          .string()
          .regex(/^sha256:[0-9a-f]{64}$/, 'must be "sha256:" and 64 digits')
          .describe('The hash that the upload answered.'),
        // They belong to references; what the bytes are is read from them.
        name: z.string().optional(),
        type: z.string().optional(),
      })
      .meta({ title: 'Upload' }),
    z.strictObject({ file: path.describe('A path below the folder of files.') }),
    z.strictObject({
      url: z
        .url({ protocol: /^https?$/ })
        .max(URL_LENGTH_MAX)
        .describe('An address on the web, fetched when the job runs.'),
    }),
    z.strictObject({
      $base64: z
        .base64()
        .max(Math.ceil((INLINE_BYTES_MAX * 4) / 3))
        .describe('The bytes themselves, for small images.'),
    }),
  ],
  'must be { "$blob": "sha256:…" }, { "file": "a/b.jpg" }, { "url": "https://…" } or { "$base64": "…" }',
)

/** What a job of the task says. Defaults are written into the definitions above. */
const payload = z
  .strictObject({
    source: source.describe('Where the image comes from.'),
    operations: z
      .array(operation)
      .max(OPERATIONS_MAX)
      .default([])
      .describe('Steps, done in this order for all outputs.'),
    output: z
      .union([output, z.array(output).min(1).max(OUTPUTS_MAX)])
      .default(() => output.parse({}))
      .describe('What is written; several sizes or formats in a list.'),
  })
  .meta({
    description: 'Resizes, crops, turns and converts an image.',
    examples: [
      {
        source: { url: 'https://example.com/photo.jpg' },
        operations: [{ resize: { width: 800 } }],
        output: { format: 'webp' },
      },
    ],
  })

/** Text names a source: an address, or a file. */
const sourceOf = (text: string): object => (/^https?:\/\//i.test(text) ? { url: text } : { file: text })

/**
 * Also accepted: `source` as text, and the image jobs of an older system, `{ url | path, width, height }`. Nobody wrote
 * down what those did; we take it that the image is made to fit into the box, and keeps its shape and format.
 */
const withOldShapes = (given: unknown): unknown => {
  if (typeof given !== 'object' || given === null) return given
  const { source: from, ...rest } = given as Readonly<Record<string, unknown>>
  if (typeof from === 'string') return { source: sourceOf(from), ...rest }
  const { url, path: file, width, height, ...others } = rest
  const isOld = from === undefined && (typeof url === 'string') !== (typeof file === 'string')
  if (!isOld || Object.keys(others).length > 0) return given
  const size = {
    ...(width !== undefined && { width }),
    ...(height !== undefined && { height }),
    fit: 'inside',
  }
  const isSized = width !== undefined || height !== undefined
  return {
    source: typeof url === 'string' ? { url } : sourceOf(file as string),
    operations: isSized ? [{ resize: size }] : [],
  }
}

export const imageSchema = z.preprocess(withOldShapes, payload).superRefine(({ output: given }, context) => {
  if (!Array.isArray(given)) return
  const names = given.map(({ name }, i) => name ?? String(i))
  for (const [i, name] of names.entries()) {
    if (names.indexOf(name) < i) {
      const message = `"${name}" names two outputs`
      context.addIssue({ code: 'custom', path: ['output', i, 'name'], message })
    }
  }
})

/** As a user writes it. */
export type ImageInput = z.input<typeof payload>
/** As the task reads it. */
export type ImagePayload = z.output<typeof payload>
export type ImageOperation = z.output<typeof operation>
export type ImageOutput = z.output<typeof output>
export type ImageSource = z.output<typeof source>
