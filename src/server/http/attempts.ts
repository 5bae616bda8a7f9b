import { PosthasteError } from '../../core/errors.ts'

/** Wrong tokens that one address may try in a minute. */
const FAILURES_MAX = 10
const WINDOW_MS = 60_000
/** Addresses that are remembered; whoever has more of them is not stopped by this, but by the length of the token. */
const ADDRESSES_MAX = 10_000

export interface Attempts {
  /** @throws E_TOO_MANY when the address has failed too often in the last minute */
  check(address: string): void
  failed(address: string): void
}

/** Counts wrong tokens by address. */
export const createAttempts = (now: () => number = Date.now): Attempts => {
  const failures = new Map<string, { readonly since: number; count: number }>()

  const current = (address: string): { readonly since: number; count: number } | undefined => {
    const entry = failures.get(address)
    if (entry === undefined || now() - entry.since < WINDOW_MS) return entry
    failures.delete(address)
    return undefined
  }

  return {
    check(address) {
      const entry = current(address)
      if (entry === undefined || entry.count < FAILURES_MAX) return
      const retryAfterMs = Math.max(0, entry.since + WINDOW_MS - now())
      throw new PosthasteError(
        'E_TOO_MANY',
        `${FAILURES_MAX} wrong tokens came from this address within a minute.`,
        {
          data: { retryAfterMs },
        },
      )
    },
    failed(address) {
      const entry = current(address)
      if (entry !== undefined) {
        entry.count += 1
        return
      }
      // The oldest goes: a map keeps the order of insertion.
      const [oldest] = failures.keys()
      if (failures.size >= ADDRESSES_MAX && oldest !== undefined) failures.delete(oldest)
      failures.set(address, { since: now(), count: 1 })
    },
  }
}
