import { PosthasteError } from '../../index.ts'
import { GROUPS_MAX } from './limits.ts'
import type { Condition, Figure, Picked, Transform } from './payload.ts'

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

/** What is done with one column, by the places of columns: a name is looked up once, not in every line. */
interface Pick {
  readonly from: number
  readonly change: Exclude<Picked, string> | null
}

interface Counted {
  readonly name: string
  readonly figure: Figure
  /** The column's place; -1: lines are counted. */
  readonly at: number
}

/**
 * Picks, filters, maps and adds up the lines of a CSV, one at a time: memory does not grow with the file, only with the
 * groups of an aggregate, which are bounded.
 */
export class Transformer {
  readonly #where: readonly { readonly at: number; readonly condition: Condition }[]
  /** Null: all columns, as they are. */
  readonly #picks: readonly Pick[] | null
  readonly #by: readonly number[]
  /** Null: there is no aggregate. */
  readonly #figures: readonly Counted[] | null
  readonly #groups = new Map<string, { readonly by: readonly string[]; readonly tallies: readonly Tally[] }>()
  /** Names of the columns that come out. */
  readonly header: readonly string[]
  rowsIn = 0

  /**
   * @param columns of the file, in their order
   * @throws E_DATA when a column is named that the file does not have
   */
  constructor({ where, columns: picked, aggregate }: Transform, columns: readonly string[]) {
    const place = (name: string, field: string, known: readonly string[]): number => {
      const at = known.indexOf(name)
      if (at !== -1) return at
      const names = known.slice(0, 20).map(shown).join(', ')
      return refuse(field, `There is no column ${shown(name)}. The columns are: ${names}.`)
    }
    this.#where = where.map((condition) => ({ at: place(condition.column, 'where', columns), condition }))
    this.#picks =
      picked?.map((one) =>
        typeof one === 'string'
          ? { from: place(one, 'columns', columns), change: null }
          : { from: place(one.from ?? one.name, 'columns', columns), change: one },
      ) ?? null
    const names = picked?.map((one) => (typeof one === 'string' ? one : one.name)) ?? columns
    this.#by = aggregate?.by.map((name) => place(name, 'aggregate.by', names)) ?? []
    this.#figures =
      aggregate === undefined
        ? null
        : Object.entries(aggregate.values).map(([name, figure]) => {
            const column = columnOf(figure)
            return { name, figure, at: column === null ? -1 : place(column, 'aggregate.values', names) }
          })
    this.header = aggregate === undefined ? names : [...aggregate.by, ...Object.keys(aggregate.values)]
    const twice = this.header.find((name, i) => this.header.indexOf(name) < i)
    if (twice !== undefined) refuse('columns', `Two columns of the result are called ${shown(twice)}.`)
  }

  /** The line that comes out for one that goes in; null: none, or none yet. */
  take(row: readonly string[]): readonly string[] | null {
    this.rowsIn += 1
    for (const { at, condition } of this.#where) if (!holds(condition, row[at] ?? '')) return null
    const values = this.#picks?.map((pick) => this.#value(pick, row)) ?? row
    if (this.#figures === null) return values
    this.#count(values, this.#figures)
    return null
  }

  #value({ from, change }: Pick, row: readonly string[]): string {
    const given = row[from] ?? ''
    if (change === null) return given
    const found = changed(given, change.as, this.rowsIn, change.name)
    return found === '' ? (change.default ?? '') : found
  }

  #count(values: readonly string[], figures: readonly Counted[]): void {
    const key =
      this.#by.length === 1
        ? (values[this.#by[0] as number] ?? '')
        : JSON.stringify(this.#by.map((at) => values[at]))
    let found = this.#groups.get(key)
    if (found === undefined) {
      if (this.#groups.size === GROUPS_MAX)
        refuse(
          'aggregate.by',
          `There are more than ${GROUPS_MAX.toLocaleString('en')} groups. Use "sql" for so many.`,
        )
      const tallies = figures.map(() => ({ count: 0, sum: new Sum(), min: Infinity, max: -Infinity }))
      found = { by: this.#by.map((at) => values[at] ?? ''), tallies }
      this.#groups.set(key, found)
    }
    for (const [i, { name, at }] of figures.entries()) {
      const tally = found.tallies[i] as Tally
      if (at === -1) {
        tally.count += 1
        continue
      }
      const given = values[at] ?? ''
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
    for (const { by, tallies } of this.#groups.values())
      yield [...by, ...(this.#figures ?? []).map(({ figure }, i) => text(figure, tallies[i] as Tally))]
  }
}
