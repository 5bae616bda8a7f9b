const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** A span in its largest unit: '840 ms', '12 s', '3 min', '5 h', '12 d'. */
export const short = (ms: number): string => {
  const span = Math.abs(ms)
  if (span < SECOND) return `${Math.round(span)} ms`
  if (span < MINUTE) return `${Math.floor(span / SECOND)} s`
  if (span < HOUR) return `${Math.floor(span / MINUTE)} min`
  if (span < 2 * DAY) return `${Math.floor(span / HOUR)} h`
  return `${Math.floor(span / DAY)} d`
}

/** How long something took, in two units where the second still tells something: '1.2 s', '3 min 4 s', '2 h 10 min'. */
export const span = (ms: number): string => {
  if (ms < SECOND) return `${Math.max(0, Math.round(ms))} ms`
  if (ms < 10 * SECOND) return `${(ms / SECOND).toFixed(1)} s`
  if (ms < MINUTE) return `${Math.floor(ms / SECOND)} s`
  const [big, small, names] =
    ms < HOUR
      ? [MINUTE, SECOND, ['min', 's']]
      : ms < DAY
        ? [HOUR, MINUTE, ['h', 'min']]
        : [DAY, HOUR, ['d', 'h']]
  const rest = Math.floor((ms % big) / small)
  return `${Math.floor(ms / big)} ${names[0]}${rest === 0 ? '' : ` ${rest} ${names[1]}`}`
}

/** 'in 5 min', '3 s ago', 'just now'. */
export const relative = (at: number, now: number): string => {
  const ms = at - now
  if (Math.abs(ms) < SECOND) return 'just now'
  return ms > 0 ? `in ${short(ms)}` : `${short(ms)} ago`
}

const two = (number: number): string => String(number).padStart(2, '0')

/** '2026-03-01 09:30:05.120' in the reader's zone: sortable, and the same in every country. */
export const absolute = (at: number): string => {
  const date = new Date(at)
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
  return `${day} ${time}.${String(date.getMilliseconds()).padStart(3, '0')}`
}

/** '1,234' */
export const count = (number: number): string => number.toLocaleString('en-US')

/** '1.2 k', '14 k', '3.4 M': for places where a long number does not fit. */
export const compact = (number: number): string => {
  if (number < 1_000) return String(number)
  if (number < 1_000_000) return `${trim(number / 1_000)} k`
  return `${trim(number / 1_000_000)} M`
}

const trim = (number: number): string =>
  number < 10 ? (Math.floor(number * 10) / 10).toString() : String(Math.floor(number))
