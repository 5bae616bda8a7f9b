import assert from 'node:assert/strict'
import type { RecordWrite } from '../../core/job.ts'
import { RECORD_BYTES_MAX, RECORD_KEY_LENGTH_MAX } from '../../core/limits.ts'
import type { Lab } from './lab.ts'
import type { Subject } from './subject.ts'

const write = (given: Partial<RecordWrite> = {}): RecordWrite => ({
  ...{ collection: 'things', key: 'k', value: '{"v":1}', expect: null, ttlMs: null },
  ...given,
})
const find = async (lab: Lab, key = 'k', collection = 'things') =>
  (await lab.engine.getRecords([{ collection, key }]))[0]
const keysOf = async (lab: Lab, given: { prefix?: string; after?: string; limit?: number } = {}) => {
  const request = { collection: 'things', prefix: '', after: null, limit: 100, ...given }
  return (await lab.engine.listRecords(request)).map(({ key }) => key)
}
const ok = (version: number) => ({ status: 'ok', version }) as const

export const documents: Subject = {
  subject: 'Documents',
  cases: {
    'versions begin at 1 and rise with every write': async (lab) => {
      assert.deepEqual(await lab.engine.putRecords([write()]), [ok(1)])
      assert.deepEqual(await lab.engine.putRecords([write({ value: '2' })]), [ok(2)])
      assert.deepEqual(await find(lab), {
        collection: 'things',
        key: 'k',
        value: '2',
        version: 2,
        expiresAt: null,
      })
    },

    'a write that expects a version is carried out on that one alone': async (lab) => {
      assert.deepEqual(await lab.engine.putRecords([write({ expect: 1 })]), [
        { status: 'conflict', version: 0 },
      ])
      assert.deepEqual(await lab.engine.putRecords([write({ expect: 0 })]), [ok(1)])
      await lab.changesNothing(async () => {
        assert.deepEqual(await lab.engine.putRecords([write({ expect: 0 })]), [
          { status: 'conflict', version: 1 },
        ])
        assert.deepEqual(await lab.engine.putRecords([write({ expect: 2 })]), [
          { status: 'conflict', version: 1 },
        ])
      })
      assert.deepEqual(await lab.engine.putRecords([write({ expect: 1, value: '2' })]), [ok(2)])
    },

    'one conflict refuses all writes of a call': async (lab) => {
      await lab.engine.putRecords([write({ key: 'old' })])
      const writes = [
        write({ key: 'new' }),
        write({ key: 'old', expect: 5 }),
        write({ key: 'old2', value: null }),
      ]
      assert.deepEqual(await lab.changesNothing(() => lab.engine.putRecords(writes)), [
        { status: 'refused' },
        { status: 'conflict', version: 1 },
        { status: 'refused' },
      ])
    },

    'null removes a document, and the next one begins anew': async (lab) => {
      await lab.engine.putRecords([write(), write({ key: 'other' })])
      await lab.engine.putRecords([write()])
      assert.deepEqual(await lab.engine.putRecords([write({ value: null, expect: 2 })]), [ok(0)])
      assert.equal(await find(lab), null)
      assert.deepEqual(await lab.engine.putRecords([write({ value: null })]), [ok(0)])
      assert.deepEqual(await lab.engine.putRecords([write({ value: null, expect: 0 })]), [ok(0)])
      assert.deepEqual(await lab.engine.putRecords([write({ expect: 0 })]), [ok(1)])
      assert.equal((await find(lab, 'other'))?.version, 1)
    },

    'an expired document is gone from everywhere, and does not exist for the next write': async (lab) => {
      await lab.engine.putRecords([write({ ttlMs: 100 })])
      assert.equal((await find(lab))?.expiresAt, lab.clock.now() + 100)
      lab.clock.advance(99)
      assert.deepEqual(await keysOf(lab), ['k'])
      lab.clock.advance(1)
      assert.equal(await find(lab), null)
      assert.deepEqual(await keysOf(lab), [])
      assert.deepEqual(await lab.engine.putRecords([write({ expect: 1 })]), [
        { status: 'conflict', version: 0 },
      ])
      assert.deepEqual(await lab.engine.putRecords([write({ expect: 0 })]), [ok(1)])
      assert.equal((await find(lab))?.expiresAt, null)
    },

    'a write counts its time to live anew': async (lab) => {
      await lab.engine.putRecords([write({ ttlMs: 100 })])
      lab.clock.advance(60)
      await lab.engine.putRecords([write({ ttlMs: 100 })])
      lab.clock.advance(60)
      assert.equal((await find(lab))?.version, 2)
      await lab.engine.putRecords([write({ ttlMs: 0 })])
      assert.equal(await find(lab), null)
    },

    'of many that create one document, one succeeds': async (lab) => {
      const calls = Array.from({ length: 20 }, () => lab.engine.putRecords([write({ expect: 0 })]))
      const verdicts = (await Promise.all(calls)).flat()
      assert.equal(verdicts.filter(({ status }) => status === 'ok').length, 1)
      assert.equal((await find(lab))?.version, 1)
    },

    'collections do not see each other': async (lab) => {
      await lab.engine.putRecords([write({ value: '1' }), write({ collection: 'others', value: '2' })])
      assert.equal((await find(lab))?.value, '1')
      assert.equal((await find(lab, 'k', 'others'))?.value, '2')
      assert.deepEqual(await keysOf(lab), ['k'])
    },

    'reading answers in the order of the question, null for what is not there': async (lab) => {
      await lab.engine.putRecords([write({ key: 'a' }), write({ key: 'b' })])
      const keys = ['b', 'none', 'a', 'b'].map((key) => ({ collection: 'things', key }))
      const found = await lab.engine.getRecords(keys)
      assert.deepEqual(
        found.map((record) => record?.key ?? null),
        ['b', null, 'a', 'b'],
      )
    },

    'a list is in the order of bytes, page by page': async (lab) => {
      const keys = ['b', 'a', 'A', 'a/b', 'ä', '\uff5e', '\u{1f4ec}', 'a b', '', '%', '_', 'a%', '\u007f']
      await lab.engine.putRecords(keys.map((key) => write({ key })))
      const byBytes = [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
      assert.deepEqual(await keysOf(lab), byBytes)
      const paged: string[] = []
      for (let page = await keysOf(lab, { limit: 3 }); page.length > 0; ) {
        paged.push(...page)
        assert.ok(paged.length <= keys.length, 'every page begins after the last key of the one before')
        page = await keysOf(lab, { limit: 3, after: paged.at(-1) as string })
      }
      assert.deepEqual(paged, byBytes)
    },

    'a prefix is taken literally': async (lab) => {
      const keys = ['a', 'ab', 'abc', 'Ab', 'a%', 'a_', 'a%b', 'b', 'aé', 'a\u{10ffff}', 'a\u{10ffff}b']
      await lab.engine.putRecords(keys.map((key) => write({ key })))
      for (const prefix of ['', 'a', 'ab', 'a%', 'a_', 'A', 'z', 'a\u{10ffff}', '%', '_']) {
        const expected = keys.filter((key) => key.startsWith(prefix))
        assert.deepEqual((await keysOf(lab, { prefix })).sort(), expected.sort(), prefix)
      }
      assert.deepEqual(await keysOf(lab, { prefix: 'ab', after: 'ab', limit: 1 }), ['abc'])
    },

    'a document is named once in a call, and has bounds': async (lab) => {
      await lab.refuses('E_ARGUMENT', () =>
        lab.engine.putRecords([write(), write({ key: 'x' }), write({ value: '2' })]),
      )
      const long = write({ key: 'k'.repeat(RECORD_KEY_LENGTH_MAX + 1) })
      await lab.refuses('E_ARGUMENT', () => lab.engine.putRecords([write(), long]))
      const large = write({ value: 'ä'.repeat(RECORD_BYTES_MAX / 2 + 1) })
      await lab.refuses('E_TOO_LARGE', () => lab.engine.putRecords([write(), large]))
      const largest = [
        write({ key: 'k'.repeat(RECORD_KEY_LENGTH_MAX), value: 'ä'.repeat(RECORD_BYTES_MAX / 2) }),
      ]
      assert.deepEqual(await lab.engine.putRecords(largest), [ok(1)])
    },
  },
}
