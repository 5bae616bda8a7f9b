import assert from 'node:assert/strict'
import { FINISHED_STATES } from '../../core/states.ts'
import { type Lab, ties } from './lab.ts'
import type { Check, Subject } from './subject.ts'

/** Keys that are held for longer or shorter than the life of their job, and keys that pass from job to job. */

const KEY = 'invoice 42'
const forTime = ties({ keyUntil: 'time', keyMs: 60_000 })
const untilStart = ties({ keyUntil: 'start' })

/** The job that a new one with the key finds in its way, or null. */
const holder = async (lab: Lab): Promise<string | null> => {
  const probe = lab.job({ key: KEY, delayMs: 1 })
  const { verdicts } = await lab.engine.insert([probe])
  if (verdicts[0]?.status === 'duplicate') return verdicts[0].id
  assert.deepEqual(await lab.engine.change([lab.change(await lab.get(probe.id), 'removed')]), [
    { status: 'ok' },
  ])
  return null
}

const cases: Record<string, Check> = {
  'a key held until the start is free as soon as the job is claimed': async (lab) => {
    const job = await lab.add({ key: KEY, ties: untilStart })
    assert.equal(await holder(lab), job.id)
    await lab.claim()
    assert.equal(await holder(lab), null)
  },

  'a key held until the start is not taken again by a retry or a release': async (lab) => {
    for (const to of ['retrying', 'ready', 'scheduled', 'blocked'] as const) {
      const job = await lab.run({ key: KEY, ties: untilStart })
      await lab.settle(job, to)
      assert.equal(await holder(lab), null, to)
      await lab.engine.change([lab.change(await lab.get(job.id), 'removed')])
    }
  },

  'a key held until the start is freed when the job is cancelled before': async (lab) => {
    const job = await lab.add({ key: KEY, ties: untilStart })
    await lab.engine.change([lab.change(job, 'cancelled')])
    assert.equal(await holder(lab), null)
  },

  'claiming many jobs frees exactly those keys that are held until the start': async (lab) => {
    const short = await lab.addMany(5, (i) => ({ key: `short ${i}`, ties: untilStart }))
    const long = await lab.addMany(5, (i) => ({ key: `long ${i}` }))
    assert.equal((await lab.claim()).length, 10)
    const again = [...short, ...long].map(({ key }) => lab.job({ key, delayMs: 1 }))
    const { verdicts } = await lab.engine.insert(again)
    assert.deepEqual(
      verdicts.map(({ status }) => status),
      [...Array(5).fill('inserted'), ...Array(5).fill('duplicate')],
    )
  },

  'a job that a new holder of its key met on the way does not free the key when it ends': async (lab) => {
    const old = await lab.run({ key: KEY, ties: untilStart })
    const next = await lab.add({ key: KEY })
    await lab.settle(old, 'completed')
    assert.equal(await holder(lab), next.id)
  },

  'a key held for a time outlives the end, the removal and the pruning of its job': async (lab) => {
    const job = await lab.run({ key: KEY, ties: forTime })
    await lab.settle(job, 'completed')
    assert.equal(await holder(lab), job.id)
    await lab.engine.prune({ state: 'completed', ageMs: 0, count: 0, minAgeMs: 0, limit: 10 })
    assert.deepEqual(await lab.engine.get([job.id]), [null])
    lab.clock.advance(59_999)
    assert.equal(await holder(lab), job.id)
    lab.clock.advance(1)
    assert.equal(await holder(lab), null)
  },

  'a key held for a time is free when it is over, though the job still waits': async (lab) => {
    const job = await lab.add({ key: KEY, ties: forTime, delayMs: 3_600_000 })
    lab.clock.advance(60_000)
    const next = await lab.add({ key: KEY })
    await lab.engine.change([lab.change(job, 'cancelled')])
    assert.equal(await holder(lab), next.id)
  },

  'the bound of a key frees it from a job that does not end': async (lab) => {
    const job = await lab.bring('running', { key: KEY, ties: ties({ keyMs: 1_000 }) })
    lab.clock.advance(999)
    assert.equal(await holder(lab), job.id)
    lab.clock.advance(1)
    const next = await lab.add({ key: KEY })
    assert.equal(await lab.settle(job, 'completed'), 'ok')
    assert.equal(await holder(lab), next.id)
  },

  'a bounded key is freed by the end that comes first': async (lab) => {
    const job = await lab.run({ key: KEY, ties: ties({ keyMs: 60_000 }) })
    await lab.settle(job, 'completed')
    assert.equal(await holder(lab), null)
  },

  'a key passes to the job that names its holder, and stays with it': async (lab) => {
    const first = await lab.run({ key: KEY })
    const second = await lab.add({ key: KEY, blocked: 'waits', ties: ties({ keyFrom: first.id }) })
    assert.equal(await holder(lab), second.id)
    await lab.settle(first, 'completed')
    assert.equal(await holder(lab), second.id)
    await lab.engine.change([lab.change(second, 'cancelled')])
    assert.equal(await holder(lab), null)
  },

  'a key does not pass from a job that does not hold it': async (lab) => {
    const [other, first] = [await lab.add({ key: 'other' }), await lab.add({ key: KEY })]
    const next = lab.job({ key: KEY, ties: ties({ keyFrom: other.id }) })
    const { verdicts } = await lab.changesNothing(() => lab.engine.insert([next]))
    assert.deepEqual(verdicts, [{ status: 'duplicate', id: first.id }])
  },

  'a free key is taken by a job that expected to get it from another': async (lab) => {
    const gone = lab.newId()
    const job = await lab.add({ key: KEY, ties: ties({ keyFrom: gone }) })
    assert.equal(await holder(lab), job.id)
  },

  'of many that want the key from the same holder at once, one gets it': async (lab) => {
    const first = await lab.add({ key: KEY })
    const jobs = Array.from({ length: 20 }, () =>
      lab.job({ key: KEY, delayMs: 1, ties: ties({ keyFrom: first.id }) }),
    )
    const answers = await Promise.all(jobs.map((job) => lab.engine.insert([job])))
    const winners = answers.flatMap(({ verdicts }) => verdicts.filter(({ status }) => status === 'inserted'))
    assert.equal(winners.length, 1)
    assert.equal(await holder(lab), winners[0]?.id)
  },
}

for (const state of FINISHED_STATES) {
  if (state === 'completed') continue
  cases[`a job that is ${state} and sent round again takes its key anew`] = async (lab) => {
    for (const given of [untilStart, ties({ keyMs: 60_000 })]) {
      const job = await lab.bring(state, { key: KEY, ties: given })
      assert.equal(await holder(lab), null)
      assert.deepEqual(await lab.engine.change([lab.change(job, 'ready')]), [{ status: 'ok' }])
      assert.equal(await holder(lab), job.id)
      const rival = await lab.get(job.id)
      await lab.engine.change([lab.change(rival, 'removed')])
    }
  }
  cases[`a job that is ${state} and held its key for a time is sent round again whoever has the key now`] =
    async (lab) => {
      const job = await lab.bring(state, { key: KEY, ties: forTime })
      lab.clock.advance(60_000)
      const other = await lab.add({ key: KEY, delayMs: 1 })
      assert.deepEqual(await lab.engine.change([lab.change(job, 'ready')]), [{ status: 'ok' }])
      assert.equal(await holder(lab), other.id)
    }
}

export const keyHolds: Subject = { subject: 'Holding a key', cases }
