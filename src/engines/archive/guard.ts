import { isPosthasteError, PosthasteError } from '../../core/errors.ts'
import type { ArchiveStatus } from '../archived.ts'
import type { Engine } from '../engine.ts'

/** What no archive could have carried out: the caller's mistake, not the archive's failure. */
const isMistake = (error: unknown): boolean =>
  isPosthasteError(error, 'E_ARGUMENT') ||
  isPosthasteError(error, 'E_TOO_LARGE') ||
  isPosthasteError(error, 'E_BATCH_TOO_LARGE')

/** Every call to the archive goes through here: its failures are told apart from those of the engine, and remembered. */
export class Guard {
  readonly archive: Engine
  readonly #now: () => number
  #failingSince: number | null = null
  #error: string | null = null
  moved = 0

  constructor(archive: Engine, now: () => number) {
    this.archive = archive
    this.#now = now
  }

  /** @throws E_ARCHIVE when the archive fails */
  async ask<T>(call: (archive: Engine) => Promise<T>): Promise<T> {
    try {
      const answer = await call(this.archive)
      this.#failingSince = null
      this.#error = null
      return answer
    } catch (error) {
      if (isMistake(error) || isPosthasteError(error, 'E_STORE_CLOSED')) throw error
      const why = error instanceof Error ? error.message : String(error)
      this.#failingSince ??= this.#now()
      this.#error = why
      const { kind, location } = this.archive.info()
      throw new PosthasteError('E_ARCHIVE', `The archive (${kind} ${location}) failed: ${why}`, {
        cause: error,
      })
    }
  }

  status(): ArchiveStatus {
    const { kind, location } = this.archive.info()
    return {
      kind,
      location,
      ok: this.#failingSince === null,
      failingSince: this.#failingSince === null ? null : new Date(this.#failingSince),
      error: this.#error,
      moved: this.moved,
    }
  }
}
