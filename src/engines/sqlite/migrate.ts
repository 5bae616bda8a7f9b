import { createHash } from 'node:crypto'
import { PosthasteError } from '../../core/errors.ts'
import type { SqliteDatabase } from './driver.ts'
import { MIGRATIONS } from './sql.generated.ts'

/** "PHST": marks a file as ours alone, so that another application's database is never written to. */
const APPLICATION_ID = 0x50485354

export const SCHEMA_VERSION = MIGRATIONS.length

/** The table by which a file is known to hold ours, whoever's it is. */
const TABLE = `create table if not exists posthaste_migrations (
  number integer primary key, name text not null, hash text not null, applied_at integer not null
) strict`
const APPLIED = 'select number, name, hash from posthaste_migrations order by number'

/** What the migrations create, by its name. */
const NAMES: ReadonlySet<string> = new Set(
  MIGRATIONS.flatMap(({ sql }) => [...sql.matchAll(/^create (?:unique )?(?:table|index) (\w+)/gm)]).map(
    ([, name]) => name as string,
  ),
)

const hashOf = (sql: string): string => createHash('sha256').update(sql).digest('hex')

const numberOf = (database: SqliteDatabase, sql: string): number =>
  Object.values(database.prepare(sql).get() as Record<string, number>)[0] ?? 0

const namesIn = (database: SqliteDatabase): string[] =>
  (database.prepare('select name from sqlite_schema').all() as { name: string }[]).map(({ name }) => name)

/**
 * Whose file it is, before anything is written to it. `shared`: the user has tables of his own in it, and gave us a handle
 * on it, or did so once. Errors: E_STORE_FOREIGN.
 */
const ownerOf = (database: SqliteDatabase, path: string, isGiven: boolean): 'ours' | 'shared' | 'nobody' => {
  if (numberOf(database, 'pragma application_id') === APPLICATION_ID) return 'ours'
  const names = namesIn(database)
  if (names.includes('posthaste_migrations')) return 'shared'
  if (!isGiven) {
    if (names.length === 0 && numberOf(database, 'pragma application_id') === 0) return 'nobody'
    throw new PosthasteError('E_STORE_FOREIGN', `${path} is the database of another application.`)
  }
  const taken = names.filter((name) => NAMES.has(name))
  if (taken.length === 0) return 'shared'
  const what = `${path} has tables of its own that are named as ours: ${taken.join(', ')}.`
  throw new PosthasteError('E_STORE_FOREIGN', what)
}

/** The number of migrations that the file has, after a look at whether they are the ones that this program knows. */
const checkKnown = (database: SqliteDatabase, path: string): number => {
  if (!namesIn(database).includes('posthaste_migrations')) return 0
  const applied = database.prepare(APPLIED).all() as { number: number; name: string; hash: string }[]
  if (applied.length > SCHEMA_VERSION) {
    const what = `${path} has schema ${applied.length}; this version of Posthaste knows schema ${SCHEMA_VERSION}.`
    throw new PosthasteError('E_STORE_NEWER', what)
  }
  for (const { number, name, hash } of applied) {
    const known = MIGRATIONS[number - 1]
    if (known !== undefined && hash === hashOf(known.sql)) continue
    throw new PosthasteError(
      'E_STORE_NEWER',
      `${path} has a schema change "${name}" that this version does not know.`,
    )
  }
  return applied.length
}

/** Whether the schema has to be changed. Reads only. Errors: E_STORE_FOREIGN, E_STORE_NEWER. */
export const needsMigration = (database: SqliteDatabase, path: string, isGiven: boolean): boolean => {
  ownerOf(database, path, isGiven)
  return checkKnown(database, path) < SCHEMA_VERSION
}

/** Brings the schema up to date. To be called in a write transaction: another process may have been faster. */
export const migrate = (database: SqliteDatabase, path: string, isGiven: boolean, now: number): void => {
  const owner = ownerOf(database, path, isGiven)
  const version = checkKnown(database, path)
  database.exec(TABLE)
  const note = database.prepare(
    'insert into posthaste_migrations (number, name, hash, applied_at) values (?, ?, ?, ?)',
  )
  for (let number = version + 1; number <= SCHEMA_VERSION; number++) {
    const migration = MIGRATIONS[number - 1]
    if (migration === undefined) break
    database.exec(migration.sql)
    note.run(number, migration.name, hashOf(migration.sql), now)
  }
  // In a file of the user's, these two are his.
  if (owner === 'shared') return
  database.exec(`pragma application_id = ${APPLICATION_ID}; pragma user_version = ${SCHEMA_VERSION}`)
}
