import { PosthasteError } from './errors.ts'
import { shown } from './text.ts'

/** A name, or a whole number from 0 (first) to 9 (last). */
export type Priority = PriorityName | number
export type PriorityName = 'critical' | 'high' | 'normal' | 'low'

export const PRIORITIES: Readonly<Record<PriorityName, number>> = { critical: 1, high: 3, normal: 5, low: 7 }
const PRIORITY_FIRST = 0
const PRIORITY_LAST = 9

const NAMES = new Map<number, PriorityName>(
  Object.entries(PRIORITIES).map(([name, number]) => [number, name as PriorityName]),
)

/**
 * The number of a priority that somebody wrote; one digit as text counts as its number.
 * @throws E_PRIORITY naming the field
 */
export const priorityNumber = (value: unknown, field: string): number => {
  if (typeof value === 'number') {
    if (Number.isInteger(value) && value >= PRIORITY_FIRST && value <= PRIORITY_LAST) return value + 0
  } else if (typeof value === 'string') {
    if (Object.hasOwn(PRIORITIES, value)) return PRIORITIES[value as PriorityName]
    if (/^\d$/.test(value)) return Number(value)
  }
  const what = value === undefined ? 'missing' : shown(value)
  throw new PosthasteError('E_PRIORITY', `${field} is ${what}.`, { field })
}

/** The name of a priority where it has one, else its digit. */
export const priorityName = (priority: number): string => NAMES.get(priority) ?? String(priority)
