import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Decidable,
  decide,
  type Outcome,
  type RetryPolicy,
  type Run,
  resolvePolicy,
} from '../../src/core/decide.ts'
import { parseHistory } from '../../src/core/history.ts'
import type { Settlement } from '../../src/core/job.ts'
import { CRASH_CAP, HISTORY_MAX, MAX_RETRIES, REASON_LENGTH_MAX } from '../../src/core/limits.ts'
import { isFinished, isLegal, type JobEvent } from '../../src/core/states.ts'

const job: Decidable = {
  id: '01234567-89ab-7000-8000-000000000000',
  fence: 3,
  attempt: 2,
  retries: 2,
  crashes: 1,
  solo: true,
  started: false,
  startedAt: 500,
  error: '{"name":"Old","message":"old"}',
  history: null,
  cancel: null,
}
const run: Run = { started: true, startedAt: 900, at: 1_000, by: 'w1', random: 0.5 }
const policy: RetryPolicy = { maxRetries: 5, backoff: 'default', whenExhausted: 'dead' }
const error = { name: 'Error', message: 'no', code: 'E', stack: '    at somewhere' }
const failed = { kind: 'failed', error, retriable: true } as const

const EVENTS: { readonly [K in Outcome['kind']]: JobEvent } = {
  completed: 'complete',
  failed: 'fail',
  crashed: 'fail',
  discarded: 'discard',
  snoozed: 'snooze',
  released: 'release',
  held: 'hold',
  cancelled: 'cancel',
  expired: 'expire',
}
const lastEntry = (settlement: Settlement) => parseHistory(settlement.history).at(-1)

describe('decide', () => {
  it('completes: the error is gone, a late cancel loses, no history is written', () => {
    expect(decide(job, { kind: 'completed', output: '5' }, run, policy)).toEqual({
      id: job.id,
      fence: 3,
      to: 'completed',
      attempt: 3,
      retries: 2,
      crashes: 0,
      solo: false,
      startedAt: 900,
      reason: null,
      output: '5',
      error: null,
      history: null,
      unlessCancelled: false,
    })
  })

  it('fails: retries after the wait of the policy, and remembers the error', () => {
    const settlement = decide(job, failed, run, policy)
    expect(settlement).toMatchObject({
      to: 'retrying',
      delayMs: 240_000,
      attempt: 3,
      retries: 3,
      crashes: 0,
      solo: false,
    })
    expect(JSON.parse(settlement.error ?? '')).toEqual(error)
    expect(settlement.unlessCancelled).toBe(true)
    expect(lastEntry(settlement)).toEqual({
      at: 1_000,
      event: 'fail',
      from: 'running',
      to: 'retrying',
      by: 'w1',
      attempt: 3,
      startedAt: 900,
      // The stack stays with the newest error only.
      error: { name: 'Error', message: 'no', code: 'E' },
    })
  })

  it('fails: a wait that the handler asked for goes before that of the policy', () => {
    expect(decide(job, { ...failed, retryAfterMs: 7 }, run, policy).delayMs).toBe(7)
    expect(decide(job, { ...failed, retryAfterMs: 0 }, run, policy).delayMs).toBe(0)
  })

  it('fails: the policy’s function sees the number of the retry and the error', () => {
    const backoff = (retry: number, seen: { message: string }) => retry * 100 + seen.message.length
    expect(decide(job, failed, run, { ...policy, backoff }).delayMs).toBe(302)
  })

  it('fails without retries left: dead, or discarded when the policy says so', () => {
    const spent = { ...job, retries: 5 }
    expect(decide(spent, failed, run, policy)).toMatchObject({
      to: 'dead',
      reason: 'exhausted',
      attempt: 3,
      retries: 5,
    })
    expect(decide(spent, failed, run, { ...policy, whenExhausted: 'discard' })).toMatchObject({
      to: 'cancelled',
      reason: 'discarded',
    })
    expect(decide({ ...job, retries: 0 }, failed, run, { ...policy, maxRetries: 0 })).toMatchObject({
      to: 'dead',
    })
  })

  it('fails for good when another run is useless', () => {
    expect(decide(job, { ...failed, retriable: false }, run, policy)).toMatchObject({
      to: 'dead',
      reason: 'not_retriable',
      retries: 2,
    })
  })

  it('fails before a handler started: neither attempt nor retry is spent', () => {
    const settlement = decide(job, failed, { ...run, started: false, startedAt: 777 }, policy)
    expect(settlement).toMatchObject({ to: 'retrying', attempt: 2, retries: 2, startedAt: 500 })
    expect(lastEntry(settlement)).not.toHaveProperty('startedAt')
    expect(lastEntry(settlement)).not.toHaveProperty('attempt')
  })

  it('discards: cancelled, with the handler’s reason in the history', () => {
    const settlement = decide(job, { kind: 'discarded', reason: 'no such user', error }, run, policy)
    expect(settlement).toMatchObject({ to: 'cancelled', reason: 'discarded', attempt: 3 })
    expect(lastEntry(settlement)).toMatchObject({ event: 'discard', reason: 'no such user' })
    expect(decide(job, { kind: 'discarded', reason: 'x' }, run, policy).error).toBe(job.error)
  })

  it('snoozes: the attempt is given back, no retry is spent', () => {
    expect(decide(job, { kind: 'snoozed', delayMs: 9, reason: 'later' }, run, policy)).toMatchObject({
      to: 'scheduled',
      delayMs: 9,
      attempt: 2,
      retries: 2,
      startedAt: 900,
      error: job.error,
    })
  })

  it('releases: the attempt is given back, what was suspected stays suspected', () => {
    expect(decide(job, { kind: 'released', reason: 'shutdown' }, run, policy)).toMatchObject({
      to: 'ready',
      attempt: 2,
      retries: 2,
      crashes: 1,
      solo: true,
    })
    const untouched = decide(
      job,
      { kind: 'released', reason: 'shutdown' },
      { ...run, started: false, startedAt: null },
      policy,
    )
    expect(untouched).toMatchObject({ to: 'ready', attempt: 2, startedAt: 500, history: null })
  })

  describe('a child that ended under its handler', () => {
    const crash = { name: 'PosthasteError', code: 'E_CHILD_CRASHED', message: 'exit code 3' }
    const crashed = { kind: 'crashed', error: crash } as const

    it('is a failed attempt that waits as the policy says; it is counted, and takes no neighbour along', () => {
      const settlement = decide({ ...job, crashes: 0 }, crashed, run, policy)
      expect(settlement).toMatchObject({ to: 'retrying', attempt: 3, retries: 3, crashes: 1, solo: false })
      expect(settlement.delayMs).toBeGreaterThan(0)
      expect(JSON.parse(settlement.error ?? '')).toEqual(crash)
      expect(lastEntry(settlement)).toMatchObject({ event: 'fail', to: 'retrying', error: crash })
    })

    it('makes the job dead at the cap, together with lost workers, whatever retries are left', () => {
      const before = { ...job, crashes: CRASH_CAP - 1 }
      const settlement = decide(before, crashed, run, { ...policy, maxRetries: 30, whenExhausted: 'discard' })
      expect(settlement).toMatchObject({ to: 'dead', reason: 'crashed', crashes: CRASH_CAP })
      expect(decide({ ...before, started: true }, { kind: 'expired' }, run, policy)).toMatchObject({
        to: 'dead',
        reason: 'crashed',
      })
    })

    it('ends the job that has no retries left', () => {
      const last = { ...job, crashes: 0, retries: policy.maxRetries }
      expect(decide(last, crashed, run, policy)).toMatchObject({ to: 'dead', reason: 'crashed' })
      const drops = { ...policy, whenExhausted: 'discard' } as const
      expect(decide(last, crashed, run, drops)).toMatchObject({ to: 'cancelled', reason: 'discarded' })
    })

    it('starts its count anew after any other end', () => {
      expect(decide({ ...job, crashes: 2 }, failed, run, policy)).toMatchObject({ crashes: 0 })
    })
  })

  it('releases a solo job whose recorded start never came: that start is taken back', () => {
    const solo = { ...job, attempt: 3, started: true, startedAt: 900 }
    expect(
      decide(solo, { kind: 'released', reason: 'x' }, { ...run, started: false, startedAt: null }, policy),
    ).toMatchObject({
      attempt: 2,
      startedAt: null,
    })
  })

  it('holds: blocked with the reason; the start that was made counts', () => {
    expect(decide(job, { kind: 'held', reason: 'was it sent?' }, run, policy)).toMatchObject({
      to: 'blocked',
      reason: 'was it sent?',
      attempt: 3,
      retries: 2,
    })
  })

  it('cancels in the name of who asked', () => {
    const settlement = decide(job, { kind: 'cancelled', by: 'ann', reason: 'wrong' }, run, policy)
    expect(settlement).toMatchObject({ to: 'cancelled', reason: 'cancelled', unlessCancelled: false })
    expect(lastEntry(settlement)).toMatchObject({ event: 'cancel', by: 'ann', reason: 'wrong' })
  })

  it('keeps what a handler added only when it came to an end of its own will', () => {
    const withJobs: Run = { ...run, add: [], records: [], progress: '1', checkpoint: null }
    const kept = (outcome: Outcome): boolean => 'add' in decide(job, outcome, withJobs, policy)
    expect(kept({ kind: 'completed', output: null })).toBe(true)
    expect(kept({ kind: 'snoozed', delayMs: 1, reason: null })).toBe(true)
    expect(kept({ kind: 'held', reason: 'x' })).toBe(true)
    expect(kept({ kind: 'discarded', reason: 'x' })).toBe(true)
    expect(kept(failed)).toBe(false)
    expect(kept({ kind: 'released', reason: 'x' })).toBe(false)
    expect(kept({ kind: 'cancelled', by: 'x', reason: null })).toBe(false)
    expect(kept({ kind: 'expired' })).toBe(false)
    expect(decide(job, failed, withJobs, policy)).toMatchObject({
      records: [],
      progress: '1',
      checkpoint: null,
    })
  })

  it('bounds reasons, and keeps them storable', () => {
    const reason = `\u0000\ud800${'😀'.repeat(REASON_LENGTH_MAX)}`
    const kept = decide(job, { kind: 'held', reason }, run, policy).reason ?? ''
    expect(kept.length).toBeLessThanOrEqual(REASON_LENGTH_MAX)
    expect(kept.startsWith('\ufffd\ufffd😀')).toBe(true)
    expect(kept).toMatch(/😀…$/)
  })
})

describe('an expired lease', () => {
  const expired = { kind: 'expired' } as const
  const maintainer: Run = { started: false, startedAt: null, at: 1_000, by: 'maintainer', random: 0.5 }
  const running: Decidable = {
    ...job,
    attempt: 3,
    started: true,
    startedAt: 900,
    crashes: 0,
    solo: false,
    retries: 0,
  }

  it('without a recorded start charges nothing, and has the job run alone next', () => {
    const prefetched: Decidable = { ...job, started: false, solo: false, crashes: 1 }
    expect(decide(prefetched, expired, maintainer, policy)).toMatchObject({
      to: 'ready',
      attempt: 2,
      retries: 2,
      crashes: 1,
      solo: true,
      startedAt: 500,
      error: job.error,
    })
  })

  it('after a recorded start spends a retry, counts a crash, and is ready at once, alone', () => {
    const settlement = decide(running, expired, maintainer, policy)
    expect(settlement).toMatchObject({
      to: 'ready',
      attempt: 3,
      retries: 1,
      crashes: 1,
      solo: true,
      startedAt: 900,
    })
    expect(settlement).not.toHaveProperty('delayMs')
    expect(lastEntry(settlement)).toMatchObject({
      event: 'expire',
      attempt: 3,
      startedAt: 900,
      by: 'maintainer',
    })
  })

  it('makes any job dead after three crashes in a row, whatever retries are left', () => {
    let suspect = running
    const states = [1, 2, 3].map(() => {
      const settlement = decide(suspect, expired, maintainer, { ...policy, maxRetries: 100 })
      suspect = { ...suspect, ...settlement, attempt: settlement.attempt + 1, started: true }
      return settlement.to
    })
    expect(states).toEqual(['ready', 'ready', 'dead'])
    for (const backoff of ['default', 'faktory', () => 1] as const) {
      const capped = { ...running, crashes: CRASH_CAP - 1 }
      expect(
        decide(capped, expired, maintainer, { maxRetries: 100, backoff, whenExhausted: 'discard' }),
      ).toMatchObject({
        to: 'dead',
        reason: 'crashed',
        crashes: CRASH_CAP,
      })
    }
  })

  it('is dead as crashed without retries left', () => {
    expect(decide({ ...running, retries: 5 }, expired, maintainer, policy)).toMatchObject({
      to: 'dead',
      reason: 'crashed',
    })
  })

  it('becomes what was asked when someone had asked to cancel', () => {
    const asked = { ...running, cancel: '{"at":1,"by":"ann","reason":"wrong"}' }
    const settlement = decide(asked, expired, maintainer, policy)
    expect(settlement).toMatchObject({ to: 'cancelled', reason: 'cancelled', unlessCancelled: false })
    expect(lastEntry(settlement)).toMatchObject({
      event: 'expire',
      to: 'cancelled',
      by: 'ann',
      reason: 'wrong',
    })
  })

  it('under the faktory policy waits like a failure, and is dropped like one', () => {
    const faktory: RetryPolicy = { ...policy, backoff: 'faktory' }
    expect(decide(running, expired, maintainer, faktory)).toMatchObject({
      to: 'retrying',
      delayMs: 30_000,
      retries: 1,
      solo: true,
    })
    const spent = { ...running, retries: 5 }
    expect(decide(spent, expired, maintainer, { ...faktory, whenExhausted: 'discard' })).toMatchObject({
      to: 'cancelled',
    })
    expect(decide(spent, expired, maintainer, faktory)).toMatchObject({ to: 'dead' })
  })

  it('believes the store about the start, not the one who asks', () => {
    const mistaken: Run = { ...maintainer, started: true, startedAt: 1 }
    expect(decide(running, expired, mistaken, policy)).toEqual(decide(running, expired, maintainer, policy))
    const prefetched = { ...running, started: false }
    expect(decide(prefetched, expired, mistaken, policy)).toEqual(
      decide(prefetched, expired, maintainer, policy),
    )
  })
})

// ── whatever the job, the outcome and the policy ─────────────────────────────────────────────────────────────────

const count = fc.integer({ min: 0, max: 50 })
const decidable: fc.Arbitrary<Decidable> = fc
  .record({
    fence: fc.integer({ min: 1, max: 1_000 }),
    attempt: count,
    retries: count,
    crashes: fc.integer({ min: 0, max: CRASH_CAP }),
    solo: fc.boolean(),
    started: fc.boolean(),
    startedAt: fc.option(fc.nat()),
    error: fc.constantFrom(null, '{"name":"E","message":"m"}'),
    history: fc.constantFrom(null, '[{"at":1,"event":"fail","from":"running","to":"retrying"}]'),
    cancel: fc.constantFrom(null, '{"at":1,"by":"x","reason":null}'),
  })
  .map((some) => ({ id: job.id, ...some, attempt: some.attempt + (some.started ? 1 : 0) }))

const reason = fc.string({ maxLength: 600 })
const anyError = fc.record({ name: fc.string(), message: fc.string() })
const outcome: fc.Arbitrary<Outcome> = fc.oneof(
  fc.record({ kind: fc.constant('completed' as const), output: fc.option(fc.json()) }),
  fc.record(
    {
      kind: fc.constant('failed' as const),
      error: anyError,
      retriable: fc.boolean(),
      retryAfterMs: fc.nat(),
    },
    { requiredKeys: ['kind', 'error', 'retriable'] },
  ),
  fc.record({ kind: fc.constant('crashed' as const), error: anyError }),
  fc.record({ kind: fc.constant('discarded' as const), reason }),
  fc.record({ kind: fc.constant('snoozed' as const), delayMs: fc.nat(), reason: fc.option(reason) }),
  fc.record({ kind: fc.constant('released' as const), reason }),
  fc.record({ kind: fc.constant('held' as const), reason }),
  fc.record({ kind: fc.constant('cancelled' as const), by: fc.string(), reason: fc.option(reason) }),
  fc.constant({ kind: 'expired' as const }),
)
const anyPolicy: fc.Arbitrary<RetryPolicy> = fc.record({
  maxRetries: fc.integer({ min: 0, max: 30 }),
  backoff: fc.constantFrom<RetryPolicy['backoff']>(
    'default',
    'heritage',
    'faktory',
    { base: 5 },
    () => Number.NaN,
  ),
  whenExhausted: fc.constantFrom('dead', 'discard'),
})
const anyRun: fc.Arbitrary<Run> = fc
  .record({
    started: fc.boolean(),
    at: fc.nat(),
    random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  })
  .map((some) => ({ ...some, startedAt: some.started ? some.at : null, by: 'w' }))

describe('every decision', () => {
  it('is a transition of the table, with sound numbers, and always the same one', () => {
    fc.assert(
      fc.property(decidable, outcome, anyRun, anyPolicy, (some, what, how, rule) => {
        const settlement = decide(some, what, how, rule)
        expect(isLegal(EVENTS[what.kind], 'running', settlement.to)).toBe(true)
        expect(decide(some, what, how, rule)).toEqual(settlement)

        const started = what.kind === 'expired' ? some.started : how.started
        const before = some.attempt - (some.started ? 1 : 0)
        expect(settlement.attempt - before).toBeLessThanOrEqual(started ? 1 : 0)
        expect(settlement.attempt).toBeGreaterThanOrEqual(before)
        // A retry is spent only by a start, only within the policy, and never more than one.
        expect(settlement.retries - some.retries).toBeLessThanOrEqual(started ? 1 : 0)
        if (settlement.retries > some.retries) expect(settlement.retries).toBeLessThanOrEqual(rule.maxRetries)
        expect(settlement.retries).toBeGreaterThanOrEqual(some.retries)

        expect(settlement.delayMs === undefined).toBe(!['scheduled', 'retrying'].includes(settlement.to))
        if (isFinished(settlement.to as 'dead'))
          expect(settlement.to === 'completed').toBe(settlement.reason === null)
        if (settlement.output !== null) expect(settlement.to).toBe('completed')
        if (settlement.crashes >= CRASH_CAP && started && what.kind === 'expired') {
          expect(settlement.to).not.toBe('ready')
        }
        const entry = lastEntry(settlement)
        if (settlement.history !== some.history) {
          expect(entry).toMatchObject({ event: EVENTS[what.kind], from: 'running', to: settlement.to })
        }
      }),
      { numRuns: 3_000 },
    )
  })

  it('made twice from the same run is the same, also when the store has recorded the start meanwhile', () => {
    fc.assert(
      fc.property(decidable, outcome, anyPolicy, fc.nat(), (some, what, rule, at) => {
        fc.pre(what.kind !== 'expired')
        const asClaimed: Decidable = { ...some, started: false, attempt: 4 }
        const asStored: Decidable = { ...some, started: true, startedAt: at, attempt: 5 }
        const how: Run = { started: true, startedAt: at, at: at + 1, by: 'w', random: 0 }
        expect(decide(asStored, what, how, rule)).toEqual(decide(asClaimed, what, how, rule))
      }),
    )
  })
})

describe('a whole life', () => {
  it('starts a handler no more often than 1 + maxRetries + snoozes + releases, however it goes', () => {
    const steps = fc.array(outcome, { minLength: 1, maxLength: 200 })
    fc.assert(
      fc.property(steps, anyPolicy, (outcomes, rule) => {
        let life: Decidable = {
          ...job,
          attempt: 0,
          retries: 0,
          crashes: 0,
          solo: false,
          history: null,
          error: null,
        }
        let starts = 0
        let free = 0
        for (const what of outcomes) {
          starts++
          const expired = what.kind === 'expired'
          if (expired) life = { ...life, started: true, attempt: life.attempt + 1, startedAt: starts }
          const settlement = decide(
            life,
            what,
            { started: true, startedAt: starts, at: starts, by: 'w', random: 0 },
            rule,
          )
          if (['snoozed', 'released', 'held'].includes(what.kind)) free++
          expect(parseHistory(settlement.history).length).toBeLessThanOrEqual(HISTORY_MAX)
          if (isFinished(settlement.to as 'dead')) break
          life = { ...life, ...settlement, started: false }
        }
        expect(starts).toBeLessThanOrEqual(1 + rule.maxRetries + free)
      }),
    )
  })
})

describe('resolvePolicy', () => {
  it('takes the job’s own word first, then the task’s, then the default', () => {
    expect(resolvePolicy({ maxRetries: null }, {})).toEqual({
      maxRetries: MAX_RETRIES,
      backoff: 'default',
      whenExhausted: 'dead',
    })
    const task: RetryPolicy = { maxRetries: 2, backoff: 'fixed', whenExhausted: 'discard' }
    expect(resolvePolicy({ maxRetries: null }, {}, task)).toEqual(task)
    const own: RetryPolicy = { maxRetries: 0, backoff: 'heritage', whenExhausted: 'dead' }
    expect(resolvePolicy({ maxRetries: 0 }, own, task)).toEqual(own)
  })
})
