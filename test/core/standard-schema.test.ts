import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type StandardSchemaV1, validate } from '../../src/core/standard-schema.ts'

const withZod = z.object({ to: z.email(), items: z.array(z.object({ id: z.int() })).default([]) })
const withValibot = v.object({
  to: v.pipe(v.string(), v.email()),
  items: v.optional(v.array(v.object({ id: v.pipe(v.number(), v.integer()) })), []),
})

describe.each<[string, StandardSchemaV1<unknown, unknown>]>([
  ['zod', withZod as StandardSchemaV1<unknown, unknown>],
  ['valibot', withValibot as StandardSchemaV1<unknown, unknown>],
])('validate with %s', (_, schema) => {
  it('answers at once what the schema makes of a value', () => {
    expect(validate(schema, { to: 'ann@example.com' }, 'greet')).toEqual({ to: 'ann@example.com', items: [] })
  })

  it('names the task, the path and every issue', () => {
    const bad = { to: 'ann', items: [{ id: 1 }, { id: 1.5 }] }
    expect(() => validate(schema, bad, 'greet')).toThrow(
      expect.objectContaining({
        code: 'E_PAYLOAD',
        field: 'payload.to',
        message: expect.stringMatching(
          /^The payload does not fit task greet: payload\.to: .+; payload\.items\[1\]\.id: /,
        ),
        data: {
          issues: [
            expect.objectContaining({ path: 'payload.to' }),
            expect.objectContaining({ path: 'payload.items[1].id' }),
          ],
        },
      }),
    )
    expect(() => validate(schema, 'x', 'greet')).toThrow(expect.objectContaining({ field: 'payload' }))
  })
})

describe('validate', () => {
  const schema = (answer: unknown): StandardSchemaV1<unknown, number> => ({
    '~standard': { version: 1, vendor: 'test', validate: () => answer as never },
  })

  it('waits for a schema that takes its time', async () => {
    await expect(validate(schema(Promise.resolve({ value: 5 })), null, 't')).resolves.toBe(5)
    await expect(
      validate(schema(Promise.resolve({ issues: [{ message: 'no' }] })), null, 't'),
    ).rejects.toMatchObject({
      code: 'E_PAYLOAD',
    })
  })

  it('bounds what it says of a thousand issues', () => {
    const issues = Array.from({ length: 1_000 }, (_, id) => ({
      message: 'x'.repeat(1_000),
      path: [{ key: 'rows' }, id],
    }))
    try {
      validate(schema({ issues }), null, 't')
      expect.unreachable()
    } catch (error) {
      const { message, data, field } = error as {
        message: string
        data: { issues: unknown[] }
        field: string
      }
      expect(field).toBe('payload.rows[0]')
      expect(data.issues).toHaveLength(20)
      expect(message).toContain('(and 997 more)')
      expect(message.length).toBeLessThan(2_000)
    }
  })

  it('refuses also when a schema gives no reason', () => {
    expect(() => validate(schema({ issues: [] }), null, 't')).toThrow(
      expect.objectContaining({ code: 'E_PAYLOAD' }),
    )
  })
})
