/** Minutes between attempts after the server put a mail off; the last one repeats. Greylisting ends within the first few. */
const DELAYS_MINUTES = [1, 5, 15, 30, 60, 120, 240] as const
/** ± this fraction, so that mails put off together do not return together. */
const JITTER = 0.1

/**
 * Enough for the 72 hours after which a mail expires. That time is the real bound; this number keeps a job whose
 * `expiresAt` lies far away from being tried for ever.
 */
export const MAIL_RETRIES = 30

/** The wait before retry number `retry` (from 1), in ms. */
export function mailBackoffMs(retry: number, random: () => number = Math.random): number {
  const minutes = DELAYS_MINUTES[Math.min(Math.max(retry, 1), DELAYS_MINUTES.length) - 1] ?? 1
  return Math.round(minutes * 60_000 * (1 + JITTER * (2 * random() - 1)))
}
