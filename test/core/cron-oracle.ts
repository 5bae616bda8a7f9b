/**
 * What a cron expression means, worked out by brute force: it walks the real minutes, asks Intl what the clock on the
 * wall shows at each, and applies the rules word by word. It shares no code with `src/core/cron.ts`.
 */

export const ZONES: readonly string[] = [
  ...['UTC', 'Europe/Berlin', 'Europe/London', 'Europe/Lisbon', 'Europe/Istanbul', 'Europe/Moscow'],
  ...['Europe/Dublin', 'Europe/Chisinau', 'Atlantic/Azores', 'Africa/Casablanca', 'Africa/El_Aaiun'],
  ...[
    'Africa/Cairo',
    'Africa/Lagos',
    'Africa/Juba',
    'Africa/Sao_Tome',
    'America/New_York',
    'America/Chicago',
  ],
  ...['America/Los_Angeles', 'America/St_Johns', 'America/Havana', 'America/Sao_Paulo', 'America/Asuncion'],
  ...['America/Santiago', 'America/Nuuk', 'America/Scoresbysund', 'America/Caracas', 'America/Phoenix'],
  ...['America/Mexico_City', 'Antarctica/Troll', 'Asia/Amman', 'Asia/Beirut', 'Asia/Gaza', 'Asia/Jerusalem'],
  ...['Asia/Kathmandu', 'Asia/Kolkata', 'Asia/Tehran', 'Asia/Tokyo', 'Asia/Almaty', 'Australia/Lord_Howe'],
  ...['Australia/Sydney', 'Australia/Adelaide', 'Pacific/Apia', 'Pacific/Auckland', 'Pacific/Chatham'],
  ...['Pacific/Easter', 'Pacific/Fiji', 'Pacific/Norfolk', 'Pacific/Tongatapu', 'Pacific/Bougainville'],
]

export const EXPRESSIONS: readonly string[] = [
  ...['* * * * *', '*/5 * * * *', '*/7 * * * *', '30 * * * *', '0,15,30,45 * * * *', '59 * * * *', '@hourly'],
  ...['0 */2 * * *', '10 */3 * * *', '*/20 */4 * * *', '0 */12 * * *', '5 */24 * * *', '30 0-23 * * *'],
  ...['0 0 * * *', '30 0 * * *', '0 1 * * *', '30 1 * * *', '0 2 * * *', '15 2 * * *', '30 2 * * *'],
  ...['59 2 * * *', '0 3 * * *', '30 3 * * *', '59 23 * * *', '0 12 * * *', '@daily', '@midnight'],
  ...['*/10 2 * * *', '* 2 * * *', '* 0 * * *', '* 1 * * *', '*/15 1-3 * * *', '0 2,3 * * *', '30 1,2 * * *'],
  ...['0 0,1,2,3 * * *', '5/20 2 * * *', '0 22-23 * * *', '0 9-17 * * MON-FRI', '0 3 * * SUN', '0 3 * * 7'],
  ...['30 2 * * 0', '30 2 * MAR,OCT SUN', '0 0 1 * *', '0 0 31 * *', '15 2 25-31 3 *', '30 1 25-31 10 SUN'],
  ...['0 3 28-31 * *', '0 0 29 2 *', '0 4 */2 * *', '0 5 * * */2', '0 6 13 * FRI', '0 6 */5 * MON'],
  ...[
    '0 0 1 1 *',
    '@yearly',
    '@monthly',
    '@weekly',
    '45 23 31 12 *',
    '* 2 * 3,4,10,11 *',
    '0 1-2 1-7 11 SUN',
  ],
  ...['1 0 * 9-10 *', '0 0 * 4,9 SUN'],
]

const NICKNAMES: Readonly<Record<string, string>> = {
  '@hourly': '0 * * * *',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@weekly': '0 0 * * 0',
  '@monthly': '0 0 1 * *',
  '@yearly': '0 0 1 1 *',
}
const NAMES = 'JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC'.split(' ')
const DAYS = 'SUN MON TUE WED THU FRI SAT'.split(' ')

type Fits = (minuteOfEra: number) => boolean

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000

const accepts = (item: string, value: number, min: number, max: number): boolean => {
  const [range = '', step = '1'] = item.split('/')
  const [low = '', high] = range === '*' ? [String(min), String(max)] : range.split('-')
  const top = high ?? (item.includes('/') ? String(max) : low)
  return value >= Number(low) && value <= Number(top) && (value - Number(low)) % Number(step) === 0
}

const tableOf = (field: string, min: number, max: number): boolean[] => {
  const text = field.replace(/[A-Z]{3}/g, (word) =>
    String(NAMES.includes(word) ? NAMES.indexOf(word) + 1 : DAYS.indexOf(word)),
  )
  return Array.from({ length: max + 1 }, (_, value) =>
    text.split(',').some((item) => value >= min && accepts(item, value, min, max)),
  )
}

/** Whether the clock fits, by what it shows, given as minutes of a calendar without zones. */
const fitsOf = (expression: string): { readonly fits: Fits; readonly anyHour: boolean } => {
  const [minute = '', hour = '', day = '', month = '', weekday = ''] = (
    NICKNAMES[expression] ?? expression
  ).split(' ')
  const minutes = tableOf(minute, 0, 59)
  const hours = tableOf(hour, 0, 23)
  const days = tableOf(day, 1, 31)
  const months = tableOf(month, 1, 12)
  const weekdays = tableOf(weekday, 0, 7)
  if (weekday !== '*' && weekdays[7]) weekdays[0] = true
  const either = !day.startsWith('*') && !weekday.startsWith('*')
  const known = new Map<number, boolean>()
  const fitsDay = (number: number): boolean => {
    let found = known.get(number)
    if (found === undefined) {
      const date = new Date(number * DAY_MS)
      const isDay = days[date.getUTCDate()] === true
      const isWeekday = weekdays[date.getUTCDay()] === true
      found = months[date.getUTCMonth() + 1] === true && (either ? isDay || isWeekday : isDay && isWeekday)
      known.set(number, found)
    }
    return found
  }
  return {
    anyHour: hour.startsWith('*') || !hours.includes(false),
    fits: (shown) =>
      minutes[shown % 60] === true &&
      hours[Math.floor(shown / 60) % 24] === true &&
      fitsDay(Math.floor(shown / 1_440)),
  }
}

/** What the clock on the wall shows at each minute of [from, to), as minutes of a calendar without zones. */
const clockOf = (zone: string): ((ms: number) => number) => {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    hourCycle: 'h23',
    ...{ year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' },
  })
  // 31/01/2026, 23:59
  return (ms) => {
    const text = format.format(ms)
    const at = (from: number, to: number): number => Number(text.slice(from, to))
    return Date.UTC(at(6, 10), at(3, 5) - 1, at(0, 2), at(12, 14), at(15, 17)) / MINUTE_MS
  }
}

/** The days (UTC midnights) in which the clocks of a zone are changed. */
export const changesOf = (zone: string, from: number, to: number): number[] => {
  const clock = clockOf(zone)
  const changes: number[] = []
  for (let day = from; day < to; day += DAY_MS) {
    if (clock(day + DAY_MS) - clock(day) !== 1_440) changes.push(day)
  }
  return changes
}

/** The walls of a stretch of time: shown once, judged for many expressions. */
export interface Walk {
  readonly from: number
  readonly shown: readonly number[]
}

/** A day ahead is walked as well, so that repeated hours are known to be repeated. */
export const walk = (zone: string, from: number, to: number): Walk => {
  const clock = clockOf(zone)
  const start = from - DAY_MS
  const shown: number[] = []
  for (let ms = start; ms < to; ms += MINUTE_MS) shown.push(clock(ms))
  return { from: start, shown }
}

/** All ticks of the walk but those of its first day. */
export const ticksOf = ({ from, shown }: Walk, expression: string): number[] => {
  const { fits, anyHour } = fitsOf(expression)
  const ticks: number[] = []
  let highest = (shown[0] as number) - 1
  for (const [i, now] of shown.entries()) {
    let fires = anyHour && fits(now)
    // Every time that the clock reaches now for the first time, shown or skipped.
    for (let one = highest + 1; !anyHour && one <= now; one++) fires = fires || fits(one)
    highest = Math.max(highest, now)
    if (fires && i >= 1_440) ticks.push(from + i * MINUTE_MS)
  }
  return ticks
}

/** The ticks that the code under test finds in the same stretch. */
export const ticksBy = (next: (afterMs: number) => number, from: number, to: number): number[] => {
  const ticks: number[] = []
  for (let tick = next(from - 1); tick < to; tick = next(tick)) ticks.push(tick)
  return ticks
}

/** The first moment, of one in every `step` minutes, from which the next tick is another than the oracle's; null: none. */
export const disagreement = (
  next: (afterMs: number) => number,
  ticks: readonly number[],
  { from, to, step }: { readonly from: number; readonly to: number; readonly step: number },
): number | null => {
  let at = 0
  for (let ms = from; ms < to; ms += step * MINUTE_MS) {
    while (at < ticks.length && (ticks[at] as number) <= ms) at++
    if (at === ticks.length) return null
    if (next(ms) !== ticks[at]) return ms
  }
  return null
}

/** Numbers in [0, 1) that are the same in every run. */
export const randomFrom = (seed: number): (() => number) => {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
