import type { Mailbox } from '../address.ts'

/** The person as a list shows it: the name, or the address when there is none. */
export const who = (one: Mailbox | null | undefined): string =>
  one?.name || one?.address || '(unknown sender)'

export function bytesText(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`
  if (bytes < 999_500) return `${(bytes / 1_000).toPrecision(bytes < 10_000 ? 2 : 3).replace(/\.0$/, '')} kB`
  return `${(bytes / 1_000_000).toFixed(1)} MB`
}

/** A time as short as it stays clear: 14:05 today, 3 Mar this year, 2024-03-03 before. In the machine's time zone. */
export function shortTime(at: number, now = Date.now()): string {
  const time = new Date(at)
  const today = new Date(now)
  if (time.toDateString() === today.toDateString()) {
    return time.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' })
  }
  if (time.getFullYear() === today.getFullYear()) {
    return time.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' })
  }
  return time.toLocaleDateString('en-CA')
}

export const longTime = (at: number): string =>
  new Date(at).toLocaleString('en-GB', { dateStyle: 'full', timeStyle: 'long' })

/** One of a few colours, always the same for the same address. */
export function hue(text: string, hues = 6): number {
  let sum = 0
  for (const char of text) sum = (sum * 31 + (char.codePointAt(0) ?? 0)) % 65_521
  return sum % hues
}

/** One or two letters for the circle beside a sender. */
export function initials(one: Mailbox | null | undefined): string {
  const words = who(one).match(/[\p{L}\p{N}]+/gu) ?? []
  const letters = words.length > 1 && one?.name ? [words[0], words.at(-1)] : [words[0]]
  return letters
    .map((word) => [...(word ?? '?')][0] ?? '')
    .join('')
    .toUpperCase()
}
