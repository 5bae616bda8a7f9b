import { createReadStream } from 'node:fs'
import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { type BlobRef, type FileRoot, fileRoot, PosthasteError, type TaskContext, task } from '../../index.ts'
import { BOUNDS, type Bounds, MEMORY_BYTES_MAX, PROGRESS_INTERVAL_MS, RUN_TIMEOUT_MS } from './limits.ts'
import { type DataOutput, type DataPayload, type DataSource, dataSchema, isPacked } from './payload.ts'
import { type QueryInput, type QueryResult, runQuery } from './sql.ts'
import { runStream, type StreamResult } from './stream.ts'

/** What the task must know where it runs. JSON: it runs in a process of its own. */
export interface DataSettings {
  /** The folder whose files payloads may name, or null. */
  readonly files: string | null
  /** Those that are not said are the defaults. */
  readonly bounds: Partial<Bounds>
}

/** The output of a data job. */
export type DataJobOutput = (QueryResult | StreamResult) & {
  /** Size of the file that was written … */
  readonly bytes?: number
  /** … and where it is: in the blob store … */
  readonly blob?: BlobRef
  /** … or below the folder of files. */
  readonly file?: string
}

type Format = NonNullable<DataSource['format']>
const FORMATS: Readonly<Record<string, Format>> = {
  ...{ '.csv': 'csv', '.tsv': 'csv', '.txt': 'csv', '.parquet': 'parquet', '.json': 'json' },
  ...{ '.ndjson': 'ndjson', '.jsonl': 'ndjson' },
}
const MEDIA_TYPES = {
  csv: 'text/csv',
  ndjson: 'application/x-ndjson',
  parquet: 'application/vnd.apache.parquet',
} as const

const formatOf = (name: string, source: DataSource): Format => {
  const file = 'file' in source ? source.file.toLowerCase().replace(/\.gz$/, '') : ''
  const found = source.format ?? FORMATS[extname(file)]
  if (found !== undefined) return found
  const what = `The input ${name} needs a format: csv, ndjson, json or parquet; its name does not say it.`
  throw new PosthasteError('E_DATA', what, { field: `payload.inputs.${name}.format` })
}

/** Calls `use` with the paths of all inputs; what is in the blob store stays there for as long. */
const withInputs = async <T>(
  sources: readonly (readonly [name: string, source: DataSource])[],
  context: TaskContext,
  root: FileRoot,
  use: (paths: readonly string[]) => Promise<T>,
  paths: readonly string[] = [],
): Promise<T> => {
  const next = sources[paths.length]
  if (next === undefined) return await use(paths)
  const [name, source] = next
  const go = (path: string): Promise<T> => withInputs(sources, context, root, use, [...paths, path])
  return 'file' in source
    ? await go(await root.find(source.file, `payload.inputs.${name}`))
    : await context.blobs.withFile(source.$blob, go)
}

const keep = async (
  path: string,
  output: DataOutput,
  context: TaskContext,
  root: FileRoot,
): Promise<Pick<DataJobOutput, 'bytes' | 'blob' | 'file'>> => {
  const { format, file } = output
  const { size: bytes } = await stat(path)
  if (file !== undefined) {
    await root.place(path, file, 'payload.output.file')
    return { bytes, file }
  }
  const { hash } = await context.blobs.put(createReadStream(path), { signal: context.signal })
  const plain = { name: `result.${format}`, type: MEDIA_TYPES[format as keyof typeof MEDIA_TYPES] }
  const { name, type } = isPacked(output) ? { name: `${plain.name}.gz`, type: 'application/gzip' } : plain
  return { bytes, blob: { $blob: hash, name, type } }
}

/** Tells of progress as often as is of use to anybody. */
const progressOf = (context: TaskContext): ((share: number) => void) => {
  let last = 0
  return (share) => {
    const now = performance.now()
    if (now - last < PROGRESS_INTERVAL_MS) return
    last = now
    context.progress({ share: Math.round(share * 1_000) / 1_000 })
  }
}

const run = async (
  payload: DataPayload,
  context: TaskContext,
  root: FileRoot,
  bounds: Bounds,
): Promise<DataJobOutput> => {
  // Below the child's own folder, which is removed with it however it ends.
  const folder = await mkdtemp(join(process.cwd(), 'data-'))
  const { output } = payload
  const target = output.format === 'rows' ? null : join(folder, 'result')
  const common = { ...bounds, target, signal: context.signal, onProgress: progressOf(context) }
  try {
    const sources = 'sql' in payload ? Object.entries(payload.inputs) : [['input', payload.input] as const]
    const result = await withInputs(
      sources,
      context,
      root,
      async (paths): Promise<QueryResult | StreamResult> => {
        if ('transform' in payload) return await runStream({ ...common, payload, path: paths[0] as string })
        const workDir = join(folder, 'work')
        await mkdir(workDir)
        const inputs = sources.map(
          ([name, source], i): QueryInput => ({
            name,
            source,
            path: paths[i] as string,
            format: formatOf(name, source),
          }),
        )
        return await runQuery({ ...common, payload, inputs, workDir })
      },
    )
    return target === null ? result : { ...result, ...(await keep(target, output, context, root)) }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The task `data`. A job that runs again writes the same file in the same place. */
const dataTask = (settings: DataSettings, url: string | URL = import.meta.url) => {
  const root = fileRoot(settings.files)
  const bounds = { ...BOUNDS, ...settings.bounds }
  return task({
    name: 'data',
    payload: dataSchema,
    timeout: RUN_TIMEOUT_MS,
    isolate: 'process',
    module: { url, settings },
    // The engine's own memory, and as much again for Node.js and what it reads.
    memoryMb: (2 * MEMORY_BYTES_MAX) / 1024 / 1024,
    run: (payload: DataPayload, context) => run(payload, context, root, bounds),
  })
}

export default dataTask
