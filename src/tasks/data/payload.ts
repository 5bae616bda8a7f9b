import { z } from 'zod'
import {
  COLUMN_NAME_LENGTH_MAX,
  COLUMNS_MAX,
  CONDITIONS_MAX,
  INPUTS_MAX,
  NAME_LENGTH_MAX,
  PARAMETERS_MAX,
  PATH_LENGTH_MAX,
  ROWS_MAX,
  SQL_LENGTH_MAX,
  VALUE_LENGTH_MAX,
} from './limits.ts'

const path = z.string().min(1).max(PATH_LENGTH_MAX)
const column = z.string().min(1).max(COLUMN_NAME_LENGTH_MAX)
/** One character between values, one around them. */
const mark = z.string().length(1)

const reading = {
  /** By default the ending of the file's name says it. */
  format: z.enum(['csv', 'ndjson', 'json', 'parquet']).optional(),
  delimiter: mark.optional(),
  /** Whether the first line of a CSV names its columns. */
  header: z.boolean().default(true),
}
const input = z.union(
  [
    z.strictObject({ file: path, ...reading }),
    z.strictObject({
      $blob: z.string().regex(/^sha256:[0-9a-f]{64}$/),
      // They belong to references, such as those in outputs.
      name: z.string().optional(),
      type: z.string().optional(),
      ...reading,
    }),
  ],
  'must be { "file": "a/b.csv" } or { "$blob": "sha256:…" }, with format, delimiter and header where they are needed',
)

const output = z.strictObject({
  /** `rows`: in the job's output. */
  format: z.enum(['rows', 'csv', 'ndjson', 'parquet']).default('rows'),
  /** A path under the root of files; without it, the blob store keeps the result. */
  file: path.optional(),
  /** Rows that are kept of format `rows`. */
  limit: z.int().min(1).max(ROWS_MAX).default(ROWS_MAX),
  /**
   * `escape` puts a ' before text in a CSV that a spreadsheet would run as a formula (one that begins with = + - @, a
   * tab or a carriage return): OWASP, CSV injection. `keep` writes it as it is.
   */
  formulas: z.enum(['escape', 'keep']).default('escape'),
  /** Of a CSV or NDJSON. By default `gzip` where the name of `file` ends in `.gz`. */
  compression: z.enum(['none', 'gzip']).optional(),
})

/** How the result is packed. Parquet packs itself. */
export const isPacked = ({ format, file, compression }: DataOutput): boolean =>
  (format === 'csv' || format === 'ndjson') &&
  (compression === undefined ? (file?.endsWith('.gz') ?? false) : compression === 'gzip')

/** A name that SQL can speak of without quotes. */
const table = z
  .string()
  .max(NAME_LENGTH_MAX)
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be letters, digits and underscores, beginning with a letter')

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()])

const query = z.strictObject({
  /** One SELECT (or WITH …, FROM …, VALUES …). */
  sql: z.string().min(1).max(SQL_LENGTH_MAX),
  /** The files by the names that the query calls them. */
  inputs: z
    .record(table, input)
    .refine((inputs) => Object.keys(inputs).length <= INPUTS_MAX, `holds more than ${INPUTS_MAX} inputs`)
    .default({}),
  /** For `$1`, `$2` … or `$name` in the query. */
  parameters: z.union([z.array(scalar).max(PARAMETERS_MAX), z.record(table, scalar)]).default([]),
  output: output.default(() => output.parse({})),
})

const condition = z.strictObject({
  column,
  is: z.enum(['equal', 'not', 'containing', 'beginning', 'above', 'below', 'empty', 'present']),
  value: z.union([z.string().max(VALUE_LENGTH_MAX), z.number()]).optional(),
})

/** A column of the result: as it is, or made of another one. */
const picked = z.union([
  column,
  z.strictObject({
    name: column,
    from: column.optional(),
    as: z.enum(['text', 'trimmed', 'lower', 'upper', 'number', 'date']).default('text'),
    /** Instead of an empty value. */
    default: z.string().max(VALUE_LENGTH_MAX).optional(),
  }),
])

const figure = z.union(
  [
    z.literal('count'),
    z.strictObject({ sum: column }),
    z.strictObject({ min: column }),
    z.strictObject({ max: column }),
    z.strictObject({ average: column }),
  ],
  'must be "count", { sum }, { min }, { max } or { average } of a column',
)

const transform = z.strictObject({
  /** All of them must hold. */
  where: z.array(condition).max(CONDITIONS_MAX).default([]),
  /** In the order of the result; none: all as they are. */
  columns: z.array(picked).min(1).max(COLUMNS_MAX).optional(),
  /** One line for each different value of `by`; it sees the columns that were picked. */
  aggregate: z
    .strictObject({ by: z.array(column).max(20).default([]), values: z.record(column, figure) })
    .optional(),
})

const streaming = z.strictObject({
  transform,
  /** One CSV, of any size. */
  input,
  /** What becomes of lines that are no good CSV: the job fails, or they are left out and counted. */
  badLines: z.enum(['fail', 'skip']).default('fail'),
  output: output.default(() => output.parse({ format: 'csv' })),
})

const refineStreaming = ({
  output: { format },
  input: { format: given },
}: z.output<typeof streaming>): string | null => {
  if (format === 'parquet') return 'Parquet comes from a query ("sql"), not from a transform'
  return given === undefined || given === 'csv' ? null : 'a transform reads CSV; give "sql" for other formats'
}

/** What a job of the task says: a query over files, or a transform of one large CSV. */
export const dataSchema = z
  .union([query, streaming], 'must have "sql" with "inputs", or "transform" with "input"')
  .superRefine((payload, context) => {
    const { format, compression } = payload.output
    if (compression === 'gzip' && (format === 'rows' || format === 'parquet')) {
      const message = 'gzip is for csv and ndjson: rows are no file, and Parquet packs itself'
      context.addIssue({ code: 'custom', path: ['output', 'compression'], message })
    }
    if (!('transform' in payload)) return
    const message = refineStreaming(payload)
    if (message !== null) context.addIssue({ code: 'custom', path: ['transform'], message })
    for (const [i, { is, value }] of payload.transform.where.entries()) {
      const needsNone = is === 'empty' || is === 'present'
      if (needsNone === (value === undefined)) continue
      const wrong = needsNone ? `"${is}" takes no value` : `"${is}" needs a value`
      context.addIssue({ code: 'custom', path: ['transform', 'where', i, 'value'], message: wrong })
    }
  })

/** As a user writes it. */
export type DataInput = z.input<typeof query> | z.input<typeof streaming>
/** As the task reads it. */
export type DataPayload = z.output<typeof dataSchema>
export type Query = z.output<typeof query>
export type Streaming = z.output<typeof streaming>
export type Transform = z.output<typeof transform>
export type DataSource = z.output<typeof input>
export type DataOutput = z.output<typeof output>
export type Figure = z.output<typeof figure>
export type Condition = z.output<typeof condition>
export type Picked = z.output<typeof picked>
