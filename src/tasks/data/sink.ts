import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { finished, pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { PosthasteError } from '../../index.ts'
import { csvLine } from './csv.ts'
import { ROWS_BYTES_MAX } from './limits.ts'
import { type DataOutput, isPacked } from './payload.ts'

/** Where lines go: into a file, or into the job's output. */
export interface Sink {
  write(values: readonly string[]): undefined | Promise<unknown>
  /** @returns rows, for a sink that keeps them */
  end(): Promise<{ readonly rows?: readonly Record<string, unknown>[]; readonly truncated?: boolean }>
  destroy(): void
}

/** Rows by the names of their columns, as many as the output of a job holds. */
export class RowKeeper {
  readonly rows: Record<string, unknown>[] = []
  truncated = false
  #bytes = 2
  readonly #limit: number

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Whether there is room for more. */
  add(row: Record<string, unknown>): boolean {
    this.#bytes += Buffer.byteLength(JSON.stringify(row)) + 1
    if (this.rows.length === this.#limit || this.#bytes > ROWS_BYTES_MAX) this.truncated = true
    else this.rows.push(row)
    return !this.truncated
  }
}

const record = (header: readonly string[], values: readonly string[]): Record<string, string> =>
  Object.fromEntries(header.map((name, i) => [name, values[i] ?? '']))

/** What is written before it goes to the disk. */
const CHUNK_LENGTH = 64 * 1024

/** The file that a job writes is bounded. */
export const tooLarge = (bytesMax: number): PosthasteError =>
  new PosthasteError('E_DATA', `The result is larger than ${bytesMax.toLocaleString('en')} bytes.`, {
    field: 'payload.output',
  })

/** @param bytesMax of the file */
export const openSink = (
  output: DataOutput,
  header: readonly string[],
  path: string | null,
  bytesMax: number,
): Sink => {
  if (path === null) {
    const keeper = new RowKeeper(output.limit)
    return {
      write(values) {
        if (!keeper.truncated) keeper.add(record(header, values))
        return undefined
      },
      end: async () => ({ rows: keeper.rows, truncated: keeper.truncated }),
      destroy: () => undefined,
    }
  }
  // posix: the mode keeps other users of the machine out; Windows ignores it and uses the folder's own rules.
  const file = createWriteStream(path, { flags: 'wx', mode: 0o600 })
  const packer = isPacked(output) ? createGzip() : null
  const stream = packer ?? file
  // The error is told by whoever writes or ends next.
  stream.on('error', () => undefined)
  const written = packer === null ? finished(file) : pipeline(packer, file)
  written.catch(() => undefined)
  const escapes = output.formulas === 'escape'
  const line = (values: readonly string[]): string =>
    output.format === 'csv' ? csvLine(values, escapes) : `${JSON.stringify(record(header, values))}\n`
  let waiting = output.format === 'csv' ? csvLine(header, escapes) : ''
  const flush = (): undefined | Promise<unknown> => {
    const isRoomy = stream.write(waiting)
    waiting = ''
    if (stream.errored) throw stream.errored
    if (file.bytesWritten > bytesMax) throw tooLarge(bytesMax)
    return isRoomy ? undefined : once(stream, 'drain')
  }
  return {
    write(values) {
      waiting += line(values)
      return waiting.length < CHUNK_LENGTH ? undefined : flush()
    },
    async end() {
      stream.end(waiting)
      await written
      if (file.bytesWritten > bytesMax) throw tooLarge(bytesMax)
      return {}
    },
    destroy: () => void stream.destroy(),
  }
}
