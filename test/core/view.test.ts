import { describe, expect, it } from 'vitest'
import { decide, type Outcome, type RetryPolicy } from '../../src/core/decide.ts'
import type { JobRecord } from '../../src/core/job.ts'
import { MAX_RETRIES } from '../../src/core/limits.ts'
import { toJob } from '../../src/core/view.ts'
import { record } from './record.ts'

const policy: RetryPolicy = { maxRetries: 5, backoff: 'fixed', whenExhausted: 'dead' }

/** The record after a run of 100 ms that began at `at`. */
const afterRun = (job: JobRecord, outcome: Outcome, at: number): JobRecord => {
  const running = {
    ...job,
    fence: job.fence + 1,
    state: 'running',
    started: outcome.kind === 'expired',
    worker: 'w1',
  } as const
  const claimed =
    outcome.kind === 'expired' ? { ...running, attempt: job.attempt + 1, startedAt: at } : running
  const {
    id: _,
    to,
    delayMs,
    unlessCancelled,
    ...values
  } = decide(
    claimed,
    outcome,
    {
      started: true,
      startedAt: at,
      at: at + 100,
      by: outcome.kind === 'expired' ? 'maintainer' : 'w1',
      random: 0.5,
    },
    policy,
  )
  const finishedAt = ['completed', 'dead', 'cancelled'].includes(to) ? at + 100 : null
  return {
    ...claimed,
    ...values,
    state: to,
    finishedAt,
    started: false,
    runAt: delayMs === undefined ? job.runAt : at + 100 + delayMs,
  }
}
const failure = (message: string): Outcome => ({
  kind: 'failed',
  error: { name: 'Error', message, stack: `    at ${message}` },
  retriable: true,
})
const life = (job: JobRecord): string[] =>
  toJob(job).history.map(
    ({ at, event, from, to, by }) =>
      `${at.getTime()} ${event} ${from}→${to}${by === undefined ? '' : ` ${by}`}`,
  )

describe('toJob', () => {
  it('shows every field, with defaults where the store has none', () => {
    const job = toJob(record())
    expect(job).toEqual({
      id: '01234567-89ab-7000-8000-000000000000',
      task: 'greet',
      version: 1,
      queue: 'default',
      payload: { name: 'Ann' },
      priority: 5,
      state: 'ready',
      reason: null,
      attempt: 0,
      maxRetries: MAX_RETRIES,
      runAt: new Date(1_000),
      createdAt: new Date(1_000),
      startedAt: null,
      finishedAt: null,
      lastError: null,
      errors: [],
      output: null,
      progress: null,
      checkpoint: null,
      steps: [],
      worker: null,
      leaseUntil: null,
      fence: 0,
      cancelRequested: null,
      key: null,
      ref: null,
      group: null,
      limit: null,
      tags: [],
      metadata: {},
      parents: [],
      batch: null,
      schedule: null,
      expiresAt: null,
      deadlineAt: null,
      history: [{ at: new Date(1_000), event: 'add', from: 'none', to: 'ready' }],
    })
  })

  it('reads what is stored as JSON', () => {
    const job = toJob(
      record({
        maxRetries: 0,
        output: '[1]',
        progress: '0.5',
        checkpoint: '{"step":2}',
        tags: '["a","b"]',
        options: '{"metadata":{"shop":7},"schedule":{"name":"nightly","at":9000}}',
        cancel: '{"at":3000,"by":"ann","reason":"wrong"}',
        error: '{"name":"Error","message":"no"}',
        leaseUntil: 4_000,
      }),
      3,
    )
    expect(job).toMatchObject({
      maxRetries: 0,
      output: [1],
      progress: 0.5,
      checkpoint: { step: 2 },
      tags: ['a', 'b'],
      metadata: { shop: 7 },
      schedule: { name: 'nightly', at: new Date(9_000) },
      cancelRequested: { at: new Date(3_000), by: 'ann', reason: 'wrong' },
      lastError: { name: 'Error', message: 'no' },
      leaseUntil: new Date(4_000),
    })
    expect(toJob(record(), 3).maxRetries).toBe(3)
  })

  it('is plain data: JSON, a spread and a clone show everything', () => {
    const job = toJob(record({ output: '{"a":1}' }))
    const text = JSON.parse(JSON.stringify(job))
    expect(text).toMatchObject({
      payload: { name: 'Ann' },
      output: { a: 1 },
      createdAt: '1970-01-01T00:00:01.000Z',
    })
    expect({ ...job }).toEqual(job)
    expect(structuredClone(job)).toEqual(job)
  })

  it('reads a payload once, and only when someone looks', () => {
    const job = toJob(record({ payload: '{broken' }))
    expect(job.task).toBe('greet')
    expect(() => job.payload).toThrow(SyntaxError)
    const good = toJob(record())
    expect(good.payload).toBe(good.payload)
  })
})

describe('the history of a job', () => {
  it('of a plain first success is added, claimed, completed', () => {
    const done = afterRun(record(), { kind: 'completed', output: null }, 2_000)
    expect(done.history).toBeNull()
    expect(life(done)).toEqual([
      '1000 add none→ready',
      '2000 claim ready→running w1',
      '2100 complete running→completed w1',
    ])
  })

  it('tells every run, and errors keep their attempt', () => {
    let job = afterRun(record(), failure('first'), 2_000)
    job = afterRun(job, { kind: 'expired' }, 3_000)
    job = afterRun(job, { kind: 'snoozed', delayMs: 5, reason: 'later' }, 4_000)
    job = afterRun(job, failure('second'), 5_000)
    const ran = (from: number) => ({ startedAt: new Date(from), durationMs: 100 })
    expect(toJob(job).errors).toEqual([
      { at: new Date(2_100), attempt: 1, ...ran(2_000), name: 'Error', message: 'first' },
      expect.objectContaining({ attempt: 2, name: 'WorkerLost' }),
      {
        at: new Date(5_100),
        attempt: 3,
        ...ran(5_000),
        name: 'Error',
        message: 'second',
        stack: '    at second',
      },
    ])
    job = afterRun(job, { kind: 'completed', output: null }, 6_000)
    expect(life(job)).toEqual([
      '1000 add none→ready',
      '2000 claim ready→running w1',
      '2100 fail running→retrying w1',
      '3000 claim ready→running',
      '3100 expire running→ready maintainer',
      '4000 claim ready→running w1',
      '4100 snooze running→scheduled w1',
      '5000 claim ready→running w1',
      '5100 fail running→retrying w1',
      '6000 claim ready→running w1',
      '6100 complete running→completed w1',
    ])
    expect(toJob(job)).toMatchObject({ attempt: 4, lastError: null })
    expect(toJob(job).errors).toHaveLength(3)
  })

  it('tells how a job was added', () => {
    expect(life(record({ state: 'scheduled', runAt: 9_000 }))).toEqual(['1000 add none→scheduled'])
    expect(life(record({ state: 'blocked' }))).toEqual(['1000 add none→blocked'])
    const cancelled = '[{"at":1500,"event":"cancel","from":"scheduled","to":"cancelled","by":"ann"}]'
    expect(life(record({ state: 'cancelled', runAt: 9_000, history: cancelled }))).toEqual([
      '1000 add none→scheduled',
      '1500 cancel scheduled→cancelled ann',
    ])
  })

  it('tells the present run once its start is recorded', () => {
    const running = record({ state: 'running', startedAt: 2_000, attempt: 1, worker: 'w1' })
    expect(life(running)).toEqual(['1000 add none→ready'])
    expect(life({ ...running, started: true })).toEqual([
      '1000 add none→ready',
      '2000 claim ready→running w1',
    ])
  })

  it('of a held job that someone resolved has no run that never was', () => {
    let job = afterRun(record(), { kind: 'held', reason: 'was it sent?' }, 2_000)
    const entry = '{"at":3000,"event":"resolve","from":"blocked","to":"completed","by":"ann"}'
    job = {
      ...job,
      state: 'completed',
      finishedAt: 3_000,
      history: (job.history ?? '').replace(/]$/, `,${entry}]`),
    }
    expect(life(job)).toEqual([
      '1000 add none→ready',
      '2000 claim ready→running w1',
      '2100 hold running→blocked w1',
      '3000 resolve blocked→completed ann',
    ])
  })
})
