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
  format: z
    .enum(['csv', 'ndjson', 'json', 'parquet'])
    .optional()
    .describe("By default, the ending of the file's name says it."),
  delimiter: mark
    .optional()
    .describe('Between the values of a CSV. Without it, a query finds it out and a transform takes commas.'),
  header: z.boolean().default(true).describe('Whether the first line of a CSV names its columns.'),
}
const input = z.union(
  [
    z
      .strictObject({ file: path.describe('A path below the folder of files.'), ...reading })
      .meta({ title: 'File' }),
    z
      .strictObject({
        $blob: z
          .string()
          .regex(/^sha256:[0-9a-f]{64}$/)
          .describe('By the hash that the upload answered.'),
        // They belong to references, such as those in outputs.
        name: z.string().optional(),
        type: z.string().optional(),
        ...reading,
      })
      .meta({ title: 'Upload' }),
  ],
  'must be { "file": "a/b.csv" } or { "$blob": "sha256:…" }, with format, delimiter and header where they are needed',
)

const output = z.strictObject({
  format: z
    .enum(['rows', 'csv', 'ndjson', 'parquet'])
    .default('rows')
    .describe("rows: in the job's output. A transform writes csv unless it is told otherwise."),
  file: path
    .optional()
    .describe('A path below the folder of files. Without it, the blob store keeps the result.'),
  limit: z.int().min(1).max(ROWS_MAX).default(ROWS_MAX).describe('Rows that are kept of the format rows.'),
  /** OWASP, CSV injection: text that begins with = + - @, a tab or a carriage return. */
  formulas: z
    .enum(['escape', 'keep'])
    .default('escape')
    .describe("escape puts a ' before text in a CSV that a spreadsheet would run as a formula."),
  compression: z
    .enum(['none', 'gzip'])
    .optional()
    .describe('Of a CSV or NDJSON. Without it, gzip where the name of the file ends in .gz.'),
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

const query = z
  .strictObject({
    sql: z.string().min(1).max(SQL_LENGTH_MAX).describe('One SELECT (or WITH …, FROM …, VALUES …).'),
    inputs: z
      .record(table, input)
      .refine((inputs) => Object.keys(inputs).length <= INPUTS_MAX, `holds more than ${INPUTS_MAX} inputs`)
      .default({})
      .describe('The files, by the names that the query calls them.'),
    parameters: z
      .union([z.array(scalar).max(PARAMETERS_MAX), z.record(table, scalar)])
      .default([])
      .describe('Values for $1, $2 … or for $name in the query.'),
    output: output.default(() => output.parse({})).describe('What becomes of the result.'),
  })
  .meta({ title: 'Query', description: 'SQL over CSV, NDJSON, JSON and Parquet files.' })

const condition = z.strictObject({
  column,
  is: z.enum(['equal', 'not', 'containing', 'beginning', 'above', 'below', 'empty', 'present']),
  value: z
    .union([z.string().max(VALUE_LENGTH_MAX), z.number()])
    .optional()
    .describe('What the column is compared with. empty and present take none.'),
})

/** A column of the result: as it is, or made of another one. */
const picked = z.union([
  column,
  z.strictObject({
    name: column.describe('In the result.'),
    from: column.optional().describe('The column that it is made of. Without it, the one of this name.'),
    as: z
      .enum(['text', 'trimmed', 'lower', 'upper', 'number', 'date'])
      .default('text')
      .describe('What becomes of the value.'),
    default: z.string().max(VALUE_LENGTH_MAX).optional().describe('Instead of an empty value.'),
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
  where: z
    .array(condition)
    .max(CONDITIONS_MAX)
    .default([])
    .describe('Lines that are kept: all conditions must hold.'),
  columns: z
    .array(picked)
    .min(1)
    .max(COLUMNS_MAX)
    .optional()
    .describe('In the order of the result. Without it, all as they are.'),
  aggregate: z
    .strictObject({
      by: z.array(column).max(20).default([]).describe('Columns whose values make a group.'),
      values: z.record(column, figure).describe('Columns of the result, each with how it is reckoned.'),
    })
    .optional()
    .describe('One line for each group. It sees the columns that were picked.'),
})

const streaming = z
  .strictObject({
    transform: transform.describe('What is done, line by line.'),
    input: input.describe('One CSV, of any size.'),
    badLines: z
      .enum(['fail', 'skip'])
      .default('fail')
      .describe('Lines that are no good CSV fail the job, or are left out and counted.'),
    output: output
      .default(() => output.parse({ format: 'csv' }))
      .describe('What becomes of the result. Parquet is for queries.'),
  })
  .meta({ title: 'Transform', description: 'Filters and picks columns of one CSV, in little memory.' })

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
  .meta({
    description: 'Asks files with SQL, or transforms one large CSV.',
    examples: [
      {
        sql: 'SELECT country, count(*) AS people FROM people GROUP BY country ORDER BY people DESC',
        inputs: { people: { file: 'people.csv' } },
      },
    ],
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
