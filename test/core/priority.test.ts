import { describe, expect, it } from 'vitest'
import { PRIORITIES, priorityName, priorityNumber } from '../../src/core/priority.ts'

describe('priorities', () => {
  it.each([
    ['critical', 1],
    ['high', 3],
    ['normal', 5],
    ['low', 7],
    [0, 0],
    [9, 9],
    ['4', 4],
  ])('reads %j as %d', (value, number) => {
    expect(priorityNumber(value, 'priority')).toBe(number)
  })

  it.each([
    -1,
    10,
    1.5,
    Number.NaN,
    '10',
    '',
    'urgent',
    'High',
    'toString',
    '__proto__',
    null,
    undefined,
    {},
  ])('refuses %s and names the field', (value) => {
    expect(() => priorityNumber(value, 'priority')).toThrow(
      expect.objectContaining({ code: 'E_PRIORITY', field: 'priority' }),
    )
  })

  it('orders the names, and gives numbers their names back', () => {
    expect(Object.keys(PRIORITIES)).toEqual(['critical', 'high', 'normal', 'low'])
    for (const [name, number] of Object.entries(PRIORITIES)) expect(priorityName(number)).toBe(name)
    expect(priorityName(0)).toBe('0')
    expect(priorityName(9)).toBe('9')
    expect(Object.is(priorityNumber(-0, 'priority'), 0)).toBe(true)
  })
})
