import {
  DEPTH_MAX,
  formsOf,
  isRequired,
  kindOf,
  listOf,
  propertiesOf,
  resolve,
  type Schema,
  valuesOf,
} from './schema.ts'

/** Elements of a made list at most: a schema may ask for a million. */
const ITEMS_MAX = 10
const TEXT_LENGTH_MAX = 200

const TEXTS: Readonly<Record<string, string>> = {
  date: '2030-01-31',
  'date-time': '2030-01-31T12:00:00Z',
  email: 'ada@example.com',
  hostname: 'example.com',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
  time: '12:00:00Z',
  uri: 'urn:isbn:0451450523',
  uuid: '01890000-0000-7000-8000-000000000000',
}

/**
 * A small payload that fits: what the schema gives as an example, else its required fields with the first thing that
 * each of them allows. A pattern is not followed; the check of the server says where it matters.
 */
export const exampleOf = (given: unknown, root: unknown = given, depth = DEPTH_MAX): unknown => {
  const schema = resolve(given, root)
  const [example] = listOf(schema['examples'])
  if (example !== undefined) return example
  if ('default' in schema) return schema['default']
  const [form = {}] = formsOf(schema, root)
  const [value] = [...listOf(form['examples']), ...valuesOf(form)]
  if (value !== undefined) return value
  if (depth === 0) return null
  const make = MAKERS[kindOf(form)]
  return make === undefined ? null : make(form, root, depth - 1)
}

type Make = (form: Schema, root: unknown, depth: number) => unknown

const numberOf = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined)

const number: Make = (form) => {
  const least = numberOf(form['minimum']) ?? (numberOf(form['exclusiveMinimum']) ?? -1) + 1
  const most =
    numberOf(form['maximum']) ?? (numberOf(form['exclusiveMaximum']) ?? Number.POSITIVE_INFINITY) - 1
  const usual = numberOf(form['multipleOf']) ?? 1
  return Math.min(Math.max(usual, least), most)
}

const MAKERS: Readonly<Record<string, Make>> = {
  any: () => ({}),
  array(form, root, depth) {
    const length = Math.min(numberOf(form['minItems']) ?? 0, ITEMS_MAX)
    return Array.from({ length }, () => exampleOf(form['items'], root, depth))
  },
  boolean: () => true,
  integer: number,
  number,
  object: (form, root, depth) =>
    Object.fromEntries(
      propertiesOf(form)
        .filter(([name]) => isRequired(form, name))
        .map(([name, schema]) => [name, exampleOf(schema, root, depth)]),
    ),
  string(form) {
    const text = TEXTS[String(form['format'])] ?? 'text'
    const max = numberOf(form['maxLength']) ?? TEXT_LENGTH_MAX
    return text.padEnd(Math.min(numberOf(form['minLength']) ?? 0, TEXT_LENGTH_MAX), '.').slice(0, max)
  },
}
