import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Action, decideAction } from '../../src/core/decide.ts'
import { parseHistory } from '../../src/core/history.ts'
import type { JobRecord } from '../../src/core/job.ts'
import { isLegal, isPossible, JOB_STATES, type JobState } from '../../src/core/states.ts'
import { record } from './record.ts'

const who = { by: 'ann', at: 5_000 }
const RESOLUTIONS = ['ready', 'completed', 'dead', 'cancelled'] as const
const ACTIONS: readonly Exclude<Action, { kind: 'setPriority' }>[] = [
  { kind: 'cancel', reason: 'wrong' },
  { kind: 'retry' },
  { kind: 'remove' },
  { kind: 'promote' },
  ...RESOLUTIONS.map((to) => ({ kind: 'resolve', to, reason: 'seen' }) as const),
]
const cases = ACTIONS.flatMap((action) => JOB_STATES.map((state) => ({ action, state })))
const name = (action: Action): string => (action.kind === 'resolve' ? `resolve to ${action.to}` : action.kind)

const inState = (state: JobState, more: Partial<JobRecord> = {}): JobRecord =>
  record({
    state,
    fence: 4,
    attempt: 3,
    retries: 2,
    crashes: 1,
    solo: true,
    reason: state === 'dead' ? 'exhausted' : null,
    ...more,
  })

describe.each(cases)('$action.kind of a $state job', ({ action, state }) => {
  it(`does what the table says (${name(action)})`, () => {
    const decision = decideAction(inState(state), action, who)
    if (
      (action.kind === 'cancel' && state === 'cancelled') ||
      (action.kind === 'promote' && state === 'ready')
    ) {
      expect(decision).toEqual({ kind: 'nothing' })
    } else if (!isPossible(action.kind, state)) {
      expect(decision).toEqual({ kind: 'refused', why: expect.stringMatching(/^A .+\.$/) })
    } else if (state === 'running') {
      expect(decision).toEqual({ kind: 'request_cancel', request: { at: 5_000, by: 'ann', reason: 'wrong' } })
    } else {
      if (decision.kind !== 'change') throw new Error(`${decision.kind} instead of a change`)
      const { change } = decision
      expect(change).toMatchObject({ id: decision.change.id, fence: 4, from: state, attempt: 3 })
      expect(isLegal(action.kind, state, change.to)).toBe(true)
      expect(parseHistory(change.history).at(-1)).toMatchObject({
        event: action.kind,
        from: state,
        to: change.to,
        by: 'ann',
        at: 5_000,
      })
      // Whoever leads a job to ready means now.
      expect(change.delayMs).toBe(change.to === 'ready' ? 0 : undefined)
    }
  })
})

describe('an operator’s action', () => {
  const changeOf = (job: JobRecord, action: Action) => {
    const decision = decideAction(job, action, who)
    if (decision.kind !== 'change') throw new Error(decision.kind)
    return decision.change
  }

  it('retry grants the budget anew, and keeps attempts, error, output and history', () => {
    const job = inState('dead', {
      error: '{"name":"E","message":"m"}',
      history: '[{"at":1,"event":"fail","from":"running","to":"dead"}]',
    })
    const change = changeOf(job, { kind: 'retry' })
    expect(change).toMatchObject({
      to: 'ready',
      attempt: 3,
      retries: 0,
      crashes: 0,
      solo: false,
      reason: null,
      error: job.error,
    })
    expect(parseHistory(change.history)).toHaveLength(2)
  })

  it('retry of a job that brought workers down lets it run alone', () => {
    expect(changeOf(inState('dead', { reason: 'crashed' }), { kind: 'retry' })).toMatchObject({
      crashes: 0,
      solo: true,
    })
  })

  it('keeps the budget in all other cases', () => {
    for (const action of [
      { kind: 'cancel', reason: null },
      { kind: 'promote' },
      { kind: 'remove' },
    ] as const) {
      expect(changeOf(inState('scheduled'), action)).toMatchObject({ retries: 2, crashes: 1, solo: true })
    }
  })

  it.each(JOB_STATES)('setPriority leaves a %s job in its state', (state) => {
    const decision = decideAction(inState(state, { priority: 5 }), { kind: 'setPriority', priority: 7 }, who)
    if (state !== 'ready' && state !== 'scheduled') {
      expect(decision).toEqual({ kind: 'refused', why: expect.stringContaining(`is ${state} keeps`) })
      return
    }
    if (decision.kind !== 'change') throw new Error(decision.kind)
    const { history, ...change } = decision.change
    expect(change).toMatchObject({ from: state, to: state, priority: 7, retries: 2, solo: true })
    expect(change).not.toHaveProperty('delayMs')
    expect(parseHistory(history)).toMatchObject([
      { event: 'reschedule', from: state, to: state, by: 'ann', reason: 'priority 5 to 7' },
    ])
    const again = decideAction(inState(state, { priority: 7 }), { kind: 'setPriority', priority: 7 }, who)
    expect(again).toEqual({ kind: 'nothing' })
  })

  it('gives finished jobs their reason', () => {
    expect(changeOf(inState('ready'), { kind: 'cancel', reason: 'wrong' }).reason).toBe('cancelled')
    expect(changeOf(inState('blocked'), { kind: 'resolve', to: 'dead', reason: 'bounced' }).reason).toBe(
      'bounced',
    )
    expect(changeOf(inState('blocked'), { kind: 'resolve', to: 'completed', reason: null }).reason).toBe(
      'resolved',
    )
    expect(
      changeOf(inState('blocked', { reason: 'was it sent?' }), { kind: 'resolve', to: 'ready', reason: 'no' })
        .reason,
    ).toBe(null)
  })

  it('says why it is refused', () => {
    const why = (state: JobState, action: Action): string => {
      const decision = decideAction(inState(state), action, who)
      return decision.kind === 'refused' ? decision.why : decision.kind
    }
    expect(why('running', { kind: 'remove' })).toBe('A running job cannot be removed; cancel it first.')
    expect(why('completed', { kind: 'retry' })).toBe('A completed job is not run again; add it anew.')
    expect(why('ready', { kind: 'retry' })).toBe('A job that is ready cannot be told to retry.')
  })

  it('is decided the same each time', () => {
    fc.assert(
      fc.property(fc.constantFrom(...cases), ({ action, state }) => {
        expect(decideAction(inState(state), action, who)).toEqual(decideAction(inState(state), action, who))
      }),
    )
  })
})
