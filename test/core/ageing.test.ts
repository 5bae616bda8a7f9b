import { expect, test } from 'vitest'
import { age, risesOf } from '../../src/core/ageing.ts'
import type { JobRecord } from '../../src/core/job.ts'
import { record } from './record.ts'

const rule = { everyMs: 100, highest: 2, queues: null }
const waiting = (job: Partial<JobRecord> = {}): JobRecord => ({
  ...record({ state: 'ready', priority: 7, runAt: 1_000, history: null }),
  ...job,
})
/** What the store makes of it. */
const aged = (job: JobRecord, now: number): JobRecord => {
  const change = age(job, rule, now, 'maintainer')
  return change === null
    ? job
    : { ...job, priority: change.priority ?? job.priority, history: change.history, fence: job.fence + 1 }
}

test('one step for each stretch of waiting, and not before', () => {
  expect(age(waiting(), rule, 1_099, 'm')).toBeNull()
  expect(age(waiting(), rule, 1_100, 'm')).toMatchObject({ from: 'ready', to: 'ready', priority: 6 })
  const once = aged(waiting(), 1_100)
  expect(aged(once, 1_199).priority).toBe(6)
  expect(aged(once, 1_200).priority).toBe(5)
})

test('a look after a long time makes good what was missed, up to the bound', () => {
  expect(aged(waiting(), 1_350).priority).toBe(4)
  const top = aged(waiting(), 99_000)
  expect(top.priority).toBe(2)
  expect(age(top, rule, 200_000, 'm')).toBeNull()
  expect(age(waiting({ priority: 1 }), rule, 99_000, 'm')).toBeNull()
})

test('only what is ready, and only in the queues that are named', () => {
  for (const state of ['scheduled', 'retrying', 'blocked', 'running', 'completed'] as const)
    expect(age(waiting({ state }), rule, 99_000, 'm')).toBeNull()
  expect(age(waiting({ queue: 'a' }), { ...rule, queues: ['b'] }, 99_000, 'm')).toBeNull()
  expect(age(waiting({ queue: 'b' }), { ...rule, queues: ['b'] }, 99_000, 'm')).not.toBeNull()
})

test('each rise is in the history, and nothing else of the job changes', () => {
  const job = aged(aged(waiting(), 1_100), 1_300)
  expect(risesOf(job.history).map(({ at, by, reason }) => [at, by, reason])).toEqual([
    [1_100, 'maintainer', 'aged from priority 7 to 6'],
    [1_300, 'maintainer', 'aged from priority 6 to 4'],
  ])
  const { id, fence, attempt, retries, crashes, solo, reason, output, error } = waiting()
  expect(age(waiting(), rule, 2_000, 'm')).toMatchObject({
    ...{ id, fence, attempt, retries, crashes, solo, reason, output, error },
  })
})
