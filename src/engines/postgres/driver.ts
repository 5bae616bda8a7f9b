/**
 * PostgreSQL as this engine needs it: the shape of a `pg` pool. The user may bring one; without one the engine makes
 * its own. Drivers with the same interface fit as well.
 */
export interface PgPool {
  connect(): Promise<PgClient>
  on?(event: 'error', listener: (error: Error) => void): unknown
}
export interface PgClient {
  query(query: PgQuery): Promise<PgResult>
  /** With an error, or true, the connection is not used again. */
  release(error?: Error | boolean): void
  on?(event: 'notification' | 'error' | 'end', listener: (message: never) => void): unknown
  /** Whether queries may be sent before the answers of earlier ones came (`pg`: `pipeline: true`). */
  readonly pipeline?: boolean
}
export interface PgQuery {
  readonly text: string
  readonly name?: string
  readonly values?: PgValue[]
  readonly rowMode?: 'array'
  readonly types?: { getTypeParser(oid: number, format?: string): (text: string) => unknown }
}
export interface PgResult {
  readonly rows: readonly unknown[]
}
/** Everything is bound as text, a number or null; arrays are written out by `arrays.ts`. */
export type PgValue = string | number | boolean | null

/** A transaction that the caller has open: what runs a statement with parameters in it (`callers.ts`). */
export interface CallerTransaction {
  query(text: string, values: PgValue[]): Promise<PgResult>
}

/** A value of a result. Drivers differ: some give 64-bit numbers as text. */
export type PgField = string | number | bigint | boolean | null
export type PgRow = readonly PgField[]

const BOOL = 16
const INT8 = 20
const INT2 = 21
const INT4 = 23

const asIs = (text: string): string => text
const isTrue = (text: string): boolean => text === 't'

/** All our numbers are safe integers, and what is JSON in the store is text to us. */
const TYPES: NonNullable<PgQuery['types']> = {
  getTypeParser: (oid) => {
    if (oid === INT8 || oid === INT4 || oid === INT2) return Number
    return oid === BOOL ? isTrue : asIs
  },
}

/** A query whose rows come as arrays of plain values. */
export const asRows = (query: { text: string; name?: string; values: PgValue[] }): PgQuery => ({
  ...query,
  rowMode: 'array',
  types: TYPES,
})

/** Drivers that know no `rowMode` give objects, whose members are in the order of the columns. */
export const rowsOf = (result: PgResult): PgRow[] =>
  // Several statements in one text have several results, of which none is wanted.
  (result.rows ?? []).map((row) => (Array.isArray(row) ? row : Object.values(row as object)) as PgRow)

/** A number of a result, whatever the driver made of it. */
export const toNumber = (field: PgField | undefined): number => Number(field ?? 0)
export const toNumberOrNull = (field: PgField | undefined): number | null =>
  field === null || field === undefined ? null : Number(field)
export const toFlag = (field: PgField | undefined): boolean => field === true || field === 't'
