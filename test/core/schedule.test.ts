import { describe, expect, test } from 'vitest'
import {
  type CatchUp,
  dueTicks,
  fireTicks,
  jitterOf,
  type ScheduleSpec,
  ticksOf,
} from '../../src/core/schedule.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const START = Date.UTC(2026, 0, 1)

const ticks = (spec: Partial<ScheduleSpec>, createdAt = START) =>
  ticksOf({ cron: null, timeZone: 'UTC', everyMs: null, startAt: null, endAt: null, ...spec }, createdAt)

const hours = (numbers: readonly number[]): number[] => numbers.map((n) => START + n * HOUR)
const due = (catchUp: CatchUp, now: number, everyMs = HOUR) =>
  dueTicks(ticks({ everyMs }), START, now, catchUp)

describe('ticks', () => {
  test('every counts from its anchor by elapsed time', () => {
    const plain = ticks({ everyMs: HOUR })
    expect(plain.next(START)).toBe(START + HOUR)
    expect(plain.next(START + HOUR - 1)).toBe(START + HOUR)
    expect(plain.next(START + HOUR)).toBe(START + 2 * HOUR)
    const startAt = START + 5 * MINUTE
    expect(ticks({ everyMs: HOUR, startAt }).next(START)).toBe(startAt)
    expect(ticks({ everyMs: HOUR, startAt }).next(startAt)).toBe(startAt + HOUR)
  })

  test('nothing before the start, nothing after the end; both moments count', () => {
    const bounded = ticks({ cron: '0 * * * *', startAt: START + 2 * HOUR, endAt: START + 3 * HOUR })
    expect(bounded.next(START)).toBe(START + 2 * HOUR)
    expect(bounded.next(START + 2 * HOUR)).toBe(START + 3 * HOUR)
    expect(bounded.next(START + 3 * HOUR)).toBeNull()
  })
})

describe('after an outage', () => {
  test('what is noticed within a minute is fired by every policy', () => {
    for (const catchUp of ['none', 'last', 'all'] as const) {
      expect(due(catchUp, START + HOUR + MINUTE)).toEqual({
        ticks: hours([1]),
        missed: 0,
        nextAt: START + 2 * HOUR,
      })
      // A schedule of seconds whose maintainers were away for ten of them.
      expect(due(catchUp, START + 10_000, 1_000).ticks).toHaveLength(10)
    }
  })

  test.each([
    ['none', [], 5],
    ['last', [5], 4],
    ['all', [1, 2, 3, 4, 5], 0],
  ] as const)('%s: of five missed ticks %j are made good', (catchUp, madeGood, missed) => {
    const now = START + 5 * HOUR + MINUTE + 1
    expect(due(catchUp, now)).toEqual({ ticks: hours(madeGood), missed, nextAt: START + 6 * HOUR })
  })

  test('a tick in time makes the last one good', () => {
    const now = START + 5 * HOUR + MINUTE
    expect(due('last', now)).toEqual({ ticks: hours([5]), missed: 4, nextAt: START + 6 * HOUR })
    expect(due('none', now).ticks).toEqual(hours([5]))
  })

  test('all is a hundred at most, the newest', () => {
    const { ticks: fired, missed } = due('all', START + 250 * HOUR + 2 * MINUTE)
    expect(fired).toEqual(hours(Array.from({ length: 100 }, (_, i) => 151 + i)))
    expect(missed).toBe(150)
  })

  test('a year of seconds is not counted through, and the newest are found all the same', () => {
    const now = START + 365 * 24 * HOUR
    const { ticks: fired, missed } = due('all', now, 1_000)
    expect(fired).toHaveLength(161)
    expect(fired.at(-1)).toBe(now)
    expect(fired[0]).toBe(now - 160_000)
    expect(missed).toBe(900)
  })
})

test('what ticks mean while a job is not over', () => {
  expect(fireTicks([1, 2, 3], 'allow', true)).toEqual({ fire: [1, 2, 3], skipped: 0 })
  expect(fireTicks([1, 2, 3], 'queue', true)).toEqual({ fire: [1, 2, 3], skipped: 0 })
  expect(fireTicks([1, 2, 3], 'skip', true)).toEqual({ fire: [], skipped: 3 })
  expect(fireTicks([1, 2, 3], 'skip', false)).toEqual({ fire: [1], skipped: 2 })
  expect(fireTicks([1, 2, 3], 'cancelPrevious', true)).toEqual({ fire: [3], skipped: 2 })
})

test('jitter is the same for all who ask, within its bound and spread', () => {
  const some = Array.from({ length: 1_000 }, (_, i) => jitterOf('nightly', START + i * MINUTE, 10_000))
  expect(some.every((ms) => ms >= 0 && ms < 10_000)).toBe(true)
  expect(jitterOf('nightly', START, 10_000)).toBe(some[0])
  expect(new Set(some.map((ms) => Math.floor(ms / 1_000))).size).toBe(10)
  expect(jitterOf('nightly', START, 0)).toBe(0)
})
