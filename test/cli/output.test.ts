import { describe, expect, it } from 'vitest'
import { colorsFor } from '../../src/cli/output/colors.ts'
import { logLine } from '../../src/cli/output/log-line.ts'
import { type Column, renderTable } from '../../src/cli/output/table.ts'
import { plain, plainLines, truncate, widthOf, wrap } from '../../src/cli/output/text.ts'
import { clockTime, exactTime, relativeTime } from '../../src/cli/output/time.ts'

const ESCAPE = String.fromCharCode(27)
const asIs = { head: (text: string) => text }

describe('text of strangers', () => {
  it('cannot move the cursor, reorder or hide anything', () => {
    const hostile = `a${ESCAPE}[2Jb\u0007\u202ec\u200bd\n`
    expect(plain(hostile)).toBe('a\\u001b[2Jb\\u0007\\u202ec\\u200bd\\n')
    expect(plainLines(`one\r\ntwo${ESCAPE}`)).toEqual(['one', 'two\\u001b'])
  })

  it('keeps letters of every script', () => {
    expect(plain('Grüße, 世界 — שלום')).toBe('Grüße, 世界 — שלום')
  })
})

describe('width', () => {
  it.each([
    ['abc', 3],
    ['世界', 4],
    ['e\u0301', 1],
    ['📮', 2],
    [`${ESCAPE}[31mred${ESCAPE}[39m`, 3],
    ['✓ completed', 11],
  ])('of %j is %i', (text, width) => {
    expect(widthOf(text)).toBe(width)
  })

  it('is what truncate and wrap keep to', () => {
    expect(truncate('abcdef', 4)).toBe('abc…')
    expect(truncate('世界世界', 5)).toBe('世界…')
    expect(truncate('abc', 3)).toBe('abc')
    expect(wrap('one two three', 7)).toEqual(['one two', 'three'])
    expect(wrap('abcdefgh', 3)).toEqual(['abc', 'def', 'gh'])
    expect(wrap('', 5)).toEqual([''])
    expect(wrap('  "a": "b c"', 8)).toEqual(['  "a":', '  "b c"'])
  })
})

interface Row {
  readonly id: string
  readonly name: string
  readonly count: number
}
const columns: Column<Row>[] = [
  { title: 'ID', cell: ({ id }) => id },
  { title: 'NAME', cell: ({ name }) => name, shrinkTo: 6 },
  { title: 'COUNT', cell: ({ count }) => String(count), align: 'right', drop: 1 },
]
const rows: Row[] = [
  { id: 'a1', name: 'short', count: 7 },
  { id: 'b22', name: 'a rather long name', count: 1234 },
]

describe('a table', () => {
  it('is aligned and cuts nothing when it is not shown on a terminal', () => {
    expect(renderTable(rows, columns, { width: null, ...asIs })).toEqual([
      'ID   NAME                COUNT',
      'a1   short                   7',
      'b22  a rather long name   1234',
    ])
  })

  it('first cuts what may be cut, then leaves out what matters least', () => {
    expect(renderTable(rows, columns, { width: 24, ...asIs })).toEqual([
      'ID   NAME          COUNT',
      'a1   short             7',
      'b22  a rather lo…   1234',
    ])
    expect(renderTable(rows, columns, { width: 12, ...asIs })).toEqual([
      'ID   NAME',
      'a1   short',
      'b22  a rath…',
    ])
  })

  it.each([10, 15, 20, 25, 30, 80])('never exceeds %i columns as long as its fixed parts fit', (width) => {
    for (const line of renderTable(rows, columns, { width: Math.max(width, 11), ...asIs })) {
      expect(widthOf(line)).toBeLessThanOrEqual(Math.max(width, 11))
    }
  })
})

describe('time', () => {
  const now = Date.UTC(2030, 0, 2, 3, 4, 5, 6)
  it.each([
    [0, 'just now'],
    [-999, 'just now'],
    [500, 'in <1s'],
    [-59_000, '59s ago'],
    [-61_000, '1m 1s ago'],
    [7_200_000, 'in 2h'],
    [-(3 * 86_400_000 + 3_600_001), '3d 1h ago'],
    [7_199_000, 'in 1h 59m'],
  ])('%i ms from now is %j', (distance, text) => {
    expect(relativeTime(now + distance, now)).toBe(text)
  })

  it('is shown exactly, with its zone', () => {
    expect(exactTime(new Date(now))).toMatch(/^2030-01-0[123] \d\d:\d\d:05\.006 [+-]\d\d:\d\d$/)
    expect(clockTime(new Date(now))).toMatch(/^\d\d:\d\d:05\.006$/)
  })
})

describe('colours', () => {
  const isColoured = (isTerminal: boolean, env: Record<string, string>): boolean =>
    colorsFor(isTerminal, env).red('x') !== 'x'
  it.each([
    [true, {}, true],
    [false, {}, false],
    [true, { NO_COLOR: '1' }, false],
    [true, { NO_COLOR: '' }, true],
    [true, { TERM: 'dumb' }, false],
    [false, { FORCE_COLOR: '1' }, true],
    [true, { FORCE_COLOR: '0' }, false],
    [true, { NO_COLOR: '1', FORCE_COLOR: '1' }, false],
  ])('on a terminal %j with %j: %j', (isTerminal, env, expected) => {
    expect(isColoured(isTerminal, env as Record<string, string>)).toBe(expected)
  })
})

describe('a log line for a person', () => {
  const render = (fields: object): string | null =>
    logLine(JSON.stringify({ level: 30, time: 0, pid: 1, hostname: 'h', ...fields }), colorsFor(false, {}))

  it('tells state, task, job and how long it took', () => {
    const line = render({
      msg: 'job completed',
      job: 'id-1',
      task: 'echo',
      state: 'completed',
      attempt: 1,
      ms: 12,
    })
    expect(line).toMatch(/^\d\d:\d\d:00\.000 {2}✓ completed {2}echo {2}id-1 {2}12ms$/)
  })

  it('is left out when the banner says the same', () => {
    expect(render({ msg: 'worker started' })).toBeNull()
    expect(render({ msg: 'worker started', level: 40 })).not.toBeNull()
  })

  it('tells what went wrong, and shows fields it does not know', () => {
    const line = render({
      msg: 'job failed',
      state: 'retrying',
      attempt: 2,
      error: { message: `no${ESCAPE}` },
      x: [1],
    })
    expect(line).toContain('↻ retrying  attempt 2  x=[1]  no\\u001b')
  })
})
