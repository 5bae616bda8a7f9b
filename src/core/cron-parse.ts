import { PosthasteError } from './errors.ts'
import { shown } from './text.ts'

/** A cron expression, read: which values each field takes. */
export interface CronFields {
  readonly second: readonly number[]
  readonly minute: readonly number[]
  readonly hour: readonly number[]
  readonly day: ReadonlySet<number>
  readonly month: readonly number[]
  readonly weekday: ReadonlySet<number>
  /** The hour is left open (a star, with a step or without): ticks follow elapsed time instead of the clock on the wall. */
  readonly anyHour: boolean
  /** Day and weekday are both restricted: then one of them is enough, as it has always been. */
  readonly eitherDay: boolean
}

interface FieldRule {
  readonly name: string
  readonly min: number
  readonly max: number
  readonly words: readonly string[]
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']

const rule = (name: string, min: number, max: number, words: readonly string[] = []): FieldRule => ({
  ...{ name, min, max, words },
})
const RULES = [
  rule('second', 0, 59),
  rule('minute', 0, 59),
  rule('hour', 0, 23),
  rule('day of the month', 1, 31),
  rule('month', 1, 12, MONTHS),
  // 7 is Sunday, too.
  rule('day of the week', 0, 7, WEEKDAYS),
] as const

const NICKNAMES: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
}

const LENGTH_MAX = 256

export const cronError = (expression: unknown, field: string, why: string): PosthasteError =>
  new PosthasteError('E_CRON', `${field} is ${shown(expression)}: ${why}.`, { field })

/**
 * Reads an expression of five fields (minute, hour, day, month, weekday), of six with the seconds first, or a nickname
 * such as @daily. Whether it ever fires is not judged here.
 * @throws E_CRON naming the field and what is wrong in it
 */
export const parseCron = (expression: unknown, field: string): CronFields => {
  const fail = (why: string): never => {
    throw cronError(expression, field, why)
  }
  if (typeof expression !== 'string') return fail('it is no text')
  if (expression.length > LENGTH_MAX)
    fail(`it has ${expression.length} characters; ${LENGTH_MAX} are the limit`)
  const trimmed = expression.trim().toLowerCase()
  const text = trimmed.startsWith('@') ? NICKNAMES[trimmed] : trimmed
  if (text === undefined) return fail(`there are ${Object.keys(NICKNAMES).join(', ')}`)
  const parts = text.split(/\s+/)
  if (parts.length !== 5 && parts.length !== 6)
    fail(`it has ${text === '' ? 'no' : parts.length} fields instead of 5, or 6 with seconds`)
  const six = parts.length === 5 ? ['0', ...parts] : parts
  const [second, minute, hour, day, month, weekday] = RULES.map((one, i) =>
    readField(six[i] as string, one, fail),
  ) as [number[], number[], number[], number[], number[], number[]]
  const isOpen = (i: number): boolean => (six[i] as string).split(',').some((item) => item.startsWith('*'))
  return {
    ...{ second, minute, hour, month },
    day: new Set(day),
    weekday: new Set(weekday.map((one) => one % 7)),
    anyHour: isOpen(2) || hour.length === 24,
    eitherDay: !isOpen(3) && !isOpen(5),
  }
}

/** The values of a field, in order: lists of *, values and ranges, each with a step or without. */
const readField = (text: string, rule: FieldRule, fail: (why: string) => never): number[] => {
  const { name, min, max, words } = rule
  const value = (word: string): number => {
    const at = words.indexOf(word)
    if (at !== -1) return at + min
    const number = /^\d{1,2}$/.test(word) ? Number(word) : Number.NaN
    if (number >= min && number <= max) return number
    const names = words.length === 0 ? '' : `, or ${words.join(', ')}`
    return fail(`${shown(word)} is no ${name} (${min} to ${max}${names})`)
  }
  const values = new Set<number>()
  for (const item of text.split(',')) {
    const [, range = '', step] = /^([^/]*)(?:\/(.*))?$/.exec(item) ?? []
    if (step !== undefined && !/^[1-9]\d{0,2}$/.test(step))
      fail(`the step ${shown(step)} of the ${name} is no whole number from 1`)
    const [first = '', last, more] = range.split('-')
    if (more !== undefined) fail(`${shown(range)} is no range of the ${name}`)
    const isAny = range === '*'
    const from = isAny ? min : value(first)
    // "5/10" is short for "5-59/10".
    const to = isAny
      ? max - (max === 7 ? 1 : 0)
      : last !== undefined
        ? value(last)
        : step === undefined
          ? from
          : max
    if (from > to) fail(`the range ${shown(range)} of the ${name} ends before it begins; write two of them`)
    for (let one = from; one <= to; one += Number(step ?? 1)) values.add(one)
  }
  return [...values].sort((a, b) => a - b)
}
