import assert from 'node:assert/strict'
import { JOB_STATES } from '../../core/states.ts'
import { idsOf, type Lab, ties } from './lab.ts'
import type { Check, Subject } from './subject.ts'

/** Jobs that had to start by a time and did not. */

const due = { ties: ties({ dueMs: 1_000 }) }
const overdueIn = async (lab: Lab, limit = 100, after: { due: number; id: string } | null = null) =>
  idsOf(await lab.engine.overdue({ limit, after }))

const cases: Record<string, Check> = {
  'a job is overdue from its time on, not before': async (lab) => {
    const job = await lab.add(due)
    lab.clock.advance(999)
    assert.deepEqual(await overdueIn(lab), [])
    lab.clock.advance(1)
    assert.deepEqual(await overdueIn(lab), [job.id])
  },

  'a time that is named goes before a length': async (lab) => {
    const dueAt = lab.clock.now() + 50
    const job = await lab.add({ ties: ties({ dueAt, dueMs: 1_000 }) })
    lab.clock.advance(50)
    assert.deepEqual(await overdueIn(lab), [job.id])
  },

  'a time that has passed already makes a job overdue at once': async (lab) => {
    const job = await lab.add({ ties: ties({ dueAt: 1 }), delayMs: 5_000 })
    assert.deepEqual(await overdueIn(lab), [job.id])
  },

  'a job that started once is never overdue': async (lab) => {
    const job = await lab.run(due)
    await lab.settle(job, 'retrying', { attempt: 1 })
    lab.clock.advance(5_000)
    assert.deepEqual(await overdueIn(lab), [])
  },

  'a job that was given back before it started is overdue': async (lab) => {
    const job = await lab.run(due)
    await lab.settle(job, 'ready', { attempt: 0 })
    lab.clock.advance(5_000)
    assert.deepEqual(await overdueIn(lab), [job.id])
  },

  'the earliest come first, page by page': async (lab) => {
    const times = [300, 100, 200, 100, 400]
    const jobs = await lab.addMany(5, (i) => ({ ties: ties({ dueMs: times[i] as number }) }))
    const [a, b, c, d] = [jobs[1], jobs[3], jobs[2], jobs[0]].map((job) => job?.id ?? '')
    lab.clock.advance(300)
    const now = lab.clock.now()
    assert.deepEqual(await overdueIn(lab), [a, b, c, d])
    assert.deepEqual(await overdueIn(lab, 2), [a, b])
    assert.deepEqual(await overdueIn(lab, 2, { due: now - 200, id: b ?? '' }), [c, d])
    assert.deepEqual(await overdueIn(lab, 0), [])
  },

  'a job that is sent round again without ever having started is overdue': async (lab) => {
    const job = await lab.add(due)
    await lab.engine.change([lab.change(job, 'cancelled')])
    lab.clock.advance(1_000)
    assert.deepEqual(await overdueIn(lab), [])
    await lab.engine.change([lab.change(await lab.get(job.id), 'ready')])
    assert.deepEqual(await overdueIn(lab), [job.id])
  },
}

for (const state of JOB_STATES) {
  const isListed = state === 'blocked' || state === 'scheduled' || state === 'ready'
  cases[`a job that is ${state} is ${isListed ? '' : 'not '}listed`] = async (lab) => {
    const job = await lab.bring(state, due)
    lab.clock.advance(1_000)
    assert.deepEqual(await overdueIn(lab), isListed ? [job.id] : [])
  }
}

export const overdue: Subject = { subject: 'Jobs that are overdue', cases }
