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
import { boundsOf, isPair, wordsOf } from './schema-words.ts'

/** One level of a payload, ready to be shown. What is below is shaped when somebody looks at it. */
export interface Shape {
  readonly title: string | null
  readonly description: string | null
  readonly words: string
  readonly bounds: readonly string[]
  /** What may be chosen from; empty when there is nothing to choose. */
  readonly values: readonly unknown[]
  readonly initial: { readonly value: unknown } | null
  readonly inside: Inside
}

/** Parts that all belong to an object, fields of which one is given, or alternatives for the whole. */
export interface Inside {
  readonly kind: 'fields' | 'choice' | 'forms'
  readonly parts: readonly Part[]
}
export interface Part {
  /** Null for an alternative. */
  readonly name: string | null
  readonly isRequired: boolean
  readonly schema: unknown
}

const NOTHING: Inside = { kind: 'fields', parts: [] }

export const shapeOf = (given: unknown, root: unknown): Shape => {
  const schema = resolve(given, root)
  const { forms } = alternativesOf(schema, root)
  const values = new Set(forms.flatMap((form) => valuesOf(itemOf(form, root))))
  return {
    title: textOf(schema['title']),
    description: textOf(schema['description']) ?? descriptionOf(schema, forms, root),
    words: wordsOf(given, root),
    bounds: boundsOf(given, root),
    // A single one is among the words.
    values: values.size > 1 ? [...values] : [],
    initial: initialOf(schema),
    inside: insideOf(schema, root),
  }
}

/** What a whole object is by default, its fields say better. */
const initialOf = ({ default: value }: Schema): Shape['initial'] =>
  value === undefined || (isSchema(value) && Object.keys(value).length > 0) ? null : { value }

const textOf = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null)

/** What a list holds explains the list, where the list itself says nothing. */
const descriptionOf = (schema: Schema, forms: readonly Schema[], root: unknown): string | null => {
  const [form = {}] = forms
  const inner = form === schema ? itemOf(form, root) : form
  return forms.length === 1 ? textOf(inner['description']) : null
}

const itemOf = (form: Schema, root: unknown): Schema =>
  kindOf(form) === 'array' ? resolve(form['items'], root) : form

const insideOf = (given: unknown, root: unknown, depth = DEPTH_MAX): Inside => {
  const { forms } = alternativesOf(resolve(given, root), root)
  const open = forms.filter((form) => formInside(form, root, depth).parts.length > 0)
  const [only] = open
  if (only === undefined) return NOTHING
  if (open.length === 1) return formInside(only, root, depth)
  const whole = (schema: Schema): Part => ({ name: null, isRequired: true, schema })
  return open.filter(isPair).length > 1
    ? { kind: 'choice', parts: open.flatMap((form) => (isPair(form) ? fieldsOf(form) : [whole(form)])) }
    : { kind: 'forms', parts: open.map(whole) }
}

const fieldsOf = (form: Schema): readonly Part[] =>
  propertiesOf(form).map(([name, schema]) => ({ name, isRequired: isRequired(form, name), schema }))

const formInside = (form: Schema, root: unknown, depth: number): Inside => {
  if (depth === 0) return NOTHING
  if (kindOf(form) === 'array') return insideOf(form['items'], root, depth - 1)
  const parts = fieldsOf(form)
  const values = form['additionalProperties']
  return parts.length > 0 || !isSchema(values) ? { kind: 'fields', parts } : insideOf(values, root, depth - 1)
}

/** How many parts there are below, counted no further than to `max`. */
export const weightOf = (inside: Inside, root: unknown, max: number): number => {
  let sum = inside.parts.length
  for (const { schema } of inside.parts) {
    if (sum >= max) return max
    sum += weightOf(insideOf(schema, root), root, max - sum)
  }
  return Math.min(sum, max)
}

/** The whole in one line: its fields, or the names of its forms. */
export const summaryOf = ({ inside: { kind, parts }, words }: Shape, root: unknown): string => {
  if (parts.length === 0 || kind === 'choice') return words
  if (kind === 'fields')
    return parts.map(({ name, isRequired: must }) => (must ? name : `${name}?`)).join(', ')
  const titles = parts.map(({ schema }) => shapeOf(schema, root).title)
  return titles.includes(null) ? words : titles.join(' or ')
}
