import { describe, expect, test } from 'vitest'
import { Breaker } from '../../../src/tasks/email/breaker.ts'
import { classify, enhancedStatus, type Phase, requestedDelayMs } from '../../../src/tasks/email/classify.ts'
import { OUTAGE_DELAY_MAX_MS, OUTAGE_DELAY_MIN_MS } from '../../../src/tasks/email/limits.ts'
import { mailBackoffMs } from '../../../src/tasks/email/retry.ts'

describe('what a reply means', () => {
  test.each<[Phase, string, string]>([
    ['connect', '421 too busy', 'outage'],
    ['connect', '554 no SMTP service here', 'broken'],
    ['connect', '502 STARTTLS not implemented', 'broken'],
    ['login', '535 5.7.8 Authentication credentials invalid', 'broken'],
    ['login', '534 5.7.9 Application-specific password required', 'broken'],
    ['login', '454 4.7.0 Temporary authentication failure', 'throttle'],
    ['login', '421 4.7.0 Too many login attempts', 'throttle'],
    ['login', '432 4.3.2 Concurrent connections limit exceeded', 'throttle'],
    ['login', '451 4.3.0 Database unavailable', 'outage'],
    ['envelope', '530 5.7.0 Must issue a STARTTLS command first', 'broken'],
    ['envelope', '550 5.1.1 No such user', 'refused'],
    ['envelope', '550 No such user', 'refused'],
    ['envelope', '550-5.1.1 The account\n550 5.1.1 does not exist', 'refused'],
    ['envelope', '550 5.2.1 Mailbox disabled', 'refused'],
    ['envelope', '550 5.7.1 Relaying denied', 'refused'],
    ['envelope', '553 5.1.3 Bad address', 'refused'],
    ['envelope', '552 5.2.2 Mailbox full', 'retry'],
    ['envelope', '452 4.2.2 Mailbox full', 'retry'],
    ['envelope', '452 4.5.3 Too many recipients', 'retry'],
    ['envelope', '550 5.5.3 Too many recipients', 'retry'],
    ['envelope', '450 4.1.1 Mailbox busy', 'retry'],
    ['envelope', '451 4.7.1 Greylisted, try again in 5 minutes', 'throttle'],
    ['envelope', '450 4.7.1 Greylisted', 'throttle'],
    ['envelope', '421 4.7.28 Unusual rate', 'throttle'],
    ['envelope', '503 5.5.1 Bad sequence of commands', 'retry'],
    ['envelope', '252 cannot verify', 'retry'],
    ['final', '451 4.3.0 Local error', 'retry'],
    ['final', '454 Throttling failure: Maximum sending rate exceeded.', 'throttle'],
    ['final', '550 5.7.1 Message rejected as spam', 'refused'],
    ['final', '552 5.3.4 Message too big', 'refused'],
    ['final', '554 5.6.0 Malformed', 'refused'],
    ['body', '552 5.3.4 Message too big', 'refused'],
  ])('%s: %s → %s', (phase, reply, kind) => {
    expect(classify({ phase, replyCode: Number(reply.slice(0, 3)), reply, code: 'EENVELOPE' }).kind).toBe(
      kind,
    )
  })
})

describe('what a failure without a reply means', () => {
  test.each<[Phase, string, string]>([
    ['connect', 'ESOCKET', 'outage'],
    ['connect', 'EDNS', 'outage'],
    ['connect', 'ETIMEDOUT', 'outage'],
    ['connect', 'ETLS', 'broken'],
    ['login', 'ENOAUTH', 'broken'],
    ['login', 'EAUTH', 'broken'],
    ['envelope', 'ECONNECTION', 'outage'],
    ['envelope', 'ETIMEDOUT', 'outage'],
    ['envelope', 'EMESSAGE', 'refused'],
    ['envelope', 'EENVELOPE', 'refused'],
    ['body', 'ECONNECTION', 'outage'],
    ['final', 'ECONNECTION', 'uncertain'],
    ['final', 'ETIMEDOUT', 'uncertain'],
    ['final', 'ESOCKET', 'uncertain'],
    ['final', 'EABORT', 'uncertain'],
  ])('%s: %s → %s', (phase, code, kind) => {
    expect(classify({ phase, code }).kind).toBe(kind)
  })
})

test.each([
  ['550 5.1.1 x', '5.1.1'],
  ['550-5.1.10 x\n550 5.1.10 y', '5.1.10'],
  ['450 5.1.1 classes disagree', undefined],
  ['250 no status', undefined],
  ['550 5.1.1111 too long', undefined],
  [undefined, undefined],
])('enhancedStatus(%j)', (reply, status) => {
  expect(enhancedStatus(reply)).toBe(status)
})

test.each([
  ['451 4.7.1 Greylisted, try again in 5 minutes', 300_000],
  ['450 retry after 300 seconds', 300_000],
  ['450 wait 1 hour', 3_600_000],
  ['450 retry in 30s', 30_000],
  ['450 try later', undefined],
  ['450 limit of 100 messages', undefined],
  [undefined, undefined],
])('requestedDelayMs(%j)', (reply, ms) => {
  expect(requestedDelayMs(reply)).toBe(ms)
})

test('retries come at growing distances and stay below the 72 hours of a mail', () => {
  const delays = Array.from({ length: 10 }, (_, retry) => mailBackoffMs(retry + 1, () => 0.5) / 60_000)
  expect(delays).toEqual([1, 5, 15, 30, 60, 120, 240, 240, 240, 240])
  expect(mailBackoffMs(1, () => 0)).toBe(54_000)
  expect(mailBackoffMs(1, () => 1)).toBe(66_000)
})

describe('the breaker', () => {
  test('lets one try after each wait, and doubles the wait up to its bound', () => {
    let now = 0
    const breaker = new Breaker(() => now)
    expect(breaker.blocked()).toBeUndefined()
    expect(breaker.failed('down')).toBe(OUTAGE_DELAY_MIN_MS)
    expect(breaker.blocked()).toEqual({ delayMs: OUTAGE_DELAY_MIN_MS, reason: 'down' })
    let wait = OUTAGE_DELAY_MIN_MS
    for (let failures = 2; failures < 12; failures++) {
      now += wait
      expect(breaker.blocked()).toBeUndefined()
      expect(breaker.blocked()).toBeDefined()
      const next = Math.min(wait * 2, OUTAGE_DELAY_MAX_MS)
      expect(breaker.failed('down')).toBe(next)
      wait = next
    }
    now += wait
    expect(breaker.blocked()).toBeUndefined()
    breaker.succeeded()
    expect(breaker.blocked()).toBeUndefined()
    expect(breaker.failed('down')).toBe(OUTAGE_DELAY_MIN_MS)
  })

  test('failures of jobs that were under way together count once', () => {
    let now = 0
    const breaker = new Breaker(() => now)
    for (let n = 0; n < 10; n++) breaker.failed('down')
    now += OUTAGE_DELAY_MIN_MS
    expect(breaker.blocked()).toBeUndefined()
    expect(breaker.failed('down')).toBe(2 * OUTAGE_DELAY_MIN_MS)
  })

  test('a try that never reports back does not close it for ever', () => {
    let now = 0
    const breaker = new Breaker(() => now)
    breaker.failed('down')
    now += OUTAGE_DELAY_MIN_MS
    expect(breaker.blocked()).toBeUndefined()
    now += OUTAGE_DELAY_MIN_MS
    expect(breaker.blocked()).toBeUndefined()
  })
})
