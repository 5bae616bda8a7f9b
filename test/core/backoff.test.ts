import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BACKOFF_PRESETS, type Backoff, backoffDelayMs, parseBackoff } from '../../src/core/backoff.ts'
import { DURATION_MAX_MS, MAX_RETRIES_LIMIT } from '../../src/core/limits.ts'

const error = { name: 'Error', message: 'no' }
const seconds = (backoff: Backoff, random: number, count: number): number[] =>
  Array.from({ length: count }, (_, index) => backoffDelayMs(backoff, index + 1, random, error) / 1_000)

/** Without jitter: the middle of the random range. */
const MIDDLE = 0.5

const retry = fc.integer({ min: 1, max: MAX_RETRIES_LIMIT })
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
const curve = fc.record({
  baseMs: fc.integer({ min: 0, max: DURATION_MAX_MS }),
  factor: fc.double({ min: 1, max: 100, noNaN: true }),
  capMs: fc.integer({ min: 0, max: DURATION_MAX_MS }),
  jitter: fc.double({ min: 0, max: 1, noNaN: true }),
})
const anyBackoff: fc.Arbitrary<Backoff> = fc.oneof(
  fc.constantFrom<Backoff>(...BACKOFF_PRESETS),
  curve,
  fc.func(fc.anything()) as unknown as fc.Arbitrary<Backoff>,
)

describe('the curves', () => {
  it.each<[Backoff, number[]]>([
    ['default', [15, 60, 240, 960, 3_840, 15_360, 61_440, 86_400, 86_400]],
    ['heritage', [2, 4, 8, 16, 32, 32, 32]],
    ['fixed', [15, 15, 15]],
    ['exponential', [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024, 2_048, 3_600, 3_600]],
    [{ base: '10s', factor: 3, cap: '1m', jitter: 0 }, [10, 30, 60, 60]],
    [{ base: 500 }, [0.5, 1, 2, 4]],
  ])('%j', (backoff, expected) => {
    expect(seconds(backoff, MIDDLE, expected.length)).toEqual(expected)
  })

  it('faktory: c⁴ + 15 + (0 … 29) · (c + 1) seconds', () => {
    expect(seconds('faktory', 0, 4)).toEqual([15, 16, 31, 96])
    expect(seconds('faktory', 0.999, 4)).toEqual([44, 74, 118, 212])
    const total = seconds('faktory', MIDDLE, 25).reduce((sum, each) => sum + each, 0)
    expect(total / 86_400).toBeCloseTo(20.5, 0)
  })

  it('spread by their jitter, and no further', () => {
    expect(seconds('default', 0, 2)).toEqual([11.25, 45])
    expect(backoffDelayMs('default', 1, 0.999999, error)).toBe(18_750)
    expect(seconds('heritage', 0, 5)).toEqual(seconds('heritage', 0.999, 5))
  })

  it('answer whole milliseconds within bounds, whatever they are asked', () => {
    fc.assert(
      fc.property(anyBackoff, retry, random, (backoff, number, chance) => {
        const ms = backoffDelayMs(backoff, number, chance, error)
        expect(Number.isInteger(ms) && ms >= 0 && ms <= DURATION_MAX_MS).toBe(true)
      }),
    )
  })

  it('never fall from one retry to the next, and keep to cap and jitter', () => {
    fc.assert(
      fc.property(curve, retry, random, (backoff, number, chance) => {
        const ms = backoffDelayMs(backoff, number, chance, error)
        expect(backoffDelayMs(backoff, number + 1, chance, error)).toBeGreaterThanOrEqual(ms)
        const plain = backoffDelayMs({ ...backoff, jitter: 0 }, number, chance, error)
        expect(plain).toBeLessThanOrEqual(backoff.capMs)
        expect(Math.abs(ms - plain)).toBeLessThanOrEqual(backoff.jitter * plain + 1)
      }),
    )
  })

  it('are the same for the same chance', () => {
    fc.assert(
      fc.property(curve, retry, random, (backoff, number, chance) => {
        expect(backoffDelayMs(backoff, number, chance, error)).toBe(
          backoffDelayMs(backoff, number, chance, error),
        )
      }),
    )
  })
})

describe('a function', () => {
  it('is asked with the number of the retry and the error', () => {
    expect(backoffDelayMs((number, { name }) => number * name.length, 3, MIDDLE, error)).toBe(15)
    expect(backoffDelayMs(() => 1.6, 1, MIDDLE, error)).toBe(2)
    expect(backoffDelayMs(() => 1e300, 1, MIDDLE, error)).toBe(DURATION_MAX_MS)
  })

  it.each([Number.NaN, -1, Number.POSITIVE_INFINITY, '5s', null, undefined, 5n, Promise.resolve(5)])(
    'that answers %s gets the default curve',
    (answer) => {
      expect(backoffDelayMs(() => answer as number, 2, MIDDLE, error)).toBe(60_000)
    },
  )

  it('that throws gets the default curve', () => {
    const thrower = (): number => {
      throw new Error('no')
    }
    expect(backoffDelayMs(thrower, 1, MIDDLE, error)).toBe(15_000)
  })

  it('is not needed: an unreadable curve gets the default one too', () => {
    for (const backoff of [{ base: 'soon' }, 'unheard-of', null, 7]) {
      expect(backoffDelayMs(backoff as unknown as Backoff, 1, MIDDLE, error)).toBe(15_000)
    }
  })
})

describe('parseBackoff', () => {
  it('makes a storable curve', () => {
    expect(parseBackoff('faktory', 'backoff')).toBe('faktory')
    expect(parseBackoff({ base: '10s' }, 'backoff')).toEqual({
      baseMs: 10_000,
      factor: 2,
      capMs: 86_400_000,
      jitter: 0.25,
    })
    expect(parseBackoff({ base: '2d' }, 'backoff')).toMatchObject({ capMs: 172_800_000 })
  })

  it('gives back what it made', () => {
    fc.assert(
      fc.property(curve, (backoff) => {
        expect(parseBackoff(backoff, 'backoff')).toEqual(backoff)
      }),
    )
  })

  it.each([
    [null, 'backoff'],
    [undefined, 'backoff'],
    ['Default', 'backoff'],
    [5, 'backoff'],
    [[], 'backoff'],
    [() => 5, 'backoff'],
    [{}, 'backoff.base'],
    [{ base: -1 }, 'backoff.base'],
    [{ base: 1, factor: 0.5 }, 'backoff.factor'],
    [{ base: 1, factor: Number.NaN }, 'backoff.factor'],
    [{ base: 1, factor: '2' }, 'backoff.factor'],
    [{ base: 1, cap: '1y' }, 'backoff.cap'],
    [{ base: 1, jitter: 1.1 }, 'backoff.jitter'],
    [{ base: 1, jitters: 0 }, 'backoff.jitters'],
  ])('refuses %j and names %s', (value, field) => {
    expect(() => parseBackoff(value, 'backoff')).toThrow(expect.objectContaining({ field }))
  })
})
