import { newId, task } from 'posthaste'
import { describe, expect, test } from 'vitest'
import { ENGINES, opened, openedTwice } from './open.ts'

const echo = task({ name: 'echo', run: (payload: unknown) => payload })
const fail = task({ name: 'fail', retry: { maxRetries: 0 }, run: () => Promise.reject(new TypeError('no')) })
const tasks = [echo, fail]

describe.each(ENGINES)('waitFor on %s', (kind) => {
  test('resolves with the finished job: state, output, error', async () => {
    const ph = await opened(kind, { tasks })
    ph.work()
    const [good, bad] = [await ph.add('echo', { a: [1, 'zwei'] }), await ph.add('fail', null)]
    expect(await ph.waitFor(good.id)).toMatchObject({
      id: good.id,
      state: 'completed',
      output: { a: [1, 'zwei'] },
    })
    const dead = await ph.waitFor(bad.id, { timeout: '10s' })
    expect(dead).toMatchObject({ state: 'dead', lastError: { name: 'TypeError', message: 'no' } })
    // It is finished already.
    expect((await ph.waitFor(bad.id)).state).toBe('dead')
    const never = await ph.add('echo', 1, { delay: '1h' })
    const waiting = ph.waitFor(never.id)
    await ph.cancel(never.id)
    expect((await waiting).state).toBe('cancelled')
  })

  test('gives up at its deadline and leaves the job alone', async () => {
    const ph = await opened(kind, { tasks })
    const { id } = await ph.add('echo', 1)
    const error = ph.waitFor(id, { timeout: 60 })
    await expect(error).rejects.toMatchObject({ code: 'E_WAIT_TIMEOUT', data: { id } })
    await expect(error).rejects.toThrow(/60ms/)
    expect((await ph.get(id))?.state).toBe('ready')
    await expect(ph.waitFor(id, { timeout: 0 })).rejects.toMatchObject({ code: 'E_WAIT_TIMEOUT' })
  })

  test('a job that is not there, or is removed meanwhile, is missing', async () => {
    const ph = await opened(kind, { tasks })
    await expect(ph.waitFor(newId())).rejects.toMatchObject({ code: 'E_JOB_MISSING', field: 'id' })
    const { id } = await ph.add('echo', 1, { delay: '1h' })
    const waiting = ph.waitFor(id)
    const missing = expect(waiting).rejects.toMatchObject({ code: 'E_JOB_MISSING' })
    await ph.remove(id)
    await missing
  })

  test('refuses bad arguments', async () => {
    const ph = await opened(kind)
    await expect(ph.waitFor('x')).rejects.toMatchObject({ code: 'E_ARGUMENT', field: 'id' })
    await expect(ph.waitFor(newId(), { timeout: 'soon' })).rejects.toMatchObject({
      code: 'E_DURATION',
      field: 'timeout',
    })
  })

  test('a thousand waiters at once', async () => {
    const ph = await opened(kind, { tasks })
    const added = await ph.addMany(Array.from({ length: 1_200 }, (_, i) => ({ task: echo, payload: i })))
    const waiting = added.map(({ id }) => ph.waitFor(id))
    ph.work({ concurrency: 100 })
    const done = await Promise.all(waiting)
    expect(done.map(({ output }) => output)).toEqual(added.map((_, i) => i))
  })

  test('closing tells those who wait', async () => {
    const ph = await opened(kind, { tasks })
    const { id } = await ph.add('echo', 1, { delay: '1h' })
    const waiting = expect(ph.waitFor(id)).rejects.toMatchObject({ code: 'E_STORE_CLOSED' })
    await ph.close()
    await waiting
    await expect(ph.waitFor(id)).rejects.toMatchObject({ code: 'E_STORE_CLOSED' })
  })
})

test('waits for a job that another program runs', async () => {
  const [client, server] = await openedTwice({ tasks })
  server.work()
  const { id } = await client.add('echo', 'over there')
  expect(await client.waitFor(id, { timeout: '10s' })).toMatchObject({
    state: 'completed',
    output: 'over there',
  })
})
