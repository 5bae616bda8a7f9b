/** Times for people: how long ago or ahead, beside the exact moment. */

const UNITS: readonly (readonly [suffix: string, ms: number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
]

/** 'just now', '3m ago', 'in 2h': one unit, short enough for a table. */
export const relativeTime = (at: number, now: number): string => {
  const distance = Math.abs(at - now)
  if (distance < 1_000) return at > now ? 'in <1s' : 'just now'
  const [suffix, unit] = UNITS.find(([, ms]) => distance >= ms) ?? ['s', 1_000]
  const amount = `${Math.floor(distance / unit)}${suffix}`
  return at > now ? `in ${amount}` : `${amount} ago`
}

const two = (value: number, length = 2): string => String(value).padStart(length, '0')

/** '2026-03-01 14:05:09.123 +01:00', in the machine's own time zone: sortable and without doubt. */
export const exactTime = (at: Date): string => {
  const offset = -at.getTimezoneOffset()
  const zone = `${offset < 0 ? '-' : '+'}${two(Math.floor(Math.abs(offset) / 60))}:${two(Math.abs(offset) % 60)}`
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`
  return `${day} ${clockTime(at)} ${zone}`
}

/** '14:05:09.123' */
export const clockTime = (at: Date): string =>
  `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${two(at.getMilliseconds(), 3)}`
