import { expect, test } from 'vitest'
import { deadlineOf, expiryOf, whyTooLate } from '../../src/core/deadline.ts'
import { appendHistory } from '../../src/core/history.ts'
import type { JobTies } from '../../src/core/job.ts'
import { record } from './record.ts'

const ties = (dueMs: number | null, dueAt: number | null = null): JobTies => ({
  ...{ keyUntil: 'finish', keyMs: null, keyFrom: null, parents: [], batch: null, dueMs, dueAt },
})
const job = { ...record(), createdAt: 1_000 }
const options = '{"deadlineMs":500}'

test("a deadline counts from the add, and anew from an operator's retry", () => {
  expect(deadlineOf(job)).toBeNull()
  expect(deadlineOf({ ...job, options })).toBe(1_500)
  const retry = { at: 9_000, event: 'retry', from: 'dead', to: 'ready', by: 'ada' } as const
  expect(deadlineOf({ ...job, options, history: appendHistory(null, retry) })).toBe(9_500)
})

test('the length by which a store finds a job that never began is its expiry, unless it is its deadline', () => {
  expect(expiryOf(job)).toBeNull()
  expect(expiryOf({ ...job, ties: ties(300) })).toBe(1_300)
  expect(expiryOf({ ...job, ties: ties(null, 1_200) })).toBe(1_200)
  expect(expiryOf({ ...job, options, ties: ties(300) })).toBe(1_300)
  expect(expiryOf({ ...job, options, ties: ties(500) })).toBeNull()
})

test('a job that began once does not expire, but its deadline passes', () => {
  const both = { ...job, options, ties: ties(300), attempt: 0, started: false }
  expect(whyTooLate(both, 1_299)).toBeNull()
  expect(whyTooLate(both, 1_300)).toBe('expired')
  expect(whyTooLate({ ...both, attempt: 1, started: true }, 1_300)).toBe('expired')
  expect(whyTooLate({ ...both, attempt: 1 }, 1_300)).toBeNull()
  expect(whyTooLate({ ...both, attempt: 1 }, 1_500)).toBe('deadline')
})

test('options that another program spoiled count as none', () => {
  expect(whyTooLate({ ...job, options: '{', ties: ties(300), attempt: 0, started: false }, 1_300)).toBe(
    'expired',
  )
  expect(deadlineOf({ ...job, options: '{' })).toBeNull()
})
