import { PosthasteError } from '../../core/errors.ts'
import type { SqliteDatabase } from './driver.ts'

/** A database that the user has open: `DatabaseSync` of `node:sqlite` or of `@photostructure/sqlite`. */
export interface SqliteHandle {
  exec(sql: string): void
  prepare(sql: string): object
  close(): void
  readonly isOpen: boolean
  readonly isTransaction: boolean
}

/** @throws E_ARGUMENT when it is the handle of another library, or closed */
export const asDatabase = (handle: SqliteHandle): SqliteDatabase => {
  // The rest cannot be asked of a handle that is closed.
  const fits = ['exec', 'prepare', 'isOpen', 'isTransaction'].every((member) => member in handle)
  if (fits && handle.isOpen) return handle as SqliteDatabase
  const what = fits
    ? 'engine.sqlite is a database handle that is not open.'
    : 'engine.sqlite must be an open DatabaseSync of node:sqlite or of @photostructure/sqlite.'
  throw new PosthasteError('E_ARGUMENT', what, { field: 'engine' })
}

/** The file behind a handle. */
export const fileOf = (database: SqliteDatabase): string => {
  const files = database.prepare('pragma database_list').all() as {
    readonly name: string
    readonly file: string
  }[]
  const file = files.find(({ name }) => name === 'main')?.file ?? ''
  if (file !== '') return file
  const what = 'An SQLite database in memory would be lost with its connection.'
  throw new PosthasteError('E_ENGINE_UNKNOWN', what, { field: 'engine' })
}
