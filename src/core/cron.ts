import { type CronFields, cronError, parseCron } from './cron-parse.ts'
import { type TimeZone, timeZoneOf } from './time-zone.ts'

/**
 * When a cron expression fires in a time zone. Where clocks are changed:
 * - An expression with a fixed hour names times on the clock on the wall. Those that are skipped in spring are made good
 *   once, right after the gap; those that come twice in autumn count the first time.
 * - One that leaves the hour open (a star, with a step or without) fires whenever the clock shows a time that fits:
 *   `30 * * * *` is every real hour, `* * * * *` every real minute.
 */
export interface Cron {
  readonly expression: string
  readonly timeZone: string
  /** The first tick after this epoch ms. Every expression that was accepted has one. */
  next(afterMs: number): number
}

/** The calendar repeats itself after so many years; what does not fire in them never does. */
const CALENDAR_YEARS = 400
const DAY_S = 86_400
/** No change of clocks in a time zone is larger: Samoa left out a whole day. */
const CHANGE_MAX_S = 26 * 3_600

/**
 * @param field named in the error
 * @throws E_CRON for what is no expression and for one that never fires, E_ARGUMENT for an unknown time zone
 */
export const createCron = (
  expression: unknown,
  timeZone: unknown = 'UTC',
  { field = 'cron', zoneField = 'timeZone' } = {},
): Cron => {
  const fields = parseCron(expression, field)
  const zone = timeZoneOf(timeZone, zoneField)
  if (nextLocal(fields, 0) === null) throw cronError(expression, field, 'it never fires')
  const next = fields.anyHour ? nextElapsed : nextOnTheWall
  return {
    expression: expression as string,
    timeZone: zone.name,
    next: (afterMs) => next(fields, zone, Math.floor(afterMs / 1_000)) * 1_000,
  }
}

/**
 * Fixed hours. A local time is reached when the clock first shows it or a later one, which is what the rule for gaps
 * and for repeated hours says in one sentence. So the next tick belongs to the first local time that the clock has never
 * reached so far.
 */
const nextOnTheWall = (fields: CronFields, zone: TimeZone, after: number): number =>
  reached(zone, mustFire(nextLocal(fields, highest(zone, after))))

/** The latest time that the clock has shown up to this instant: later than what it shows now in a repeated hour. */
const highest = (zone: TimeZone, instant: number): number => {
  const local = instant + zone.offsetAt(instant)
  const change = zone.changeIn(instant - CHANGE_MAX_S, instant)
  return change === null ? local : Math.max(local, change - 1 + zone.offsetAt(change - 1))
}

/** The instant at which the clock first shows this local time or a later one. */
const reached = (zone: TimeZone, local: number): number => {
  const [from, to] = [local - CHANGE_MAX_S, local + CHANGE_MAX_S]
  const before = local - zone.offsetAt(from)
  const change = zone.changeIn(from, to)
  if (change === null || before < change) return before
  return Math.max(change, local - zone.offsetAt(change))
}

/** Open hours: the first instant at which the clock shows a time that fits. */
const nextElapsed = (fields: CronFields, zone: TimeZone, after: number): number => {
  let instant = after
  let offset = zone.offsetAt(after)
  // Where to look for changes from: one that was taken into account must not be found again.
  let seen = after
  for (;;) {
    const tick = mustFire(nextLocal(fields, instant + offset)) - offset
    // A change of clocks near either end may bring a time that fits earlier; those in between cannot.
    const change = zone.changeIn(seen, Math.min(tick, instant + CHANGE_MAX_S))
    if (change !== null) {
      // The change itself is the first instant to look at by the new offset.
      instant = change - 1
      offset = zone.offsetAt(change)
      seen = change
    } else if (tick - instant <= CHANGE_MAX_S) {
      return tick
    } else {
      instant = Math.max(instant + CHANGE_MAX_S, tick - 2 * CHANGE_MAX_S)
      offset = zone.offsetAt(instant)
      seen = instant
    }
  }
}

/** Whether an expression ever fires is asked when it is created. */
const mustFire = (local: number | null): number => {
  if (local === null) throw cronError('', 'cron', 'it never fires')
  return local
}

/** The first time after `after` that fits, by the calendar alone; null when there is none. */
const nextLocal = (fields: CronFields, after: number): number | null => {
  const start = after + 1
  const day = Math.floor(start / DAY_S)
  // The rest of the first day, then the beginning of the first day that fits.
  if (fitsDay(fields, new Date(day * DAY_S * 1_000))) {
    const time = nextTime(fields, start - day * DAY_S)
    if (time !== null) return day * DAY_S + time
  }
  const found = nextDay(fields, day + 1)
  const first = nextTime(fields, 0)
  return found === null || first === null ? null : found * DAY_S + first
}

const fitsDay = ({ month, day, weekday, eitherDay }: CronFields, date: Date): boolean => {
  if (!month.includes(date.getUTCMonth() + 1)) return false
  const isDay = day.has(date.getUTCDate())
  const isWeekday = weekday.has(date.getUTCDay())
  return eitherDay ? isDay || isWeekday : isDay && isWeekday
}

/** Days are numbered from the epoch. Months that do not fit are passed over whole. */
const nextDay = (fields: CronFields, from: number): number | null => {
  const date = new Date(from * DAY_S * 1_000)
  const lastYear = date.getUTCFullYear() + CALENDAR_YEARS
  while (date.getUTCFullYear() <= lastYear) {
    if (!fields.month.includes(date.getUTCMonth() + 1)) date.setUTCMonth(date.getUTCMonth() + 1, 1)
    else if (fitsDay(fields, date)) return date.getTime() / 1_000 / DAY_S
    else date.setUTCDate(date.getUTCDate() + 1)
  }
  return null
}

/** The first time of day, in seconds, that fits and is not before `from`. */
const nextTime = ({ hour, minute, second }: CronFields, from: number): number | null => {
  for (const h of hour) {
    if (h * 3_600 + 3_599 < from) continue
    for (const m of minute) {
      if (h * 3_600 + m * 60 + 59 < from) continue
      const s = second.find((one) => h * 3_600 + m * 60 + one >= from)
      if (s !== undefined) return h * 3_600 + m * 60 + s
    }
  }
  return null
}
