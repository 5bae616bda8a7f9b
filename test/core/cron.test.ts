import { expect, test } from 'vitest'
import { createCron } from '../../src/core/cron.ts'
import { isPosthasteError } from '../../src/core/errors.ts'
import { randomFrom } from './cron-oracle.ts'

const ticks = (expression: string, zone: string, from: string, count: number): string[] => {
  const cron = createCron(expression, zone)
  const found: string[] = []
  let at = Date.parse(from)
  for (let i = 0; i < count; i++) {
    at = cron.next(at)
    found.push(new Date(at).toISOString().replace('.000Z', 'Z'))
  }
  return found
}

test('a fixed hour that is skipped in spring runs once, right after the gap', () => {
  const eve = '2026-03-28T12:00:00Z'
  expect(ticks('30 2 * * *', 'Europe/Berlin', eve, 2)).toEqual([
    '2026-03-29T01:00:00Z',
    '2026-03-30T00:30:00Z',
  ])
  // Several skipped times, and one that is due at the end of the gap anyway, are one tick.
  expect(ticks('*/10 2 * * *', 'Europe/Berlin', eve, 2)).toEqual([
    '2026-03-29T01:00:00Z',
    '2026-03-30T00:00:00Z',
  ])
  expect(ticks('0 2,3 * * *', 'Europe/Berlin', eve, 2)).toEqual([
    '2026-03-29T01:00:00Z',
    '2026-03-30T00:00:00Z',
  ])
})

test('a fixed hour that comes twice in autumn runs the first time only', () => {
  expect(ticks('30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00:00Z', 2)).toEqual([
    '2026-10-25T00:30:00Z',
    '2026-10-26T01:30:00Z',
  ])
  // Asked within the repeated hour.
  expect(ticks('30 2 * * *', 'Europe/Berlin', '2026-10-25T01:10:00Z', 1)).toEqual(['2026-10-26T01:30:00Z'])
})

test('an open hour follows elapsed time', () => {
  expect(ticks('30 * * * *', 'Europe/Berlin', '2026-10-24T23:00:00Z', 4)).toEqual([
    '2026-10-24T23:30:00Z',
    '2026-10-25T00:30:00Z',
    '2026-10-25T01:30:00Z',
    '2026-10-25T02:30:00Z',
  ])
})

test('a change of half an hour, and a day that was left out', () => {
  expect(ticks('15 2 * * *', 'Australia/Lord_Howe', '2026-10-03T00:00:00Z', 1)).toEqual([
    '2026-10-03T15:30:00Z',
  ])
  expect(ticks('0 9 * * *', 'Pacific/Apia', '2011-12-29T20:00:00Z', 2)).toEqual([
    '2011-12-30T10:00:00Z',
    '2011-12-30T19:00:00Z',
  ])
})

test('six fields, names, nicknames, steps and the old rule of two days', () => {
  expect(ticks('*/20 0 0 * * *', 'UTC', '2026-01-01T00:00:00Z', 3)).toEqual([
    '2026-01-01T00:00:20Z',
    '2026-01-01T00:00:40Z',
    '2026-01-02T00:00:00Z',
  ])
  expect(ticks('0 0 13 * FRI', 'UTC', '2026-01-01T00:00:00Z', 3)).toEqual([
    '2026-01-02T00:00:00Z',
    '2026-01-09T00:00:00Z',
    '2026-01-13T00:00:00Z',
  ])
  expect(ticks('0 0 1 JAN *', 'UTC', '2026-01-01T00:00:00Z', 1)).toEqual(
    ticks('@annually', 'UTC', '2026-01-01T00:00:00Z', 1),
  )
  expect(ticks('0 0 29 2 *', 'UTC', '2096-03-01T00:00:00Z', 1)).toEqual(['2104-02-29T00:00:00Z'])
})

test.each([
  ['', 'has no fields'],
  ['* * * *', 'has 4 fields'],
  ['60 * * * *', '"60" is no minute'],
  ['* 24 * * *', '"24" is no hour'],
  ['* * 0 * *', '"0" is no day of the month'],
  ['* * * 13 *', '"13" is no month (1 to 12, or jan'],
  ['* * * * FOO', '"foo" is no day of the week'],
  ['5-1 * * * *', 'ends before it begins'],
  ['1-2-3 * * * *', 'is no range'],
  ['*/0 * * * *', 'the step "0"'],
  ['1, * * * *', '"" is no minute'],
  ['@often', 'there are @yearly'],
  ['0 0 30 2 *', 'never fires'],
  ['0 0 31 4,6,9,11 *', 'never fires'],
])('%j is refused: %s', (expression, why) => {
  let error: unknown
  try {
    createCron(expression, 'UTC', { field: 'schedules.a.cron' })
  } catch (thrown) {
    error = thrown
  }
  expect(isPosthasteError(error, 'E_CRON') && error.field).toBe('schedules.a.cron')
  expect(String(error)).toContain(why)
})

test('an unknown time zone is refused by name', () => {
  expect(() => createCron('@daily', 'Mars/Olympus')).toThrow(
    /timeZone is "Mars\/Olympus", which is no time zone/,
  )
  expect(() => createCron('@daily', '+02:00')).toThrow(/no time zone/)
})

test('a thousand random expressions end, each tick later than the one before and soon found', () => {
  const random = randomFrom(7)
  const pick = (from: number, to: number): number => from + Math.floor(random() * (to - from + 1))
  const field = (min: number, max: number): string => {
    const kind = random()
    if (kind < 0.35) return random() < 0.5 ? '*' : `*/${pick(1, max)}`
    const low = pick(min, max)
    if (kind < 0.6) return String(low)
    if (kind < 0.8) return `${low}-${pick(low, max)}`
    return `${low},${pick(min, max)}/${pick(1, 9)}`
  }
  const zones = ['UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu']
  let [made, slowestMs] = [0, 0]
  for (let n = 0; n < 1_000; n++) {
    const six = [field(0, 59), field(0, 59), field(0, 23), field(1, 31), field(1, 12), field(0, 6)].join(' ')
    let at = Date.UTC(2026, 0, 1) + Math.floor(random() * 3e10)
    try {
      const cron = createCron(six, zones[n % zones.length])
      made++
      for (let i = 0; i < 20; i++) {
        const cpu = process.cpuUsage()
        const next = cron.next(at)
        const { user, system } = process.cpuUsage(cpu)
        slowestMs = Math.max(slowestMs, (user + system) / 1_000)
        expect(next, six).toBeGreaterThan(at)
        at = next
      }
    } catch (error) {
      expect(isPosthasteError(error, 'E_CRON') && /never fires/.test(error.message), `${six}: ${error}`).toBe(
        true,
      )
    }
  }
  expect(made).toBeGreaterThan(900)
  // Ten by the specification; the rest is for a collection of garbage in between.
  expect(slowestMs).toBeLessThan(100)
})
