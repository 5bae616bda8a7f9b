import { readFile, stat } from 'node:fs/promises'
import { type BlobRef, type FileRoot, fileRoot, PosthasteError, type TaskContext, task } from '../../index.ts'
import { createOutbound, type Outbound } from '../../outbound/index.ts'
import { MEMORY_BYTES_MAX, RUN_TIMEOUT_MS, SOURCE_BYTES_MAX } from './limits.ts'
import { type ImagePayload, type ImageSource, imageSchema } from './payload.ts'
import { type Rendered, render, type SourceFacts } from './render.ts'
import { extension, type ImageFormat, mediaType } from './sniff.ts'

/** What the task must know where it runs. JSON: it runs in a process of its own. */
export interface ImageSettings {
  /** The folder whose files payloads may name, or null. */
  readonly files: string | null
  /** Addresses beside public ones that images may be fetched from. */
  readonly allow: readonly string[]
}

/** One result of an image job. */
export interface ImageResult {
  readonly name: string | null
  readonly format: ImageFormat
  readonly width: number
  readonly height: number
  readonly bytes: number
  readonly sha256: string
  /** Where it is: in the blob store … */
  readonly blob?: BlobRef
  /** … or below the folder of files. */
  readonly file?: string
}

/** The output of an image job. */
export interface ImageJobOutput {
  readonly source: SourceFacts
  readonly outputs: readonly ImageResult[]
}

interface Means {
  readonly root: FileRoot
  readonly outbound: Outbound
}

const SOURCE = 'payload.source'

const fetchImage = async (url: string, outbound: Outbound, signal: AbortSignal): Promise<Buffer> => {
  const answer = await outbound.request({ url, signal, headers: { accept: 'image/*' } })
  if (answer.status === 200) return await answer.bytes()
  answer.discard()
  const what = `The image could not be fetched: ${new URL(url).host} answered ${answer.status}.`
  // What may be otherwise later is tried again; a picture that is not there is not.
  const isTransient = answer.status >= 500 || [408, 425, 429].includes(answer.status)
  throw new PosthasteError(isTransient ? 'E_REQUEST_FAILED' : 'E_IMAGE', what, { field: SOURCE })
}

const readSource = async (
  source: ImageSource,
  context: TaskContext,
  { root, outbound }: Means,
): Promise<Buffer> => {
  if ('$blob' in source) return await context.blobs.bytes(source.$blob, { maxBytes: SOURCE_BYTES_MAX })
  if ('url' in source) return await fetchImage(source.url, outbound, context.signal)
  if ('$base64' in source) return Buffer.from(source.$base64, 'base64')
  const path = await root.find(source.file, SOURCE)
  if ((await stat(path)).size > SOURCE_BYTES_MAX) {
    throw new PosthasteError('E_IMAGE', `The file is larger than ${SOURCE_BYTES_MAX / 1024 / 1024} MB.`, {
      field: SOURCE,
    })
  }
  return await readFile(path)
}

const keep = async (
  { data, sha256, ...facts }: Rendered,
  file: string | undefined,
  context: TaskContext,
  root: FileRoot,
): Promise<ImageResult> => {
  const result = { ...facts, bytes: data.length, sha256 }
  if (file !== undefined) {
    await root.place(data, file, 'payload.output')
    return { ...result, file }
  }
  const { hash } = await context.blobs.put(data)
  const { format, name } = facts
  return {
    ...result,
    blob: { $blob: hash, name: `${name ?? 'image'}.${extension(format)}`, type: mediaType(format) },
  }
}

/**
 * The task `image`. A result is stored before the next one is begun; a job that runs again stores the same bytes under
 * the same names.
 */
const imageTask = (settings: ImageSettings, url: string | URL = import.meta.url) => {
  const means: Means = { root: fileRoot(settings.files), outbound: createOutbound({ allow: settings.allow }) }
  return task({
    name: 'image',
    payload: imageSchema,
    timeout: RUN_TIMEOUT_MS,
    isolate: 'process',
    module: { url, settings },
    memoryMb: MEMORY_BYTES_MAX / 1024 / 1024,
    run: async (payload: ImagePayload, context): Promise<ImageJobOutput> => {
      const input = await readSource(payload.source, context, means)
      const wanted = [payload.output].flat()
      const outputs: ImageResult[] = []
      const source = await render(input, {
        ...{ operations: payload.operations, outputs: wanted, signal: context.signal },
        async onRendered(rendered, index) {
          outputs.push(await keep(rendered, wanted[index]?.file, context, means.root))
          context.progress({ done: outputs.length, of: wanted.length })
        },
      })
      return { source, outputs }
    },
  })
}

export default imageTask
