import { PosthasteError } from '../../core/errors.ts'

/**
 * SQLite as this engine needs it. The shape is that of Node's own `node:sqlite`; `@photostructure/sqlite` has the same,
 * and so may a handle that the user brings.
 */
export interface SqliteDatabase {
  exec(sql: string): void
  prepare(sql: string): SqliteStatement
  close(): void
  readonly isOpen: boolean
  readonly isTransaction: boolean
}
export interface SqliteStatement {
  run(...parameters: SqliteParameter[]): { readonly changes: number | bigint }
  get(...parameters: SqliteParameter[]): unknown
  all(...parameters: SqliteParameter[]): unknown[]
  iterate(...parameters: SqliteParameter[]): Iterable<unknown>
  setReturnArrays(returnArrays: boolean): void
}
export type SqliteValue = string | number | null
export type SqliteParameter = SqliteValue | Readonly<Record<string, SqliteValue>>

interface SqliteModule {
  readonly DatabaseSync: new (path: string) => SqliteDatabase
}

/** Node's own comes first: nothing to install. Never both in one process on one file: they would not see each other's locks. */
const MODULES = ['node:sqlite', '@photostructure/sqlite'] as const

/**
 * Below these, a reset of the write-ahead log can overwrite commits that were not yet copied into the database
 * (repaired in 3.51.3, and in two older lines).
 */
export const isSafeVersion = (version: string): boolean => {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number)
  if (major !== 3) return major > 3
  if (minor === 44) return patch >= 6
  if (minor === 50) return patch >= 7
  // 3.52.0 was withdrawn; nobody ships it on purpose.
  return minor > 51 || (minor === 51 && patch >= 3)
}

export const versionOf = (database: SqliteDatabase): string => {
  const row = database.prepare('select sqlite_version() as version').get()
  return (row as { readonly version: string }).version
}

export const checkVersion = (database: SqliteDatabase, name: string): string => {
  const version = versionOf(database)
  if (isSafeVersion(version)) return version
  throw new PosthasteError(
    'E_SQLITE_VERSION',
    `${name} is SQLite ${version}, which can damage a database in WAL mode.`,
  )
}

let chosen: Promise<SqliteModule> | undefined

const choose = async (): Promise<SqliteModule> => {
  const found: string[] = []
  for (const name of MODULES) {
    let module: SqliteModule
    try {
      module = (await import(name)) as SqliteModule
    } catch {
      continue
    }
    const probe = new module.DatabaseSync(':memory:')
    try {
      const version = versionOf(probe)
      if (isSafeVersion(version)) return module
      found.push(`${name} is ${version}`)
    } finally {
      probe.close()
    }
  }
  const what =
    found.length === 0 ? 'There is no SQLite here.' : `There is no safe SQLite here: ${found.join(', ')}.`
  throw new PosthasteError('E_SQLITE_VERSION', what)
}

/** Opens a file with the first SQLite of this process that is safe. Errors: E_SQLITE_VERSION, and what SQLite raises. */
export const openDatabase = async (path: string): Promise<SqliteDatabase> => {
  chosen ??= choose()
  const { DatabaseSync } = await chosen
  return new DatabaseSync(path)
}
