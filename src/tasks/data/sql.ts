import { stat } from 'node:fs/promises'
import type { DuckDBConnection, DuckDBPreparedStatement, Json } from '@duckdb/node-api'
import { PosthasteError } from '../../index.ts'
import { FORMULA } from './csv.ts'
import { checkGzip, isGzip } from './intake.ts'
import {
  type Bounds,
  MEMORY_BYTES_MAX,
  OUTPUT_WATCH_MS,
  PROGRESS_INTERVAL_MS,
  QUERY_BUFFER_BYTES,
  RECORD_BYTES_MAX,
  SPILL_BYTES_MAX,
  STOP_INTERVAL_MS,
} from './limits.ts'
import { type DataSource, isPacked, type Query } from './payload.ts'
import { RowKeeper, tooLarge } from './sink.ts'

type DuckDb = typeof import('@duckdb/node-api')

const loadDuckDb = async (): Promise<DuckDb> =>
  await import('@duckdb/node-api').catch((cause: unknown) => {
    const what = 'The data task needs the package @duckdb/node-api. Install it: npm install @duckdb/node-api'
    throw new PosthasteError('E_DEPENDENCY', what, { cause })
  })

export interface QueryInput {
  readonly name: string
  readonly path: string
  readonly format: NonNullable<DataSource['format']>
  readonly source: DataSource
}

export interface QueryRequest extends Bounds {
  readonly payload: Query
  readonly inputs: readonly QueryInput[]
  /** Where the result is written; null: it is kept as rows. */
  readonly target: string | null
  /** An empty folder: for what does not fit into memory. */
  readonly workDir: string
  readonly signal: AbortSignal
  /** From 0 to 1. */
  readonly onProgress: (share: number) => void
}

export interface QueryResult {
  readonly columns: readonly Column[]
  readonly rowsOut: number
  readonly rows?: readonly Record<string, unknown>[]
  readonly truncated?: boolean
}

const text = (value: string): string => `'${value.replaceAll("'", "''")}'`
const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** How an input is read. Nothing in a file's name is a pattern, or says that it is compressed. */
const reader = ({ path, format, source }: QueryInput, isCompressed: boolean): string => {
  const file = text(path)
  const compression = `compression = '${isCompressed ? 'gzip' : 'uncompressed'}'`
  if (format === 'parquet') return `read_parquet(${file})`
  if (format === 'json') return `read_json(${file}, ${compression})`
  if (format === 'ndjson') return `read_json(${file}, format = 'newline_delimited', ${compression})`
  const delimiter = source.delimiter === undefined ? '' : `, delim = ${text(source.delimiter)}`
  const bounds = `max_line_size = ${RECORD_BYTES_MAX}, buffer_size = ${QUERY_BUFFER_BYTES}`
  // Left to guess, the engine takes a quote that is never closed for an ordinary letter, and reads other columns.
  const quotes = `quote = '"', escape = '"'`
  return `read_csv(${file}, header = ${source.header}, ${quotes}, ${bounds}, ${compression}${delimiter})`
}

/** The readers of all inputs; those that are compressed have been read once to their end. */
const readers = async ({ inputs, expandedBytesMax, signal }: QueryRequest): Promise<string[]> => {
  const found: string[] = []
  for (const input of inputs) {
    const isCompressed = input.format !== 'parquet' && (await isGzip(input.path))
    const field = `payload.inputs.${input.name}`
    if (isCompressed) await checkGzip(input.path, { expandedBytesMax, signal, field })
    found.push(reader(input, isCompressed))
  }
  return found
}

/**
 * An engine that sees the files that it is given and nothing else: no other file, no network, no extension. The order
 * of these statements matters: what is locked comes last.
 */
const SETTINGS = {
  autoinstall_known_extensions: 'false',
  autoload_known_extensions: 'false',
  allow_community_extensions: 'false',
  threads: '1',
  memory_limit: `${MEMORY_BYTES_MAX / 1024 / 1024}MiB`,
}
const shut = async (connection: DuckDBConnection, request: QueryRequest): Promise<void> => {
  const { inputs, target, workDir } = request
  const sources = await readers(request)
  const paths = [...inputs.map(({ path }) => path), ...(target === null ? [] : [target])]
  const statements = [
    `SET temp_directory = ${text(workDir)}`,
    `SET max_temp_directory_size = '${SPILL_BYTES_MAX / 1024 / 1024}MiB'`,
    // The engine looks at files when a view is made: how their columns are called and what is in them.
    ...inputs.map(({ name }, i) => `CREATE VIEW ${identifier(name)} AS SELECT * FROM ${sources[i]}`),
    `SET allowed_paths = [${paths.map(text).join(', ')}]`,
    'SET enable_external_access = false',
    'SET lock_configuration = true',
  ]
  for (const statement of statements) await connection.run(statement)
}

/** @throws E_DATA unless it is one statement that only reads */
const prepare = async (
  duckdb: DuckDb,
  connection: DuckDBConnection,
  sql: string,
): Promise<DuckDBPreparedStatement> => {
  const statements = await connection.extractStatements(sql)
  const first = statements.count === 1 ? await statements.prepare(0) : undefined
  if (first?.statementType === duckdb.StatementType.SELECT) return first
  const what = first === undefined ? `${statements.count} statements` : 'a statement that does not only read'
  throw new PosthasteError('E_DATA', `The query holds ${what}; one SELECT is possible.`, {
    field: 'payload.sql',
  })
}

/** Types whose text no spreadsheet runs, though it may begin with a sign. */
const HARMLESS = /^(?:BOOLEAN|U?(?:TINY|SMALL|BIG|HUGE)INT|U?INTEGER|DECIMAL.*|FLOAT|DOUBLE|DATE|TIME.*)$/

/** The query for a CSV whose texts no spreadsheet runs. */
const withoutFormulas = (sql: string, columns: readonly Column[]): string => {
  const pattern = text(FORMULA.source)
  const safe = columns.map(({ name, type }) => {
    const column = identifier(name)
    if (HARMLESS.test(type)) return column
    const value = `CAST(${column} AS VARCHAR)`
    return `CASE WHEN regexp_matches(${value}, ${pattern}) THEN concat('''', ${value}) ELSE ${value} END AS ${column}`
  })
  return `SELECT ${safe.join(', ')} FROM (${sql})`
}

const FILE_OPTIONS = {
  csv: 'FORMAT csv, HEADER true',
  ndjson: 'FORMAT json',
  parquet: 'FORMAT parquet',
} as const

/**
 * Tells when the file that a query writes grows beyond what is allowed: the engine itself knows no such limit.
 * @returns whether it did, and how to end the watch
 */
const watchSize = ({ target, outputBytesMax }: QueryRequest) => {
  const watch = { isTooLarge: false, end: (): void => undefined }
  if (target === null) return watch
  const look = async (): Promise<void> => {
    // The file is not there before its first bytes are.
    const { size } = await stat(target).catch(() => ({ size: 0 }))
    if (size > outputBytesMax) watch.isTooLarge = true
  }
  const timer = setInterval(() => void look(), OUTPUT_WATCH_MS)
  return Object.assign(watch, { end: () => clearInterval(timer) })
}

/**
 * Runs one query over files.
 * @throws E_DATA for a query or a file that is wrong: trying again mends nothing
 */
export const runQuery = async (request: QueryRequest): Promise<QueryResult> => {
  const { payload, target, signal, outputBytesMax, onProgress } = request
  const duckdb = await loadDuckDb()
  signal.throwIfAborted()
  const instance = await duckdb.DuckDBInstance.create(':memory:', SETTINGS)
  const connection = await instance.connect()
  const size = watchSize(request)
  // Asked until it has ended: the engine forgets an interrupt that comes between two statements.
  const stop = setInterval(() => {
    if (signal.aborted || size.isTooLarge) connection.interrupt()
  }, STOP_INTERVAL_MS)
  const watch = setInterval(() => {
    const { percentage } = connection.progress
    if (percentage > 0) onProgress(Math.min(1, percentage / 100))
  }, PROGRESS_INTERVAL_MS)
  try {
    await shut(connection, request)
    // A line of comment at its end must not swallow what is written behind it.
    const sql = `${payload.sql.trim().replace(/;$/, '')}\n`
    const statement = await prepare(duckdb, connection, sql)
    const columns = columnsOf(statement)
    const values = Array.isArray(payload.parameters) ? [...payload.parameters] : { ...payload.parameters }
    if (target === null)
      return { columns, ...(await keepRows(connection, sql, values, payload.output.limit)) }
    const escapes = payload.output.format === 'csv' && payload.output.formulas === 'escape'
    const source = escapes ? withoutFormulas(sql, columns) : sql
    const packing = isPacked(payload.output) ? ', COMPRESSION gzip' : ''
    const options = FILE_OPTIONS[payload.output.format as keyof typeof FILE_OPTIONS] + packing
    const result = await connection.run(`COPY (${source}) TO ${text(target)} (${options})`, values)
    if ((await stat(target)).size > outputBytesMax) throw tooLarge(outputBytesMax)
    return { columns, rowsOut: Number((await result.getRows())[0]?.[0] ?? 0) }
  } catch (error) {
    signal.throwIfAborted()
    throw size.isTooLarge ? tooLarge(outputBytesMax) : asDataError(error, request)
  } finally {
    size.end()
    clearInterval(watch)
    clearInterval(stop)
    connection.closeSync()
    instance.closeSync()
  }
}

interface Column {
  readonly name: string
  readonly type: string
}

const columnsOf = (statement: DuckDBPreparedStatement): Column[] =>
  Array.from({ length: statement.columnCount }, (_, i) => ({
    name: statement.columnName(i),
    type: typeOf(statement, i),
  }))

/** A column that is a bare parameter has no type before its value is known. */
const typeOf = (statement: DuckDBPreparedStatement, i: number): string => {
  try {
    return String(statement.columnType(i))
  } catch {
    return 'UNKNOWN'
  }
}

const WHOLE = /^U?(?:BIGINT|HUGEINT)$/

/** A whole number that JavaScript knows exactly is a number; a larger one stays text, like every decimal. */
const plain = (value: Json, type: string): Json =>
  typeof value === 'string' && WHOLE.test(type) && Number.isSafeInteger(Number(value)) ? Number(value) : value

const keepRows = async (
  connection: DuckDBConnection,
  sql: string,
  values: Parameters<DuckDBConnection['run']>[1],
  limit: number,
) => {
  const reader = await connection.streamAndReadUntil(sql, limit + 1, values)
  const names = reader.deduplicatedColumnNames()
  const types = reader.columnTypes().map(String)
  const keeper = new RowKeeper(limit)
  for (const row of reader.getRowsJson()) {
    const cells = row.map((value, i) => [names[i] as string, plain(value, types[i] as string)])
    if (!keeper.add(Object.fromEntries(cells) as Record<string, Json>)) break
  }
  return { rowsOut: keeper.rows.length, rows: keeper.rows, truncated: keeper.truncated }
}

/** The paths of this machine are nobody's business but the operator's: inputs are named as the payload names them. */
const asDataError = (error: unknown, { inputs, target, workDir }: QueryRequest): unknown => {
  if (error instanceof PosthasteError || !(error instanceof Error)) return error
  const hidden = [
    ...inputs.map(({ path, name }) => [path, name] as const),
    [target ?? workDir, 'the output'] as const,
    [workDir, 'the temporary folder'] as const,
  ]
  const what = hidden.reduce(
    (message, [path, name]) => message.replaceAll(path, name),
    error.message.split('\n\n')[0] ?? '',
  )
  // The engine's own error is no cause: it holds the paths, and causes are told as well.
  return new PosthasteError(
    'E_DATA',
    `The query failed: ${what.trim().slice(0, 1_000).replace(/[^.]$/, '$&.')}`,
    { field: 'payload.sql' },
  )
}
