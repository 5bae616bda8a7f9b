import { type Clock, systemClock } from '../core/clock.ts'
import { PosthasteError } from '../core/errors.ts'
import { ARCHIVE_CALL_TIMEOUT_MS } from '../core/limits.ts'
import type { ArchivedEngine } from './archived.ts'
import type { Engine } from './engine.ts'

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
 *
 * Errors: E_ENGINE_UNKNOWN for any other URL, and those of `Engine.open`.
 */
export const openEngine = async (from: string | Engine, options: OpenEngineOptions = {}): Promise<Engine> => {
  const engine = typeof from === 'string' ? await createEngine(from, options) : from
  await engine.open()
  return engine
}

export interface OpenArchivedOptions extends OpenEngineOptions {
  /** Where finished jobs are kept: the URL of a store of its own, or an engine. */
  readonly archive: string | Engine
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
  from: string | Engine,
  { archive: to, archiveAfterMs: afterMs, newKey, ...options }: OpenArchivedOptions,
): Promise<ArchivedEngine> => {
  const engine = await openEngine(from, options)
  let archive: Engine | undefined
  try {
    archive = await openEngine(to, { callTimeoutMs: ARCHIVE_CALL_TIMEOUT_MS, ...options })
    refuseArchive(engine, archive)
    const { createArchived } = await import('./archive/index.ts')
    return createArchived({ engine, archive, clock: options.clock ?? systemClock, afterMs, newKey })
  } catch (error) {
    await Promise.allSettled([engine.close(), archive?.close()])
    throw error
  }
}

const refuseArchive = (engine: Engine, archive: Engine): void => {
  const refuse = (what: string): never => {
    throw new PosthasteError('E_ARGUMENT', what, { field: 'archive' })
  }
  const [one, other] = [engine.info(), archive.info()]
  const isMemory = other.kind === 'memory'
  if (engine === archive || (!isMemory && one.kind === other.kind && one.location === other.location)) {
    refuse('The archive is the same store as the engine: give it a file, schema or prefix of its own.')
  }
  if (isMemory && one.durability !== 'none') {
    refuse('An archive in memory would lose the jobs that are moved into it.')
  }
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
