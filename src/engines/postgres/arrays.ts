/**
 * Lists as PostgreSQL's array literals. Written here, because a driver's own way looks at each value for its type, and
 * these are the largest part of what is sent. A list of nothing but nulls is sent as an empty one: `unnest` fills up
 * with nulls what is shorter than the rest.
 */
const EMPTY = '{}'

/** UUIDs, state names and other words that need no quotes. */
export const words = (list: readonly string[]): string => `{${list.join(',')}}`

export const numbers = (list: readonly (number | null)[]): string => {
  if (list.every((one) => one === null)) return EMPTY
  return `{${list.map((one) => one ?? 'null').join(',')}}`
}

export const flags = (list: readonly boolean[]): string => `{${list.join(',')}}`

const SPECIAL = /["\\]/
const ALL_SPECIAL = /["\\]/g

const quoted = (text: string): string =>
  SPECIAL.test(text) ? `"${text.replace(ALL_SPECIAL, '\\$&')}"` : `"${text}"`

export const texts = (list: readonly (string | null)[]): string => {
  if (list.every((one) => one === null)) return EMPTY
  return `{${list.map((one) => (one === null ? 'null' : quoted(one))).join(',')}}`
}

/** A list that may be absent altogether. */
export const textsOrNull = (list: readonly string[] | null): string | null =>
  list === null ? null : texts(list)
