import { type Controlled, type Job, newId, type Posthaste, task } from 'posthaste'
import { describe, expect, test } from 'vitest'
import { ENGINES, opened, openedTwice, until } from './open.ts'

const fail = task({ name: 'fail', retry: { maxRetries: 0 }, run: () => Promise.reject(new Error('no')) })
/** Runs until it is told to stop. */
const endless = task({
  name: 'endless',
  run: (_, { signal }) =>
    new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    }),
})
const tasks = [fail, endless]

const deadJob = async (ph: Posthaste, key?: string): Promise<Job> => {
  const { id } = await ph.add('fail', null, key === undefined ? {} : { key })
  const worker = ph.work()
  const job = await ph.waitFor(id)
  await worker.stop()
  expect(job.state).toBe('dead')
  return job
}

describe.each(ENGINES)('steering on %s', (kind) => {
  test('cancel: a waiting job never starts, and twice is once', async () => {
    const ph = await opened(kind, { tasks })
    const { id } = await ph.add('fail', null, { delay: '1h' })
    const job = await ph.cancel(id, { by: 'ada', reason: 'not needed' })
    expect(job).toMatchObject({ id, state: 'cancelled', reason: 'cancelled' })
    expect(job.finishedAt).toBeInstanceOf(Date)
    expect(job.history.at(-1)).toMatchObject({
      event: 'cancel',
      by: 'ada',
      reason: 'not needed',
      to: 'cancelled',
    })
    expect((await ph.cancel(id)).fence).toBe(job.fence)
  })

  test('cancel: a running job is told, and ends cancelled', async () => {
    const ph = await opened(kind, { tasks, heartbeat: 50 })
    const { id } = await ph.add('endless', null)
    ph.work()
    await until(async () => (await ph.get(id))?.startedAt !== null)
    const asked = await ph.cancel(id, { by: 'ada', reason: 'enough' })
    expect(asked).toMatchObject({ state: 'running', cancelRequested: { by: 'ada', reason: 'enough' } })
    expect(await ph.waitFor(id)).toMatchObject({ state: 'cancelled' })
  })

  test('retry: a dead job goes round again with its history', async () => {
    const ph = await opened(kind, { tasks })
    const dead = await deadJob(ph)
    const again = await ph.retry(dead.id, { by: 'ada' })
    expect(again).toMatchObject({ state: 'ready', attempt: 1, finishedAt: null })
    expect(again.errors).toHaveLength(1)
    await expect(ph.retry(dead.id)).rejects.toMatchObject({ code: 'E_STATE', data: { state: 'ready' } })
  })

  test('retry: refused while another job holds the key, naming it', async () => {
    const ph = await opened(kind, { tasks })
    const dead = await deadJob(ph, 'the key')
    const holder = await ph.add('fail', null, { key: 'the key', delay: '1h' })
    const error = ph.retry(dead.id)
    await expect(error).rejects.toMatchObject({ code: 'E_KEY_TAKEN', data: { holder: holder.id } })
    await expect(error).rejects.toThrow(holder.id)
    await ph.cancel(holder.id)
    expect(await ph.retry(dead.id)).toMatchObject({ state: 'ready' })
  })

  test('remove: the job is gone and is answered as it was', async () => {
    const ph = await opened(kind, { tasks })
    const { id } = await ph.add('fail', { a: 1 })
    expect(await ph.remove(id)).toMatchObject({ id, state: 'ready', payload: { a: 1 } })
    expect(await ph.get(id)).toBeNull()
    await expect(ph.remove(id)).rejects.toMatchObject({ code: 'E_JOB_MISSING', field: 'id' })
    expect((await ph.stats()).total).toBe(0)
  })

  test('remove: not while it runs', async () => {
    const ph = await opened(kind, { tasks })
    const { id } = await ph.add('endless', null)
    ph.work()
    await until(async () => (await ph.get(id))?.state === 'running')
    await expect(ph.remove(id)).rejects.toMatchObject({ code: 'E_STATE', data: { state: 'running' } })
  })

  test('runNow: ahead of its time, and harmless for a ready job', async () => {
    const ph = await opened(kind, { tasks })
    const { id, runAt } = await ph.add('fail', null, { delay: '1h' })
    const ready = await ph.runNow(id)
    expect(ready.state).toBe('ready')
    expect(ready.runAt.getTime()).toBeLessThan(runAt.getTime())
    expect(await ph.runNow(id)).toMatchObject({ state: 'ready' })
    await ph.cancel(id)
    await expect(ph.runNow(id)).rejects.toMatchObject({ code: 'E_STATE' })
  })

  test('resolve: only a blocked job, and only to where it may go', async () => {
    const ph = await opened(kind, { tasks })
    const { id } = await ph.add('fail', null)
    await expect(ph.resolve(id, { to: 'completed' })).rejects.toMatchObject({ code: 'E_STATE' })
    await expect(ph.resolve(id, { to: 'running' as never })).rejects.toMatchObject({
      code: 'E_ARGUMENT',
      field: 'to',
    })
    const blocked = newId()
    const job = { ...(await engineJob(ph, id)), id: blocked, blocked: 'needs a look' }
    await ph.engine.insert([job])
    const done = await ph.resolve(blocked, { to: 'completed', by: 'ada', reason: 'looked at it' })
    expect(done).toMatchObject({ state: 'completed', reason: 'looked at it' })
  })

  test('a list answers what became of each, in its order', async () => {
    const ph = await opened(kind, { tasks })
    const dead = await deadJob(ph)
    const waiting = await ph.add('fail', null)
    const missing = newId()
    const outcomes = await ph.cancel([dead.id, missing, waiting.id, missing])
    expect(outcomes.map(told)).toEqual([
      [dead.id, 'E_STATE'],
      [missing, 'E_JOB_MISSING'],
      [waiting.id, 'cancelled'],
      [missing, 'E_JOB_MISSING'],
    ])
    expect(await ph.cancel([])).toEqual([])
  })

  test('thousands in one call', async () => {
    const ph = await opened(kind, { tasks })
    const added = await ph.addMany(Array.from({ length: 2_100 }, (_, i) => ({ task: 'fail', payload: i })))
    const outcomes = await ph.cancel(added.map(({ id }) => id))
    expect(outcomes.every(({ ok }) => ok)).toBe(true)
    expect((await ph.stats()).states.cancelled).toBe(2_100)
  })

  test.each(['cancel', 'retry', 'remove', 'runNow'] as const)('%s refuses what is no id', async (action) => {
    const ph = await opened(kind)
    for (const id of ['', '1', "'; drop table jobs; --", null, 5]) {
      await expect(ph[action](id as string)).rejects.toMatchObject({ code: 'E_ARGUMENT', field: 'id' })
      await expect(ph[action]([newId(), id as string])).rejects.toMatchObject({
        code: 'E_ARGUMENT',
        field: 'ids[1]',
      })
    }
    await expect(ph[action](newId(), { by: 'x'.repeat(129) })).rejects.toMatchObject({ field: 'by' })
  })

  test('a paused queue starts nothing until it is resumed', async () => {
    const ph = await opened(kind, { tasks: [task({ name: 'ok', run: () => 'done' })] })
    const heard: unknown[] = []
    ph.on('paused', (event) => heard.push(['paused', event]))
    ph.on('resumed', (event) => heard.push(['resumed', event]))
    await ph.pause(['q', 'r'], { by: 'ada' })
    await ph.pause('q', { by: 'ada' })
    const held = await ph.add('ok', null, { queue: 'q' })
    const free = await ph.add('ok', null, { queue: 's' })
    ph.work()
    await ph.waitFor(free.id)
    expect((await ph.get(held.id))?.state).toBe('ready')
    await ph.resume('q', { by: 'bob' })
    expect(await ph.waitFor(held.id)).toMatchObject({ state: 'completed' })
    expect(heard).toEqual([
      ['paused', { queue: 'q', by: 'ada' }],
      ['paused', { queue: 'r', by: 'ada' }],
      ['paused', { queue: 'q', by: 'ada' }],
      ['resumed', { queue: 'q', by: 'bob' }],
    ])
    await expect(ph.pause('not a name')).rejects.toMatchObject({ code: 'E_NAME', field: 'queue' })
  })
})

test('many operators at once: each job is cancelled once, and nobody is told a lie', async () => {
  const [one, two] = await openedTwice({ tasks })
  const added = await one.addMany(
    Array.from({ length: 50 }, (_, i) => ({ task: 'fail', payload: i, delay: '1h' })),
  )
  const ids = added.map(({ id }) => id)
  const [a, b, c] = await Promise.all([one.cancel(ids), two.cancel(ids), two.runNow(ids)])
  expect(a.every(({ ok }) => ok) && b.every(({ ok }) => ok)).toBe(true)
  for (const [i, outcome] of c.entries()) {
    if (!outcome.ok) expect(outcome.error.code).toBe('E_STATE')
    expect((await one.get(ids[i] as string))?.state).toBe('cancelled')
  }
})

const told = (outcome: Controlled): [string, string] => [
  outcome.id,
  outcome.ok ? outcome.job.state : outcome.error.code,
]

const engineJob = async (ph: Posthaste, id: string) => {
  const [record] = await ph.engine.get([id])
  if (!record) throw new Error('no such job')
  const {
    task: name,
    queue,
    group,
    priority,
    payload,
    maxRetries,
    leaseMs,
    options,
    key,
    ref,
    tags,
    ties,
  } = record
  return {
    task: name,
    queue,
    group,
    priority,
    payload,
    maxRetries,
    leaseMs,
    options,
    key,
    ref,
    tags,
    ties,
    delayMs: 0,
    runAt: null,
  }
}
