import assert from 'node:assert/strict'
import { FINISHED_STATES } from '../../core/states.ts'
import type { FinishedRequest, KeptJob } from '../engine.ts'
import { idsOf, type Lab, ties } from './lab.ts'
import type { Subject } from './subject.ts'

/** A job with a value in everything that a job at rest can have. */
const everything = (lab: Lab, given: Partial<KeptJob['job']> = {}): KeptJob['job'] => ({
  ...{
    id: lab.newId(),
    task: 'tâche',
    queue: 'à faire',
    group: 'g \\ "1"',
    priority: 2,
    payload: '{"b":1, "a":"\\u0000"}',
  },
  ...{
    maxRetries: 7,
    leaseMs: 12_345,
    options: '{"timeoutMs":5}',
    key: 'clé',
    ref: 'réf',
    tags: '["x","y"]',
  },
  ...{
    state: 'dead',
    reason: 'exhausted',
    createdAt: 1_000,
    runAt: 2_000,
    startedAt: 3_000,
    finishedAt: 4_000,
  },
  ...{
    attempt: 6,
    retries: 5,
    crashes: 1,
    solo: true,
    fence: 9,
    worker: 'w 1',
    leaseUntil: null,
    started: false,
  },
  ...{ cancel: null, output: '{"out":[1]}', error: '{"name":"E","message":"m"}', history: '[{"at":1}]' },
  ...{ progress: '0.5', checkpoint: '{"step":2}' },
  ties: ties({ batch: 'b', parents: [{ id: lab.newId(), name: 'p', onFailure: 'run' }] }),
  ...given,
})

const line = (fence: number, seq: number) => ({
  fence,
  seq,
  at: 5,
  level: 'info' as const,
  message: `l ${seq}`,
})

const request = (given: Partial<FinishedRequest> = {}): FinishedRequest => ({
  ...{ state: 'completed', ageMs: 0, after: null, limit: 100 },
  ...given,
})

const restoreOne = async (lab: Lab, job: KeptJob['job'], log: KeptJob['log'] = []) =>
  (await lab.engine.restore([{ job, log }]))[0]

export const restoring: Subject = {
  subject: 'Keeping and restoring',
  cases: {
    'a restored job is what it was, in every value, with its log': async (lab) => {
      for (const state of FINISHED_STATES) {
        const job = everything(lab, { state })
        const log = [line(3, 1), line(3, 2), line(9, 1)]
        assert.deepEqual(await restoreOne(lab, job, log), { status: 'ok' })
        assert.deepEqual(await lab.get(job.id), job)
        assert.deepEqual(await lab.engine.logs({ id: job.id, after: null, limit: 10 }), log)
      }
    },

    'a bare job is restored as bare as it was': async (lab) => {
      const nothing = { group: null, maxRetries: null, leaseMs: null, options: null, key: null, ref: null }
      const more = { tags: null, reason: null, startedAt: null, worker: null, output: null, error: null }
      const last = { history: null, progress: null, checkpoint: null, attempt: 0, retries: 0, crashes: 0 }
      const job = everything(lab, { ...nothing, ...more, ...last, solo: false, fence: 0, state: 'cancelled' })
      assert.deepEqual(await restoreOne(lab, job), { status: 'ok' })
      assert.deepEqual(await lab.get(job.id), job)
    },

    'what was finished here is listed by its end, then id, with its log': async (lab) => {
      const first = await lab.run()
      const log = [{ seq: 1, at: 1, level: 'info' as const, message: 'hello' }]
      await lab.engine.report([{ id: first.id, fence: first.fence, log }])
      await lab.addMany(3)
      const others = await lab.claim()
      const settle = [...others].reverse().map((job) => lab.settlement(job, 'completed'))
      await lab.engine.exchange({ worker: null, settle })
      lab.clock.advance(10)
      await lab.settle(first, 'completed')
      await lab.bring('dead')
      const found = await lab.engine.finished(request())
      assert.deepEqual(idsOf(found.map(({ job }) => job)), [...idsOf(others), first.id])
      assert.deepEqual(found.at(-1)?.job, await lab.get(first.id))
      assert.deepEqual(
        found.map((one) => one.log.length),
        [0, 0, 0, 1],
      )
      assert.deepEqual(found.at(-1)?.log, await lab.engine.logs({ id: first.id, after: null, limit: 10 }))
    },

    'the young ones stay out, and a page continues the one before': async (lab) => {
      const ids: string[] = []
      for (let i = 0; i < 4; i++) {
        await lab.addMany(2)
        const jobs = await lab.claim()
        ids.push(...idsOf(jobs))
        await lab.engine.exchange({
          worker: null,
          settle: jobs.map((job) => lab.settlement(job, 'completed')),
        })
        lab.clock.advance(10)
      }
      const old = ids.slice(0, 6)
      const found: string[] = []
      let after: FinishedRequest['after'] = null
      for (;;) {
        const page: KeptJob[] = await lab.engine.finished(request({ ageMs: 20, after, limit: 3 }))
        found.push(...idsOf(page.map(({ job }) => job)))
        const last = page.at(-1)?.job
        if (last === undefined) break
        after = { finishedAt: last.finishedAt ?? 0, id: last.id }
      }
      assert.deepEqual(found, old)
      assert.deepEqual(await lab.engine.finished(request({ limit: 0 })), [])
    },

    'what one store lists, another one stores: a job survives the way there and back': async (lab) => {
      const job = await lab.bring('completed', { payload: '{"n": 1}', key: 'k', ref: 'r', tags: '["t"]' })
      const kept = await lab.engine.finished(request())
      await lab.engine.change([lab.change(job, 'removed')])
      assert.deepEqual(await lab.engine.get([job.id]), [null])
      assert.deepEqual(await lab.engine.restore(kept), [{ status: 'ok' }])
      assert.deepEqual(await lab.get(job.id), job)
      const page = { sort: { field: 'id', descending: false }, after: null, limit: 10 } as const
      assert.deepEqual(idsOf((await lab.engine.list({ ...page, key: 'k' })).jobs), [job.id])
      assert.deepEqual(idsOf((await lab.engine.list({ ...page, ref: 'r', states: ['completed'] })).jobs), [
        job.id,
      ])
      assert.deepEqual(await lab.engine.finished(request()), kept)
    },

    'restoring the same job again changes nothing, nor does an older one': async (lab) => {
      const job = everything(lab)
      await restoreOne(lab, job, [line(9, 1)])
      await lab.changesNothing(async () => {
        assert.deepEqual(await restoreOne(lab, { ...job, output: '"other"' }), { status: 'known' })
        assert.deepEqual(await restoreOne(lab, { ...job, fence: 8, state: 'completed' }), { status: 'known' })
      })
    },

    'a newer one takes the place of a finished one, wholly': async (lab) => {
      const old = everything(lab)
      await restoreOne(lab, old, [line(3, 1), line(9, 1)])
      const { id } = old
      const other = {
        payload: '"other"',
        queue: 'elsewhere',
        priority: 7,
        key: 'k2',
        ref: 'r2',
        createdAt: 1_500,
      }
      const job = everything(lab, {
        id,
        ...other,
        state: 'completed',
        fence: 12,
        finishedAt: 9_000,
        progress: null,
      })
      assert.deepEqual(await restoreOne(lab, job, [line(12, 1)]), { status: 'ok' })
      assert.deepEqual(await lab.get(id), job)
      assert.deepEqual(await lab.engine.logs({ id, after: null, limit: 10 }), [line(12, 1)])
      const page = { sort: { field: 'id', descending: false }, after: null, limit: 10 } as const
      assert.deepEqual((await lab.engine.list({ ...page, key: 'clé' })).jobs, [])
      assert.deepEqual(idsOf((await lab.engine.list({ ...page, key: 'k2' })).jobs), [id])
    },

    'a live job is never replaced': async (lab) => {
      const ready = await lab.add()
      const blocked = await lab.bring('blocked')
      await lab.changesNothing(async () => {
        for (const { id } of [ready, blocked]) {
          assert.deepEqual(await restoreOne(lab, everything(lab, { id, key: null })), { status: 'known' })
        }
      })
    },

    'a job that is restored as ready runs again, with a higher fence and all that it had': async (lab) => {
      const job = everything(lab, {
        state: 'ready',
        finishedAt: null,
        solo: false,
        fence: 10,
        runAt: lab.clock.now(),
      })
      assert.deepEqual(await restoreOne(lab, job, [line(9, 1)]), { status: 'ok' })
      assert.deepEqual(await lab.get(job.id), job)
      const [claimed, ...others] = await lab.claim()
      assert.deepEqual(others, [])
      assert.deepEqual([claimed?.id, claimed?.fence, claimed?.attempt], [job.id, 11, 6])
      assert.deepEqual([claimed?.checkpoint, claimed?.history], [job.checkpoint, job.history])
      assert.ok(claimed)
      assert.equal(await lab.settle(claimed, 'completed', { attempt: 7 }), 'ok')
    },

    'one key, one live job: a restored one takes its key, or is told who has it': async (lab) => {
      const ready = { state: 'ready', finishedAt: null, runAt: lab.clock.now() } as const
      const job = everything(lab, ready)
      assert.deepEqual(await restoreOne(lab, job), { status: 'ok' })
      const { verdicts } = await lab.engine.insert([lab.job({ key: 'clé' })])
      assert.deepEqual(verdicts, [{ status: 'duplicate', id: job.id }])
      const rival = everything(lab, ready)
      await lab.changesNothing(async () =>
        assert.deepEqual(await restoreOne(lab, rival), { status: 'key_taken', holder: job.id }),
      )
      assert.deepEqual(await restoreOne(lab, everything(lab)), { status: 'ok' })
    },

    'elements are judged in order, each seeing those before it': async (lab) => {
      const job = everything(lab, { fence: 3 })
      const ready = everything(lab, {
        id: job.id,
        state: 'ready',
        finishedAt: null,
        fence: 4,
        runAt: lab.clock.now(),
      })
      const rival = everything(lab, { state: 'ready', finishedAt: null })
      const list = [job, job, { ...ready, key: null }, { ...job, fence: 5 }, ready, rival]
      const verdicts = await lab.engine.restore(list.map((one) => ({ job: one, log: [] })))
      assert.deepEqual(
        verdicts.map(({ status }) => status),
        ['ok', 'known', 'ok', 'known', 'known', 'ok'],
      )
      assert.equal((await lab.get(job.id)).state, 'ready')
    },

    'a restored job can be pruned and removed like any other': async (lab) => {
      const [one, two] = [everything(lab), everything(lab)]
      await lab.engine.restore([one, two].map((job) => ({ job, log: [line(9, 1)] })))
      await lab.engine.change([lab.change(one, 'removed')])
      const rule = { state: 'dead', ageMs: 0, count: 0, minAgeMs: 0, limit: 10 } as const
      assert.deepEqual(await lab.engine.prune(rule), { removed: 1, more: false })
      assert.deepEqual(await lab.engine.get([one.id, two.id]), [null, null])
      assert.deepEqual(await lab.engine.logs({ id: two.id, after: null, limit: 10 }), [])
    },

    'many stores at once: of the same job one is stored': async (lab) => {
      const job = everything(lab)
      const answers = await Promise.all(Array.from({ length: 8 }, () => restoreOne(lab, job, [line(9, 1)])))
      assert.equal(answers.filter((one) => one?.status === 'ok').length, 1)
      assert.deepEqual(await lab.engine.logs({ id: job.id, after: null, limit: 10 }), [line(9, 1)])
    },

    'what runs, waits, or contradicts itself is not restored': async (lab) => {
      const wrong = [
        { state: 'running', finishedAt: null },
        { state: 'scheduled', finishedAt: null },
        { state: 'dead', finishedAt: null },
        { state: 'ready' },
        { started: true },
        { leaseUntil: 9 },
        { cancel: '{}' },
        { payload: 'a\0b' },
      ] as const
      for (const given of wrong) {
        await lab.refuses('E_ARGUMENT', () => restoreOne(lab, everything(lab, given)))
      }
      await lab.refuses('E_ARGUMENT', () => lab.engine.finished(request({ state: 'ready' as never })))
    },
  },
}
