import assert from 'node:assert/strict'
import type { NewJob } from '../../core/job.ts'
import { PAYLOAD_BYTES_MAX } from '../../core/limits.ts'
import { idsOf, type Lab } from './lab.ts'
import type { Subject } from './subject.ts'

/** JSON text that a store which reads and writes JSON would not give back as it was. */
const TEXTS: readonly string[] = [
  ...['null', 'true', '0', '-0', '1e400', '-1E-400', '1.0', '0.1', '1e2', '123456789012345678901234567890'],
  ...[
    '9007199254740993',
    '-9007199254740993',
    '""',
    '{}',
    '[]',
    '[ ]',
    '{ "b" : 1,\n\t"a" : 2 }',
    ' {"a":1} ',
  ],
  ...['{"a":1,"a":2}', '{"b":1,"a":2,"10":3,"9":4}', '{"__proto__":1,"constructor":2}', '"\\u0041"', '"A"'],
  ...[
    '"\\u0000"',
    '"\\ud800"',
    '"\\/"',
    '"/"',
    '"\\n"',
    '"\u2028\u2029"',
    '"\u007f\u0080\ufeff\ufffe\uffff"',
  ],
  ...[
    '"\u{1f4ec}\u{10ffff}"',
    '"k\u00e9"',
    '"ke\u0301"',
    '"\u0645\u0631\u062d\u0628\u0627"',
    '"\u202e\u200d"',
  ],
  ...[
    '"Z\u0351\u036b\u0343"',
    `"'; DROP TABLE jobs; --"`,
    '"%s %d ${x} {{y}} \\\\"',
    '"\\\\u0000"',
    '\ufeff{}',
  ],
]

/** Words for names, keys and references, where anything goes that is text. */
const WORDS = [
  ' ',
  '',
  "'",
  '"',
  '\\',
  'a\nb',
  '\ufeff',
  '\u{1f4ec}',
  'k\u00e9',
  'ke\u0301',
  '0',
  'null',
  '%',
  '\u001f',
]

export const fidelity: Subject = {
  subject: 'Fidelity',
  cases: {
    'payloads come back byte for byte, wherever they are read': async (lab) => {
      const texts = [...TEXTS]
      const jobs = await lab.addMany(texts.length, (index) => ({ payload: texts[index] as string }))
      const payloads = (found: readonly ({ readonly payload: string } | null)[]) =>
        found.map((job) => job?.payload)
      assert.deepEqual(payloads(await lab.engine.get(idsOf(jobs))), texts)
      const query = { sort: { field: 'id', descending: false }, after: null, limit: 200 } as const
      assert.deepEqual(payloads((await lab.engine.list(query)).jobs), texts)
      const claimed = await lab.claim({ limit: 1_000 })
      assert.deepEqual(payloads(claimed), texts)
      lab.clock.advance(1_000_000)
      assert.deepEqual(payloads(await lab.engine.expired({ limit: 1_000, after: null })), texts)
    },

    'every other text of a job comes back byte for byte': async (lab) => {
      for (const text of [...TEXTS, ...WORDS]) {
        const words = { task: text, queue: text, group: text, options: text, key: text, ref: text }
        const tags = JSON.stringify([text])
        const job = await lab.run({ ...words, tags })
        const { id, fence } = job
        assert.deepEqual({ ...job, ...words, tags }, job)
        await lab.engine.report([{ id, fence, progress: text, checkpoint: text }])
        const reported = await lab.get(id)
        assert.deepEqual([reported.progress, reported.checkpoint], [text, text])
        await lab.settle(job, 'dead', { reason: text, output: text, error: text, history: text })
        const { reason, output, error, history } = await lab.get(id)
        assert.deepEqual([reason, output, error, history], [text, text, text, text])
      }
    },

    'log lines, documents, workers and queues keep their text too': async (lab) => {
      const { id, fence } = await lab.run()
      const all = [...TEXTS, ...WORDS]
      const log = all.map((message, index) => ({ seq: index + 1, at: 1, level: 'info' as const, message }))
      await lab.engine.report([{ id, fence, log }])
      const lines = await lab.engine.logs({ id, after: null, limit: 1_000 })
      assert.deepEqual(
        lines.map(({ message }) => message),
        all,
      )
      const writes = all.map((value, index) => ({
        collection: 'things',
        key: `${index}`,
        value,
        expect: 0,
        ttlMs: null,
      }))
      await lab.engine.putRecords(writes)
      const records = await lab.engine.getRecords(writes)
      assert.deepEqual(
        records.map((record) => record?.value),
        all,
      )
      await lab.engine.beat(all.map((about, index) => ({ id: `w${index}`, about, ttlMs: 1_000 })))
      assert.deepEqual((await lab.engine.workers()).map(({ about }) => about).sort(), [...all].sort())
      await lab.engine.pause([{ queue: '\u{1f4ec}', paused: true, by: '\u202e' }])
      assert.ok(
        (await lab.engine.queues()).some(
          ({ queue, pausedBy }) => queue === '\u{1f4ec}' && pausedBy === '\u202e',
        ),
      )
    },

    'the largest payload fits': async (lab) => {
      const payload = JSON.stringify('\u{1f4ec}'.repeat((PAYLOAD_BYTES_MAX - 2) / 4 - 1))
      assert.equal((await lab.run({ payload })).payload, payload)
    },

    'whole numbers are kept up to the greatest safe one': async (lab) => {
      const max = Number.MAX_SAFE_INTEGER
      const job = await lab.add({ runAt: max, maxRetries: max, leaseMs: 2 ** 40, priority: 9 })
      assert.deepEqual([job.runAt, job.maxRetries, job.leaseMs, job.priority], [max, max, 2 ** 40, 9])
      const zero = await lab.add({ runAt: 0, maxRetries: 0, leaseMs: 0, priority: 0 })
      assert.deepEqual([zero.runAt, zero.maxRetries, zero.leaseMs, zero.priority], [0, 0, 0, 0])
    },

    'null and empty text are different things': async (lab) => {
      const empty = { group: '', options: '', key: '', ref: '' }
      const none = { group: null, options: null, key: null, ref: null }
      for (const given of [empty, none])
        assert.deepEqual({ ...(await lab.add(given)), ...given }, await last(lab))
    },

    'a NUL character or half of a surrogate pair is refused, whichever field it is in': async (lab) => {
      const fields: readonly (keyof NewJob)[] = [
        'task',
        'queue',
        'group',
        'payload',
        'blocked',
        'options',
        'key',
        'ref',
      ]
      const job = await lab.run()
      for (const text of ['a\u0000b', '\ud83d', '\udcec\ud83d']) {
        for (const field of fields) {
          await lab.refuses('E_ARGUMENT', () => lab.engine.insert([lab.job(), lab.job({ [field]: text })]))
        }
        for (const field of ['reason', 'output', 'error', 'history', 'progress', 'checkpoint']) {
          await lab.refuses('E_ARGUMENT', () => lab.settle(job, 'completed', { [field]: text }))
        }
        const log = [{ seq: 1, at: 1, level: 'info' as const, message: text }]
        await lab.refuses('E_ARGUMENT', () => lab.engine.report([{ id: job.id, fence: job.fence, log }]))
        const write = { collection: 'things', key: text, value: '1', expect: null, ttlMs: null }
        await lab.refuses('E_ARGUMENT', () => lab.engine.putRecords([write]))
        await lab.refuses('E_ARGUMENT', () => lab.engine.putRecords([{ ...write, key: 'k', value: text }]))
        await lab.refuses('E_ARGUMENT', () => lab.engine.beat([{ id: 'w', about: text, ttlMs: 1 }]))
      }
    },

    'what was given and what is handed out are copies: changing them changes nothing in the store': async (
      lab,
    ) => {
      const given = lab.job()
      await lab.engine.insert([given])
      const [found] = await lab.engine.get([given.id])
      for (const job of [given, found]) {
        assert.ok(job)
        try {
          Object.assign(job, { payload: '"changed"', state: 'dead' })
        } catch (error) {
          assert.ok(error instanceof TypeError, 'an engine may freeze what it hands out')
        }
      }
      const kept = await lab.get(given.id)
      assert.deepEqual([kept.payload, kept.state], ['{}', 'ready'])
    },
  },
}

/** The newest job. */
const last = async (lab: Lab) =>
  (await lab.engine.list({ sort: { field: 'id', descending: true }, after: null, limit: 1 })).jobs[0]
