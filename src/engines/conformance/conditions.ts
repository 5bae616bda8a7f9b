import assert from 'node:assert/strict'
import type { Subject } from './subject.ts'

/** Changes of other jobs that are a condition of an insert. */

const KEY = 'invoice 42'

export const conditions: Subject = {
  subject: 'Inserting on a condition',
  cases: {
    'a job takes the place of the one that it ends, with its key': async (lab) => {
      const old = await lab.bring('scheduled', { key: KEY })
      const next = lab.job({ key: KEY })
      const changes = [lab.change(old, 'cancelled', { reason: 'replaced' })]
      assert.deepEqual(await lab.engine.insert([next], { changes }), {
        now: lab.clock.now(),
        verdicts: [{ status: 'inserted', id: next.id }],
        recordsOk: true,
        changed: ['ok'],
      })
      const after = await lab.get(old.id)
      assert.equal(after.state, 'cancelled')
      assert.equal(after.reason, 'replaced')
      assert.equal(after.fence, old.fence + 1)
      const { verdicts } = await lab.engine.insert([lab.job({ key: KEY })])
      assert.deepEqual(verdicts, [{ status: 'duplicate', id: next.id }])
    },

    'a change that does not find its job as it was hinders everything': async (lab) => {
      const [old, fine] = [await lab.bring('ready'), await lab.bring('scheduled')]
      const gone = await lab.bring('blocked')
      await lab.engine.change([lab.change(gone, 'removed')])
      const wrong = [
        lab.change(old, 'cancelled', { fence: old.fence + 1 }),
        lab.change(fine, 'cancelled'),
        lab.change(gone, 'cancelled'),
      ]
      const job = lab.job()
      const records = [{ collection: 'things', key: 'k', value: '1', expect: 0, ttlMs: null }]
      assert.deepEqual(
        await lab.changesNothing(() => lab.engine.insert([job], { changes: wrong, records })),
        {
          now: lab.clock.now(),
          verdicts: [{ status: 'refused', id: job.id }],
          recordsOk: true,
          changed: ['stale', 'ok', 'missing'],
        },
      )
    },

    'a document that was changed hinders the changes, too': async (lab) => {
      const old = await lab.bring('ready')
      const records = [{ collection: 'things', key: 'k', value: '1', expect: 7, ttlMs: null }]
      const answer = await lab.changesNothing(() =>
        lab.engine.insert([lab.job()], { changes: [lab.change(old, 'cancelled')], records }),
      )
      assert.equal(answer.recordsOk, false)
      assert.equal(answer.verdicts[0]?.status, 'refused')
    },

    'changes may come without a job': async (lab) => {
      const old = await lab.bring('scheduled')
      const changes = [lab.change(old, 'ready', { delayMs: 0 })]
      assert.deepEqual((await lab.engine.insert([], { changes })).changed, ['ok'])
      assert.equal((await lab.get(old.id)).state, 'ready')
    },

    'a due time is moved, earlier and later': async (lab) => {
      const job = await lab.bring('scheduled')
      const move = async (delayMs: number, to: 'scheduled' | 'ready') => {
        const changes = [lab.change(await lab.get(job.id), to, { delayMs })]
        assert.deepEqual((await lab.engine.insert([], { changes })).changed, ['ok'])
        const after = await lab.get(job.id)
        assert.deepEqual([after.state, after.runAt], [to, lab.clock.now() + delayMs])
      }
      await move(5_000, 'scheduled')
      await move(500_000, 'scheduled')
      await move(0, 'ready')
      await move(1_000, 'scheduled')
      const { nextDueAt } = await lab.engine.promote({ limit: 0 })
      assert.equal(nextDueAt, lab.clock.now() + 1_000)
      lab.clock.advance(1_000)
      assert.equal((await lab.engine.promote({ limit: 10 })).promoted, 1)
      assert.deepEqual(
        (await lab.claim()).map(({ id }) => id),
        [job.id],
      )
    },

    'of many that replace the same job at once, one does': async (lab) => {
      const old = await lab.bring('scheduled', { key: KEY })
      const answers = await Promise.all(
        Array.from({ length: 20 }, () =>
          lab.engine.insert([lab.job({ key: KEY })], { changes: [lab.change(old, 'cancelled')] }),
        ),
      )
      assert.equal(answers.filter(({ verdicts }) => verdicts[0]?.status === 'inserted').length, 1)
      assert.equal(answers.filter(({ changed }) => changed[0] === 'stale').length, 19)
    },

    'changes that make a job live, or name one twice, are refused': async (lab) => {
      const [dead, ready] = [await lab.bring('dead'), await lab.bring('ready')]
      const insert = (changes: Parameters<typeof lab.change>[]) => () =>
        lab.engine.insert([lab.job()], { changes: changes.map((one) => lab.change(...one)) })
      await lab.refuses('E_ARGUMENT', insert([[dead, 'ready']]))
      await lab.refuses('E_ARGUMENT', insert([[dead, 'removed']]))
      await lab.refuses(
        'E_ARGUMENT',
        insert([
          [ready, 'cancelled'],
          [ready, 'cancelled'],
        ]),
      )
    },
  },
}
