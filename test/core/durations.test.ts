import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { durationMs, formatDuration, runAtMs } from '../../src/core/durations.ts'
import { DURATION_MAX_MS } from '../../src/core/limits.ts'

const refusal = (code: string, field: string) => expect.objectContaining({ code, field })

describe('durationMs', () => {
  it.each([
    [0, 0],
    [1_500, 1_500],
    ['0', 0],
    ['250ms', 250],
    ['30s', 30_000],
    ['5m', 300_000],
    ['2h', 7_200_000],
    ['7d', 604_800_000],
    ['1w', 604_800_000],
    ['1h30m', 5_400_000],
    ['1m 4s', 64_000],
    [' 30s ', 30_000],
    ['1w 1d 1h 1m 1s 1ms', 694_861_001],
    [DURATION_MAX_MS, DURATION_MAX_MS],
  ])('reads %j as %d ms', (value, ms) => {
    expect(durationMs(value, 'delay')).toBe(ms)
  })

  it.each([
    Number.NaN,
    Number.POSITIVE_INFINITY,
    -1,
    0.5,
    DURATION_MAX_MS + 1,
    '',
    ' ',
    '5',
    '5000',
    '-5s',
    '1.5h',
    '5 m',
    '30m1h',
    '5m5m',
    '5 minutes',
    '5M',
    '1e3s',
    '٣s',
    '9999w',
    null,
    undefined,
    true,
    {},
    [5],
    5n,
    Symbol('5s'),
  ])('refuses %s and names the field', (value) => {
    expect(() => durationMs(value, 'retry.base')).toThrow(refusal('E_DURATION', 'retry.base'))
    expect(() => durationMs(value, 'retry.base')).toThrow(/^retry\.base is /)
  })

  it('holds its bounds and says them', () => {
    expect(durationMs(100, 'lease', { min: 100, max: 200 })).toBe(100)
    expect(() => durationMs(99, 'lease', { min: 100 })).toThrow('lease is 99, less than 100ms.')
    expect(() => durationMs('3s', 'lease', { max: 2_000 })).toThrow('lease is "3s", more than 2s.')
    expect(() => durationMs('60', 'delay')).toThrow('delay is "60", which has no unit.')
  })

  it('never answers -0', () => {
    expect(Object.is(durationMs(-0, 'delay'), 0)).toBe(true)
  })

  it('reads back what formatDuration writes, to the second unit', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: DURATION_MAX_MS }), (ms) => {
        const back = durationMs(formatDuration(ms), 'x')
        expect(back).toBeLessThanOrEqual(ms)
        const unit = [86_400_000, 3_600_000, 60_000, 1_000, 1].find((size) => ms >= size) ?? 1
        const second = { 86400000: 3_600_000, 3600000: 60_000, 60000: 1_000, 1000: 1, 1: 1 }[unit] as number
        expect(ms - back).toBeLessThan(second)
      }),
    )
  })

  it('answers a whole number within its bounds or refuses, whatever it is given', () => {
    fc.assert(
      fc.property(fc.oneof(fc.anything(), fc.string(), fc.double()), (value) => {
        try {
          const ms = durationMs(value, 'x')
          expect(Number.isInteger(ms) && ms >= 0 && ms <= DURATION_MAX_MS).toBe(true)
        } catch (error) {
          expect(error).toEqual(refusal('E_DURATION', 'x'))
        }
      }),
    )
  })
})

describe('formatDuration', () => {
  it.each([
    [0, '0ms'],
    [250, '250ms'],
    [1_000, '1s'],
    [64_000, '1m 4s'],
    [3_600_000, '1h'],
    [3_601_000, '1h'],
    [5_400_000, '1h 30m'],
    [700_000_000, '8d 2h'],
    [-64_000, '-1m 4s'],
    [0.4, '0ms'],
    [Number.NaN, '—'],
  ])('writes %d as %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text)
  })
})

describe('runAtMs', () => {
  const day = Date.UTC(2030, 0, 31, 9)

  it.each([
    [new Date(day), day],
    [day, day],
    [0, 0],
    ['2030-01-31T09:00:00Z', day],
    ['2030-01-31T09:00Z', day],
    ['2030-01-31T09:00:00.000Z', day],
    ['2030-01-31T10:00:00+01:00', day],
    ['2030-01-31T03:30:00-05:30', day],
    ['2028-02-29T00:00:00Z', Date.UTC(2028, 1, 29)],
    ['2030-01-31T09:00:00.123456Z', day + 123],
  ])('reads %s', (value, ms) => {
    expect(runAtMs(value, 'runAt')).toBe(ms)
  })

  it.each([
    new Date(Number.NaN),
    -1,
    1.5,
    Number.NaN,
    253_402_300_800_000,
    '2030-01-31',
    '2030-01-31T09:00:00',
    '2030-02-30T09:00:00Z',
    '2029-02-29T09:00:00Z',
    '2030-13-01T09:00:00Z',
    '2030-01-31T25:00:00Z',
    '2030-01-31T09:00:00+99:00',
    'tomorrow',
    '',
    null,
    undefined,
    {},
  ])('refuses %s', (value) => {
    expect(() => runAtMs(value, 'runAt')).toThrow(refusal('E_TIME', 'runAt'))
  })

  it('reads back every Date that it accepts from its ISO text', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 253_402_300_799_999 }), (ms) => {
        expect(runAtMs(new Date(ms).toISOString(), 'x')).toBe(ms)
      }),
    )
  })
})
