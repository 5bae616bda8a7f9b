import { type Posthaste, task } from 'posthaste'
import { describe, expect, test } from 'vitest'
import { ENGINES, opened, openedTwice, until } from './open.ts'

/** Fails with the message that its payload is. */
const failing = (breaker: object) =>
  task({
    name: 'call',
    retry: { maxRetries: 0 },
    breaker: { failures: 5, within: '1m', ...breaker },
    run: (message: string) => {
      if (message !== '') throw new Error(message)
    },
  })

const addAll = async (ph: Posthaste, messages: readonly string[]): Promise<void> => {
  await ph.addMany(messages.map((payload) => ({ task: 'call', payload })))
}
const dead = async (ph: Posthaste): Promise<number> => (await ph.stats()).states.dead

describe.each(ENGINES)('the breaker of a task on %s', (kind) => {
  test('failures of one kind stop the task; it says so everywhere, and a resume counts anew', async () => {
    const ph = await opened(kind, { tasks: [failing({})] })
    const heard: Record<string, unknown>[] = []
    ph.on('tripped', (event) => heard.push({ ...event }))
    ph.on('paused', (event) => heard.push({ ...event }))
    ph.work({ concurrency: 1, prefetch: 0 } as object)
    // Other kinds, and what succeeds in between, do not count.
    await addAll(ph, [
      'no answer from 10.0.0.1:25',
      '',
      'refused',
      'no answer from 10.0.0.2:25',
      'refused',
      '',
    ])
    await until(async () => (await dead(ph)) === 4)
    await addAll(ph, ['no answer from 10.0.0.3:25', 'no answer from 10.0.0.4:25', 'refused', 'refused'])
    await until(async () => (await dead(ph)) === 8)
    expect((await ph.stats()).tasks).toMatchObject([{ task: 'call', paused: false }])
    await addAll(ph, ['no answer from 10.0.0.5:25'])
    await until(() => heard.length === 2)
    expect(heard[0]).toMatchObject({
      ...{ task: 'call', failures: 5, within: 60_000, fingerprint: expect.stringMatching(/^[\da-f]{12}$/) },
      error: { message: 'no answer from 10.0.0.5:25' },
    })
    expect(heard[1]).toMatchObject({
      task: 'call',
      by: `breaker: 5 failures within 1m with ${heard[0]?.['fingerprint']}, Error: no answer from *`,
    })
    const { id } = await ph.add('call', '')
    const { summary, reasons, next } = await ph.explain(id)
    expect(reasons[0]).toMatchObject({ code: 'task_paused', data: { task: 'call', by: heard[1]?.['by'] } })
    expect(summary).toMatch(/^Task call is paused by breaker: 5 failures within 1m .* since 20/)
    expect(next).toBe('Resume the task.')
    expect((await ph.stats()).tasks).toMatchObject([{ paused: true, pausedBy: heard[1]?.['by'] }])

    await ph.resume({ task: 'call' })
    await ph.waitFor(id)
    await addAll(ph, Array(4).fill('no answer from 10.0.0.9:25'))
    await until(async () => (await dead(ph)) === 13)
    expect((await ph.stats()).tasks).toMatchObject([{ paused: false }])
    expect(heard).toHaveLength(2)
  })

  test('what fails and is retried counts with each run; a task without a breaker is never stopped', async () => {
    const calm = task({
      name: 'calm',
      retry: { maxRetries: 30, backoff: { base: 1, factor: 1, cap: 1, jitter: 0 } },
      run: () => Promise.reject(new Error('again')),
    })
    const shaky = task({ ...calm, name: 'shaky', breaker: { failures: 6, within: '1m' } })
    const ph = await opened(kind, { tasks: [calm, shaky] })
    const { id } = await ph.add('shaky', null)
    const other = await ph.add('calm', null)
    ph.work()
    await ph.waitFor(other.id, { timeout: '20s' })
    await until(async () => (await ph.limits.get({ task: 'shaky' }))?.paused !== undefined)
    const { state, attempt } = (await ph.get(id)) ?? {}
    expect(['ready', 'retrying']).toContain(state)
    // Those that were claimed before the answer of the pause still run.
    expect(attempt).toBeGreaterThanOrEqual(6)
    expect(attempt).toBeLessThan(30)
    expect(await ph.limits.get({ task: 'calm' })).toBeNull()
  })

  test('it goes on by itself when it is to, but not when an operator stopped it', async () => {
    const breaker = { failures: 2, resumeAfter: 300 }
    const held = task({ ...failing(breaker), name: 'held' })
    const ph = await opened(kind, { tasks: [failing(breaker), held] })
    const heard: unknown[] = []
    ph.on('resumed', (event) => heard.push(event))
    await ph.pause({ task: 'held' }, { by: 'ada' })
    await addAll(ph, ['a', 'a'])
    ph.work()
    await until(async () => (await ph.limits.get({ task: 'call' })) !== null)
    const { id } = await ph.add('call', '')
    expect(await ph.waitFor(id)).toMatchObject({ state: 'completed' })
    expect(heard).toEqual([{ task: 'call', by: 'breaker' }])
    expect(await ph.limits.get({ task: 'held' })).toMatchObject({ paused: { by: 'ada' } })
  })
})

describe.each(ENGINES)('what a breaker may say on %s', (kind) => {
  test.each([
    [{ failures: 0 }, 'E_ARGUMENT', 'failures'],
    [{ failures: 1_001 }, 'E_ARGUMENT', 'failures'],
    [{ within: 'long' }, 'E_DURATION', 'within'],
    [{ within: '2d' }, 'E_DURATION', 'within'],
    [{ resumeAfter: 0 }, 'E_DURATION', 'resumeAfter'],
    [{ after: 1 }, 'E_ARGUMENT', 'after'],
  ])('%o is refused', async (breaker, code, field) => {
    const bad = { name: 'bad', run: () => {}, breaker: { failures: 5, within: '1m', ...breaker } }
    await expect(opened(kind, { tasks: [bad] })).rejects.toMatchObject({
      ...{ code, field: `task bad: breaker.${field}` },
    })
  })
})

test('failures of two programs on one store add up', async () => {
  const [one, two] = await openedTwice({ tasks: [failing({ failures: 6 })] })
  for (const queue of ['a', 'b'])
    await one.addMany(Array.from({ length: 3 }, () => ({ task: 'call', payload: 'no answer', queue })))
  one.work({ queues: ['a'] })
  two.work({ queues: ['b'] })
  await until(async () => (await two.limits.get({ task: 'call' }))?.paused !== undefined)
  expect((await one.limits.get({ task: 'call' }))?.paused?.by).toMatch(/^breaker: 6 failures within 1m/)
})
