import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { exampleOf } from '../../dashboard/src/lib/example.ts'
import { shapeOf, summaryOf, weightOf } from '../../dashboard/src/lib/schema-shape.ts'
import { boundsOf, wordsOf } from '../../dashboard/src/lib/schema-words.ts'
import { inputSchemaOf, type StandardSchemaV1, validate } from '../../src/core/standard-schema.ts'
import { dataPack } from '../../src/tasks/data/index.ts'
import { echoPack } from '../../src/tasks/echo/index.ts'
import { emailPack } from '../../src/tasks/email/index.ts'
import { httpPack } from '../../src/tasks/http/index.ts'
import { imagePack } from '../../src/tasks/image/index.ts'

const schemaOf = (schema: z.ZodType): unknown => inputSchemaOf(schema as unknown as StandardSchemaV1)
const words = (schema: z.ZodType): string => {
  const json = schemaOf(schema)
  return wordsOf(json, json)
}

const pair = (name: string) => z.strictObject({ [name]: z.string() })
const address = z.union([z.string(), z.strictObject({ name: z.string().optional(), address: z.email() })])

it.each([
  ['text', z.string()],
  ['URL', z.url()],
  ['whole number', z.int()],
  ['text, or null', z.string().nullable()],
  ['text, number, boolean or null', z.union([z.string(), z.number(), z.boolean(), z.null()])],
  ['one of these', z.enum(['a', 'b'])],
  ['"a"', z.literal('a')],
  ['anything', z.unknown()],
  ['list of whole numbers', z.array(z.int())],
  ['list of (text or number)', z.array(z.union([z.string(), z.number()]))],
  ['{ a, b? }', z.object({ a: z.string(), b: z.string().optional() })],
  ['object', z.object({ a: z.int(), b: z.int(), c: z.int(), d: z.int(), e: z.int() })],
  ['names with text', z.record(z.string(), z.string())],
  ['text or { name?, address }, or a list of them', z.union([address, z.array(address)])],
  ['{ file } or { url }', z.union([pair('file'), pair('url')])],
  ['object with one field', z.union('abcdefghijk'.split('').map(pair))],
  [
    'one of 2 forms',
    z.union([
      z.object({ alpha: z.int(), beta: z.int(), gamma: z.int() }),
      z.object({ a_field_with_a_long_name: z.int(), and_another_one: z.int() }),
    ]),
  ],
])('%s', (expected, schema) => expect(words(schema)).toBe(expected))

it.each([
  [['1 to 9'], z.int().min(1).max(9)],
  [['at least 0'], z.int().min(0)],
  [['above 0, at most 5'], z.number().gt(0).max(5)],
  [['at most 10 characters'], z.string().min(1).max(10)],
  [['64 characters'], z.string().length(64)],
  [['like /^a+$/'], z.string().regex(/^a+$/)],
  [['1 to 3 items'], z.array(z.string()).min(1).max(3)],
  [['at most 3 items'], z.union([z.string(), z.array(z.string()).max(3)])],
  [[], z.int()],
])('bounds: %j', (expected, schema) => {
  const json = schemaOf(schema)
  expect(boundsOf(json, json)).toEqual(expected)
})

describe('the shape of a payload', () => {
  it('has fields, what may be chosen, and defaults', () => {
    const json = schemaOf(
      z.object({ fit: z.enum(['cover', 'fill']).default('fill').describe('How.'), width: z.int() }),
    )
    const { inside } = shapeOf(json, json)
    expect(inside.parts.map(({ name, isRequired }) => [name, isRequired])).toEqual([
      ['fit', false],
      ['width', true],
    ])
    expect(shapeOf(inside.parts[0]?.schema, json)).toMatchObject({
      values: ['cover', 'fill'],
      initial: { value: 'fill' },
      description: 'How.',
    })
    expect(summaryOf(shapeOf(json, json), json)).toBe('fit?, width')
  })

  it('puts objects with one field each together, and keeps larger ones apart', () => {
    const choice = schemaOf(z.array(z.union([pair('a'), pair('b'), pair('c')])))
    expect(shapeOf(choice, choice).inside).toMatchObject({
      kind: 'choice',
      parts: [{ name: 'a' }, { name: 'b' }, { name: 'c' }],
    })
    const two = z.object({ x: z.int(), y: z.int() }).meta({ title: 'Point' })
    const forms = schemaOf(z.union([two, pair('name').meta({ title: 'Name' })]))
    expect(shapeOf(forms, forms).inside).toMatchObject({
      kind: 'forms',
      parts: [{ name: null }, { name: null }],
    })
    expect(summaryOf(shapeOf(forms, forms), forms)).toBe('Point or Name')
  })

  it('ends where a schema holds itself', () => {
    const node = z.object({
      label: z.string(),
      get children() {
        return z.array(node)
      },
    })
    const json = schemaOf(z.object({ node }))
    expect(weightOf(shapeOf(json, json).inside, json, 50)).toBe(50)
    expect(exampleOf(json)).toEqual({ node: { label: 'text', children: [] } })
    const loop = { $ref: '#', allOf: [{ $ref: '#' }], anyOf: [{ $ref: '#' }], items: { $ref: '#' } }
    expect(typeof shapeOf(loop, loop).words).toBe('string')
    exampleOf(loop)
  })

  it('is found for anything that may stand in a schema', () => {
    const name = fc.constantFrom(
      ...['type', 'properties', 'required', 'items', 'anyOf', 'oneOf', 'allOf', '$ref', 'enum', 'const'],
      ...[
        'default',
        'examples',
        'additionalProperties',
        'minLength',
        'maxItems',
        'minItems',
        '__proto__',
        'x',
      ],
    )
    const leaf = fc.constantFrom<unknown>(
      'object',
      'array',
      'string',
      '#',
      '#/x',
      '#/%',
      null,
      true,
      -1,
      1e9,
      0.5,
    )
    const { schema } = fc.letrec((tie) => ({
      schema: fc.oneof(
        { maxDepth: 5 },
        leaf,
        fc.array(tie('schema'), { maxLength: 3 }),
        fc.array(fc.tuple(name, tie('schema')), { maxLength: 5 }).map(Object.fromEntries),
      ),
    }))
    fc.assert(
      fc.property(schema, (json) => {
        const shape = shapeOf(json, json)
        expect(typeof summaryOf(shape, json)).toBe('string')
        expect(weightOf(shape.inside, json, 20)).toBeLessThanOrEqual(20)
        JSON.stringify(exampleOf(json))
      }),
      { numRuns: 1_000, seed: 1 },
    )
  })
})

describe('an example', () => {
  it('holds what is required, and fits', () => {
    const schema = z.object({
      to: z.email(),
      at: z.iso.datetime(),
      page: z.url(),
      kind: z.enum(['a', 'b']),
      n: z.number().gt(0).max(0.5),
      size: z.int().min(7),
      list: z.array(z.literal('x')).min(2),
      name: z.string().min(9).max(10),
      either: z.union([z.strictObject({ a: z.boolean() }), z.string()]),
      kept: z.int().default(4),
      note: z.string().optional(),
    })
    const example = exampleOf(schemaOf(schema)) as Record<string, unknown>
    expect(schema.safeParse(example).error).toBeUndefined()
    expect(Object.keys(example)).not.toContain('note')
  })

  it('is what the schema gives as one', () => {
    expect(exampleOf({ type: 'string', examples: ['this'], default: 'that' })).toBe('this')
    expect(exampleOf({ type: 'string', default: 'that' })).toBe('that')
  })
})

const PACKS = [echoPack(), emailPack(), imagePack(), dataPack(), httpPack()]
it.each(PACKS.flatMap(({ tasks }) => tasks))(
  'task $name explains itself, and its example fits',
  async (one) => {
    const schema = one.payload as StandardSchemaV1
    const json = inputSchemaOf(schema)
    expect(shapeOf(json, json).description).toMatch(/\.$/)
    await validate(schema, exampleOf(json), one.name)
  },
)
