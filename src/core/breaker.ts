import { BREAKER_KINDS_MAX } from './limits.ts'

/**
 * When a task has failed too often in the same way. The moments of its failures are kept by the fingerprint of their
 * errors; pure, in epoch ms of the store's clock.
 */

/** The moments of failures by fingerprint, oldest first. */
export type FailureCounts = Readonly<Record<string, readonly number[]>>

export interface Failure {
  readonly fingerprint: string
  readonly at: number
}

export interface BreakerRule {
  readonly failures: number
  readonly withinMs: number
}

/**
 * Adds failures to those that are known, and forgets what is no longer of account. `tripped` is the fingerprint that
 * has reached the number, or null.
 */
export const countFailures = (
  counts: FailureCounts,
  added: readonly Failure[],
  { failures, withinMs }: BreakerRule,
  now: number,
): { readonly counts: FailureCounts; readonly tripped: string | null } => {
  const kinds = new Map(Object.entries(counts).map(([fingerprint, at]) => [fingerprint, [...at]]))
  for (const { fingerprint, at } of added) kinds.set(fingerprint, [...(kinds.get(fingerprint) ?? []), at])
  const left = [...kinds]
    .map(([fingerprint, at]) => {
      const kept = at.filter((moment) => moment > now - withinMs).sort((a, b) => a - b)
      return [fingerprint, kept.slice(-failures)] as const
    })
    .filter(([, at]) => at.length > 0)
    .sort(([, a], [, b]) => (b.at(-1) ?? 0) - (a.at(-1) ?? 0))
    .slice(0, BREAKER_KINDS_MAX)
  const tripped = left.find(([, at]) => at.length >= failures)?.[0] ?? null
  return { counts: Object.fromEntries(left), tripped }
}
