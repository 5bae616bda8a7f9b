import assert from 'node:assert/strict'
import { FINISHED_STATES, isFinished, LIVE_STATES } from '../../core/states.ts'
import type { Check, Subject } from './subject.ts'

const KEY = 'invoice 42'

const cases: Record<string, Check> = {
  'of many that add the same key at once, one wins and the others learn who': async (lab) => {
    const jobs = Array.from({ length: 50 }, () => lab.job({ key: KEY }))
    const answers = await Promise.all(jobs.map((job) => lab.engine.insert([job])))
    const verdicts = answers.flatMap((answer) => answer.verdicts)
    const winners = verdicts.filter(({ status }) => status === 'inserted')
    assert.equal(winners.length, 1)
    assert.ok(verdicts.every(({ id }) => id === winners[0]?.id))
    assert.equal((await lab.engine.counts())[0]?.count, 1)
  },

  'within one call the first with a key wins': async (lab) => {
    const [first, second, other] = [lab.job({ key: KEY }), lab.job({ key: KEY }), lab.job({ key: 'other' })]
    const { verdicts } = await lab.engine.insert([first, second, other])
    assert.deepEqual(verdicts, [
      { status: 'inserted', id: first.id },
      { status: 'duplicate', id: first.id },
      { status: 'inserted', id: other.id },
    ])
  },

  'a key is unique across queues and tasks': async (lab) => {
    const holder = await lab.add({ key: KEY, queue: 'a', task: 'x' })
    const { verdicts } = await lab.engine.insert([lab.job({ key: KEY, queue: 'b', task: 'y' })])
    assert.deepEqual(verdicts, [{ status: 'duplicate', id: holder.id }])
  },

  'keys that differ only in case, spaces or Unicode form are different keys': async (lab) => {
    const keys = ['key', 'KEY', 'key ', ' key', 'k\u00e9', 'ke\u0301', 'ke', '', ' ']
    await lab.addMany(keys.length, (index) => ({ key: keys[index] as string }))
    assert.equal((await lab.engine.counts())[0]?.count, keys.length)
  },

  'jobs without a key are never duplicates': async (lab) => {
    await lab.addMany(3, () => ({ key: null }))
  },

  'a job that lost its key to another cannot be sent round again, and learns who holds it': async (lab) => {
    const old = await lab.bring('dead', { key: KEY })
    const holder = await lab.add({ key: KEY })
    const retry = [lab.change(old, 'ready')]
    assert.deepEqual(await lab.changesNothing(() => lab.engine.change(retry)), [
      { status: 'key_taken', holder: holder.id },
    ])
    await lab.engine.change([lab.change(holder, 'cancelled')])
    assert.deepEqual(await lab.engine.change(retry), [{ status: 'ok' }])
    const { verdicts } = await lab.engine.insert([lab.job({ key: KEY })])
    assert.deepEqual(verdicts, [{ status: 'duplicate', id: old.id }])
  },

  'changes of one call hand a key on in their order': async (lab) => {
    const old = await lab.bring('cancelled', { key: KEY })
    const holder = await lab.add({ key: KEY })
    const verdicts = await lab.engine.change([
      lab.change(old, 'ready'),
      lab.change(holder, 'cancelled'),
      lab.change(old, 'ready'),
    ])
    assert.deepEqual(verdicts, [
      { status: 'key_taken', holder: holder.id },
      { status: 'ok' },
      { status: 'ok' },
    ])
  },

  'of two dead jobs with one key, one can be sent round again': async (lab) => {
    const dead = [await lab.bring('dead', { key: KEY }), await lab.bring('dead', { key: KEY })]
    const answers = await Promise.all(dead.map((job) => lab.engine.change([lab.change(job, 'ready')])))
    assert.deepEqual(
      answers
        .flat()
        .map(({ status }) => status)
        .sort(),
      ['key_taken', 'ok'],
    )
  },

  'removing or pruning a finished job does not free the key for a second holder': async (lab) => {
    const done = await lab.bring('completed', { key: KEY })
    const cancelled = await lab.bring('cancelled', { key: KEY })
    const holder = await lab.add({ key: KEY })
    await lab.engine.change([lab.change(cancelled, 'removed')])
    await lab.engine.prune({ state: 'completed', ageMs: 0, count: 0, minAgeMs: 0, limit: 10 })
    assert.deepEqual(await lab.engine.get([done.id, cancelled.id]), [null, null])
    const { verdicts } = await lab.engine.insert([lab.job({ key: KEY })])
    assert.deepEqual(verdicts, [{ status: 'duplicate', id: holder.id }])
  },
}

for (const state of LIVE_STATES) {
  cases[`a job that is ${state} holds its key`] = async (lab) => {
    const holder = await lab.bring(state, { key: KEY })
    const { verdicts } = await lab.engine.insert([lab.job({ key: KEY })])
    assert.deepEqual(verdicts, [{ status: 'duplicate', id: holder.id }])
  }
}
for (const state of FINISHED_STATES) {
  cases[`a job that is ${state} has given its key back`] = async (lab) => {
    const old = await lab.bring(state, { key: KEY })
    await lab.add({ key: KEY })
    assert.equal((await lab.get(old.id)).key, KEY)
  }
}
cases['every way out of a run frees the key exactly when it ends the job'] = async (lab) => {
  for (const to of [...LIVE_STATES, ...FINISHED_STATES]) {
    if (to === 'running') continue
    const job = await lab.run({ key: `key of ${to}` })
    await lab.settle(job, to)
    const { verdicts } = await lab.engine.insert([lab.job({ key: `key of ${to}`, blocked: 'waits' })])
    assert.equal(verdicts[0]?.status, isFinished(to) ? 'inserted' : 'duplicate', to)
    await lab.engine.change([lab.change(await lab.get(job.id), 'removed')])
  }
}

export const keys: Subject = { subject: 'Unique keys', cases }
