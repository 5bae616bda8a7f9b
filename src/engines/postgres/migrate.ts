import { createHash } from 'node:crypto'
import { PosthasteError } from '../../core/errors.ts'
import type { PgRow, PgValue } from './driver.ts'
import { isWorthAnotherTry, sqlStateOf } from './failures.ts'
import { MIGRATIONS } from './sql.generated.ts'
import { inSchema } from './statements.ts'

export const SCHEMA_VERSION = MIGRATIONS.length

/** How long a change of the schema waits for the workers that use it, before it lets them pass and tries again. */
const LOCK_TIMEOUT_MS = 5_000
const ATTEMPTS_MAX = 6
const AGAIN_MAX_MS = 500
const LOCK_NOT_AVAILABLE = '55P03'
const NOT_ALLOWED = '42501'

export type Query = (text: string, values?: PgValue[]) => Promise<PgRow[]>

const hashOf = (sql: string): string => createHash('sha256').update(sql).digest('hex')

/** The number of a schema among the advisory locks of its database. */
export const lockOfSchema = (schema: string): number =>
  createHash('sha256').update(`posthaste ${schema}`).digest().readInt32BE()

const TABLE = `create table if not exists posthaste.migrations (
  number integer primary key, name text not null, hash text not null, applied_at timestamptz not null default now()
)`
const NOTE = 'insert into posthaste.migrations (number, name, hash) values ($1, $2, $3)'
const APPLIED = 'select number, name, hash from posthaste.migrations order by number'
const TABLES = `select c.relname from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname = $1 and c.relkind in ('r', 'p', 'v')`
const EXISTS = 'select 1 from pg_catalog.pg_namespace where nspname = $1'

/** How many migrations the schema has, after a look at whether they are the ones that this program knows. */
const appliedIn = async (query: Query, schema: string): Promise<number> => {
  const tables = (await query(TABLES, [schema])).map(([name]) => name)
  if (tables.length === 0) return 0
  if (!tables.includes('migrations') || !(tables.length === 1 || tables.includes('store'))) {
    throw new PosthasteError('E_STORE_FOREIGN', `The schema "${schema}" has tables of another application.`)
  }
  const applied = await query(inSchema(APPLIED, schema))
  if (applied.length > SCHEMA_VERSION) {
    const what = `The schema "${schema}" has version ${applied.length}; this version of Posthaste knows ${SCHEMA_VERSION}.`
    throw new PosthasteError('E_STORE_NEWER', what)
  }
  for (const [number, name, hash] of applied) {
    const known = MIGRATIONS[Number(number) - 1]
    if (known !== undefined && hash === hashOf(known.sql)) continue
    throw new PosthasteError(
      'E_STORE_NEWER',
      `The schema "${schema}" has a change "${name}" that this version does not know.`,
    )
  }
  return applied.length
}

/** In one transaction, one process at a time: another may have been faster. */
const apply = async (query: Query, schema: string): Promise<void> => {
  await query(`begin; set local lock_timeout = ${LOCK_TIMEOUT_MS}; set local client_min_messages = error`)
  try {
    await query('select pg_advisory_xact_lock($1, 0)', [lockOfSchema(schema)])
    if ((await query(EXISTS, [schema])).length === 0)
      await query(`create schema "${schema.replaceAll('"', '""')}"`)
    const version = await appliedIn(query, schema)
    await query(inSchema(TABLE, schema))
    for (let number = version + 1; number <= SCHEMA_VERSION; number++) {
      const migration = MIGRATIONS[number - 1]
      if (migration === undefined) break
      await query(inSchema(migration.sql, schema))
      await query(inSchema(NOTE, schema), [number, migration.name, hashOf(migration.sql)])
    }
    await query('commit')
  } catch (error) {
    await query('rollback').catch(() => {})
    throw error
  }
}

/**
 * Brings the schema up to date, beside workers that use it: forward only, in one transaction that gives way to them.
 * Nothing is locked when there is nothing to do. Errors: E_STORE_FOREIGN, E_STORE_NEWER, E_STORE_OPEN.
 */
export const migrate = async (query: Query, schema: string): Promise<void> => {
  if ((await appliedIn(query, schema)) === SCHEMA_VERSION) return
  for (let attempt = 1; ; attempt++) {
    try {
      return await apply(query, schema)
    } catch (error) {
      if (sqlStateOf(error) === NOT_ALLOWED) {
        const what = `This user may not create the schema "${schema}" and what belongs into it.`
        throw new PosthasteError('E_STORE_OPEN', what, { cause: error })
      }
      const isAgain = isWorthAnotherTry(error) || sqlStateOf(error) === LOCK_NOT_AVAILABLE
      if (!isAgain || attempt >= ATTEMPTS_MAX) throw error
      await new Promise((resolve) => setTimeout(resolve, Math.random() * AGAIN_MAX_MS))
    }
  }
}
