import { accessSync, closeSync, constants, openSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { PosthasteError } from '../../core/errors.ts'
import { openDatabase, type SqliteDatabase } from './driver.ts'
import { isBusy, resultOf, toStoreError } from './failures.ts'
import { migrate, needsMigration } from './migrate.ts'

/** How the engine's connections are set up, whoever opened them. */
export interface ConnectionOptions {
  readonly path: string
  readonly synchronous: 'full' | 'normal'
  /** How long to wait for another process that holds the file while it is opened. */
  readonly openTimeoutMs: number
  /** Whether the connection is the user's: then only what durability needs is set on it. */
  readonly isGiven: boolean
}

/** Pages in the write-ahead log at which a commit copies it into the database, when no reader is in the way. */
const CHECKPOINT_PAGES = 4_000
const CACHE_KIB = 16_384
/** What PRAGMA synchronous answers. */
const SYNCHRONOUS = { normal: 1, full: 2 }
const OPEN_RETRY_MS = 20

/** SQLite's code for a file that cannot be written. */
const READ_ONLY = 8

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/**
 * The file is made before SQLite sees it, readable by its owner alone; SQLite gives the files beside it the same mode.
 * An existing file is not touched: opening and closing it here would drop the locks that this process may hold on it.
 * On Windows the mode has no meaning: there the folder's access rules decide.
 */
const createFile = (path: string): void => {
  try {
    closeSync(openSync(path, 'wx', 0o600))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') {
      if (statSync(path).isFile()) return
      throw new PosthasteError('E_STORE_OPEN', `${path} is not a file.`)
    }
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw new PosthasteError('E_STORE_OPEN', `The folder ${dirname(path)} does not exist.`, {
        cause: error,
      })
    }
    if (code === 'ENOSPC' || code === 'EDQUOT') {
      throw new PosthasteError('E_STORE_FULL', `There is no room for ${path}.`, { cause: error })
    }
    if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM') {
      throw new PosthasteError('E_STORE_READ_ONLY', `${path} cannot be created here.`, { cause: error })
    }
    throw new PosthasteError('E_STORE_OPEN', `${path} cannot be created: ${String(error)}.`, { cause: error })
  }
}

const pragma = (database: SqliteDatabase, name: string): unknown =>
  Object.values(database.prepare(`pragma ${name}`).get() as object)[0]

const setUp = (database: SqliteDatabase, options: ConnectionOptions): void => {
  const { path, synchronous, isGiven } = options
  // Waiting is done by the engine, in short random steps: SQLite's own waiting starves all writers but one.
  if (!isGiven) database.exec('pragma busy_timeout = 0')
  const mustMigrate = needsMigration(database, path, isGiven)
  if (pragma(database, 'journal_mode = wal') !== 'wal') {
    throw new PosthasteError(
      'E_STORE_OPEN',
      `${path} cannot be used in WAL mode (is it on a network share?).`,
    )
  }
  database.exec(`pragma synchronous = ${synchronous}`)
  if (!isGiven) {
    database.exec(`
      pragma temp_store = memory;
      pragma cache_size = -${CACHE_KIB};
      pragma wal_autocheckpoint = ${CHECKPOINT_PAGES}`)
  }
  database.exec('begin immediate')
  try {
    if (mustMigrate) migrate(database, path, isGiven, Date.now())
    database.exec('update store set opened = opened + 1 where one = 1')
    database.exec('commit')
  } catch (error) {
    if (database.isTransaction) database.exec('rollback')
    throw error
  }
  // Some builds fall back to NORMAL with the first write, however the question was answered before it.
  const level = pragma(database, 'synchronous')
  if (level !== SYNCHRONOUS[synchronous]) {
    throw new PosthasteError(
      'E_STORE_OPEN',
      `This SQLite keeps synchronous at ${String(level)} instead of ${synchronous}.`,
    )
  }
}

/** SQLite needs the folder, too: the write-ahead log is made beside the file. */
const isWritable = (path: string): boolean => {
  try {
    accessSync(path, constants.W_OK)
    accessSync(dirname(path), constants.W_OK)
    return true
  } catch {
    return false
  }
}

const explain = (error: unknown, path: string): PosthasteError => {
  if (error instanceof PosthasteError) return error
  if (isBusy(error))
    return new PosthasteError('E_STORE_LOCKED', `${path} is locked by another program.`, { cause: error })
  if (resultOf(error) === READ_ONLY || !isWritable(path)) {
    return new PosthasteError('E_STORE_READ_ONLY', `${path} or its folder cannot be written.`, {
      cause: error,
    })
  }
  return toStoreError(error, `opening ${path}`)
}

/** Makes a handle that the user brought ready for the engine. Errors: as for openConnection. */
export const adoptConnection = async (
  database: SqliteDatabase,
  options: ConnectionOptions,
): Promise<void> => {
  const deadline = performance.now() + options.openTimeoutMs
  for (;;) {
    try {
      setUp(database, options)
      return
    } catch (error) {
      if (!isBusy(error) || performance.now() >= deadline) throw explain(error, options.path)
    }
    await pause(OPEN_RETRY_MS * Math.random())
  }
}

/**
 * Opens the file, brings its schema up to date and proves that it can be written durably. Nothing stays open after an
 * error. Errors: E_STORE_OPEN, E_STORE_LOCKED, E_STORE_READ_ONLY, E_STORE_FOREIGN, E_STORE_NEWER, E_STORE_CORRUPT,
 * E_STORE_FULL, E_SQLITE_VERSION.
 */
export const openConnection = async (given: Omit<ConnectionOptions, 'isGiven'>): Promise<SqliteDatabase> => {
  const options = { ...given, isGiven: false }
  createFile(options.path)
  let database: SqliteDatabase
  try {
    database = await openDatabase(options.path)
  } catch (error) {
    throw explain(error, options.path)
  }
  try {
    await adoptConnection(database, options)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}
