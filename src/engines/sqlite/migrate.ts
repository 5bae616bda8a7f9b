import { createHash } from 'node:crypto'
import { PosthasteError } from '../../core/errors.ts'
import type { SqliteDatabase } from './driver.ts'
import { MIGRATIONS } from './sql.generated.ts'

/** "PHST": marks a file as ours, so that another application's database is never written to. */
const APPLICATION_ID = 0x50485354

export const SCHEMA_VERSION = MIGRATIONS.length

const TABLE = `create table if not exists migrations (
  number integer primary key, name text not null, hash text not null, applied_at integer not null
) strict`

const hashOf = (sql: string): string => createHash('sha256').update(sql).digest('hex')

const numberOf = (database: SqliteDatabase, sql: string): number =>
  Object.values(database.prepare(sql).get() as Record<string, number>)[0] ?? 0

/** Refuses a file that is not ours, before anything is written to it. */
const checkOwner = (database: SqliteDatabase, path: string): void => {
  const owner = numberOf(database, 'pragma application_id')
  if (owner === APPLICATION_ID) return
  const tables = numberOf(database, 'select count(*) from sqlite_schema')
  if (owner === 0 && tables === 0) return
  throw new PosthasteError('E_STORE_FOREIGN', `${path} is the database of another application.`)
}

/** The number of migrations that the file has, after a look at whether they are the ones that this program knows. */
const checkKnown = (database: SqliteDatabase, path: string): number => {
  const version = numberOf(database, 'pragma user_version')
  if (version > SCHEMA_VERSION) {
    const what = `${path} has schema ${version}; this version of Posthaste knows schema ${SCHEMA_VERSION}.`
    throw new PosthasteError('E_STORE_NEWER', what)
  }
  if (version === 0) return 0
  const applied = database.prepare('select number, name, hash from migrations order by number').all()
  for (const { number, name, hash } of applied as { number: number; name: string; hash: string }[]) {
    const known = MIGRATIONS[number - 1]
    if (known !== undefined && hash === hashOf(known.sql)) continue
    throw new PosthasteError(
      'E_STORE_NEWER',
      `${path} has a schema change "${name}" that this version does not know.`,
    )
  }
  return version
}

/** Whether the schema has to be changed. Reads only. Errors: E_STORE_FOREIGN, E_STORE_NEWER. */
export const needsMigration = (database: SqliteDatabase, path: string): boolean => {
  checkOwner(database, path)
  return checkKnown(database, path) < SCHEMA_VERSION
}

/** Brings the schema up to date. To be called in a write transaction: another process may have been faster. */
export const migrate = (database: SqliteDatabase, path: string, now: number): void => {
  checkOwner(database, path)
  const version = checkKnown(database, path)
  database.exec(TABLE)
  const note = database.prepare('insert into migrations (number, name, hash, applied_at) values (?, ?, ?, ?)')
  for (let number = version + 1; number <= SCHEMA_VERSION; number++) {
    const migration = MIGRATIONS[number - 1]
    if (migration === undefined) break
    database.exec(migration.sql)
    note.run(number, migration.name, hashOf(migration.sql), now)
  }
  database.exec(`pragma application_id = ${APPLICATION_ID}; pragma user_version = ${SCHEMA_VERSION}`)
}
