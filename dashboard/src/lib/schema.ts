/**
 * JSON Schema as libraries write it, read for people. Whatever is in it may be missing, of another kind, or refer to
 * itself: nothing here throws, and everything ends.
 */
export type Schema = Readonly<Record<string, unknown>>

/** References, parts and alternatives within each other that are followed. Deeper ones are left out. */
export const DEPTH_MAX = 6

export const isSchema = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

/** With what its `$ref` and `allOf` say put into one. */
export const resolve = (given: unknown, root: unknown, followed: readonly unknown[] = []): Schema => {
  if (!isSchema(given) || followed.length > DEPTH_MAX) return {}
  const { $ref, allOf, ...own } = given
  if ($ref === undefined && allOf === undefined) return own
  // What refers to itself says nothing more the second time.
  const named = typeof $ref === 'string' && !followed.includes($ref) ? [target($ref, root)] : []
  const others = [...named, ...listOf(allOf)].map((other) => resolve(other, root, [...followed, $ref]))
  return [...others, own].reduce(merge, {})
}

const merge = (one: Schema, other: Schema): Schema => ({
  ...one,
  ...other,
  ...(isSchema(one['properties']) &&
    isSchema(other['properties']) && { properties: { ...one['properties'], ...other['properties'] } }),
  ...(Array.isArray(one['required']) && { required: [...one['required'], ...listOf(other['required'])] }),
})

/** What `#/$defs/name` names in the schema; other documents are not read. */
const target = (reference: string, root: unknown): unknown => {
  const [document, ...path] = reference.split('/')
  if (document !== '#') return undefined
  return path.reduce<unknown>((at, step) => {
    const name = step.replaceAll('~1', '/').replaceAll('~0', '~')
    return typeof at === 'object' && at !== null && Object.hasOwn(at, name) ? (at as Schema)[name] : undefined
  }, root)
}

/** The alternatives of a schema, without repetitions; most have one: themselves. */
export const formsOf = (schema: Schema, root: unknown, depth = DEPTH_MAX): readonly Schema[] => {
  const { anyOf, oneOf, type } = schema
  if (Array.isArray(type)) return type.map((one) => ({ ...schema, type: one }))
  const options = listOf(anyOf ?? oneOf)
  // Beside a type they only say which fields go together.
  if (options.length === 0 || type !== undefined || depth === 0) return [schema]
  const different = unique(options.map((option) => resolve(option, root)))
  return unique(different.flatMap((form) => formsOf(form, root, depth - 1)))
}

const unique = (forms: readonly Schema[]): readonly Schema[] => [
  ...new Map(forms.map((form) => [JSON.stringify(form), form])).values(),
]

/** The kind of value that one form asks for: its type, or what its other words imply. */
export const kindOf = (schema: Schema): string => {
  const { type } = schema
  if (typeof type === 'string') return type
  if (isSchema(schema['properties']) || isSchema(schema['additionalProperties'])) return 'object'
  if (isSchema(schema['items'])) return 'array'
  const kinds = new Set(valuesOf(schema).map((value) => (value === null ? 'null' : typeof value)))
  return kinds.size === 1 ? String([...kinds][0]) : 'any'
}

/** The only values that one form allows; none when it names none. */
export const valuesOf = (schema: Schema): readonly unknown[] =>
  'const' in schema ? [schema['const']] : listOf(schema['enum'])

export const propertiesOf = (schema: Schema): readonly (readonly [string, unknown])[] =>
  isSchema(schema['properties']) ? Object.entries(schema['properties']) : []

export const isRequired = (schema: Schema, name: string): boolean => listOf(schema['required']).includes(name)

/** Alternatives as people think of them. */
export interface Alternatives {
  readonly forms: readonly Schema[]
  /** Whether a list of such values may be given instead of one, and how long. */
  readonly list: Schema | null
  readonly isNullable: boolean
}

export const alternativesOf = (schema: Schema, root: unknown): Alternatives => {
  const all = formsOf(schema, root)
  const values = all.filter((form) => kindOf(form) !== 'null' || all.length === 1)
  const isNullable = values.length < all.length
  const texts = (forms: readonly Schema[]): string => JSON.stringify(forms)
  for (const list of values) {
    const others = values.filter((form) => form !== list)
    if (others.length === 0 || kindOf(list) !== 'array') continue
    if (texts(formsOf(resolve(list['items'], root), root)) === texts(others))
      return { forms: others, list, isNullable }
  }
  return { forms: values, list: null, isNullable }
}
