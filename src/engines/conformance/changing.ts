import assert from 'node:assert/strict'
import { decideAction } from '../../core/decide.ts'
import type { Change } from '../../core/job.ts'
import { idsOf, type Lab } from './lab.ts'
import type { Subject } from './subject.ts'

const who = (lab: Lab) => ({ by: 'operator', at: lab.clock.now() })

const VALUES: Partial<Change> = {
  ...{ attempt: 4, retries: 3, crashes: 2, solo: true, reason: 'because', output: '{"o":1}' },
  ...{ error: '{"name":"E","message":"m"}', history: '[{"at":1}]' },
}

export const changing: Subject = {
  subject: 'Changes by operators',
  cases: {
    'a change writes its values, raises the fence, and leaves the rest': async (lab) => {
      const job = await lab.bring('dead', { payload: '[1]', ref: 'r' })
      lab.clock.advance(10)
      assert.deepEqual(await lab.engine.change([lab.change(job, 'ready', { ...VALUES, delayMs: 0 })]), [
        { status: 'ok' },
      ])
      const now = lab.clock.now()
      const expected = {
        ...job,
        ...VALUES,
        state: 'ready',
        fence: job.fence + 1,
        finishedAt: null,
        runAt: now,
      }
      assert.deepEqual(await lab.get(job.id), expected)
    },

    'without a delay the due time stays': async (lab) => {
      const job = await lab.bring('scheduled')
      await lab.engine.change([lab.change(job, 'ready')])
      assert.equal((await lab.get(job.id)).runAt, job.runAt)
    },

    'a priority that is given takes the job to its new place, also in a queue of groups': async (lab) => {
      for (const group of [null, 'g']) {
        const queue = `q-${group}`
        const first = await lab.add({ queue, group })
        const second = await lab.add({ queue, group })
        const third = await lab.add({ queue, group: group === null ? null : 'h' })
        const raised = { ...lab.change(third, 'ready'), priority: 2 }
        const lowered = { ...lab.change(first, 'ready'), priority: 9 }
        assert.deepEqual(await lab.engine.change([raised, lowered]), [{ status: 'ok' }, { status: 'ok' }])
        const now = await lab.get(raised.id)
        assert.deepEqual(now, { ...third, priority: 2, fence: 1 })
        // Left out, it stays.
        await lab.engine.change([lab.change(now, 'ready')])
        assert.equal((await lab.get(raised.id)).priority, 2)
        assert.deepEqual(idsOf(await lab.claim({ queues: [queue], limit: 3 })), idsOf([third, second, first]))
      }
    },

    'a job that ends by a change has its end stamped': async (lab) => {
      const job = await lab.add()
      lab.clock.advance(99)
      await lab.engine.change([lab.change(job, 'cancelled')])
      assert.equal((await lab.get(job.id)).finishedAt, lab.clock.now())
    },

    'a change that was carried out already is stale, or missing after a removal': async (lab) => {
      const job = await lab.add()
      const cancel = [lab.change(job, 'cancelled')]
      assert.deepEqual(await lab.engine.change(cancel), [{ status: 'ok' }])
      assert.deepEqual(await lab.changesNothing(() => lab.engine.change(cancel)), [{ status: 'stale' }])
      const remove = [lab.change(await lab.get(job.id), 'removed')]
      assert.deepEqual(await lab.engine.change(remove), [{ status: 'ok' }])
      assert.deepEqual(await lab.changesNothing(() => lab.engine.change(remove)), [{ status: 'missing' }])
    },

    'one call may have every verdict, in its order': async (lab) => {
      const done = await lab.bring('completed')
      const dead = await lab.bring('dead', { key: 'k' })
      const ready = await lab.add()
      const holder = await lab.add({ key: 'k' })
      const changes = [
        lab.change(ready, 'cancelled'),
        lab.change({ ...done, fence: 7 }, 'removed'),
        lab.change({ ...ready, id: lab.newId() }, 'cancelled'),
        lab.change(dead, 'ready'),
        lab.change(done, 'removed'),
      ]
      assert.deepEqual(await lab.engine.change(changes), [
        { status: 'ok' },
        { status: 'stale' },
        { status: 'missing' },
        { status: 'key_taken', holder: holder.id },
        { status: 'ok' },
      ])
    },

    'two changes of one job in one call: the second is stale': async (lab) => {
      const job = await lab.add()
      const verdicts = await lab.engine.change([lab.change(job, 'cancelled'), lab.change(job, 'removed')])
      assert.deepEqual(verdicts, [{ status: 'ok' }, { status: 'stale' }])
    },

    'a claim between reading and changing wins': async (lab) => {
      const job = await lab.add()
      await lab.claim()
      const cancel = () => lab.engine.change([lab.change(job, 'cancelled')])
      assert.deepEqual(await lab.changesNothing(cancel), [{ status: 'stale' }])
    },

    'a change between claim and settlement cannot happen: a running job is not changed': async (lab) => {
      const job = await lab.run()
      await lab.refuses('E_ARGUMENT', () => lab.engine.change([lab.change(job, 'cancelled')]))
    },

    'a job that went through ready twice is not mistaken for the first one': async (lab) => {
      const job = await lab.add()
      const [running] = await lab.claim()
      assert.ok(running)
      await lab.settle(running, 'ready')
      const cancel = () => lab.engine.change([lab.change(job, 'cancelled')])
      assert.deepEqual(await lab.changesNothing(cancel), [{ status: 'stale' }])
    },

    'a worker whose job was cancelled and sent round again under its feet is stale': async (lab) => {
      const job = await lab.run()
      await lab.settle(job, 'dead')
      await lab.engine.change([lab.change(await lab.get(job.id), 'ready')])
      const repeat = () => lab.settle(job, 'dead')
      assert.equal(await lab.changesNothing(repeat), 'stale')
    },

    'a removed job is gone, with its log': async (lab) => {
      const job = await lab.run()
      const log = [{ seq: 1, at: 1, level: 'info' as const, message: 'hello' }]
      await lab.engine.report([{ id: job.id, fence: job.fence, log }])
      await lab.settle(job, 'completed')
      await lab.engine.change([lab.change(await lab.get(job.id), 'removed')])
      assert.deepEqual(await lab.engine.get([job.id]), [null])
      assert.deepEqual(await lab.engine.logs({ id: job.id, after: null, limit: 10 }), [])
      await lab.add({ id: job.id })
      assert.deepEqual(await lab.engine.logs({ id: job.id, after: null, limit: 10 }), [])
    },

    'a cancelled or removed job is not claimed': async (lab) => {
      const [one, two, three] = [await lab.add(), await lab.add(), await lab.add()]
      await lab.engine.change([lab.change(one, 'cancelled'), lab.change(two, 'removed')])
      assert.deepEqual(idsOf(await lab.claim()), [three.id])
    },

    'of many operators who act at once, one is heard': async (lab) => {
      const job = await lab.bring('dead')
      const answers = await Promise.all(
        Array.from({ length: 10 }, () => lab.engine.change([lab.change(job, 'ready')])),
      )
      assert.equal(answers.flat().filter(({ status }) => status === 'ok').length, 1)
      assert.equal((await lab.get(job.id)).fence, job.fence + 1)
    },

    "what the rules decide for an operator's retry, the store keeps": async (lab) => {
      const job = await lab.bring('dead')
      const decision = decideAction(job, { kind: 'retry' }, who(lab))
      assert.ok(decision.kind === 'change')
      assert.deepEqual(await lab.engine.change([decision.change]), [{ status: 'ok' }])
      const after = await lab.get(job.id)
      assert.deepEqual([after.state, after.retries, after.attempt], ['ready', 0, job.attempt])
      assert.equal(JSON.parse(after.history ?? '[]').at(-1).event, 'retry')
    },
  },
}
