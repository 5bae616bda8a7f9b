import { describe, expect, it } from 'vitest'
import { ERRORS, type ErrorInfo, isPosthasteError, PosthasteError } from '../../src/core/errors.ts'
import { appendHistory, parseHistory } from '../../src/core/history.ts'
import type { HistoryEntry } from '../../src/core/job.ts'
import { HISTORY_HEAD, HISTORY_MAX } from '../../src/core/limits.ts'
import {
  EVENTS,
  FINISHED_STATES,
  isFinished,
  isJobState,
  isLegal,
  JOB_EVENTS,
  JOB_STATES,
  LIVE_STATES,
  STATES,
  TRANSITIONS,
} from '../../src/core/states.ts'
import { clip, isWellFormed, shown, storable } from '../../src/core/text.ts'

describe('the table of errors', () => {
  it.each(Object.entries<ErrorInfo>(ERRORS))('%s says what is wrong and what to do', (code, info) => {
    expect(code).toMatch(/^E_[A-Z]+(_[A-Z]+)*$/)
    for (const sentence of [info.message, info.remedy]) expect(sentence).toMatch(/^[A-Z].*\.$/s)
    expect(info.status >= 400 && info.status < 600).toBe(true)
    // A wrong request stays wrong; only the server's side, conflicts and limits may be better next time.
    if (info.retriable) expect([409, 429].includes(info.status) || info.status >= 500).toBe(true)
  })

  it('is what errors are made of', () => {
    const cause = new Error('x')
    const error = new PosthasteError('E_NAME', 'queue is "a b".', { field: 'queue', data: { max: 1 }, cause })
    expect(error).toMatchObject({
      name: 'PosthasteError',
      code: 'E_NAME',
      field: 'queue',
      data: { max: 1 },
      status: 400,
      retriable: false,
      cause,
    })
    expect(error.message).toBe(`queue is "a b". ${ERRORS.E_NAME.remedy}`)
    expect(new PosthasteError('E_STORE').message).toBe(`${ERRORS.E_STORE.message} ${ERRORS.E_STORE.remedy}`)
    expect(isPosthasteError(error)).toBe(true)
    expect(isPosthasteError(error, 'E_NAME')).toBe(true)
    expect(isPosthasteError(error, 'E_KEY_TAKEN')).toBe(false)
    expect(isPosthasteError(cause)).toBe(false)
  })
})

describe('the table of states', () => {
  it('is divided into live and finished', () => {
    expect([...LIVE_STATES, ...FINISHED_STATES].sort()).toEqual([...JOB_STATES].sort())
    expect(FINISHED_STATES).toEqual(['completed', 'cancelled', 'dead'])
    for (const state of JOB_STATES) expect(isFinished(state)).toBe(!STATES[state].live)
    expect(isJobState('ready')).toBe(true)
    for (const word of ['Ready', 'none', 'removed', 'toString', '__proto__'])
      expect(isJobState(word)).toBe(false)
  })

  it('lets every state be reached, and every live one be left for an end', () => {
    const next = (state: string): string[] =>
      JOB_EVENTS.filter((event) => event !== 'remove').flatMap((event) => [
        ...(TRANSITIONS[event][state as 'none'] ?? []),
      ])
    const reach = (start: string): Set<string> => {
      const seen = new Set<string>()
      for (const open = [start]; open.length > 0; ) {
        for (const state of next(open.pop() as string)) {
          if (!seen.has(state)) open.push(state)
          seen.add(state)
        }
      }
      return seen
    }
    expect(reach('none')).toEqual(new Set(JOB_STATES))
    for (const state of LIVE_STATES) for (const end of FINISHED_STATES) expect(reach(state)).toContain(end)
  })

  it('keeps the terminal states terminal: only an operator’s retry or undo leaves them', () => {
    for (const state of FINISHED_STATES) {
      const leaving = JOB_EVENTS.filter((event) => TRANSITIONS[event][state] !== undefined)
      const known = {
        completed: ['remove'],
        dead: ['retry', 'remove'],
        cancelled: ['retry', 'remove', 'undo'],
      }
      expect(leaving).toEqual(known[state])
    }
  })

  it('lets only claim lead to running, and only a worker’s end, an expiry or a cancel leave it', () => {
    for (const event of JOB_EVENTS) {
      const into = Object.values(TRANSITIONS[event]).some((states) => states.includes('running' as never))
      expect(into).toBe(event === 'claim')
    }
    const leaving = JOB_EVENTS.filter((event) => TRANSITIONS[event].running !== undefined)
    expect(leaving).toEqual(['complete', 'fail', 'discard', 'snooze', 'release', 'expire', 'hold', 'cancel'])
    expect(Object.keys(EVENTS)).toEqual(Object.keys(TRANSITIONS))
    expect(isLegal('claim', 'ready', 'running')).toBe(true)
    expect(isLegal('claim', 'scheduled', 'running')).toBe(false)
  })
})

describe('a history', () => {
  const entry = (at: number): HistoryEntry => ({ at, event: 'snooze', from: 'running', to: 'scheduled' })
  const grown = (count: number): number[] => {
    let text: string | null = null
    for (let at = 0; at < count; at++) text = appendHistory(text, entry(at))
    return parseHistory(text).map(({ at }) => at)
  }

  it('keeps all of a short life', () => {
    expect(parseHistory(null)).toEqual([])
    expect(grown(1)).toEqual([0])
    expect(grown(HISTORY_MAX)).toEqual(Array.from({ length: HISTORY_MAX }, (_, at) => at))
  })

  it('keeps the beginning and the newest of a long one', () => {
    for (const count of [1, 2, 3]) expect(grown(HISTORY_MAX + count)).toHaveLength(HISTORY_MAX)
    const kept = grown(200)
    expect(kept.slice(0, HISTORY_HEAD)).toEqual(Array.from({ length: HISTORY_HEAD }, (_, at) => at))
    expect(kept.slice(HISTORY_HEAD)).toEqual(
      Array.from({ length: HISTORY_MAX - HISTORY_HEAD }, (_, i) => 160 + i),
    )
  })
})

describe('texts', () => {
  it('are clipped without breaking a character', () => {
    expect(clip('abc', 3)).toBe('abc')
    expect(clip('abcd', 3)).toBe('ab…')
    expect(clip('a😀😀', 4)).toBe('a😀…')
    expect(clip('a😀😀', 3)).toBe('a…')
    for (let max = 1; max < 12; max++) expect(isWellFormed(clip('😀'.repeat(10), max))).toBe(true)
  })

  it('are made storable', () => {
    expect(storable('a\u0000b\ud800')).toBe('a\ufffdb\ufffd')
    expect(isWellFormed('\ud800')).toBe(false)
  })

  it('are shown short, whatever the value is', () => {
    const hostile = new Proxy(
      {},
      {
        get: () => {
          throw new Error('trap')
        },
      },
    )
    expect([`x'"\n`, null, undefined, 5n, Symbol('s'), [], {}, hostile, () => 1].map(shown)).toEqual([
      '"x\'\\"\\n"',
      'null',
      'undefined',
      '5',
      'Symbol(s)',
      'an array',
      'an object',
      'an object',
      'a function',
    ])
    expect(shown('x'.repeat(100)).length).toBeLessThan(50)
  })
})
