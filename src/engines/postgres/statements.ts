import { createHash } from 'node:crypto'
import { SQL } from './sql.generated.ts'

export type StatementName = keyof typeof SQL
export interface Statement {
  readonly text: string
  /** Under which the server keeps it prepared. Differs where the text does, so that schemas can share a connection. */
  readonly name: string
}
export type Statements = { readonly [Name in StatementName]: Statement }

/** In the files the schema is always `posthaste`, so that they can be pasted into psql as they are. */
export const inSchema = (sql: string, schema: string): string =>
  sql.replaceAll(/\bposthaste\./g, `"${schema.replaceAll('"', '""')}".`)

export const statementsFor = (schema: string): Statements =>
  Object.fromEntries(
    Object.entries(SQL).map(([name, sql]) => {
      const text = inSchema(sql, schema)
      const hash = createHash('sha256').update(text).digest('hex').slice(0, 12)
      return [name, { text, name: `posthaste_${hash}` }]
    }),
  ) as Statements
