import {
  alternativesOf,
  DEPTH_MAX,
  isRequired,
  isSchema,
  kindOf,
  propertiesOf,
  resolve,
  type Schema,
  valuesOf,
} from './schema.ts'
import { count } from './time.ts'

/** Fields that are named where an object is only mentioned, and characters of all alternatives together. */
const SIGNATURE_FIELDS_MAX = 4
const WORDS_LENGTH_MAX = 64
/** Longer patterns say nothing to people. */
const PATTERN_LENGTH_MAX = 40

const FORMATS: Readonly<Record<string, string>> = {
  base64: 'base64',
  date: 'date',
  'date-time': 'time',
  email: 'email address',
  uri: 'URL',
  uuid: 'UUID',
}
const KINDS: Readonly<Record<string, string>> = {
  any: 'anything',
  integer: 'whole number',
  string: 'text',
}
const PLURALS: Readonly<Record<string, string>> = {
  'email address': 'email addresses',
  'object with one field': 'objects with one field',
  'whole number': 'whole numbers',
  URL: 'URLs',
  date: 'dates',
  number: 'numbers',
  object: 'objects',
  time: 'times',
}

/** What a value is, in a few words, such as `text or { name?, address }, or a list of them`. */
export const wordsOf = (given: unknown, root: unknown, depth = DEPTH_MAX): string => {
  const { forms, list, isNullable } = alternativesOf(resolve(given, root), root)
  const words = [...new Set(forms.map((form) => formWords(form, root, depth)))]
  const inner = isNullable && list === null && words.length > 1 ? [...words, 'null'] : words
  const joined = inner.length < 2 ? inner.join() : `${inner.slice(0, -1).join(', ')} or ${inner.at(-1)}`
  // The forms themselves are shown below.
  const isLong = joined.length > WORDS_LENGTH_MAX && forms.filter(hasFields).length > 1
  const short = forms.every(isPair) ? 'object with one field' : `one of ${forms.length} forms`
  const isNullLast = isNullable && (inner === words || isLong)
  return `${isLong ? short : joined}${list === null ? '' : ', or a list of them'}${isNullLast ? ', or null' : ''}`
}

/** An object with a single field, as in `{ "url": … }` or `{ "file": … }`. */
export const isPair = (form: Schema): boolean => kindOf(form) === 'object' && propertiesOf(form).length === 1

const hasFields = (form: Schema): boolean => propertiesOf(form).length > 0

const formWords = (form: Schema, root: unknown, depth: number): string => {
  const kind = kindOf(form)
  const values = valuesOf(form)
  if (values.length > 0) return values.length === 1 ? JSON.stringify(values[0]) : 'one of these'
  const named = FORMATS[String(form['format'])]
  if (kind === 'string' && named !== undefined) return named
  if (kind === 'object') return objectWords(form, root, depth)
  if (kind !== 'array') return KINDS[kind] ?? kind
  if (depth === 0 || !isSchema(form['items'])) return 'list'
  const words = wordsOf(form['items'], root, depth - 1)
  return words.startsWith('one of') ? `list, each ${words}` : `list of ${PLURALS[words] ?? grouped(words)}`
}

const objectWords = (form: Schema, root: unknown, depth: number): string => {
  const names = propertiesOf(form).map(([name]) => (isRequired(form, name) ? name : `${name}?`))
  if (names.length > 0) {
    const signature = `{ ${names.join(', ')} }`
    return names.length <= SIGNATURE_FIELDS_MAX && signature.length <= WORDS_LENGTH_MAX ? signature : 'object'
  }
  const values = form['additionalProperties']
  return depth > 0 && isSchema(values) ? `names with ${grouped(wordsOf(values, root, depth - 1))}` : 'object'
}

const grouped = (words: string): string =>
  / or |, /.test(words) && !/^\{[^}]*\}$/.test(words) ? `(${words})` : words

/** The bounds of a value, each in a few words. */
export const boundsOf = (given: unknown, root: unknown): readonly string[] => {
  const schema = resolve(given, root)
  const { forms, list } = alternativesOf(schema, root)
  const [form = {}] = forms
  const own = forms.length === 1 ? [range(form), lengths(form), pattern(form), items(form)] : []
  const all = [...own, list !== null && items(list), schema['deprecated'] === true && 'do not use any more']
  return all.filter((words) => typeof words === 'string')
}

/** What libraries write for "any whole number". */
const bound = (value: unknown): number | undefined =>
  typeof value === 'number' && Math.abs(value) < Number.MAX_SAFE_INTEGER ? value : undefined

const between = (min: number | undefined, max: number | undefined, unit = ''): string | null => {
  if (min !== undefined && min === max) return `${count(min)}${unit}`
  if (min !== undefined && max !== undefined) return `${count(min)} to ${count(max)}${unit}`
  if (max !== undefined) return `at most ${count(max)}${unit}`
  return min === undefined ? null : `at least ${count(min)}${unit}`
}

const range = (form: Schema): string | null => {
  const above = bound(form['exclusiveMinimum'])
  const below = bound(form['exclusiveMaximum'])
  const words = [
    above !== undefined && `above ${count(above)}`,
    between(bound(form['minimum']), bound(form['maximum'])),
    below !== undefined && `below ${count(below)}`,
  ].filter((part) => typeof part === 'string')
  return words.length === 0 ? null : words.join(', ')
}

/** That a text is not empty, people take for granted. */
const lengths = (form: Schema): string | null => {
  const min = bound(form['minLength'])
  const max = bound(form['maxLength'])
  const unit = max === 1 ? ' character' : ' characters'
  return between(min === 1 && max !== 1 ? undefined : min, max, unit)
}

const items = (form: Schema): string | null => {
  const max = bound(form['maxItems'])
  return between(bound(form['minItems']) || undefined, max, max === 1 ? ' item' : ' items')
}

const pattern = ({ pattern: given, format }: Schema): string | null =>
  typeof given === 'string' && format === undefined && given.length <= PATTERN_LENGTH_MAX
    ? `like /${given}/`
    : null
