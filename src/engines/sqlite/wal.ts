import { statSync } from 'node:fs'
import type { SqliteDatabase } from './driver.ts'
import { isBusy } from './failures.ts'
import { randomPauseMs, sleep } from './patience.ts'

/**
 * The write-ahead log is copied into the database by the commits themselves, but it begins anew only when no one reads
 * or writes at that moment; under a steady load of several processes that may never be. Beyond this size a moment is
 * made: other writers wait until the log is empty. A reader that stays (someone's open transaction) hinders that for
 * as long as it stays; the next try comes soon.
 */
export const WAL_BYTES_MAX = 64 * 1024 * 1024

/** How often the size is looked at. */
const LOOK_MS = 100
/** How long one try lasts at most, and after how long the next one follows when it failed: a reader may take its time. */
const TRY_MS = 100
const REST_MS = 1_000

export class WalKeeper {
  private readonly database: SqliteDatabase
  private readonly path: string
  private nextLook = 0

  constructor(database: SqliteDatabase, path: string) {
    this.database = database
    this.path = `${path}-wal`
    database.exec(`pragma journal_size_limit = ${WAL_BYTES_MAX}`)
  }

  /** To be called between transactions. Holds up its thread when the log has grown too large. */
  keepBounded(): void {
    const now = performance.now()
    if (now < this.nextLook) return
    this.nextLook = now + LOOK_MS
    // Looked at, not opened: closing it would drop the locks of this process.
    const size = statSync(this.path, { throwIfNoEntry: false })?.size ?? 0
    if (size > WAL_BYTES_MAX && !this.empty(now + TRY_MS)) this.nextLook = performance.now() + REST_MS
  }

  private empty(deadline: number): boolean {
    const checkpoint = this.database.prepare('pragma wal_checkpoint(truncate)')
    while (performance.now() < deadline) {
      try {
        if ((checkpoint.get() as { readonly busy: number }).busy === 0) return true
      } catch (error) {
        // What else goes wrong here (a full disk) is told to the next call that writes.
        if (!isBusy(error)) return false
      }
      sleep(randomPauseMs())
    }
    return false
  }
}
