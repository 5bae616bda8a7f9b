import assert from 'node:assert/strict'
import { DELAY_MS, type Lab } from './lab.ts'
import type { Subject } from './subject.ts'

const document = { collection: 'things', key: 'tick', value: '1', expect: 0, ttlMs: null }

export const adding: Subject = {
  subject: 'Adding jobs',
  cases: {
    'a new job has the values it was given and fresh ones for the rest': async (lab) => {
      const given = lab.job({
        ...{
          task: 'report',
          queue: 'slow',
          group: 'tenant-1',
          priority: 3,
          payload: '{"a":1}',
          maxRetries: 2,
        },
        ...{ leaseMs: 5_000, options: '{"timeoutMs":1}', key: 'k', ref: '42', tags: '["x","y"]' },
      })
      await lab.engine.insert([given])
      const { delayMs: _, blocked: __, ...kept } = given
      const now = lab.clock.now()
      assert.deepEqual(await lab.get(given.id), {
        ...kept,
        ...{ state: 'ready', reason: null, createdAt: now, runAt: now, startedAt: null, finishedAt: null },
        ...{ attempt: 0, retries: 0, crashes: 0, solo: false, fence: 0, worker: null, leaseUntil: null },
        ...{ started: false, cancel: null, output: null, error: null, history: null, progress: null },
        checkpoint: null,
      })
    },

    'the store stamps jobs with its own now, and answers it': async (lab) => {
      lab.clock.advance(1_234)
      const { now } = await lab.engine.insert([lab.job()])
      assert.equal(now, lab.clock.now())
    },

    'blocked goes before due later, and due later before ready': async (lab) => {
      const now = lab.clock.now()
      const cases = [
        { given: { blocked: 'waits', delayMs: 5 }, state: 'blocked', runAt: now + 5, reason: 'waits' },
        { given: { delayMs: DELAY_MS }, state: 'scheduled', runAt: now + DELAY_MS, reason: null },
        { given: { runAt: now + 1 }, state: 'scheduled', runAt: now + 1, reason: null },
        { given: { runAt: now + 1, delayMs: 9 }, state: 'scheduled', runAt: now + 1, reason: null },
        { given: { runAt: now, delayMs: 9 }, state: 'ready', runAt: now, reason: null },
        { given: { runAt: now - 1_000 }, state: 'ready', runAt: now - 1_000, reason: null },
        { given: {}, state: 'ready', runAt: now, reason: null },
      ]
      for (const { given, ...expected } of cases) {
        const { state, runAt, reason } = await lab.add(given)
        assert.deepEqual({ state, runAt, reason }, expected)
      }
    },

    'the same call again answers the same and changes nothing, whatever became of the jobs': async (lab) => {
      const jobs = [lab.job(), lab.job({ key: 'k' }), lab.job({ delayMs: 10 })]
      const first = await lab.engine.insert(jobs)
      assert.deepEqual((await lab.changesNothing(() => lab.engine.insert(jobs))).verdicts, first.verdicts)
      const running = await lab.claim()
      await lab.engine.exchange({
        worker: null,
        settle: running.map((job) => lab.settlement(job, 'completed')),
      })
      assert.deepEqual((await lab.changesNothing(() => lab.engine.insert(jobs))).verdicts, first.verdicts)
    },

    'an id twice in one call is one job, the first': async (lab) => {
      const job = lab.job()
      const { verdicts } = await lab.engine.insert([job, { ...job, payload: '2' }])
      assert.deepEqual(verdicts, Array(2).fill({ status: 'inserted', id: job.id }))
      assert.equal((await lab.get(job.id)).payload, '{}')
    },

    'one call may have every verdict, in its order': async (lab) => {
      const known = await lab.add()
      const holder = await lab.add({ key: 'k' })
      const fresh = lab.job()
      const duplicate = lab.job({ key: 'k' })
      const { verdicts } = await lab.engine.insert([
        fresh,
        duplicate,
        lab.job({ id: known.id }),
        lab.job({ id: holder.id, key: 'k' }),
      ])
      assert.deepEqual(verdicts, [
        { status: 'inserted', id: fresh.id },
        { status: 'duplicate', id: holder.id },
        { status: 'inserted', id: known.id },
        { status: 'inserted', id: holder.id },
      ])
      assert.deepEqual(await lab.engine.get([duplicate.id]), [null])
    },

    'with records that fit, jobs and records are written': async (lab) => {
      const job = lab.job()
      const answer = await lab.engine.insert([job], { records: [document] })
      assert.deepEqual(answer.verdicts, [{ status: 'inserted', id: job.id }])
      assert.equal(answer.recordsOk, true)
      const [record] = await lab.engine.getRecords([document])
      assert.deepEqual(record, { collection: 'things', key: 'tick', value: '1', version: 1, expiresAt: null })
    },

    'with one record that does not fit, nothing is written, and every job is refused': async (lab) => {
      await lab.engine.putRecords([document])
      const jobs = [lab.job(), lab.job()]
      const records = [{ ...document, key: 'other' }, document]
      const answer = await lab.changesNothing(() => lab.engine.insert(jobs, { records }))
      assert.deepEqual(
        answer.verdicts,
        jobs.map(({ id }) => ({ status: 'refused', id })),
      )
      assert.equal(answer.recordsOk, false)
    },

    'of many callers with the same condition, one adds its job': async (lab) => {
      const calls = Array.from({ length: 20 }, () => lab.engine.insert([lab.job()], { records: [document] }))
      const answers = await Promise.all(calls)
      assert.equal(answers.filter(({ recordsOk }) => recordsOk).length, 1)
      assert.equal((await lab.engine.counts())[0]?.count, 1)
    },

    'a duplicate, or no job at all, does not hinder the records': async (lab) => {
      await lab.add({ key: 'k' })
      const first = await lab.engine.insert([lab.job({ key: 'k' })], { records: [document] })
      assert.equal(first.recordsOk, true)
      const second = await lab.engine.insert([], { records: [{ ...document, value: '2', expect: 1 }] })
      assert.deepEqual([second.recordsOk, second.verdicts], [true, []])
      assert.equal((await lab.engine.getRecords([document]))[0]?.value, '2')
    },

    'without records, they are said to be fine': async (lab) => {
      assert.equal((await lab.engine.insert([lab.job()])).recordsOk, true)
    },

    'a job that was removed may be added again': async (lab) => {
      const job = await lab.add()
      await lab.engine.change([lab.change(job, 'removed')])
      assert.equal((await lab.add({ id: job.id, payload: '"new"' })).payload, '"new"')
    },

    'many single adds at the same time all arrive': async (lab) => {
      const jobs = Array.from({ length: 200 }, () => lab.job())
      await Promise.all(jobs.map((job) => lab.engine.insert([job])))
      assert.ok((await lab.engine.get(jobs.map(({ id }) => id))).every((job) => job?.state === 'ready'))
    },

    'one bad job refuses the whole call': async (lab) => {
      const bad: Partial<Parameters<Lab['job']>[0]>[] = [
        ...[{ id: 'not-a-uuid' }, { id: lab.newId().toUpperCase() }, { priority: 10 }, { priority: -1 }],
        ...[{ priority: 1.5 }, { delayMs: -1 }, { delayMs: 0.5 }, { delayMs: Number.NaN }, { runAt: 1e300 }],
        ...[
          { maxRetries: -1 },
          { tags: '{}' },
          { tags: '[1]' },
          { tags: 'x' },
          { payload: undefined as never },
        ],
      ]
      for (const given of bad) {
        await lab.refuses('E_ARGUMENT', () => lab.engine.insert([lab.job(), lab.job(given), lab.job()]))
      }
    },
  },
}
