import type { SqliteDatabase, SqliteParameter, SqliteStatement, SqliteValue } from './driver.ts'
import { SQL } from './sql.generated.ts'

/** Every statement of the engine, prepared once for a connection. Rows come as arrays, in the order of the columns. */
export type Statements = { readonly [Name in keyof typeof SQL]: SqliteStatement } & {
  /** Statements whose tuple of parameters is repeated, for many rows at once. */
  readonly many: {
    readonly [Name in RepeatedName]: (rows: readonly SqliteValue[], ...rest: SqliteValue[]) => void
  }
}

const REPEATED = [
  'jobInsert',
  'jobInsertPlain',
  'readyInsert',
  'waitingInsert',
  'finishedInsert',
  'settleComplete',
] as const
type RepeatedName = (typeof REPEATED)[number]

/** Rows in one statement: a call into SQLite costs as much as binding several values. More than this gains nothing. */
const ROWS_PER_STATEMENT = 50

const TUPLE = /\bvalues (\(\?(?:, \?)*\))/

const prepare = (database: SqliteDatabase, sql: string): SqliteStatement => {
  const statement = database.prepare(sql)
  statement.setReturnArrays(true)
  return statement
}

/** Runs a statement for any number of rows, given as one flat list of their values. */
const repeated = (database: SqliteDatabase, sql: string) => {
  const tuple = TUPLE.exec(sql)?.[1] ?? ''
  const width = tuple.split('?').length - 1
  const rows = (count: number) => sql.replace(TUPLE, `values ${Array(count).fill(tuple).join(', ')}`)
  const many = prepare(database, rows(ROWS_PER_STATEMENT))
  const one = prepare(database, sql)
  return (values: readonly SqliteValue[], ...rest: SqliteValue[]): void => {
    const step = ROWS_PER_STATEMENT * width
    let at = 0
    for (; at + step <= values.length; at += step) many.run(...values.slice(at, at + step), ...rest)
    for (; at < values.length; at += width) one.run(...values.slice(at, at + width), ...rest)
  }
}

export const prepareStatements = (database: SqliteDatabase): Statements => {
  const each = Object.entries(SQL).map(([name, sql]) => [name, prepare(database, sql)])
  const many = REPEATED.map((name) => [name, repeated(database, SQL[name])])
  return { ...Object.fromEntries(each), many: Object.fromEntries(many) }
}

/** The first row of a result, or undefined when it is empty. */
export const first = <Row>(statement: SqliteStatement, ...parameters: SqliteParameter[]): Row | undefined =>
  statement.get(...parameters) as Row | undefined

export const all = <Row>(statement: SqliteStatement, ...parameters: SqliteParameter[]): Row[] =>
  statement.all(...parameters) as Row[]
