import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Clock } from '../../src/core/clock.ts'
import { createIdSource, idTime, isId, newId } from '../../src/core/ids.ts'

const filledWith = (byte: number) => (bytes: Uint8Array) => bytes.fill(byte)
const risesStrictly = (ids: readonly string[]): boolean =>
  ids.every((id, index) => index === 0 || id > (ids[index - 1] as string))

describe('ids', () => {
  it('are UUIDs of version 7 that carry their time', () => {
    const before = Date.now()
    const id = newId()
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(isId(id)).toBe(true)
    expect(idTime(id)).toBeGreaterThanOrEqual(before)
    expect(idTime(id)).toBeLessThanOrEqual(Date.now())
  })

  it('lay out their bits as RFC 9562 says', () => {
    const ones = createIdSource({ now: () => 0x0123456789ab, fillRandom: filledWith(0xff) })
    // The counter starts at 25 random bits, here all ones, and the next id counts on into the 26th.
    expect(ones()).toBe('01234567-89ab-77ff-bfff-ffffffffffff')
    expect(ones()).toBe('01234567-89ab-7800-8000-ffffffffffff')
    expect(createIdSource({ now: () => 0, fillRandom: filledWith(0) })()).toBe(
      '00000000-0000-7000-8000-000000000000',
    )
  })

  it('rise strictly, a hundred thousand in a row', () => {
    const ids = Array.from({ length: 100_000 }, () => newId())
    expect(risesStrictly(ids)).toBe(true)
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids.every(isId)).toBe(true)
  })

  it('rise strictly whatever the wall clock does', () => {
    const clocks = fc.array(
      fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 2 ** 48 - 2 })),
      {
        minLength: 2,
        maxLength: 200,
      },
    )
    fc.assert(
      fc.property(clocks, (times) => {
        let at = 0
        const source = createIdSource({ now: () => times[at++] as number })
        const ids = times.map(() => source())
        expect(risesStrictly(ids)).toBe(true)
        expect(ids.every(isId)).toBe(true)
        expect(ids.map(idTime)).toEqual(times.map((_, index) => Math.max(...times.slice(0, index + 1))))
      }),
    )
  })

  it('of different sources do not collide', () => {
    const made = Array.from({ length: 200 }, () => createIdSource({ now: () => 1 }))
    const ids = made.flatMap((source) => Array.from({ length: 50 }, () => source()))
    expect(new Set(ids).size).toBe(ids.length)
  })

  it('follow a clock of one’s own', () => {
    const clock: Clock = { now: () => 42, monotonic: () => 0, setTimer: () => ({ cancel: () => {} }) }
    const [first, second] = [newId(clock), newId(clock)]
    expect(idTime(first)).toBe(42)
    expect(second > first).toBe(true)
    expect(idTime(newId())).toBeGreaterThan(42)
  })

  it.each([
    '',
    'x',
    '01234567-89AB-77ff-bfff-ffffffffffff',
    '01234567-89ab-47ff-bfff-ffffffffffff',
    '01234567-89ab-77ff-cfff-ffffffffffff',
    '0123456789ab77ffbfffffffffffffff',
    '01234567-89ab-77ff-bfff-ffffffffffff\n',
    12,
    null,
    undefined,
  ])('do not look like %j', (value) => {
    expect(isId(value)).toBe(false)
  })
})
