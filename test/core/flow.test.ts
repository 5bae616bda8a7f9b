import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  decideChild,
  decideOverdue,
  judgeParents,
  orderFlow,
  type ParentNow,
  WAITS_FOR_PARENTS,
} from '../../src/core/flow.ts'
import type { JobTies, OnParentFailure } from '../../src/core/job.ts'
import { isLegal, JOB_STATES, type JobState } from '../../src/core/states.ts'
import { record } from './record.ts'

const edge = (id: string, onFailure: OnParentFailure = 'cancel') => ({ id, name: null, onFailure })
const now = (id: string, state: JobState): ParentNow => ({ id, state })
const ties = (given: Partial<JobTies>): JobTies => ({
  ...{ keyUntil: 'finish', keyMs: null, keyFrom: null, parents: [], batch: null, dueMs: null, dueAt: null },
  ...given,
})
const child = (given: object = {}) =>
  record({ state: 'blocked', reason: WAITS_FOR_PARENTS, ties: ties({ parents: [edge('a')] }), ...given })

describe('what the ends of parents mean', () => {
  test('all completed: it runs; one unfinished: it waits for that one', () => {
    const parents = [edge('a'), edge('b')]
    expect(judgeParents(parents, [now('a', 'completed'), now('b', 'completed')])).toEqual({ kind: 'runs' })
    expect(judgeParents(parents, [now('a', 'completed'), now('b', 'retrying')])).toEqual({
      kind: 'waits',
      for: [edge('b')],
    })
  })

  test.each(['dead', 'cancelled', 'missing'] as const)(
    'a parent that is %s does what its edge says',
    (end) => {
      const parent = end === 'missing' ? null : now('a', end)
      const judge = (onFailure: OnParentFailure) => judgeParents([edge('a', onFailure)], [parent])
      expect(judge('cancel')).toEqual({ kind: 'cancelled', by: edge('a'), end })
      expect(judge('run')).toEqual({ kind: 'runs' })
      expect(judge('hold')).toEqual({ kind: 'held', by: edge('a', 'hold'), end })
    },
  )

  test('a fatal parent decides at once; a holding one waits for nobody else; a harmless one is done', () => {
    const parents = [edge('a', 'run'), edge('b', 'hold'), edge('c')]
    const [dead, open] = [(id: string) => now(id, 'dead'), (id: string) => now(id, 'ready')]
    expect(judgeParents(parents, [open('a'), open('b'), dead('c')]).kind).toBe('cancelled')
    expect(judgeParents(parents, [open('a'), dead('b'), open('c')]).kind).toBe('held')
    expect(judgeParents(parents, [dead('a'), now('b', 'completed'), open('c')])).toEqual({
      kind: 'waits',
      for: [edge('c')],
    })
  })

  test('only a job that waits for its parents is decided about', () => {
    const done = [now('a', 'completed')]
    for (const state of JOB_STATES) {
      expect(decideChild(child({ state }), done, 5) !== null, state).toBe(state === 'blocked')
    }
    expect(decideChild(child({ reason: 'asked someone' }), done, 5)).toBeNull()
    expect(decideChild(child({ ties: null }), done, 5)).toBeNull()
  })

  test('it goes on now, or at its due time when that lies ahead', () => {
    const done = [now('a', 'completed')]
    expect(decideChild(child({ runAt: 100 }), done, 100)).toMatchObject({
      to: 'ready',
      delayMs: 0,
      reason: null,
    })
    expect(decideChild(child({ runAt: 150 }), done, 100)).toMatchObject({ to: 'scheduled', delayMs: 50 })
    const change = decideChild(child(), [null], 7)
    expect(change).toMatchObject({ to: 'cancelled', reason: 'parent_failed' })
    expect(change?.history).toContain('parent a is missing')
  })

  test('every decision is legal', () => {
    const state = fc.constantFrom(...JOB_STATES, null)
    const policy = fc.constantFrom<OnParentFailure>('cancel', 'run', 'hold')
    fc.assert(
      fc.property(
        fc.array(fc.tuple(state, policy), { minLength: 1, maxLength: 5 }),
        fc.nat(),
        (drawn, at) => {
          const parents = drawn.map(([, onFailure], i) => edge(`p${i}`, onFailure))
          const ends = drawn.map(([s], i) => (s === null ? null : now(`p${i}`, s)))
          const change = decideChild(child({ ties: ties({ parents }), runAt: 10 }), ends, at)
          if (change === null) return
          const event = change.to === 'cancelled' ? 'cancel' : 'unblock'
          expect(isLegal(event, 'blocked', change.to)).toBe(true)
        },
      ),
    )
  })
})

describe('the order of a flow', () => {
  const order = (edges: Record<string, string[]>) => orderFlow(new Map(Object.entries(edges)))

  test('parents come first', () => {
    expect(order({ c: ['a', 'b'], b: ['a'], a: [], d: [] })).toEqual({ order: ['a', 'b', 'c', 'd'] })
  })

  test('a circle is named as its jobs would run', () => {
    expect(order({ a: ['c'], b: ['a'], c: ['b'], d: ['a'] })).toEqual({ circle: ['a', 'b', 'c', 'a'] })
    expect(order({ a: ['a'] })).toEqual({ circle: ['a', 'a'] })
  })

  test('a chain of a thousand, given backwards', () => {
    const edges = Object.fromEntries(
      Array.from({ length: 1_000 }, (_, i) => [`j${999 - i}`, i === 999 ? [] : [`j${998 - i}`]]),
    )
    expect(order(edges)).toEqual({ order: Array.from({ length: 1_000 }, (_, i) => `j${i}`) })
  })

  test('any graph is ordered or has the circle that is named', () => {
    const names = ['a', 'b', 'c', 'd', 'e']
    const graph = fc.record(Object.fromEntries(names.map((name) => [name, fc.subarray(names)])))
    fc.assert(
      fc.property(graph, (edges) => {
        const answer = order(edges as Record<string, string[]>)
        if ('order' in answer) {
          expect([...answer.order].sort()).toEqual(names)
          for (const name of names)
            for (const parent of edges[name] ?? [])
              expect(answer.order.indexOf(parent)).toBeLessThan(answer.order.indexOf(name))
        } else {
          const { circle } = answer
          expect(circle[0]).toBe(circle.at(-1))
          for (const [i, name] of circle.slice(1).entries()) expect(edges[name]).toContain(circle[i])
        }
      }),
    )
  })
})

test('a job that never started is cancelled when it is overdue, any other is left alone', () => {
  expect(decideOverdue(record({ state: 'ready', attempt: 0 }), 5)).toMatchObject({
    to: 'cancelled',
    reason: 'expired',
  })
  expect(decideOverdue(record({ state: 'retrying', attempt: 1 }), 5)).toBeNull()
  expect(decideOverdue(record({ state: 'running', attempt: 0 }), 5)).toBeNull()
  expect(decideOverdue(record({ state: 'completed', attempt: 0 }), 5)).toBeNull()
})
