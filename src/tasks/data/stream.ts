import { stat } from 'node:fs/promises'
import type { TransformOptions } from 'node:stream'
import { CsvError, type Options, type Parser, parse } from 'csv-parse'
import { PosthasteError } from '../../index.ts'
import { sendText } from './intake.ts'
import { type Bounds, COLUMNS_MAX, RECORD_BYTES_MAX } from './limits.ts'
import type { Streaming } from './payload.ts'
import { openSink, type Sink } from './sink.ts'
import { Transformer } from './transform.ts'

export interface StreamRequest extends Bounds {
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

/** Lines that wait for the transform; then the file is not read on. */
const LINES_AHEAD = 1_000

/** What the parser has ready, all at once: to wait for each line by itself would take longer than to read it. */
async function* batches(parser: Parser): AsyncGenerator<string[][]> {
  let failure: Error | null = null
  let wake = (): void => undefined
  const ended = (error?: Error): void => {
    failure ??= error ?? null
    wake()
  }
  parser
    .on('readable', () => wake())
    .on('end', ended)
    .on('close', ended)
    .on('error', ended)
  for (;;) {
    const lines: string[][] = []
    for (let line = parser.read(); line !== null; line = parser.read()) lines.push(line as string[])
    if (lines.length > 0) yield lines
    else if (failure !== null) throw failure
    else if (parser.readableEnded || parser.destroyed) return
    else
      await new Promise<void>((resolve) => {
        wake = resolve
      })
  }
}

/**
 * Reads a CSV of any size line by line, and writes what the transform makes of it.
 * @throws E_DATA for a file that is no CSV, or a column that it does not have: trying again mends nothing
 */
export const runStream = async (request: StreamRequest): Promise<StreamResult> => {
  const { payload, path, signal, expandedBytesMax, onProgress } = request
  const { size } = await stat(path)
  // The type of the options does not know those of the stream, which it takes as well.
  const options: Options & TransformOptions = {
    bom: true,
    readableHighWaterMark: LINES_AHEAD,
    delimiter: payload.input.delimiter ?? ',',
    max_record_size: RECORD_BYTES_MAX,
    skip_empty_lines: true,
    skip_records_with_error: payload.badLines === 'skip',
  }
  const parser = parse(options)
  let badLines = 0
  parser.on('skip', () => {
    badLines += 1
  })
  const bytesRead = await sendText(path, parser, { expandedBytesMax, signal, field: 'payload.input' })

  let state: { readonly transformer: Transformer; readonly sink: Sink } | null = null
  let rowsOut = 0
  try {
    for await (const lines of batches(parser)) {
      if (state === null) {
        state = begin(request, lines[0] as string[])
        if (payload.input.header) lines.shift()
      }
      const { transformer, sink } = state
      for (const line of lines) {
        const values = transformer.take(line)
        if (values === null) continue
        rowsOut += 1
        const full = sink.write(values)
        if (full !== undefined) await full
      }
      signal.throwIfAborted()
      onProgress(size === 0 ? 1 : Math.min(1, bytesRead() / size))
    }
    if (state === null)
      throw new PosthasteError('E_DATA', 'The file is empty: it has not even a header.', {
        field: 'payload.input',
      })
    for (const values of state.transformer.rest()) {
      rowsOut += 1
      const full = state.sink.write(values)
      if (full !== undefined) await full
    }
    const { rows, truncated } = await state.sink.end()
    const { transformer } = state
    const kept = rows === undefined ? {} : { rows, truncated: truncated ?? false }
    return { columns: transformer.header, rowsIn: transformer.rowsIn, rowsOut, badLines, ...kept }
  } catch (error) {
    state?.sink.destroy()
    signal.throwIfAborted()
    throw asDataError(error)
  } finally {
    parser.destroy()
  }
}

const begin = ({ payload, target, outputBytesMax }: StreamRequest, first: readonly string[]) => {
  const names = payload.input.header ? first : first.map((_, i) => `column${i + 1}`)
  const refuse = (what: string): never => {
    throw new PosthasteError('E_DATA', what, { field: 'payload.input' })
  }
  // Counted before they are compared with each other.
  if (names.length > COLUMNS_MAX)
    refuse(
      `It has ${names.length.toLocaleString('en')} columns; ${COLUMNS_MAX.toLocaleString('en')} are possible.`,
    )
  const twice = names.find((name, i) => names.indexOf(name) < i)
  if (twice !== undefined) refuse(`Two columns are called ${JSON.stringify(twice)}.`)
  const transformer = new Transformer(payload.transform, names)
  return {
    names,
    transformer,
    sink: openSink(payload.output, transformer.header, target, outputBytesMax),
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
