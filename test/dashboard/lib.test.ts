import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ariaSort, nextSort } from '../../dashboard/src/components/columns.ts'
import { countsOf, knownTotal } from '../../dashboard/src/components/known-total.ts'
import { checkJson, hasSecrets, piecesOf, prettyJson } from '../../dashboard/src/lib/json.ts'
import { jsonStop } from '../../dashboard/src/lib/json-place.ts'
import { addSample, perMinute, type Sample, steps } from '../../dashboard/src/lib/rate.ts'
import { absolute, compact, relative, short, span } from '../../dashboard/src/lib/time.ts'
import { bodyOf, EMPTY_FORM } from '../../dashboard/src/state/add-form.ts'

describe('times', () => {
  it.each([
    [0, '0 ms'],
    [840, '840 ms'],
    [12_400, '12 s'],
    [60_000, '1 min'],
    [5 * 3_600_000, '5 h'],
    [47 * 3_600_000, '47 h'],
    [49 * 3_600_000, '2 d'],
  ])('%i ms is %s in short', (ms, words) => expect(short(ms)).toBe(words))

  it.each([
    [-5, '0 ms'],
    [1_240, '1.2 s'],
    [12_400, '12 s'],
    [184_000, '3 min 4 s'],
    [180_000, '3 min'],
    [7_800_000, '2 h 10 min'],
    [90_000_000, '1 d 1 h'],
  ])('%i ms took %s', (ms, words) => expect(span(ms)).toBe(words))

  it('are told from now', () => {
    expect(relative(1_000, 1_400)).toBe('just now')
    expect(relative(61_000, 1_000)).toBe('in 1 min')
    expect(relative(1_000, 4_000)).toBe('3 s ago')
  })

  it('are written in full', () => {
    expect(absolute(new Date(2026, 0, 2, 3, 4, 5, 6).getTime())).toBe('2026-01-02 03:04:05.006')
  })
})

it.each([
  [999, '999'],
  [1_000, '1 k'],
  [1_999, '1.9 k'],
  [54_321, '54 k'],
  [3_450_000, '3.4 M'],
])('%i is %s where there is little room', (number, words) => expect(compact(number)).toBe(words))

describe('JSON that is typed', () => {
  it('is read, and nothing is null', () => {
    expect(checkJson('{"a":[1]}')).toEqual({ ok: true, value: { a: [1] } })
    expect(checkJson(' \n')).toEqual({ ok: true, value: null })
  })

  it.each([
    ['{"a":1,\n  oops}', 2, 3],
    ['{"a":', 1, 6],
    ['nope', 1, 1],
    ['{"a": "no end}', 1, 7],
    ['[1,]', 1, 4],
    ['{"a":1}}', 1, 8],
    ['01', 1, 1],
    ['{"password": hunter2}', 1, 14],
    ["{'a':1}", 1, 2],
  ])('%j is wrong at line %i, column %i', (text, line, column) => {
    expect(checkJson(text)).toMatchObject({ ok: false, line, column })
  })

  it('is judged as the language does', () => {
    const piece = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"a"',
      '1',
      '-0.5e3',
      'true',
      'nul',
      ' ',
      '\n',
      '"',
      '\\',
    )
    const almost = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''))
    fc.assert(
      fc.property(fc.oneof(fc.json(), almost), (text) => {
        const isJson = (() => {
          try {
            JSON.parse(text)
            return true
          } catch {
            return false
          }
        })()
        expect(jsonStop(text) === null).toBe(isJson)
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('JSON that is shown', () => {
  const value = { user: 'ada', apiKey: 'k', nested: [{ token: 7, secretive: true, cookie: null }] }

  it('masks what has a secret name', () => {
    expect(hasSecrets(value)).toBe(true)
    expect(JSON.parse(prettyJson(value, { secrets: false }))).toEqual({
      user: 'ada',
      apiKey: '•••',
      nested: [{ token: '•••', secretive: true, cookie: null }],
    })
    expect(JSON.parse(prettyJson(value, { secrets: true }))).toEqual(value)
    expect(hasSecrets({ user: 'ada', list: [1, null] })).toBe(false)
  })

  it('keeps a name that would change an object', () => {
    const hostile = JSON.parse('{"__proto__":{"polluted":true}}')
    expect(prettyJson(hostile, { secrets: false })).toContain('polluted')
    expect(({} as { polluted?: true }).polluted).toBeUndefined()
  })

  it.each([
    [{ 'a"b': ['x\\', -1.5e-7, true, null, '€ {"no":1}'] }],
    ['just text with "quotes" and: colons'],
    [[]],
    [{}],
    [12],
  ])('falls into pieces that are the text again: %j', (shown) => {
    const text = prettyJson(shown, { secrets: true })
    expect(
      piecesOf(text)
        .map((piece) => piece.text)
        .join(''),
    ).toBe(text)
  })

  it('tells keys, texts, numbers and words apart', () => {
    const kinds = piecesOf('{"a": "b", "c": 1, "d": null}').filter(({ kind }) => kind !== 'mark')
    expect(kinds.map(({ kind }) => kind)).toEqual(['key', 'text', 'key', 'number', 'key', 'word'])
  })
})

describe('the rate', () => {
  const samplesOf = (...finished: number[]): Sample[] =>
    finished.reduce<Sample[]>(
      (samples, number, i) => addSample(samples, { at: i * 2_000, finished: number }),
      [],
    )

  it('is not known before there is something to compare', () => {
    expect(perMinute([])).toBeNull()
    expect(perMinute(samplesOf(5))).toBeNull()
  })

  it('is what was finished in the time that was watched', () => {
    expect(perMinute(samplesOf(0, 10, 20))).toBe(300)
  })

  it('takes pruning for no work', () => {
    expect(steps(samplesOf(100, 110, 60, 70))).toEqual([10, 0, 10])
  })

  it('forgets what is older than a minute, and samples that come too fast', () => {
    const samples = samplesOf(...Array.from({ length: 60 }, (_, i) => i))
    expect(samples.length).toBe(31)
    expect(addSample(samples, { at: (samples.at(-1)?.at ?? 0) + 10, finished: 99 })).toEqual(samples)
  })
})

describe('the sort of the table', () => {
  it('goes its natural way first, then the other', () => {
    expect(nextSort('task', '-id')).toBe('task')
    expect(nextSort('task', 'task')).toBe('-task')
    expect(nextSort('task', '-task')).toBe('task')
    expect(nextSort('createdAt', '-id')).toBe('-createdAt')
  })

  it('is told to screen readers', () => {
    expect(ariaSort('id', '-id')).toBe('descending')
    expect(ariaSort('id', 'id')).toBe('ascending')
    expect(ariaSort('task', '-id')).toBeUndefined()
  })
})

describe('the number of jobs that fit', () => {
  const states = {
    blocked: 0,
    scheduled: 1,
    ready: 2,
    running: 0,
    retrying: 0,
    completed: 5,
    cancelled: 0,
    dead: 1,
  }
  const stats = { total: 9, states, queues: [{ queue: 'mail', total: 3, states }], tasks: [] } as never
  const none = { queue: '', task: '', states: [], search: '' }

  it('is known where somebody counts', () => {
    expect(knownTotal(stats, none)).toBe(9)
    expect(knownTotal(stats, { ...none, states: ['dead', 'ready'] })).toBe(3)
    expect(knownTotal(stats, { ...none, queue: 'mail' })).toBe(3)
    expect(knownTotal(stats, { ...none, queue: 'unused' })).toBe(0)
  })

  it('is not made up elsewhere', () => {
    expect(knownTotal(stats, { ...none, search: 'x' })).toBeUndefined()
    expect(knownTotal(stats, { ...none, queue: 'mail', task: 'echo' })).toBeUndefined()
    expect(countsOf(null, none)).toBeUndefined()
  })
})

describe('the form', () => {
  it('sends what was filled in, and nothing else', () => {
    expect(bodyOf({ ...EMPTY_FORM, task: ' echo ' }, { a: 1 })).toEqual({ task: 'echo', payload: { a: 1 } })
    const full = {
      ...EMPTY_FORM,
      task: 'echo',
      queue: 'q',
      priority: 'high',
      delay: '5m',
      key: 'k',
      maxRetries: '0',
      tags: 'a, ,b',
    }
    expect(bodyOf(full, null)).toEqual({
      task: 'echo',
      payload: null,
      queue: 'q',
      priority: 'high',
      delay: '5m',
      key: 'k',
      maxRetries: 0,
      tags: ['a', 'b'],
    })
  })
})
