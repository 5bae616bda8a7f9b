import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { CsvError, parse } from 'csv-parse'
import { PosthasteError } from '../../index.ts'
import { COLUMNS_MAX, RECORD_BYTES_MAX } from './limits.ts'
import type { DataOutput, Streaming } from './payload.ts'
import { openSink, type Sink } from './sink.ts'
import { Transformer } from './transform.ts'

export interface StreamRequest {
  readonly payload: Streaming
  readonly path: string
  /** Where the result is written; null: it is kept as rows. */
  readonly target: string | null
  readonly signal: AbortSignal
  /** From 0 to 1. */
  readonly onProgress: (share: number) => void
}

export interface StreamResult {
  readonly columns: readonly string[]
  readonly rowsIn: number
  readonly rowsOut: number
  /** Lines that were no good CSV and were left out. */
  readonly badLines: number
  readonly rows?: readonly Record<string, unknown>[]
  readonly truncated?: boolean
}

/** Lines between two looks at the signal and the progress. */
const LOOK_EVERY = 1_000

/**
 * Reads a CSV of any size line by line, and writes what the transform makes of it.
 * @throws E_DATA for a file that is no CSV, or a column that it does not have: trying again mends nothing
 */
export const runStream = async (request: StreamRequest): Promise<StreamResult> => {
  const { payload, path, target, signal, onProgress } = request
  const { size } = await stat(path)
  const file = createReadStream(path, { signal, highWaterMark: 256 * 1024 })
  const parser = parse({
    bom: true,
    delimiter: payload.input.delimiter ?? ',',
    max_record_size: RECORD_BYTES_MAX,
    skip_empty_lines: true,
    skip_records_with_error: payload.badLines === 'skip',
  })
  let badLines = 0
  parser.on('skip', () => {
    badLines += 1
  })
  file.on('error', (error) => parser.destroy(error))
  file.pipe(parser)

  let state: {
    readonly names: readonly string[]
    readonly transformer: Transformer
    readonly sink: Sink
  } | null = null
  let rowsOut = 0
  const emit = async (values: readonly string[] | null): Promise<void> => {
    if (values === null || state === null) return
    rowsOut += 1
    const wait = state.sink.write(values)
    if (wait !== undefined) await wait
  }
  try {
    for await (const values of parser as AsyncIterable<string[]>) {
      if (state === null) {
        state = begin(payload, values, target)
        if (payload.input.header) continue
      }
      const { names, transformer } = state
      const row = Object.fromEntries(names.map((name, i) => [name, values[i] ?? '']))
      const out = transformer.take(row)
      if (out !== null) await emit(out)
      if (transformer.rowsIn % LOOK_EVERY === 0) {
        signal.throwIfAborted()
        onProgress(size === 0 ? 1 : Math.min(1, file.bytesRead / size))
      }
    }
    if (state === null)
      throw new PosthasteError('E_DATA', 'The file is empty: it has not even a header.', {
        field: 'payload.input',
      })
    for (const values of state.transformer.rest()) await emit(values)
    const { rows, truncated } = await state.sink.end()
    const { transformer } = state
    const kept = rows === undefined ? {} : { rows, truncated: truncated ?? false }
    return { columns: transformer.header, rowsIn: transformer.rowsIn, rowsOut, badLines, ...kept }
  } catch (error) {
    state?.sink.destroy()
    signal.throwIfAborted()
    throw asDataError(error)
  } finally {
    file.destroy()
    parser.destroy()
  }
}

const begin = (payload: Streaming, first: readonly string[], target: string | null) => {
  const names = payload.input.header ? first : first.map((_, i) => `column${i + 1}`)
  const twice = names.find((name, i) => names.indexOf(name) < i)
  const wrong =
    names.length > COLUMNS_MAX
      ? `It has ${names.length} columns; ${COLUMNS_MAX} are possible.`
      : twice !== undefined
        ? `Two columns are called ${JSON.stringify(twice)}.`
        : null
  if (wrong !== null) throw new PosthasteError('E_DATA', wrong, { field: 'payload.input' })
  const transformer = new Transformer(payload.transform, names)
  return {
    names,
    transformer,
    sink: openSink(payload.output satisfies DataOutput, transformer.header, target),
  }
}

const asDataError = (error: unknown): unknown =>
  error instanceof CsvError
    ? new PosthasteError(
        'E_DATA',
        `The file is no good CSV: ${error.message}. "badLines": "skip" leaves such lines out.`,
        {
          field: 'payload.input',
          cause: error,
        },
      )
    : error
