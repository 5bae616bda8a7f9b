import { formatDuration } from '../../core/durations.ts'
import { timeZoneOf } from '../../core/time-zone.ts'

/** Times for people: how long ago or ahead, beside the exact moment. */

/** 'just now', '3m 20s ago', 'in 1h 59m': two units at most, short enough for a table. */
export const relativeTime = (at: number, now: number): string => {
  const distance = Math.abs(at - now)
  if (distance < 1_000) return at > now ? 'in <1s' : 'just now'
  const amount = formatDuration(Math.floor(distance / 1_000) * 1_000)
  return at > now ? `in ${amount}` : `${amount} ago`
}

/** A duration in whole seconds, for ages and estimates: milliseconds say nothing there. At least one. */
export const inSeconds = (ms: number): string => formatDuration(Math.max(1, Math.round(ms / 1_000)) * 1_000)

const two = (value: number, length = 2): string => String(value).padStart(length, '0')

/** '2026-03-01 14:05:09.123 +01:00', in the machine's own time zone: sortable and without doubt. */
export const exactTime = (at: Date): string => {
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`
  return `${day} ${clockTime(at)} ${offsetText(-at.getTimezoneOffset())}`
}

/** '2026-03-01 14:05:09 +01:00', as the clocks of a time zone show it. */
export const exactTimeIn = (zone: string, at: Date): string => {
  const offsetS = timeZoneOf(zone, 'timeZone').offsetAt(Math.floor(at.getTime() / 1_000))
  const local = new Date(at.getTime() + offsetS * 1_000).toISOString()
  return `${local.slice(0, 10)} ${local.slice(11, 19)} ${offsetText(Math.trunc(offsetS / 60))}`
}

const offsetText = (minutes: number): string =>
  `${minutes < 0 ? '-' : '+'}${two(Math.floor(Math.abs(minutes) / 60))}:${two(Math.abs(minutes) % 60)}`

/** '14:05:09.123' */
export const clockTime = (at: Date): string =>
  `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${two(at.getMilliseconds(), 3)}`
