import { expect, test } from 'vitest'
import { createCron } from '../../src/core/cron.ts'
import {
  changesOf,
  disagreement,
  EXPRESSIONS,
  randomFrom,
  ticksBy,
  ticksOf,
  walk,
  ZONES,
} from './cron-oracle.ts'

/** A slice of the comparison of `cron-oracle.slow.test.ts`: other changes and expressions for every zone. */

const DAY_MS = 86_400_000
const FROM = Date.UTC(2024, 0, 1)
const TO = Date.UTC(2027, 0, 1)
const EXPRESSIONS_A_ZONE = 15

test('there are enough zones and expressions', () => {
  expect(new Set(ZONES).size).toBeGreaterThanOrEqual(40)
  expect(new Set(EXPRESSIONS).size).toBeGreaterThanOrEqual(60)
})

test('the ticks around changes of clocks are those of the oracle', () => {
  const random = randomFrom(1)
  let compared = 0
  for (const zone of ZONES) {
    const changes = changesOf(zone, FROM, TO)
    const some = changes.filter((_, i) => i % 3 === Math.floor(random() * 3)).slice(0, 2)
    const days = [...some.map((day) => day - DAY_MS), FROM + Math.floor(random() * 1_000) * DAY_MS]
    for (const from of days) {
      const to = from + 3 * DAY_MS
      const wall = walk(zone, from, to)
      const first = Math.floor(random() * EXPRESSIONS.length)
      for (let i = 0; i < EXPRESSIONS_A_ZONE; i++) {
        const expression = EXPRESSIONS[(first + i * 4) % EXPRESSIONS.length] as string
        const { next } = createCron(expression, zone)
        const expected = ticksOf(wall, expression)
        const which = `${expression} in ${zone} from ${new Date(from).toISOString()}`
        expect(ticksBy(next, from, to), which).toEqual(expected)
        expect(disagreement(next, expected, { from, to, step: 7 }), which).toBeNull()
        compared++
      }
    }
  }
  expect(compared).toBeGreaterThan(1_000)
})

test('the oracle notices a planted mistake: repeated hours that fire twice, gaps that fire not', () => {
  const berlin = 'Europe/Berlin'
  const [spring, autumn] = [Date.UTC(2026, 2, 28), Date.UTC(2026, 9, 24)]
  const naive = (expression: string) => {
    // Takes every expression for one with an open hour.
    const open = createCron(expression.replace(/^(\S+) \S+ /, '$1 * '), berlin)
    const hour = new Intl.DateTimeFormat('en-GB', { timeZone: berlin, hourCycle: 'h23', hour: '2-digit' })
    return (after: number): number => {
      let tick = open.next(after)
      while (Number(hour.format(tick)) !== 2) tick = open.next(tick)
      return tick
    }
  }
  for (const from of [spring, autumn]) {
    const to = from + 3 * DAY_MS
    const expected = ticksOf(walk(berlin, from, to), '30 2 * * *')
    expect(ticksBy(createCron('30 2 * * *', berlin).next, from, to)).toEqual(expected)
    expect(ticksBy(naive('30 2 * * *'), from, to)).not.toEqual(expected)
  }
})
