import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkJsonText, encodeBytes, encodeJson, parsePayload } from '../../src/core/json.ts'
import { JSON_DEPTH_MAX, JSON_KEYS_MAX, JSON_STRING_BYTES_MAX } from '../../src/core/limits.ts'

const MAX = 256 * 1024
const encode = (value: unknown, max = MAX): string => encodeJson(value, 'payload', max)
const refusal = (field: string, code = 'E_JSON') => expect.objectContaining({ code, field })

const nested = (depth: number): unknown => {
  let value: unknown = 1
  for (let i = 0; i < depth; i++) value = i % 2 === 0 ? [value] : { a: value }
  return value
}

describe('encodeJson', () => {
  it('writes what JSON.stringify writes, and it comes back equal', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
        let text: string
        try {
          text = encode(value)
        } catch (error) {
          // Only numbers and keys that the rules name, which the next tests pin down one by one.
          expect(String(error)).toMatch(/2\^53|__proto__|constructor/)
          return
        }
        expect(text).toBe(JSON.stringify(value))
        expect(parsePayload(text)).toEqual(JSON.parse(JSON.stringify(value)))
        expect(() => checkJsonText(text, 'payload', MAX)).not.toThrow()
      }),
      { numRuns: 500 },
    )
  })

  it('answers text that comes back equal, or refuses, whatever it is given', () => {
    const anything = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withTypedArray: true,
      withNullPrototype: true,
      withObjectString: true,
      withBoxedValues: true,
      withSparseArray: true,
    })
    let kept = 0
    fc.assert(
      fc.property(anything, (value) => {
        let text: string
        try {
          text = encode(value)
        } catch (error) {
          expect(['E_JSON', 'E_TOO_LARGE']).toContain((error as { code?: string }).code)
          return
        }
        kept++
        expect(() => checkJsonText(text, 'payload', MAX)).not.toThrow()
        expect(JSON.stringify(JSON.parse(text))).toBe(text)
        expect(comparable(JSON.parse(text))).toEqual(comparable(value))
      }),
      { numRuns: 2_000 },
    )
    expect(kept).toBeGreaterThan(200)
  })

  it('keeps numbers, text and order as they are', () => {
    const value = {
      b: [0, -1, 0.1, 1e-7, 5e-324, 9_007_199_254_740_991, -9_007_199_254_740_991, 6.022e23, 1.7e308],
      a: 'ünï 😀 \u0000\u001f\u2028 "\\',
      '': null,
      7: true,
    }
    expect(parsePayload(encode(value))).toEqual(value)
  })

  it('keeps the three habits of JSON that everybody counts on', () => {
    expect(encode({ a: undefined, b: 1 })).toBe('{"b":1}')
    expect(encode(-0)).toBe('0')
    const at = new Date(0)
    expect(encode({ at, url: new URL('http://a/b') })).toBe(
      '{"at":"1970-01-01T00:00:00.000Z","url":"http://a/b"}',
    )
  })

  it('writes the first answer of a toJSON method, which is the one it checked', () => {
    let asked = 0
    const value = { toJSON: (key: string) => ({ key, count: ++asked, at: new Date(0) }) }
    expect(encode({ a: value, b: [value] })).toBe(
      '{"a":{"key":"a","count":1,"at":"1970-01-01T00:00:00.000Z"},"b":[{"key":"a","count":1,"at":"1970-01-01T00:00:00.000Z"}]}',
    )
    expect(encode({ a: { toJSON: () => undefined } })).toBe('{}')
    expect(() => encode([{ toJSON: () => undefined }])).toThrow(refusal('payload[0]'))
    expect(() => encode({ a: { toJSON: () => ({ b: 2 ** 53 }) } })).toThrow(refusal('payload.a.b'))
    expect(() => encode({ a: { toJSON: () => 1n } })).toThrow(refusal('payload.a'))
    const self: { toJSON: () => unknown } = { toJSON: () => self }
    expect(() => encode(self)).toThrow(refusal('payload.toJSON'))
  })

  class Money {
    amount = 5
  }
  const sparse = [1, 2, 3]
  delete sparse[1]

  it.each<[string, unknown, string]>([
    ['undefined', undefined, 'payload'],
    ['undefined in an array', [1, undefined], 'payload[1]'],
    ['a hole', sparse, 'payload[1]'],
    ['a function', { a: () => 1 }, 'payload.a'],
    ['a symbol', { a: [Symbol('x')] }, 'payload.a[0]'],
    ['BigInt', { a: { b: 1n } }, 'payload.a.b'],
    ['NaN', { a: Number.NaN }, 'payload.a'],
    ['Infinity', [Number.NEGATIVE_INFINITY], 'payload[0]'],
    ['2^53', { id: 2 ** 53 }, 'payload.id'],
    ['-2^53', { id: -(2 ** 53) }, 'payload.id'],
    ['10^20', { id: 1e20 }, 'payload.id'],
    ['an invalid Date', { a: new Date(Number.NaN) }, 'payload.a'],
    ['a Map', { a: new Map([[1, 2]]) }, 'payload.a'],
    ['a Set', new Set(), 'payload'],
    ['a RegExp', [/a/], 'payload[0]'],
    ['an Error', { a: new Error('x') }, 'payload.a'],
    ['bytes', { a: new Uint8Array(3) }, 'payload.a'],
    ['a Buffer', { a: Buffer.from('x') }, 'payload.a'],
    ['a boxed text', [Object('x')], 'payload[0]'],
    ['an instance', { a: new Money() }, 'payload.a'],
    ['a promise', { a: Promise.resolve(1) }, 'payload.a'],
    ['a lone surrogate', { a: '\ud83d' }, 'payload.a'],
    ['a lone surrogate in a key', { '\ude00': 1 }, 'payload'],
    ['a key __proto__', JSON.parse('{"a":{"__proto__":1}}'), 'payload.a'],
    ['a key constructor', { constructor: 1 }, 'payload'],
  ])('refuses %s by its path', (_, value, field) => {
    expect(() => encode(value)).toThrow(refusal(field))
  })

  it('refuses what throws when it is read', () => {
    const getter = Object.defineProperty({}, 'a', {
      enumerable: true,
      get() {
        throw new TypeError('trap')
      },
    })
    const proxy = new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error('trap')
        },
      },
    )
    const answer = {
      toJSON: () => {
        throw new Error('trap')
      },
    }
    for (const value of [getter, proxy, { a: answer }])
      expect(() => encode(value)).toThrow(refusal('payload'))
  })

  it('takes object literals of another realm and objects without a prototype', () => {
    const foreign = Object.create(Object.create(null) as object) as Record<string, unknown>
    foreign['a'] = Object.assign(Object.create(null), { b: 1 })
    expect(encode(foreign)).toBe('{"a":{"b":1}}')
  })

  it('holds its bounds', () => {
    expect(() => encode(nested(JSON_DEPTH_MAX))).not.toThrow()
    expect(() => encode(nested(JSON_DEPTH_MAX + 1))).toThrow(refusal('payload'))
    const self: Record<string, unknown> = {}
    self['self'] = self
    expect(() => encode(self)).toThrow(/contains itself/)
    const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (__, i) => [`k${i}`, 1]))
    expect(() => encode(many(JSON_KEYS_MAX))).not.toThrow()
    expect(() => encode(many(JSON_KEYS_MAX + 1))).toThrow(refusal('payload'))
  })

  it('counts bytes, not characters', () => {
    expect(encode('x'.repeat(8), 10)).toHaveLength(10)
    expect(() => encode('x'.repeat(9), 10)).toThrow(refusal('payload', 'E_TOO_LARGE'))
    expect(encode('é'.repeat(4), 10)).toHaveLength(6)
    expect(() => encode('é'.repeat(5), 10)).toThrow(refusal('payload', 'E_TOO_LARGE'))
    expect(() => encode('\u0001'.repeat(3), 10)).toThrow(refusal('payload', 'E_TOO_LARGE'))
    const long = 'é'.repeat(JSON_STRING_BYTES_MAX / 2)
    expect(() => encode({ a: long }, 10 * MAX)).not.toThrow()
    expect(() => encode({ a: `${long}x` }, 10 * MAX)).toThrow(refusal('payload.a', 'E_TOO_LARGE'))
  })

  it('gives up early on what fans out into itself', () => {
    let tree: unknown = [1]
    for (let i = 0; i < 30; i++) tree = [tree, tree, tree, tree]
    expect(() => encode(tree)).toThrow(refusal('payload', 'E_TOO_LARGE'))
  })
})

/** A value as its JSON shows it by the three habits, so that the rest can be compared strictly. */
const comparable = (value: unknown): unknown => {
  if (Object.is(value, -0)) return 0
  if (value instanceof Date) return value.toISOString()
  if (Array.isArray(value)) return value.map(comparable)
  if (typeof value !== 'object' || value === null) return value
  const { toJSON } = value as { toJSON?: () => unknown }
  if (typeof toJSON === 'function') return comparable(toJSON.call(value))
  const entries = Object.entries(value).filter(([, item]) => item !== undefined)
  return Object.fromEntries(entries.map(([key, item]) => [key, comparable(item)]))
}

describe('encodeBytes', () => {
  const bytes = (text: string) => Buffer.from(text)

  it.each([
    ['{"a": 1}', '{"a": 1}'],
    [' [1]\n', ' [1]\n'],
    ['true', 'true'],
    ['12', '12'],
    ['hello', '"hello"'],
    ['fail me', '"fail me"'],
    ['', '""'],
    ['{"a":', '"{\\"a\\":"'],
    // It is JSON, but would be rounded: kept as the text that it is.
    ['12345678901234567890', '"12345678901234567890"'],
    ['{"a":1,"a":2}', '"{\\"a\\":1,\\"a\\":2}"'],
    ['\ufeff1', '"\ufeff1"'],
    ['a\u0000b', '"a\\u0000b"'],
  ])('makes of %j the text %s', (given, text) => {
    expect(encodeBytes(bytes(given), 'payload', MAX)).toBe(text)
  })

  it('keeps other bytes as base64', () => {
    expect(encodeBytes(Uint8Array.of(0xff, 0, 1), 'payload', MAX)).toBe('{"$base64":"/wAB"}')
  })

  it('loses no byte of anything', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (given) => {
        const text = encodeBytes(given, 'payload', MAX)
        const value = parsePayload(text)
        const back =
          text === Buffer.from(given).toString()
            ? Buffer.from(text)
            : typeof value === 'string'
              ? Buffer.from(value)
              : Buffer.from((value as { $base64: string }).$base64, 'base64')
        expect(Buffer.compare(back, given)).toBe(0)
      }),
    )
  })

  it('is bounded before and after', () => {
    for (const given of [bytes('x'.repeat(11)), Buffer.alloc(9, 0xff), bytes('\u0001'.repeat(5))]) {
      expect(() => encodeBytes(given, 'payload', 10)).toThrow(refusal('payload', 'E_TOO_LARGE'))
    }
  })
})
