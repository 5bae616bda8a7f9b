import { statSync } from 'node:fs'
import type { SqliteDatabase } from './driver.ts'
import { isBusy } from './failures.ts'

/**
 * The write-ahead log is copied into the database by the commits themselves, but it begins anew only when no one reads
 * or writes at that moment; under a steady load of several processes that may never be. Beyond this size a moment is
 * made: other writers wait until the log is empty. A reader that stays (someone's open transaction) hinders that for
 * as long as it stays; the next try comes soon.
 */
export const WAL_BYTES_MAX = 64 * 1024 * 1024

/** How often the size is looked at. */
const LOOK_MS = 250

export class WalKeeper {
  private readonly database: SqliteDatabase
  private readonly path: string
  private nextLook = 0

  constructor(database: SqliteDatabase, path: string) {
    this.database = database
    this.path = `${path}-wal`
    database.exec(`pragma journal_size_limit = ${WAL_BYTES_MAX}`)
  }

  /** To be called between transactions. */
  keepBounded(): void {
    const now = performance.now()
    if (now < this.nextLook) return
    this.nextLook = now + LOOK_MS
    try {
      // Looked at, not opened: closing it would drop the locks of this process.
      const size = statSync(this.path, { throwIfNoEntry: false })?.size ?? 0
      if (size > WAL_BYTES_MAX) this.database.prepare('pragma wal_checkpoint(truncate)').get()
    } catch (error) {
      if (!isBusy(error)) throw error
    }
  }
}
