import { snooze, task } from 'posthaste'
import { assertEnqueued, drain, refuteEnqueued, type TestPosthaste, testPosthaste } from 'posthaste/testing'
import { afterEach, describe, expect, test } from 'vitest'
import { z } from 'zod'

const HOUR_MS = 3_600_000

const greet = task({
  name: 'greet',
  payload: z.object({ name: z.string() }),
  run: ({ name }) => `Hello, ${name}!`,
})
const welcome = task({
  name: 'welcome',
  run: (payload: { name: string }, ctx) => {
    ctx.add(greet, { name: payload.name })
    ctx.add('reminder', { to: { name: payload.name }, days: [1, 7] }, { delay: '1h' })
  },
})
const reminder = task({ name: 'reminder', run: () => 'reminded' })
const fragile = task({
  name: 'fragile',
  retry: { maxRetries: 1, backoff: 'fixed' },
  run: (_, { attempt }) => (attempt === 1 ? Promise.reject(new Error('first')) : snooze('1h')),
})

let ph: TestPosthaste<typeof greet | typeof welcome | typeof reminder | typeof fragile>
const open = async () => {
  ph = await testPosthaste({ tasks: [greet, welcome, reminder, fragile] })
  return ph
}
afterEach(() => ph.close())

describe('testPosthaste', () => {
  test('drain runs what can run, and what that adds; the rest waits for the clock', async () => {
    await open()
    await ph.add('welcome', { name: 'Ada' })
    expect((await drain(ph)).map((job) => [job.task, job.state, job.output])).toEqual([
      ['welcome', 'completed', null],
      ['greet', 'completed', 'Hello, Ada!'],
    ])
    expect(await drain(ph)).toEqual([])
    ph.clock.advance(HOUR_MS - 1)
    expect(await drain(ph)).toEqual([])
    ph.clock.advance(1)
    expect((await drain(ph)).map(({ output }) => output)).toEqual(['reminded'])
  })

  test('retries and snoozes pass with the clock', async () => {
    await open()
    await ph.add('fragile', null)
    expect(await drain(ph)).toMatchObject([
      { state: 'retrying', attempt: 1, lastError: { message: 'first' } },
    ])
    ph.clock.advance(15_000)
    expect(await drain(ph)).toMatchObject([{ state: 'scheduled', attempt: 1 }])
  })

  test('drain leaves paused queues and unknown tasks alone', async () => {
    await open()
    await ph.pause('held')
    await ph.addMany([
      { task: 'greet', payload: { name: 'Ada' }, queue: 'held' },
      { task: 'unknown', payload: null },
    ])
    expect(await drain(ph)).toEqual([])
    expect((await ph.stats()).states.ready).toBe(2)
  })

  test('drain gives up on a handler that hangs', async () => {
    let letGo: (value?: unknown) => void = () => undefined
    const hang = task({
      name: 'hang',
      run: () =>
        new Promise<unknown>((resolve) => {
          letGo = resolve
        }),
    })
    const hanging = await testPosthaste({ tasks: [hang] })
    ph = hanging as unknown as typeof ph
    await hanging.add(hang, null)
    await expect(drain(hanging, { timeoutMs: 50 })).rejects.toMatchObject({ code: 'E_WAIT_TIMEOUT' })
    letGo()
  })
})

describe('assertEnqueued', () => {
  test('finds a job by a part of its payload', async () => {
    await open()
    await ph.add('welcome', { name: 'Ada' })
    await drain(ph)
    const job = await assertEnqueued(ph, reminder, { to: { name: 'Ada' } })
    expect(job).toMatchObject({ task: 'reminder', state: 'scheduled' })
    await assertEnqueued(ph, 'reminder', { days: [1, 7] })
    await assertEnqueued(ph, 'reminder')
    await refuteEnqueued(ph, 'reminder', { days: [1] })
    // It is finished: it waits no more.
    await refuteEnqueued(ph, 'greet')
  })

  test('fails with the payloads that there are', async () => {
    await open()
    await ph.add('greet', { name: 'Ada' })
    await expect(assertEnqueued(ph, greet, { name: 'Bob' })).rejects.toThrow('{"name":"Ada"}')
    await expect(assertEnqueued(ph, 'reminder')).rejects.toThrow('There is none of this task.')
    await expect(refuteEnqueued(ph, greet, { name: 'Ada' })).rejects.toThrow(/Job .* of greet contains/)
  })
})
