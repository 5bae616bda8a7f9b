import { runInNewContext } from 'node:vm'
import { isPosthasteError, newId, PosthasteError, task } from 'posthaste'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { ENGINES, opened, openedTwice } from './open.ts'

const greet = task({
  name: 'greet',
  payload: z.object({ name: z.string(), times: z.number().default(1) }),
  queue: 'greetings',
  priority: 'high',
  lease: '20s',
  retry: { maxRetries: 2 },
  run: ({ name, times }) => `Hello, ${name}!`.repeat(times),
})
const slowlyChecked = task({
  name: 'slowly-checked',
  payload: z.object({ name: z.string().refine(async (name) => name !== 'Eve') }),
  run: () => null,
})
const tasks = [greet, slowlyChecked]

/** The error of a call that must fail. */
const refusal = async (call: Promise<unknown>): Promise<PosthasteError> => {
  const error = await call.then(
    () => new Error('it was not refused'),
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(PosthasteError)
  return error as PosthasteError
}

describe.each(ENGINES)('add on %s', (kind) => {
  test('answers the job as a later get does', async () => {
    const ph = await opened(kind, { tasks })
    const runAt = new Date(Date.now() + 3_600_000)
    const added = [
      await ph.add(greet, { name: 'Ada' }),
      await ph.add('greet', { name: 'Ada' }, { delay: '5m' }),
      await ph.add(
        greet,
        { name: 'Ünïcode 🎉', times: 2 },
        {
          runAt,
          priority: 0,
          queue: 'other',
          maxRetries: 9,
          backoff: { base: '1s', factor: 2, cap: '1m', jitter: 0 },
          timeout: '10s',
          lease: '1m',
          whenExhausted: 'discard',
          expiresAt: new Date(Date.now() + 7_200_000),
          key: 'the key',
          ref: '12',
          group: 'tenant-1',
          tags: ['a', 'b'],
          metadata: { trace: 'abc' },
        },
      ),
      await ph.add('task-of-another-program', [1, 'two', null]),
      await ph.add('nothing', undefined),
    ]
    for (const job of added) {
      const { inserted, outcome, other, ...rest } = job
      expect({ inserted, outcome, other }).toEqual({ inserted: true, outcome: 'inserted', other: null })
      expect(rest).toEqual(await ph.get(job.id))
    }
    expect(added.map(({ state }) => state)).toEqual(['ready', 'scheduled', 'scheduled', 'ready', 'ready'])
    const [plain, , full, unknown, nothing] = added
    expect(plain).toMatchObject({ queue: 'greetings', priority: 3, maxRetries: 2, payload: { name: 'Ada' } })
    expect(full).toMatchObject({
      queue: 'other',
      priority: 0,
      maxRetries: 9,
      runAt,
      tags: ['a', 'b'],
      ref: '12',
    })
    expect(unknown).toMatchObject({ queue: 'default', priority: 5, maxRetries: 5 })
    expect(nothing?.payload).toBeNull()
  })

  test('a delay counts from the store, and a moment that has passed means at once', async () => {
    const ph = await opened(kind)
    const later = await ph.add('x', 1, { delay: '2h' })
    expect(later.runAt.getTime() - later.createdAt.getTime()).toBe(7_200_000)
    const passed = await ph.add('x', 1, { at: '2001-02-03T04:05:06Z' })
    expect(passed.state).toBe('ready')
    expect(passed.runAt.toISOString()).toBe('2001-02-03T04:05:06.000Z')
  })

  test('what was given is stored; what the schema makes of it reaches the handler', async () => {
    const ph = await opened(kind, { tasks })
    const job = await ph.add(greet, { name: 'Ada' })
    ph.work()
    const done = await ph.waitFor(job.id)
    expect(done.payload).toEqual({ name: 'Ada' })
    expect(done.output).toBe('Hello, Ada!')
  })

  test.each([
    ['a payload that does not fit', 'greet', { name: 1 }, {}, 'E_PAYLOAD', 'payload.name'],
    ['an asynchronously refused payload', 'slowly-checked', { name: 'Eve' }, {}, 'E_PAYLOAD', 'payload.name'],
    ['a payload that JSON would change', 'x', { at: 2 ** 60 }, {}, 'E_JSON', 'payload.at'],
    ['a payload that is too large', 'x', Array(20).fill('x'.repeat(20_000)), {}, 'E_TOO_LARGE', 'payload'],
    ['an empty name', '', 1, {}, 'E_NAME', 'task'],
    ['a name with a path', '../etc/passwd', 1, {}, 'E_NAME', 'task'],
    ['a name with a line break', 'a\nb', 1, {}, 'E_NAME', 'task'],
    ['a name that is too long', 'x'.repeat(129), 1, {}, 'E_NAME', 'task'],
    ['a queue that is no name', 'x', 1, { queue: "'; drop table jobs" }, 'E_NAME', 'queue'],
    ['a group that is no name', 'x', 1, { group: '' }, 'E_NAME', 'group'],
    ['a misspelt option', 'x', 1, { dely: '5m' }, 'E_ARGUMENT', 'options.dely'],
    ['options that are none', 'x', 1, 'now', 'E_ARGUMENT', 'options'],
    ['a delay without a unit', 'x', 1, { delay: '5' }, 'E_DURATION', 'delay'],
    ['a negative delay', 'x', 1, { delay: -1 }, 'E_DURATION', 'delay'],
    ['a moment that is none', 'x', 1, { runAt: new Date('nonsense') }, 'E_TIME', 'runAt'],
    ['a delay and a moment', 'x', 1, { delay: '5m', at: new Date() }, 'E_ARGUMENT', 'delay'],
    ['two moments', 'x', 1, { runAt: new Date(), at: new Date() }, 'E_ARGUMENT', 'at'],
    ['a priority out of range', 'x', 1, { priority: 10 }, 'E_PRIORITY', 'priority'],
    ['half a retry', 'x', 1, { maxRetries: 0.5 }, 'E_ARGUMENT', 'maxRetries'],
    ['too many retries', 'x', 1, { maxRetries: 1_001 }, 'E_ARGUMENT', 'maxRetries'],
    ['a backoff function', 'x', 1, { backoff: () => 1 }, 'E_ARGUMENT', 'backoff'],
    ['a lease that is too short', 'x', 1, { lease: 5 }, 'E_DURATION', 'lease'],
    ['a timeout of nothing', 'x', 1, { timeout: 0 }, 'E_DURATION', 'timeout'],
    ['an unknown end', 'x', 1, { whenExhausted: 'explode' }, 'E_ARGUMENT', 'whenExhausted'],
    ['an empty key', 'x', 1, { key: '' }, 'E_ARGUMENT', 'key'],
    ['a key with NUL', 'x', 1, { key: 'a\0b' }, 'E_ARGUMENT', 'key'],
    ['a ref that is too long', 'x', 1, { ref: 'r'.repeat(257) }, 'E_ARGUMENT', 'ref'],
    ['tags that are no list', 'x', 1, { tags: 'a,b' }, 'E_ARGUMENT', 'tags'],
    ['metadata that is no object', 'x', 1, { metadata: [] }, 'E_ARGUMENT', 'metadata'],
    [
      'metadata that is too large',
      'x',
      1,
      { metadata: { a: 'x'.repeat(20_000) } },
      'E_TOO_LARGE',
      'metadata',
    ],
    ['an id that is none', 'x', 1, { id: '123' }, 'E_ARGUMENT', 'id'],
    ['a task of the wrong type', 12, 1, {}, 'E_ARGUMENT', 'task'],
  ])('refuses %s and stores nothing', async (_, name, payload, options, code, field) => {
    const ph = await opened(kind, { tasks })
    const error = await refusal(ph.add(name as string, payload, options as object))
    expect(error.code).toBe(code)
    expect(error.field).toBe(field)
    expect(error.message).toContain(field.split('.')[0])
    const inMany = await refusal(
      ph.addMany([
        { task: 'x', payload: 1 },
        { ...(options as object), task: name as string, payload },
      ]),
    )
    if (typeof options === 'object') expect(inMany.code).toBe(code)
    expect((await ph.stats()).total).toBe(0)
  })

  test('a schema whose promises are of another realm is waited for', async () => {
    const later: (result: object) => Promise<never> = runInNewContext('async (result) => result')
    const validate = (value: unknown) =>
      later(value === 'good' ? { value } : { issues: [{ message: 'not good' }] })
    const strict = task({
      name: 'strict',
      payload: { '~standard': { version: 1, vendor: 'test', validate } },
      run: () => null,
    })
    const ph = await opened(kind, { tasks: [strict] })
    expect(await ph.add('strict', 'good')).toMatchObject({ inserted: true })
    expect(await refusal(ph.add('strict', 'bad'))).toMatchObject({ code: 'E_PAYLOAD', field: 'payload' })
    expect((await ph.stats()).total).toBe(1)
  })

  test('a key is held by one unfinished job, and a second add answers that job', async () => {
    const ph = await opened(kind, { tasks })
    const first = await ph.add(greet, { name: 'Ada' }, { key: 'once', delay: '1h' })
    const second = await ph.add(greet, { name: 'Bob' }, { key: 'once' })
    expect(second).toMatchObject({
      id: first.id,
      inserted: false,
      state: 'scheduled',
      payload: { name: 'Ada' },
    })
    expect((await ph.stats()).total).toBe(1)
    await ph.cancel(first.id)
    const third = await ph.add(greet, { name: 'Bob' }, { key: 'once' })
    expect(third).toMatchObject({ inserted: true, payload: { name: 'Bob' } })
  })

  test('of a hundred concurrent adds of one key, one is inserted', async () => {
    const ph = await opened(kind)
    const added = await Promise.all(Array.from({ length: 100 }, (_, i) => ph.add('x', i, { key: 'k' })))
    expect(added.filter(({ inserted }) => inserted)).toHaveLength(1)
    expect(new Set(added.map(({ id }) => id)).size).toBe(1)
  })

  test('concurrent adds are all stored, in the order in which they were made', async () => {
    const ph = await opened(kind)
    const added = await Promise.all(Array.from({ length: 2_500 }, (_, i) => ph.add('x', i)))
    const ids = added.map(({ id }) => id)
    expect(ids).toEqual([...ids].sort())
    expect((await ph.stats()).states.ready).toBe(2_500)
    expect((await ph.get(ids[1_234] as string))?.payload).toBe(1_234)
  })

  test('an add with an id of its own can be repeated', async () => {
    const ph = await opened(kind)
    const id = newId()
    const jobs = [await ph.add('x', 1, { id }), await ph.add('x', 1, { id })]
    expect(jobs.map((job) => [job.id, job.inserted])).toEqual([
      [id, true],
      [id, true],
    ])
    expect((await ph.stats()).total).toBe(1)
  })

  test('addMany splits into batches and answers in order', async () => {
    const ph = await opened(kind, { tasks })
    const items = Array.from({ length: 2_500 }, (_, i) => ({ task: 'many', payload: i, queue: `q${i % 3}` }))
    const added = await ph.addMany([
      ...items,
      { task: 'many', payload: -1, key: 'k' },
      { task: 'many', payload: -2, key: 'k' },
    ])
    expect(added).toHaveLength(2_502)
    expect(added[2_501]).toEqual({ id: added[2_500]?.id, inserted: false })
    const stats = await ph.stats()
    expect(stats.total).toBe(2_501)
    expect(stats.queues.map(({ queue, total }) => [queue, total])).toEqual([
      ['default', 1],
      ['q0', 834],
      ['q1', 833],
      ['q2', 833],
    ])
    expect((await ph.get(added[1_999]?.id as string))?.payload).toBe(1_999)
    expect(await ph.addMany([])).toEqual([])
  })

  test('addMany names the element that is wrong and stores none', async () => {
    const ph = await opened(kind, { tasks })
    const items = Array.from({ length: 1_500 }, (_, i) => ({
      task: 'greet',
      payload: { name: i === 1_400 ? 5 : 'Ada' },
    }))
    const wrong = await refusal(ph.addMany(items as { task: string; payload: unknown }[]))
    expect(wrong).toMatchObject({ code: 'E_PAYLOAD', field: 'items[1400].payload.name' })
    const odd = await refusal(
      ph.addMany([
        { task: 'x', payload: 1 },
        { task: 'x', payload: 1, delay: 'soon' },
      ]),
    )
    expect(odd).toMatchObject({ code: 'E_DURATION', field: 'items[1].delay' })
    const withTx = await refusal(ph.addMany([{ task: 'x', payload: 1, tx: {} } as never]))
    expect(withTx).toMatchObject({ code: 'E_ARGUMENT', field: 'items[0].tx' })
    expect(await refusal(ph.addMany('x' as never))).toMatchObject({ code: 'E_ARGUMENT', field: 'items' })
    expect(await refusal(ph.addMany([null] as never))).toMatchObject({
      code: 'E_ARGUMENT',
      field: 'items[0]',
    })
    const tooMany = Array(100_001).fill({ task: 'x', payload: 1 })
    expect(await refusal(ph.addMany(tooMany))).toMatchObject({
      code: 'E_BATCH_TOO_LARGE',
      data: { limit: 100_000 },
    })
    expect((await ph.stats()).total).toBe(0)
  })

  test("an engine without callers' transactions says so", async () => {
    const ph = await opened(kind)
    if (ph.engine.info().callerTransactions) return
    const error = await refusal(ph.add('x', 1, { tx: {} }))
    expect(isPosthasteError(error, 'E_TX_UNSUPPORTED')).toBe(true)
    expect(error.field).toBe('tx')
    const many = await refusal(ph.addMany([{ task: 'x', payload: 1 }], { tx: {} }))
    expect(many).toMatchObject({ code: 'E_TX_UNSUPPORTED', field: 'tx' })
    expect((await ph.stats()).total).toBe(0)
  })
})

test('two programs on one file: a key holds for both', async () => {
  const [one, two] = await openedTwice()
  const adds = Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? one : two).add('x', i, { key: 'shared' }))
  const added = await Promise.all(adds)
  expect(added.filter(({ inserted }) => inserted)).toHaveLength(1)
  expect(new Set(added.map(({ id }) => id)).size).toBe(1)
})
