import { type Clock, systemClock } from '../core/clock.ts'
import { PosthasteError } from '../core/errors.ts'
import { ARCHIVE_CALL_TIMEOUT_MS } from '../core/limits.ts'
import type { ArchivedEngine } from './archived.ts'
import type { Engine } from './engine.ts'
import type { PgPool } from './postgres/driver.ts'
import type { SqliteHandle } from './sqlite/handle.ts'

/** A connection that the user has already. It is not closed with the engine. */
export type EngineConnection =
  | {
      /** An open `DatabaseSync` of `node:sqlite` or `@photostructure/sqlite`, which is then this process's only way to its file. */
      readonly sqlite: SqliteHandle
    }
  | {
      /** A pool of `pg`, or of a driver with the same interface. */
      readonly postgres: Pick<PgPool, 'connect'>
      /** Default `posthaste`. */
      readonly schema?: string
    }

export interface OpenEngineOptions {
  /** The store's clock, where the store has none of its own. Default: the system's. */
  readonly clock?: Clock
  /** After how long a call is given up with E_STORE_TIMEOUT. Default ENGINE_CALL_TIMEOUT_MS. */
  readonly callTimeoutMs?: number
}

/**
 * An open engine from its URL, or the given one opened: the only place that knows engines by name. Their code is
 * loaded when it is asked for.
 *
 * `memory:` keeps jobs in this process. `sqlite:PATH` keeps them in a file, given as an absolute path or relative to
 * the working directory (`sqlite:./jobs.db`, `sqlite:/var/lib/jobs.db`, `sqlite:///var/lib/jobs.db`,
 * `sqlite:C:\jobs.db`); the path is taken as it is written, nothing in it is decoded.
 * `redis://[[user]:password@]host[:port][/database][?prefix=NAME]` (`rediss:` with TLS) keeps them in Redis.
 * `postgres://USER:PASSWORD@HOST:PORT/DATABASE` keeps them in a schema of that database (`?schema=posthaste`).
 * `{ sqlite: database }` and `{ postgres: pool }` keep them where the user is connected already.
 *
 * Errors: E_ENGINE_UNKNOWN for any other URL, and those of `Engine.open`.
 */
export const openEngine = async (
  from: string | Engine | EngineConnection,
  options: OpenEngineOptions = {},
): Promise<Engine> => {
  const engine =
    typeof from === 'string'
      ? await createEngine(from, options)
      : 'open' in from
        ? from
        : await createEngineOn(from, options)
  await engine.open()
  return engine
}

export interface OpenArchivedOptions extends OpenEngineOptions {
  /** Where finished jobs are kept: the URL of a store of its own, or an engine. */
  readonly archive: string | Engine | EngineConnection
  /** For how long finished jobs stay in the engine. */
  readonly archiveAfterMs: number
  /** A text that is new each time. */
  readonly newKey: () => string
}

/**
 * The same with an archive, into which finished jobs are moved: the answer is one engine that reads both.
 * Errors: those of openEngine for either store (an archive that cannot be reached is refused), and E_ARGUMENT when both
 * are the same store, or when jobs would survive in the engine but not in the archive. Nothing is left open then.
 */
export const openArchived = async (
  from: string | Engine | EngineConnection,
  { archive: to, archiveAfterMs: afterMs, newKey, ...options }: OpenArchivedOptions,
): Promise<ArchivedEngine> => {
  const engine = await openEngine(from, options)
  let archive: Engine | undefined
  try {
    archive = await openEngine(to, { callTimeoutMs: ARCHIVE_CALL_TIMEOUT_MS, ...options })
    await refuseArchive(engine, archive, newKey())
    const { createArchived } = await import('./archive/index.ts')
    return createArchived({ engine, archive, clock: options.clock ?? systemClock, afterMs, newKey })
  } catch (error) {
    await Promise.allSettled([engine.close(), archive?.close()])
    throw error
  }
}

const PROBE_TTL_MS = 60_000

/**
 * One store can have many names (a relative path, another host name, a pool), and a job that is moved from a store into
 * itself would be gone: so a document is written on one side and looked for on the other.
 */
const refuseArchive = async (engine: Engine, archive: Engine, key: string): Promise<void> => {
  const refuse = (what: string): never => {
    throw new PosthasteError('E_ARGUMENT', what, { field: 'archive' })
  }
  const probe = { collection: 'posthaste.archive-probe', key }
  await engine.putRecords([{ ...probe, value: 'true', expect: null, ttlMs: PROBE_TTL_MS }])
  const [found] = await archive.getRecords([probe])
  await engine.putRecords([{ ...probe, value: null, expect: null, ttlMs: null }])
  if (found !== null)
    refuse('The archive is the same store as the engine: give it a file, schema or prefix of its own.')
  if (archive.info().kind === 'memory' && engine.info().durability !== 'none')
    refuse('An archive in memory would lose the jobs that are moved into it.')
}

const createEngineOn = async (from: EngineConnection, options: OpenEngineOptions): Promise<Engine> => {
  if ('sqlite' in from) {
    const { createSqliteEngine } = await import('./sqlite/index.ts')
    return createSqliteEngine({ ...options, database: from.sqlite })
  }
  const { createPostgresEngine } = await import('./postgres/index.ts')
  const schema = from.schema === undefined ? {} : { schema: from.schema }
  return createPostgresEngine({ ...options, pool: from.postgres, ...schema })
}

const createEngine = async (url: string, options: OpenEngineOptions): Promise<Engine> => {
  const [, scheme = '', rest = ''] = /^([a-z][a-z0-9+.-]*):(.*)$/is.exec(url) ?? []
  switch (scheme.toLowerCase()) {
    case 'memory': {
      if (rest !== '' && rest !== '//')
        throw unknown('The memory engine has no address: write memory: alone.')
      const { createMemoryEngine } = await import('./memory/index.ts')
      return createMemoryEngine(options)
    }
    case 'sqlite': {
      const path = sqlitePath(rest)
      const { createSqliteEngine } = await import('./sqlite/index.ts')
      return createSqliteEngine({ ...options, path })
    }
    case 'redis':
    case 'rediss': {
      const { createRedisEngine } = await import('./redis/index.ts')
      return createRedisEngine({ ...options, url })
    }
    case 'postgres':
    case 'postgresql': {
      const { createPostgresEngine } = await import('./postgres/index.ts')
      return createPostgresEngine({ ...options, url })
    }
    default:
      // The URL itself may hold a password, or be a file name that lost its scheme: only its scheme is named.
      throw unknown(scheme === '' ? 'The engine has to be a URL.' : `There is no engine for ${scheme}: URLs.`)
  }
}

const sqlitePath = (rest: string): string => {
  const path = rest.startsWith('//') ? rest.slice(2) : rest
  if (path === '') throw unknown('The URL names no database file.')
  // A database that ends with its connection cannot be shared by connections, threads or processes.
  if (path === ':memory:') throw unknown('An SQLite database in memory would be lost with its connection.')
  if (path.includes('?')) throw unknown('The URL of a database file takes no options.')
  return path
}

const unknown = (what: string): PosthasteError =>
  new PosthasteError('E_ENGINE_UNKNOWN', what, { field: 'engine' })
