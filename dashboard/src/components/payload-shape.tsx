import { useMemo } from 'preact/hooks'
import { type Inside, type Part, type Shape, shapeOf, weightOf } from '../lib/schema-shape.ts'
import { Disclosure } from './disclosure.tsx'

/** Parts of a required field that are shown at once; more are there when they are asked for. */
const OPEN_PARTS_MAX = 8
const VALUES_MAX = 30
/** A longer default says less than the word. */
const VALUE_LENGTH_MAX = 60

/** What a payload looks like, level by level. */
export const PayloadShape = ({ schema }: { readonly schema: unknown }) => {
  const shape = shapeOf(schema, schema)
  const { inside } = shape
  return (
    <div class="shape">
      {shape.description !== null && <p class="shape-lead">{shape.description}</p>}
      {inside.kind === 'fields' && inside.parts.length > 0 ? null : (
        <p class="part-head">
          <Facts shape={shape} />
        </p>
      )}
      <Parts inside={inside} root={schema} isTop />
    </div>
  )
}

interface PartsProps {
  readonly inside: Inside
  readonly root: unknown
  readonly isTop?: boolean
}

const Parts = ({ inside: { kind, parts }, root, isTop = false }: PartsProps) =>
  parts.length === 0 ? null : (
    <ul class="parts">
      {parts.map((part, i) => (
        <PartItem key={part.name ?? i} part={part} kind={kind} number={i + 1} root={root} isTop={isTop} />
      ))}
    </ul>
  )

interface PartProps {
  readonly part: Part
  readonly kind: Inside['kind']
  readonly number: number
  readonly root: unknown
  readonly isTop: boolean
}

const PartItem = ({ part, kind, number, root, isTop }: PartProps) => {
  const shape = useMemo(() => shapeOf(part.schema, root), [part.schema, root])
  const { inside } = shape
  const isOpen =
    part.isRequired &&
    ((isTop && kind === 'forms') ||
      (weightOf(inside, root, OPEN_PARTS_MAX) < OPEN_PARTS_MAX && isExplained(inside, root)))
  return (
    <li>
      <p class="part-head">
        {part.name === null ? (
          <strong>{shape.title ?? `Form ${number}`}</strong>
        ) : (
          <code class="part-name">{part.name === '' ? '""' : part.name}</code>
        )}
        {kind === 'fields' && (
          <span class={part.isRequired ? 'part-required' : 'part-optional'}>
            {part.isRequired ? 'required' : 'optional'}
          </span>
        )}
        <Facts shape={shape} />
      </p>
      {shape.description !== null && <p class="part-text">{shape.description}</p>}
      {inside.parts.length > 0 && (
        <Disclosure summary={summaryWords(inside)} isOpen={isOpen}>
          {() => <Parts inside={inside} root={root} />}
        </Disclosure>
      )}
    </li>
  )
}

/** Whether the parts say more than their names, which stand in the words already. */
const isExplained = ({ parts }: Inside, root: unknown): boolean =>
  parts.some(({ schema }) => shapeOf(schema, root).description !== null)

/** The kind of value, its bounds, its default and what is allowed. */
const Facts = ({ shape: { words, bounds, values, initial } }: { readonly shape: Shape }) => {
  const rest = values.length - VALUES_MAX
  return (
    <>
      <span class="part-words">{[words, ...bounds].join(' · ')}</span>
      {values.length > 0 && (
        <span class="part-values">
          {values.slice(0, VALUES_MAX).map((value, i) => (
            <Value key={i} value={value} />
          ))}
          {rest > 0 && <span class="quiet">and {rest} more</span>}
        </span>
      )}
      {initial !== null && (
        <span class="part-initial">
          default <Value value={initial.value} />
        </span>
      )}
    </>
  )
}

const Value = ({ value }: { readonly value: unknown }) => {
  const text = JSON.stringify(value) ?? 'null'
  return <code>{text.length > VALUE_LENGTH_MAX ? `${text.slice(0, VALUE_LENGTH_MAX)}…` : text}</code>
}

const summaryWords = ({ kind, parts: { length } }: Inside): string => {
  if (kind !== 'fields') return `one of ${length}`
  return length === 1 ? '1 field' : `${length} fields`
}
