import { task } from 'posthaste'
import { describe, expect, test } from 'vitest'
import { ENGINES, opened, until } from './open.ts'

const tasks = [task({ name: 'greet', run: (payload) => payload })]

describe.each(ENGINES)('keys on %s', (kind) => {
  test('keep: the job that has the key is answered, and what happened is said', async () => {
    const ph = await opened(kind, { tasks })
    const first = await ph.add('greet', 1, { key: 'k' })
    const second = await ph.add('greet', 2, { key: { key: 'k' } })
    expect(first).toMatchObject({ inserted: true, outcome: 'inserted', other: null })
    expect(second).toMatchObject({
      id: first.id,
      inserted: false,
      outcome: 'kept',
      other: first.id,
      payload: 1,
    })
  })

  test('reject names the holder', async () => {
    const ph = await opened(kind, { tasks })
    const first = await ph.add('greet', 1, { key: 'k' })
    await expect(ph.add('greet', 2, { key: { key: 'k', onConflict: 'reject' } })).rejects.toMatchObject({
      code: 'E_KEY_TAKEN',
      data: { holder: first.id },
    })
  })

  test('replace takes the place of a job that waits, and keeps one that runs', async () => {
    let finish = (): void => undefined
    const wait = task({ name: 'wait', run: () => new Promise<void>((resolve) => (finish = resolve)) })
    const ph = await opened(kind, { tasks: [wait] })
    const key = { key: 'k', onConflict: 'replace' } as const
    const first = await ph.add('wait', 1, { key, delay: '1h' })
    const second = await ph.add('wait', 2, { key })
    expect(second).toMatchObject({ inserted: true, outcome: 'replaced', other: first.id, payload: 2 })
    expect(await ph.get(first.id)).toMatchObject({ state: 'cancelled', reason: 'replaced' })
    const worker = ph.work()
    await until(async () => (await ph.get(second.id))?.state === 'running')
    expect(await ph.add('wait', 3, { key })).toMatchObject({ id: second.id, outcome: 'kept' })
    finish()
    await worker.stop()
  })

  test('reschedule is a debounce: one job, due when the last add wanted it', async () => {
    const ph = await opened(kind, { tasks })
    const key = { key: 'k', onConflict: 'reschedule' } as const
    const first = await ph.add('greet', 1, { key, delay: '1h' })
    const second = await ph.add('greet', 2, { key, delay: '2h' })
    expect(second).toMatchObject({ id: first.id, inserted: false, outcome: 'rescheduled', payload: 1 })
    expect(+second.runAt - +first.runAt).toBeGreaterThan(3_500_000)
    expect(await ph.add('greet', 3, { key })).toMatchObject({ id: first.id, state: 'ready' })
    expect(await ph.add('greet', 3, { key, delay: '1h' })).toMatchObject({ id: first.id, state: 'scheduled' })
  })

  test('runAfter makes a chain: each waits for the one before, whatever becomes of it', async () => {
    const order: unknown[] = []
    const note = task({
      name: 'note',
      retry: { maxRetries: 0 },
      run: (payload) => {
        order.push(payload)
        if (payload === 1) throw new Error('the first fails')
      },
    })
    const ph = await opened(kind, { tasks: [note] })
    const key = { key: 'k', onConflict: 'runAfter' } as const
    const first = await ph.add('note', 1, { key })
    const second = await ph.add('note', 2, { key })
    const third = await ph.add('note', 3, { key })
    expect(second).toMatchObject({ state: 'blocked', outcome: 'queued', other: first.id })
    expect(third.other).toBe(second.id)
    const worker = ph.work({ concurrency: 3 })
    expect((await ph.waitFor(third.id)).state).toBe('completed')
    expect(order).toEqual([1, 2, 3])
    await worker.stop()
    expect((await ph.add('note', 4, { key })).outcome).toBe('inserted')
  })

  test('while waiting: free as soon as the job runs', async () => {
    let finish = (): void => undefined
    const wait = task({ name: 'wait', run: () => new Promise<void>((resolve) => (finish = resolve)) })
    const ph = await opened(kind, { tasks: [wait] })
    const key = { key: 'k', while: 'waiting' } as const
    const first = await ph.add('wait', 1, { key })
    expect((await ph.add('wait', 1, { key })).inserted).toBe(false)
    const worker = ph.work({ concurrency: 1 })
    await until(async () => (await ph.get(first.id))?.state === 'running')
    expect((await ph.add('wait', 1, { key, delay: '1h' })).inserted).toBe(true)
    finish()
    await worker.stop()
  })

  test('until a length: the key outlives its job', async () => {
    const ph = await opened(kind, { tasks })
    const key = { key: 'k', until: '1d' } as const
    const worker = ph.work()
    const first = await ph.add('greet', 1, { key })
    await ph.waitFor(first.id)
    expect(await ph.add('greet', 2, { key })).toMatchObject({
      id: first.id,
      outcome: 'kept',
      state: 'completed',
    })
    const replace = { ...key, onConflict: 'replace' } as const
    expect(await ph.add('greet', 2, { key: replace })).toMatchObject({ id: first.id, outcome: 'kept' })
    await worker.stop()
  })

  test('a scope confines a key', async () => {
    const ph = await opened(kind, { tasks })
    const add = async (scope: 'task' | 'queue' | 'group', task: string, queue: string, group: string) =>
      (await ph.add(task, 1, { key: { key: 'k', scope }, queue, group })).inserted
    expect(await add('task', 'greet', 'a', 'x')).toBe(true)
    expect(await add('task', 'greet', 'b', 'y')).toBe(false)
    expect(await add('task', 'other', 'a', 'x')).toBe(true)
    expect(await add('queue', 'greet', 'a', 'x')).toBe(true)
    expect(await add('queue', 'other', 'a', 'y')).toBe(false)
    expect(await add('group', 'greet', 'a', 'x')).toBe(true)
    expect(await add('group', 'other', 'a', 'x')).toBe(false)
    expect(await add('group', 'greet', 'b', 'x')).toBe(true)
  })

  test.each([
    [{ key: 'k', until: 'never' }, 'key.until'],
    [{ key: 'k', while: 'asleep' }, 'key.while'],
    [{ key: 'k', while: 'waiting', until: 'finish' }, 'key.while'],
    [{ key: 'k', until: '1h', window: '1h' }, 'key.window'],
    [{ key: 'k', scope: 'galaxy' }, 'key.scope'],
    [{ key: 'k', scope: 'group' }, 'key.scope'],
    [{ key: 'k', onConflict: 'explode' }, 'key.onConflict'],
    [{ key: '' }, 'key.key'],
    [{}, 'key.key'],
    [{ key: 'k', colour: 'red' }, 'key.colour'],
    [7, 'key'],
  ])('%j is refused by name', async (key, field) => {
    const ph = await opened(kind, { tasks })
    await expect(ph.add('greet', 1, { key: key as never })).rejects.toMatchObject({ field })
  })

  test('adds of many at once, and adds in a run, take no conflict that needs a look', async () => {
    const ph = await opened(kind, { tasks })
    const key = { key: 'k', onConflict: 'replace' } as const
    await expect(ph.addMany([{ task: 'greet', payload: 1, key }])).rejects.toMatchObject({
      field: 'items[0].key.onConflict',
    })
  })

  test('of fifty that replace each other at once, one is left waiting, and it is the last word', async () => {
    const ph = await opened(kind, { tasks })
    const key = { key: 'k', onConflict: 'replace' } as const
    const outcomes = await Promise.allSettled(
      Array.from({ length: 50 }, (_, i) => ph.add('greet', i, { key, delay: '1h' })),
    )
    const refused = outcomes.filter(({ status }) => status === 'rejected')
    for (const one of refused) expect(one).toMatchObject({ reason: { code: 'E_CONFLICT' } })
    const { jobs } = await ph.list({ state: 'scheduled' })
    expect(jobs).toHaveLength(1)
  })
})

test.each(ENGINES)('a job that expires is cancelled on %s, whether a worker sees it or not', async (kind) => {
  const ph = await opened(kind, { tasks, maintain: true, sweep: '20ms' })
  const paused = await ph.add('greet', 1, { expiresAt: Date.now() + 50, queue: 'nobody' })
  await until(async () => (await ph.get(paused.id))?.state === 'cancelled')
  expect(await ph.get(paused.id)).toMatchObject({ reason: 'expired', attempt: 0 })
})
