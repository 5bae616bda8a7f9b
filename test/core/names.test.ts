import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { KEY_LENGTH_MAX, REF_LENGTH_MAX, TAG_LENGTH_MAX, TAGS_MAX } from '../../src/core/limits.ts'
import { checkKey, checkName, checkRef, checkTags, isName } from '../../src/core/names.ts'

describe('names', () => {
  it.each(['a', 'A9', '0', 'send_email', 'mail:example.com', 'a.b-c_d:e', 'x'.repeat(128)])(
    'may be %j',
    (name) => {
      expect(checkName(name, 'task')).toBe(name)
    },
  )

  it.each([
    '',
    ' a',
    'a ',
    'a b',
    '.a',
    '-a',
    '_a',
    ':a',
    'ä',
    'a/b',
    'a\n',
    'a\u0000',
    'x'.repeat(129),
    5,
    null,
    undefined,
    {},
  ])('may not be %j', (name) => {
    expect(isName(name)).toBe(false)
    expect(() => checkName(name, 'queue')).toThrow(
      expect.objectContaining({ code: 'E_NAME', field: 'queue' }),
    )
  })

  it('have the characters they say, wherever they stand', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 140, unit: 'binary' }), (text) => {
        const letters = [...text]
        const fits =
          letters.length > 0 &&
          text.length <= 128 &&
          /[A-Za-z0-9]/.test(letters[0] as string) &&
          letters.every((letter) =>
            'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-'.includes(letter),
          )
        expect(isName(text)).toBe(fits)
      }),
    )
  })
})

describe.each([
  ['key', checkKey, KEY_LENGTH_MAX],
  ['ref', checkRef, REF_LENGTH_MAX],
] as const)('a %s', (field, check, max) => {
  it('is any text within its length', () => {
    for (const text of ['a', 'order 12/π 😀', 'x'.repeat(max)]) expect(check(text, field)).toBe(text)
  })

  it.each(['', 'x'.repeat(max + 1), 'a\nb', 'a\u0000', '\ud800', 5, null, undefined])(
    'is not %j',
    (value) => {
      expect(() => check(value, field)).toThrow(expect.objectContaining({ code: 'E_ARGUMENT', field }))
    },
  )
})

describe('tags', () => {
  it('are kept in order, each once', () => {
    expect(checkTags(['b', 'a', 'b'], 'tags')).toEqual(['b', 'a'])
    expect(checkTags([], 'tags')).toEqual([])
  })

  it('are refused by their place', () => {
    expect(() => checkTags(['a', ''], 'tags')).toThrow(expect.objectContaining({ field: 'tags[1]' }))
    expect(() => checkTags(['x'.repeat(TAG_LENGTH_MAX + 1)], 'tags')).toThrow(
      expect.objectContaining({ field: 'tags[0]' }),
    )
    expect(() => checkTags(Array.from({ length: TAGS_MAX + 1 }, String), 'tags')).toThrow(
      /21 tags; 20 are the limit/,
    )
    for (const value of ['a', null, { 0: 'a' }])
      expect(() => checkTags(value, 'tags')).toThrow(expect.objectContaining({ field: 'tags' }))
  })
})
