import { newId, task } from 'posthaste'
import { describe, expect, test } from 'vitest'
import { ENGINES, opened, openedTwice, until } from './open.ts'

const double = task({ name: 'double', run: (value) => Number(value) * 2 })
const sum = task({
  name: 'sum',
  run: async (_, { parents }) => {
    const all = await parents()
    return Object.fromEntries(
      Object.entries(all).map(([name, { state, output }]) => [name, { state, output }]),
    )
  },
})
const fail = task({
  name: 'fail',
  retry: { maxRetries: 0 },
  run: () => {
    throw new Error('no')
  },
})
const tasks = [double, sum, fail]

describe.each(ENGINES)('flows on %s', (kind) => {
  test('fan out and in: the outputs of the parents reach the child', async () => {
    const ph = await opened(kind, { tasks })
    const worker = ph.work()
    const flow = await ph.flow({
      total: { task: sum, payload: null, after: ['one', 'two'] },
      one: { task: double, payload: 1 },
      two: { task: double, payload: 2, after: 'one' },
    })
    const total = await ph.waitFor(flow.total.id)
    expect(total.output).toEqual({
      one: { state: 'completed', output: 2 },
      two: { state: 'completed', output: 4 },
    })
    const [first, second] = [await ph.get(flow.one.id), await ph.get(flow.two.id)]
    expect(Number(second?.startedAt)).toBeGreaterThanOrEqual(Number(first?.finishedAt))
    await worker.stop()
  })

  test('a child of a job that is completed already runs', async () => {
    const ph = await opened(kind, { tasks })
    const worker = ph.work()
    const parent = await ph.add(double, 3)
    await ph.waitFor(parent.id)
    const child = await ph.add(sum, null, { after: { id: parent.id, name: 'it' } })
    expect((await ph.waitFor(child.id)).output).toEqual({ it: { state: 'completed', output: 6 } })
    await worker.stop()
  })

  test('what a failed parent does: cancel, run, hold', async () => {
    const ph = await opened(kind, { tasks })
    const worker = ph.work()
    const flow = await ph.flow({
      bad: { task: fail, payload: null },
      cancelled: { task: sum, payload: null, after: 'bad' },
      next: { task: sum, payload: null, after: 'cancelled' },
      run: { task: sum, payload: null, after: { bad: 'run' } },
      hold: { task: sum, payload: null, after: { bad: 'hold' } },
    })
    const next = await ph.waitFor(flow.next.id)
    expect(next).toMatchObject({ state: 'cancelled', reason: 'parent_failed' })
    expect((await ph.waitFor(flow.run.id)).output).toEqual({ bad: { state: 'dead', output: null } })
    const held = await ph.explain(flow.hold.id)
    expect(held.summary).toContain(`bad (job ${flow.bad.id}) is dead`)
    expect(held.next).toContain('resolve')
    await ph.resolve(flow.hold.id, { to: 'ready' })
    expect((await ph.waitFor(flow.hold.id)).state).toBe('completed')
    await worker.stop()
  })

  test('a held job goes on when its parent is sent round again and succeeds', async () => {
    let good = false
    const flaky = task({
      name: 'flaky',
      retry: { maxRetries: 0 },
      run: () => {
        if (!good) throw new Error('not yet')
      },
    })
    const ph = await opened(kind, { tasks: [flaky, sum] })
    const worker = ph.work()
    const parent = await ph.add(flaky, null)
    const child = await ph.add(sum, null, { after: { id: parent.id, onParentFailure: 'hold' } })
    await ph.waitFor(parent.id)
    good = true
    await ph.retry(parent.id)
    expect((await ph.waitFor(child.id)).state).toBe('completed')
    await worker.stop()
  })

  test('a job that waits explains itself, and cancelling or removing the parent decides', async () => {
    const ph = await opened(kind, { tasks, maintain: true })
    const parents = [await ph.add(double, 1, { delay: '1h' }), await ph.add(double, 1, { delay: '1h' })]
    const [a, b] = parents.map(({ id }) => id) as [string, string]
    const child = await ph.add(sum, null, { after: [a, { id: b, name: 'other', onParentFailure: 'run' }] })
    expect(child).toMatchObject({ state: 'blocked', parents: [{ id: a }, { id: b, name: 'other' }] })
    expect((await ph.explain(child.id)).summary).toBe(`It waits for job ${a}, other (job ${b}).`)
    await ph.remove(b)
    await ph.cancel(a)
    expect(await ph.waitFor(child.id)).toMatchObject({ state: 'cancelled', reason: 'parent_failed' })
  })

  test('a due time of its own counts from the add, or is over by then', async () => {
    const ph = await opened(kind, { tasks })
    const worker = ph.work()
    const flow = await ph.flow({
      one: { task: double, payload: 1 },
      later: { task: double, payload: 2, after: 'one', delay: '1h' },
    })
    await until(async () => (await ph.get(flow.later.id))?.state === 'scheduled')
    await worker.stop()
  })

  test('circles, unknown names, missing parents and keys are refused, and nothing is stored', async () => {
    const ph = await opened(kind, { tasks })
    const one = { task: double, payload: 1 }
    await expect(
      ph.flow({ a: { ...one, after: 'c' }, b: { ...one, after: 'a' }, c: { ...one, after: 'b' } }),
    ).rejects.toMatchObject({ code: 'E_FLOW_CIRCLE', message: expect.stringContaining('a → b → c → a') })
    await expect(ph.flow({ a: { ...one, after: 'x' } })).rejects.toMatchObject({ field: 'jobs.a.after' })
    await expect(ph.flow({ 'a b': one })).rejects.toMatchObject({ code: 'E_NAME' })
    await expect(ph.flow({ a: { ...one, key: 'k' } as never })).rejects.toMatchObject({ field: 'jobs.a.key' })
    await expect(ph.flow({ a: one, b: { ...one, priority: 'x' as never } })).rejects.toMatchObject({
      field: 'jobs.b.priority',
    })
    await expect(ph.add(double, 1, { after: newId() })).rejects.toMatchObject({ code: 'E_PARENT_MISSING' })
    await expect(ph.add(double, 1, { after: 'x' })).rejects.toMatchObject({ field: 'after' })
    expect((await ph.list()).jobs).toEqual([])
  })

  test('a hundred parents that end in any order let the child run once', async () => {
    const ph = await opened(kind, { tasks })
    const parents = await ph.addMany(Array.from({ length: 100 }, (_, i) => ({ task: double, payload: i })))
    const child = await ph.add(sum, null, { after: parents.map(({ id }) => ({ id })) })
    const worker = ph.work({ concurrency: 20 })
    const done = await ph.waitFor(child.id)
    expect(Object.keys(done.output as object)).toHaveLength(100)
    expect(done.attempt).toBe(1)
    await worker.stop()
  })
})

test('one program adds and another one runs and decides', async () => {
  const [one, other] = await openedTwice({ tasks })
  const flow = await one.flow({
    first: { task: double, payload: 1 },
    second: { task: double, payload: 2, after: 'first' },
  })
  const worker = other.work()
  expect((await one.waitFor(flow.second.id)).output).toBe(4)
  await worker.stop()
})
