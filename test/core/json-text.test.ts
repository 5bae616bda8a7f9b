import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkJsonText, encodeJson } from '../../src/core/json.ts'
import { JSON_DEPTH_MAX, JSON_KEYS_MAX, JSON_STRING_BYTES_MAX } from '../../src/core/limits.ts'

const MAX = 8 * 1024 * 1024
const check = (text: string, max = MAX): void => checkJsonText(text, 'body', max)
const accepts = (text: string): boolean => {
  try {
    check(text)
    return true
  } catch (error) {
    expect((error as { code?: string }).code).toMatch(/^E_(JSON|TOO_LARGE)$/)
    return false
  }
}
const parses = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

describe('checkJsonText', () => {
  it.each([
    '0',
    '-0',
    '-1.5e-3',
    '1E+5',
    '9007199254740991',
    '-9007199254740991',
    '6.022e23',
    '3.14159265358979323846',
    '0.0',
    '0e999',
    '""',
    '"\\u0000\\u001f\\ud83d\\ude00 \\"\\\\\\/\\b\\f\\n\\r\\t"',
    '"\u2028 😀"',
    ' \t\r\n null \n',
    '[]',
    '{}',
    '[[],{},[{}]]',
    '{"a":{"a":1},"b":[{"a":1},{"a":2}],"":0}',
    '{"prototype":1,"toString":2,"a.b":3}',
  ])('accepts %s', (text) => {
    expect(() => check(text)).not.toThrow()
    expect(() => JSON.parse(text)).not.toThrow()
  })

  it.each([
    ['9007199254740992', /2\^53.*at character 1\b/],
    ['{"id": 9007199254740993}', /2\^53.*at character 8\b/],
    ['[-9007199254740992]', /2\^53/],
    ['1e20', /2\^53/],
    ['9007199254740992.5', /2\^53/],
    [`1${'0'.repeat(30)}`, /2\^53/],
    ['1e999', /too large for a double/],
    ['-1e999', /too large for a double/],
    ['1e-400', /told from 0/],
    ['0.0000000001e-400', /told from 0/],
    ['{"a":1,"b":2,"a":3}', /same key twice.*at character 14\b/],
    ['{"a":1,"\\u0061":3}', /same key twice/],
    ['{"__proto__":1}', /__proto__/],
    ['{"x":[{"\\u005f_proto__":{}}]}', /__proto__/],
    ['{"constructor":1}', /constructor/],
    ['"\\ud83d"', /surrogate/],
    ['"\\ude00"', /surrogate/],
    ['"\\ud83d\\u0041"', /surrogate/],
    ['"\\ud83d\\ud83d"', /surrogate/],
    ['"\\ud83dx"', /surrogate/],
    ['"\ud83d"', /surrogate/],
    ['{"\\ud83d":1}', /surrogate/],
  ])('refuses %s, which JSON.parse would take', (text, message) => {
    expect(() => JSON.parse(text)).not.toThrow()
    expect(() => check(text)).toThrow(message)
    expect(() => check(text)).toThrow(expect.objectContaining({ code: 'E_JSON', field: 'body' }))
  })

  it.each([
    ['', 'ends too early'],
    ['  ', 'ends too early'],
    ['{', 'ends too early'],
    ['[1,', 'ends too early'],
    ['"abc', 'ends too early'],
    ['{"a"', 'ends too early'],
    ['"\\', 'is broken at character 2'],
    ['[1,]', 'is broken at character 4'],
    ['{"a":1,}', 'is broken at character 8'],
    ['{a:1}', 'is broken at character 2'],
    ['[1 2]', 'is broken at character 4'],
    ['{"a" 1}', 'is broken at character 6'],
    ['[1}', 'is broken at character 3'],
    ['{"a":1]', 'is broken at character 7'],
    ['1 2', 'is broken at character 3'],
    ['01', 'is broken at character 2'],
    ['+1', 'is broken at character 1'],
    ['.5', 'is broken at character 1'],
    ['1.', 'is broken at character 2'],
    ['1e', 'is broken at character 2'],
    ['-', 'is broken at character 1'],
    ['NaN', 'is broken at character 1'],
    ['nul', 'is broken at character 1'],
    ['truex', 'is broken at character 5'],
    ["'a'", 'is broken at character 1'],
    ['"\\x41"', 'is broken at character 2'],
    ['"\\u12g4"', 'is broken at character 4'],
    ['"a\nb"', 'is broken at character 3'],
    ['\ufeff1', 'is broken at character 1'],
    ['\u00a01', 'is broken at character 1'],
    ['undefined', 'is broken at character 1'],
  ])('finds the place where %j is broken', (text, where) => {
    expect(() => JSON.parse(text)).toThrow()
    expect(() => check(text)).toThrow(`body is not JSON: it ${where}.`)
  })

  it('holds its bounds without recursion', () => {
    const deep = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels)
    expect(() => check(deep(JSON_DEPTH_MAX))).not.toThrow()
    for (const levels of [JSON_DEPTH_MAX + 1, 1_000_000])
      expect(() => check(deep(levels))).toThrow(/nested deeper/)
    expect(() => check('{"a":'.repeat(1_000_000))).toThrow(/nested deeper/)
    const keys = (count: number): string => `{${Array.from({ length: count }, (_, i) => `"k${i}":1`).join()}}`
    expect(() => check(keys(JSON_KEYS_MAX))).not.toThrow()
    expect(() => check(keys(JSON_KEYS_MAX + 1))).toThrow(/more than 10000 keys/)
    expect(() => check(`[${keys(JSON_KEYS_MAX / 2)},${keys(JSON_KEYS_MAX / 2 + 1)}]`)).toThrow(/keys/)
    const long = 'é'.repeat(JSON_STRING_BYTES_MAX / 2)
    expect(() => check(`["${long}"]`)).not.toThrow()
    expect(() => check(`["${long}x"]`)).toThrow(expect.objectContaining({ code: 'E_TOO_LARGE' }))
    // Escapes make the text longer than the string that it stands for.
    expect(() => check(`"${'\\u0041'.repeat(JSON_STRING_BYTES_MAX)}"`)).not.toThrow()
    expect(() => check('"éé"', 6)).not.toThrow()
    expect(() => check('"éé"', 5)).toThrow(expect.objectContaining({ code: 'E_TOO_LARGE' }))
  })

  it('takes a mebibyte of anything in its stride', () => {
    const mebibyte = 1024 * 1024
    for (const piece of ['1', '[', '{', '"', '\\', ' ', ',', '1,', '"a":', '\\u0041', '-', '0.', 'e']) {
      accepts(piece.repeat(mebibyte / piece.length))
      accepts(`"${piece.repeat(mebibyte / piece.length)}`)
      accepts(`[${piece.repeat(mebibyte / piece.length)}`)
    }
  })

  it('agrees with JSON.parse about what is JSON at all', () => {
    const piece = fc.constantFrom(
      ...[
        '{',
        '}',
        '[',
        ']',
        ',',
        ':',
        '"',
        '"a"',
        '"b"',
        '\\',
        '\\n',
        '\\u0041',
        '\\ud83d',
        '1',
        '0',
        '-',
        '.',
        'e',
        '+',
        'true',
        'null',
        ' ',
        '\n',
        '\u0001',
        'x',
        'é',
      ],
    )
    const soup = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''))
    const json = fc.json({ stringUnit: 'binary', maxDepth: 4 })
    const mutated = fc.tuple(json, fc.nat(), piece).map(([text, at, inserted]) => {
      const place = at % (text.length + 1)
      return text.slice(0, place) + inserted + text.slice(place + 1)
    })
    fc.assert(
      fc.property(fc.oneof(soup, json, mutated), (text) => {
        // All that is accepted parses; all that parses is accepted, but for what it says that JSON.parse would change.
        if (accepts(text)) expect(parses(text)).toBe(true)
        else if (parses(text))
          expect(() => check(text)).toThrow(/2\^53|double|told from 0|twice|named|surrogate/)
        else expect(() => check(text)).toThrow(/is not JSON|surrogate|twice|named|2\^53|double|told from 0/)
      }),
      { numRuns: 5_000 },
    )
  })

  it('lets no number through that JSON.parse would change', () => {
    const digits = fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 1, maxLength: 24 })
    const integer = fc
      .tuple(fc.constantFrom('', '-'), digits)
      .map(([sign, text]) => sign + (text.replace(/^0+/, '') || '0'))
    fc.assert(
      fc.property(integer, (text) => {
        expect(accepts(`{"id":${text}}`)).toBe(
          BigInt(text) === BigInt(Number(text)) && Number.isSafeInteger(Number(text)),
        )
      }),
      { numRuns: 1_000 },
    )
    const float = fc.double({ noNaN: true, noDefaultInfinity: true })
    fc.assert(
      fc.property(float, (value) => {
        // Both gates judge a number alike, and what passes is the same number again.
        const text = JSON.stringify(value)
        let encoded = true
        try {
          encodeJson(value, 'x', MAX)
        } catch {
          encoded = false
        }
        expect(accepts(text)).toBe(encoded)
        if (encoded) expect(JSON.parse(text) === value).toBe(true)
      }),
      { numRuns: 1_000 },
    )
  })
})
