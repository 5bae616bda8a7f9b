import assert from 'node:assert/strict'
import { LOG_LINES_MAX } from '../../core/limits.ts'
import type { LogLine } from '../engine.ts'
import type { Lab } from './lab.ts'
import type { Subject } from './subject.ts'

const line = (seq: number, message = `line ${seq}`): LogLine => ({
  seq,
  at: seq * 10,
  level: 'info',
  message,
})
const lines = (from: number, to: number): LogLine[] =>
  Array.from({ length: to - from + 1 }, (_, i) => line(from + i))

const logOf = async (
  lab: Lab,
  id: string,
  after: { fence: number; seq: number } | null = null,
  limit = 1_000,
) => await lab.engine.logs({ id, after, limit })

export const reporting: Subject = {
  subject: 'Progress, checkpoints and logs',
  cases: {
    'progress and checkpoint are kept; what is not named stays, null clears': async (lab) => {
      const job = await lab.run()
      const lease = { id: job.id, fence: job.fence }
      const valuesAfter = async (given: { progress?: string | null; checkpoint?: string | null }) => {
        assert.deepEqual(await lab.engine.report([{ ...lease, ...given }]), ['ok'])
        const { progress, checkpoint } = await lab.get(job.id)
        return [progress, checkpoint]
      }
      assert.deepEqual(await valuesAfter({ progress: '0.5' }), ['0.5', null])
      assert.deepEqual(await valuesAfter({ checkpoint: '{"page":3}' }), ['0.5', '{"page":3}'])
      assert.deepEqual(await valuesAfter({}), ['0.5', '{"page":3}'])
      assert.deepEqual(await valuesAfter({ progress: null }), [null, '{"page":3}'])
      assert.deepEqual(await valuesAfter({ checkpoint: null, progress: '1' }), ['1', null])
    },

    'a checkpoint survives the run that wrote it': async (lab) => {
      const job = await lab.run()
      await lab.engine.report([{ id: job.id, fence: job.fence, checkpoint: '{"page":3}' }])
      await lab.settle(job, 'ready')
      assert.equal((await lab.claim())[0]?.checkpoint, '{"page":3}')
    },

    'two reports of one job in one call are written in order': async (lab) => {
      const { id, fence } = await lab.run()
      const reports = [
        { id, fence, progress: '1', log: [line(1)] },
        { id, fence, progress: '2', log: [line(2)] },
      ]
      assert.deepEqual(await lab.engine.report(reports), ['ok', 'ok'])
      assert.equal((await lab.get(id)).progress, '2')
      assert.equal((await logOf(lab, id)).length, 2)
    },

    'a job that does not run reports nothing': async (lab) => {
      for (const state of ['completed', 'ready', 'retrying', 'dead'] as const) {
        const { id, fence } = await lab.bring(state)
        const report = [{ id, fence, progress: '1', checkpoint: '1', log: [line(1)] }]
        assert.deepEqual(await lab.changesNothing(() => lab.engine.report(report)), ['stale'])
        await lab.engine.change([lab.change(await lab.get(id), 'removed')])
        assert.deepEqual(await lab.changesNothing(() => lab.engine.report(report)), ['missing'])
      }
    },

    'log lines come back in order, whole, with the run that wrote them': async (lab) => {
      const job = await lab.run()
      const log: LogLine[] = [
        { seq: 2, at: 20, level: 'warn', message: 'second' },
        { seq: 1, at: 99, level: 'debug', message: 'first\nof two lines' },
        { seq: 3, at: 0, level: 'error', message: '' },
      ]
      await lab.engine.report([{ id: job.id, fence: job.fence, log }])
      const expected = [log[1], log[0], log[2]].map((one) => ({ fence: job.fence, ...one }))
      assert.deepEqual(await logOf(lab, job.id), expected)
    },

    'a line that comes again is stored once, as it came first': async (lab) => {
      const { id, fence } = await lab.run()
      await lab.engine.report([{ id, fence, log: [line(1), line(2)] }])
      const again = [{ id, fence, log: [line(1), line(2, 'changed')] }]
      assert.deepEqual(await lab.changesNothing(() => lab.engine.report(again)), ['ok'])
    },

    'lines of several runs follow each other, each run counting from one': async (lab) => {
      const first = await lab.run()
      await lab.engine.report([{ id: first.id, fence: first.fence, log: lines(1, 2) }])
      await lab.settle(first, 'ready')
      const [second] = await lab.claim()
      assert.ok(second)
      await lab.engine.report([{ id: second.id, fence: second.fence, log: lines(1, 2) }])
      const places = (await logOf(lab, first.id)).map(({ fence, seq }) => [fence, seq])
      assert.deepEqual(places, [
        [1, 1],
        [1, 2],
        [2, 1],
        [2, 2],
      ])
    },

    'a page of lines begins after the last one and ends at the limit': async (lab) => {
      const { id, fence } = await lab.run()
      await lab.engine.report([{ id, fence, log: lines(1, 10) }])
      const seqs = async (after: number | null, limit: number) =>
        (await logOf(lab, id, after === null ? null : { fence, seq: after }, limit)).map(({ seq }) => seq)
      assert.deepEqual(await seqs(null, 3), [1, 2, 3])
      assert.deepEqual(await seqs(3, 3), [4, 5, 6])
      assert.deepEqual(await seqs(9, 3), [10])
      assert.deepEqual(await seqs(10, 3), [])
      assert.deepEqual(await logOf(lab, id, { fence: fence - 1, seq: 99 }, 1), [{ fence, ...line(1) }])
    },

    [`the newest ${LOG_LINES_MAX} lines of a job are kept`]: async (lab) => {
      const { id, fence } = await lab.run()
      const other = await lab.run()
      await lab.engine.report([{ id: other.id, fence: other.fence, log: [line(1)] }])
      await lab.engine.report([{ id, fence, log: lines(1, LOG_LINES_MAX) }])
      await lab.engine.report([{ id, fence, log: lines(LOG_LINES_MAX + 1, LOG_LINES_MAX + 3) }])
      const kept = await logOf(lab, id)
      assert.deepEqual([kept.length, kept[0]?.seq, kept.at(-1)?.seq], [LOG_LINES_MAX, 4, LOG_LINES_MAX + 3])
      assert.equal((await logOf(lab, other.id)).length, 1)
    },

    'a job that does not exist has no log': async (lab) => {
      assert.deepEqual(await logOf(lab, lab.newId()), [])
    },
  },
}
