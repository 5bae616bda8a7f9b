import { RETRY_AFTER_MAX_MS } from './limits.ts'
import type { StatusPattern } from './payload.ts'

export const isExpected = (
  status: number,
  expect: StatusPattern | readonly StatusPattern[] = '2xx',
): boolean =>
  [expect]
    .flat()
    .some((one) => (typeof one === 'number' ? one === status : Number(one[0]) === Math.floor(status / 100)))

/** Statuses that say "not now": too slow, too early, too many, and the server's own trouble. */
export const isTemporary = (status: number): boolean =>
  status === 408 || status === 425 || status === 429 || status >= 500

/** What the header Retry-After asks for in ms, seconds or a date; undefined when it asks for nothing that can be read. */
export const retryAfterMs = (header: string | undefined, now: number): number | undefined => {
  if (header === undefined) return undefined
  const ms = /^\d{1,9}$/.test(header.trim()) ? Number(header) * 1_000 : Date.parse(header) - now
  return Number.isFinite(ms) ? Math.min(Math.max(Math.round(ms), 0), RETRY_AFTER_MAX_MS) : undefined
}
