import type { JobRecord } from '../../core/job.ts'

/** Who has a unique key, and until when. */
export interface Hold {
  readonly id: string
  readonly until: 'start' | 'finish' | 'time'
  /** Null: no such bound. */
  readonly expiresAt: number | null
}

/** The holders of unique keys. */
export class Keys {
  readonly #holds = new Map<string, Hold>()

  /** The job that holds the key, or undefined. */
  holder(key: string | null, now: number): string | undefined {
    const hold = key === null ? undefined : this.#holds.get(key)
    if (hold === undefined || (hold.expiresAt !== null && hold.expiresAt <= now)) return undefined
    return hold.id
  }

  /** Gives its key to a job, whoever had it. */
  take({ id, key, ties }: JobRecord, now: number): void {
    if (key === null) return
    const ms = ties?.keyMs ?? null
    const expiresAt = ms === null ? null : now + ms
    this.#holds.set(key, { id, until: ties?.keyUntil ?? 'finish', expiresAt })
  }

  /** Takes the key from a job that is claimed, or finished or gone; unless it holds it for longer, or no more. */
  release({ id, key }: JobRecord, event: 'start' | 'finish'): void {
    const hold = key === null ? undefined : this.#holds.get(key)
    if (key === null || hold?.id !== id || hold.until === 'time') return
    if (event === 'finish' || hold.until === 'start') this.#holds.delete(key)
  }
}
