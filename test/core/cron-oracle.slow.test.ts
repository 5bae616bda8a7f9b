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

/** Every minute within three days of each change of clocks in ten years, and random days elsewhere. */

const DAY_MS = 86_400_000
const FROM = Date.UTC(2018, 0, 1)
const TO = Date.UTC(2028, 0, 1)
const ELSEWHERE = 5

test.each(ZONES)('%s: every expression ticks as the oracle says', { timeout: 600_000 }, async (zone) => {
  const random = randomFrom(zone.length * 1_000 + zone.charCodeAt(0))
  const around = changesOf(zone, FROM, TO).map((day) => ({ from: day - 3 * DAY_MS, to: day + 4 * DAY_MS }))
  const elsewhere = Array.from({ length: ELSEWHERE }, () => {
    const from = FROM + Math.floor(random() * 3_600) * DAY_MS
    return { from, to: from + 2 * DAY_MS }
  })
  const crons = EXPRESSIONS.map((expression) => ({ expression, cron: createCron(expression, zone) }))
  for (const { from, to } of [...around, ...elsewhere]) {
    const wall = walk(zone, from, to)
    for (const { expression, cron } of crons) {
      const found = ticksBy(cron.next, from, to)
      const expected = ticksOf(wall, expression)
      // Compared by hand: an assertion for each of millions would take longer than the work.
      if (found.length === expected.length && found.every((tick, i) => tick === expected[i])) {
        const asked = disagreement(cron.next, expected, { from, to, step: 29 })
        if (asked === null) continue
        expect.fail(`${expression} in ${zone}, asked at ${new Date(asked).toISOString()}`)
      }
      expect(found, `${expression} in ${zone} from ${new Date(from).toISOString()}`).toEqual(expected)
    }
    await new Promise((resolve) => setImmediate(resolve))
  }
})
