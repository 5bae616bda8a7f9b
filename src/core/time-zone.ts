import { PosthasteError } from './errors.ts'
import { shown } from './text.ts'

/**
 * What the clocks of a place show. Times are whole seconds since the epoch; a *local* time is what the clock on the wall
 * shows, written as if it were UTC.
 */
export interface TimeZone {
  readonly name: string
  /** Local time minus instant, in seconds. */
  offsetAt(instant: number): number
  /** The first change of the offset in (after, until], or null. */
  changeIn(after: number, until: number): number | null
}

const DAY_S = 86_400
/** Days whose offsets are kept per zone; a full table is emptied. */
const DAYS_KEPT_MAX = 8_192
/** Zones that are kept; names come from outside. */
const ZONES_KEPT_MAX = 1_000

/** A day of UTC: its offset at the beginning, and the change within it. Two changes within one day have never been. */
interface Day {
  readonly offset: number
  readonly change: { readonly at: number; readonly offset: number } | null
}

const zones = new Map<string, TimeZone>()

/**
 * The zone with this IANA name, such as Europe/Berlin or UTC.
 * @throws E_ARGUMENT naming the field when the system does not know it
 */
export const timeZoneOf = (name: unknown, field: string): TimeZone => {
  const known = typeof name === 'string' ? zones.get(name) : undefined
  if (known !== undefined) return known
  const zone = create(name, field)
  if (zones.size >= ZONES_KEPT_MAX) zones.clear()
  zones.set(zone.name, zone)
  return zone
}

const create = (name: unknown, field: string): TimeZone => {
  // Offsets such as +02:00 are no zones everywhere that Posthaste runs.
  if (typeof name !== 'string' || !/^[A-Za-z]/.test(name)) throw unknown(name, field)
  let format: Intl.DateTimeFormat
  try {
    format = new Intl.DateTimeFormat('en-US', {
      ...{ timeZone: name, calendar: 'gregory', numberingSystem: 'latn', hourCycle: 'h23' },
      ...{ year: 'numeric', month: 'numeric', day: 'numeric' },
      ...{ hour: 'numeric', minute: 'numeric', second: 'numeric' },
    })
  } catch {
    throw unknown(name, field)
  }
  return new KnownZone(name, format)
}

const unknown = (name: unknown, field: string): PosthasteError => {
  const what = `${field} is ${shown(name)}, which is no time zone (an IANA name such as Europe/Berlin).`
  return new PosthasteError('E_ARGUMENT', what, { field })
}

class KnownZone implements TimeZone {
  readonly name: string
  #format: Intl.DateTimeFormat
  #days = new Map<number, Day>()

  constructor(name: string, format: Intl.DateTimeFormat) {
    this.name = name
    this.#format = format
  }

  offsetAt(instant: number): number {
    const { offset, change } = this.#day(Math.floor(instant / DAY_S))
    return change !== null && instant >= change.at ? change.offset : offset
  }

  changeIn(after: number, until: number): number | null {
    let before = this.offsetAt(after)
    for (let day = Math.floor(after / DAY_S); day * DAY_S <= until; day++) {
      const { offset, change } = this.#day(day)
      const start = day * DAY_S
      if (start > after && offset !== before) return start
      if (change !== null && change.at > after) return change.at <= until ? change.at : null
      before = change?.offset ?? offset
    }
    return null
  }

  #day(number: number): Day {
    let day = this.#days.get(number)
    if (day === undefined) {
      day = this.#look(number * DAY_S)
      if (this.#days.size >= DAYS_KEPT_MAX) this.#days.clear()
      this.#days.set(number, day)
    }
    return day
  }

  #look(start: number): Day {
    const offset = this.#ask(start)
    const last = start + DAY_S - 1
    const end = this.#ask(last)
    if (end === offset) return { offset, change: null }
    let [before, at] = [start, last]
    while (at - before > 1) {
      const middle = Math.floor((before + at) / 2)
      if (this.#ask(middle) === offset) before = middle
      else at = middle
    }
    return { offset, change: { at, offset: end } }
  }

  #ask(instant: number): number {
    // 1/31/2026, 23:59:00, whatever separates the numbers.
    const text = this.#format.format(instant * 1_000)
    const [month = 1, day = 1, year = 0, hour = 0, minute = 0, second = 0] = (text.match(/\d+/g) ?? []).map(
      Number,
    )
    return Date.UTC(year, month - 1, day, hour, minute, second) / 1_000 - instant
  }
}
