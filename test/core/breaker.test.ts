import { expect, test } from 'vitest'
import { countFailures, type FailureCounts } from '../../src/core/breaker.ts'
import { BREAKER_KINDS_MAX } from '../../src/core/limits.ts'

const rule = { failures: 3, withinMs: 1_000 }

/** One failure after the other, as one process after the other writes them. */
const count = (failures: readonly (readonly [fingerprint: string, at: number])[]) => {
  let counts: FailureCounts = {}
  return failures.map(([fingerprint, at]) => {
    const answer = countFailures(counts, [{ fingerprint, at }], rule, at)
    counts = answer.counts
    return answer.tripped
  })
}

test('so many of one kind within the stretch, and no fewer', () => {
  expect(
    count([
      ['a', 0],
      ['a', 500],
      ['a', 999],
    ]),
  ).toEqual([null, null, 'a'])
  expect(
    count([
      ['a', 0],
      ['a', 500],
      ['a', 1_000],
      ['a', 1_400],
    ]),
  ).toEqual([null, null, null, 'a'])
  expect(
    count([
      ['a', 0],
      ['b', 1],
      ['a', 2],
      ['b', 3],
      ['b', 4],
    ]),
  ).toEqual([null, null, null, null, 'b'])
})

test('failures that are told late, and together, count where they belong', () => {
  const told = [900, 100, 950].map((at) => ({ fingerprint: 'a', at }))
  expect(countFailures({}, told, rule, 1_000)).toEqual({ counts: { a: [100, 900, 950] }, tripped: 'a' })
  expect(countFailures({}, told, rule, 1_100).tripped).toBeNull()
})

test('what is kept is bounded, and what is old is forgotten', () => {
  const many = Array.from({ length: 100 }, (_, i) => ({ fingerprint: `f${i}`, at: i }))
  const { counts } = countFailures({}, many, rule, 100)
  expect(Object.keys(counts)).toHaveLength(BREAKER_KINDS_MAX)
  expect(Object.keys(counts)[0]).toBe('f99')
  const one = countFailures({ a: [1, 2] }, Array(50).fill({ fingerprint: 'b', at: 10 }), rule, 10).counts
  expect(one).toEqual({ b: [10, 10, 10], a: [1, 2] })
  expect(countFailures(one, [], rule, 2_000).counts).toEqual({})
})
