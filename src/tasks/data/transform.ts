import { PosthasteError } from '../../index.ts'
import { GROUPS_MAX } from './limits.ts'
import type { Condition, Figure, Picked, Transform } from './payload.ts'

/** One line, by the names of its columns. Everything in a CSV is text. */
export type Row = Readonly<Record<string, string>>

const refuse = (field: string, what: string): never => {
  throw new PosthasteError('E_DATA', what, { field: `payload.transform.${field}` })
}

/** `1 234,5` is no number here: which sign is the point would be a guess. */
const numberOf = (text: string): number => (text.trim() === '' ? Number.NaN : Number(text))

const holds = ({ is, value }: Condition, text: string): boolean => {
  switch (is) {
    case 'equal':
      return typeof value === 'number' ? numberOf(text) === value : text === value
    case 'not':
      return typeof value === 'number' ? numberOf(text) !== value : text !== value
    case 'containing':
      return text.includes(String(value))
    case 'beginning':
      return text.startsWith(String(value))
    case 'above':
      return typeof value === 'number' ? numberOf(text) > value : text > String(value)
    case 'below':
      return typeof value === 'number' ? numberOf(text) < value : text < String(value)
    case 'empty':
      return text === ''
    case 'present':
      return text !== ''
  }
}

const changed = (text: string, as: Exclude<Picked, string>['as'], line: number, name: string): string => {
  if (text === '') return text
  switch (as) {
    case 'text':
      return text
    case 'trimmed':
      return text.trim()
    case 'lower':
      return text.toLowerCase()
    case 'upper':
      return text.toUpperCase()
    case 'number': {
      const number = numberOf(text)
      return Number.isFinite(number)
        ? String(number)
        : refuse('columns', `Line ${line}: ${name} is no number: ${shown(text)}.`)
    }
    case 'date': {
      const time = new Date(text)
      return Number.isNaN(time.getTime())
        ? refuse('columns', `Line ${line}: ${name} is no date: ${shown(text)}.`)
        : time.toISOString()
    }
  }
}

const shown = (text: string): string => JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text)

/** Figures of one group as they grow. Sums are kept with their rounding error, so that cents stay cents (Neumaier 1974). */
class Sum {
  #sum = 0
  #lost = 0
  add(value: number): void {
    const next = this.#sum + value
    this.#lost += Math.abs(this.#sum) >= Math.abs(value) ? this.#sum - next + value : value - next + this.#sum
    this.#sum = next
  }
  get value(): number {
    return this.#sum + this.#lost
  }
}

interface Tally {
  count: number
  readonly sum: Sum
  min: number
  max: number
}

const columnOf = (figure: Figure): string | null =>
  figure === 'count' ? null : (Object.values(figure)[0] as string)

const text = (figure: Figure, { count, sum, min, max }: Tally): string => {
  if (figure === 'count') return String(count)
  if (count === 0) return 'sum' in figure ? '0' : ''
  if ('sum' in figure) return String(sum.value)
  if ('average' in figure) return String(sum.value / count)
  return String('min' in figure ? min : max)
}

/**
 * Picks, filters, maps and adds up the lines of a CSV, one at a time: memory does not grow with the file, only with the
 * groups of an aggregate, which are bounded.
 */
export class Transformer {
  readonly #transform: Transform
  readonly #columns: readonly string[]
  readonly #groups = new Map<string, { readonly by: readonly string[]; readonly tallies: readonly Tally[] }>()
  /** Names of the columns that come out. */
  readonly header: readonly string[]
  rowsIn = 0

  /** @throws E_DATA when a column is named that the file does not have */
  constructor(transform: Transform, columns: readonly string[]) {
    this.#transform = transform
    const picked = transform.columns ?? columns
    this.#columns = picked.map((one) => (typeof one === 'string' ? one : one.name))
    const check = (name: string, field: string, known: readonly string[]): void => {
      if (known.includes(name)) return
      refuse(
        field,
        `There is no column ${shown(name)}. The columns are: ${known.slice(0, 20).map(shown).join(', ')}.`,
      )
    }
    for (const { column } of transform.where) check(column, 'where', columns)
    for (const one of picked)
      check(typeof one === 'string' ? one : (one.from ?? one.name), 'columns', columns)
    const { aggregate } = transform
    for (const name of aggregate?.by ?? []) check(name, 'aggregate.by', this.#columns)
    for (const figure of Object.values(aggregate?.values ?? {})) {
      const column = columnOf(figure)
      if (column !== null) check(column, 'aggregate.values', this.#columns)
    }
    this.header =
      aggregate === undefined ? this.#columns : [...aggregate.by, ...Object.keys(aggregate.values)]
    const twice = this.header.find((name, i) => this.header.indexOf(name) < i)
    if (twice !== undefined) refuse('columns', `Two columns of the result are called ${shown(twice)}.`)
  }

  /** The line that comes out for one that goes in; null: none, or none yet. */
  take(row: Row): readonly string[] | null {
    this.rowsIn += 1
    const { where, columns, aggregate } = this.#transform
    if (!where.every((condition) => holds(condition, row[condition.column] ?? ''))) return null
    const values =
      columns === undefined
        ? this.#columns.map((name) => row[name] ?? '')
        : columns.map((one) => this.#value(one, row))
    if (aggregate === undefined) return values
    this.#count(values)
    return null
  }

  #value(one: Picked, row: Row): string {
    if (typeof one === 'string') return row[one] ?? ''
    const found = changed(row[one.from ?? one.name] ?? '', one.as, this.rowsIn, one.name)
    return found === '' ? (one.default ?? '') : found
  }

  #count(values: readonly string[]): void {
    const { by, values: figures } = this.#transform.aggregate as NonNullable<Transform['aggregate']>
    const group = by.map((name) => values[this.#columns.indexOf(name)] ?? '')
    const key = JSON.stringify(group)
    let found = this.#groups.get(key)
    if (found === undefined) {
      if (this.#groups.size === GROUPS_MAX)
        refuse(
          'aggregate.by',
          `There are more than ${GROUPS_MAX.toLocaleString('en')} groups. Use "sql" for so many.`,
        )
      const tallies = Object.values(figures).map(() => ({
        count: 0,
        sum: new Sum(),
        min: Infinity,
        max: -Infinity,
      }))
      found = { by: group, tallies }
      this.#groups.set(key, found)
    }
    for (const [i, [name, figure]] of Object.entries(figures).entries()) {
      const tally = found.tallies[i] as Tally
      const column = columnOf(figure)
      if (column === null) {
        tally.count += 1
        continue
      }
      const given = values[this.#columns.indexOf(column)] ?? ''
      if (given === '') continue
      const value = numberOf(given)
      if (!Number.isFinite(value))
        refuse(
          'aggregate.values',
          `Line ${this.rowsIn}: ${name} cannot count ${shown(given)}, which is no number.`,
        )
      tally.count += 1
      tally.sum.add(value)
      tally.min = Math.min(tally.min, value)
      tally.max = Math.max(tally.max, value)
    }
  }

  /** The lines of an aggregate, in the order in which their groups first came. */
  *rest(): Generator<readonly string[]> {
    const figures = Object.values(this.#transform.aggregate?.values ?? {})
    for (const { by, tallies } of this.#groups.values())
      yield [...by, ...figures.map((figure, i) => text(figure, tallies[i] as Tally))]
  }
}
