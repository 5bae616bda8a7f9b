import { posthaste, snooze, type TaskContext, task } from 'posthaste'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import { newEngineUrl, ENGINES as STORES } from '../servers/engines.ts'
import { dropSchemas } from '../servers/postgres.ts'
import { ENGINES, newFolder, opened, until } from './open.ts'

afterAll(dropSchemas)

const fail = (backoff: number) =>
  task({
    name: 'fail',
    retry: { maxRetries: 50, backoff: { base: backoff, factor: 1, jitter: 0 } },
    run: () => {
      throw new Error('not today')
    },
  })
const wait = (name = 'wait', more: object = {}) =>
  task({
    name,
    ...more,
    run: (_: unknown, { signal }: TaskContext) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
  })

describe.each(ENGINES)('deadlines on %s', (kind) => {
  test('an attempt that runs when it passes is aborted, and none follows', async () => {
    const ph = await opened(kind, { tasks: [wait()] })
    ph.work()
    const added = await ph.add('wait', null, { deadline: '300ms' })
    expect(Number(added.deadlineAt) - Number(added.createdAt)).toBe(300)
    expect(added.expiresAt).toBeNull()
    const job = await ph.waitFor(added.id)
    expect(job).toMatchObject({
      state: 'dead',
      reason: 'deadline',
      attempt: 1,
      lastError: { code: 'E_JOB_DEADLINE' },
    })
    expect(job.deadlineAt).toEqual(added.deadlineAt)
    expect(Number(job.finishedAt)).toBeGreaterThanOrEqual(Number(added.deadlineAt) - 50)
    expect((await ph.explain(job.id)).summary).toContain('its deadline left no time for another attempt')
  })

  test('a job that fails is dead as soon as its next retry would come too late', async () => {
    const ph = await opened(kind, { tasks: [fail(120)] })
    ph.work()
    const { id } = await ph.add('fail', null, { deadline: '500ms' })
    const job = await ph.waitFor(id)
    expect(job).toMatchObject({ state: 'dead', reason: 'deadline', lastError: { message: 'not today' } })
    expect(job.attempt).toBeGreaterThanOrEqual(2)
    expect(job.attempt).toBeLessThanOrEqual(5)
    const never = await ph.add('fail', null, { deadline: '100ms', whenExhausted: 'discard' })
    expect(await ph.waitFor(never.id)).toMatchObject({ state: 'cancelled', reason: 'deadline', attempt: 1 })
  })

  test('a snooze beyond it ends the job', async () => {
    const ph = await opened(kind, { tasks: [task({ name: 'later', run: () => snooze('1h') })] })
    ph.work()
    const { id } = await ph.add('later', null, { deadline: '1m' })
    const job = await ph.waitFor(id)
    expect(job).toMatchObject({ state: 'dead', reason: 'deadline' })
    expect(job.history.at(-1)).toMatchObject({ event: 'fail', reason: 'put off beyond its deadline' })
  })

  test("a job that never began is cancelled by a worker that comes too late; an operator's retry grants it anew", async () => {
    const ph = await opened(kind, { tasks: [task({ name: 'do', run: () => 'done' })], maintain: false })
    const { id } = await ph.add('do', null, { deadline: '30ms', queue: 'slow' })
    await until(async () => (await ph.engine.now()) > Number((await ph.get(id))?.deadlineAt))
    ph.work()
    expect(await ph.waitFor(id)).toMatchObject({ state: 'cancelled', reason: 'deadline', attempt: 0 })
    await ph.retry(id)
    // Its thirty milliseconds may be over before it is claimed: then it is tried again.
    await until(async () => {
      const job = await ph.waitFor(id)
      if (job.state !== 'completed') await ph.retry(id)
      return job.state === 'completed'
    })
  })

  test('a job between two attempts is ended by the next worker, with its own error', async () => {
    const ph = await opened(kind, { tasks: [fail(200)] })
    const worker = ph.work()
    const { id } = await ph.add('fail', null, { deadline: '400ms' })
    await until(async () => (await ph.get(id))?.state === 'retrying')
    await worker.stop()
    await until(async () => (await ph.engine.now()) > Number((await ph.get(id))?.deadlineAt))
    ph.work()
    const job = await ph.waitFor(id)
    expect(job).toMatchObject({ state: 'dead', reason: 'deadline', lastError: { message: 'not today' } })
    expect(job.errors.at(-1)?.code).toBe('E_JOB_DEADLINE')
  })

  test('that of the task holds where the job says nothing, also for those of a schedule', async () => {
    const ph = await opened(kind, { tasks: [wait('short', { deadline: '2m' })] })
    const length = ({ deadlineAt, createdAt }: { deadlineAt: Date | null; createdAt: Date }) =>
      Number(deadlineAt) - Number(createdAt)
    const plain = await ph.add('short', null)
    expect(length(plain)).toBe(120_000)
    expect(length((await ph.get(plain.id)) as never)).toBe(120_000)
    expect(length(await ph.add('short', null, { deadline: '1h' }))).toBe(3_600_000)
    await ph.schedule('now', { every: '1h', task: 'short', payload: null })
    expect(length(await ph.schedules.run('now'))).toBe(120_000)
    const { reasons } = await ph.explain(plain.id)
    expect(reasons.find(({ code }) => code === 'deadline')?.text).toMatch(
      /^Its deadline is 20.*after it no attempt/,
    )
  })

  test('beside an expiry the earlier one counts', async () => {
    const ph = await opened(kind, { sweep: '20ms', maintain: true })
    const both = await ph.add('nobody', null, { expiresIn: '30ms', deadline: '1h' })
    expect(Number(both.expiresAt) - Number(both.createdAt)).toBe(30)
    expect(await ph.waitFor(both.id)).toMatchObject({ state: 'cancelled', reason: 'expired' })
    const other = await ph.add('nobody', null, { expiresIn: '1h', deadline: '30ms' })
    expect(await ph.waitFor(other.id)).toMatchObject({ state: 'cancelled', reason: 'deadline' })
    const why = await ph.explain((await ph.add('nobody', null, { expiresIn: '1h' })).id)
    expect(why.reasons.find(({ code }) => code === 'expires')?.text).toContain('it is cancelled')
    const refused = ph.add('nobody', null, { expiresIn: '1h', expiresAt: new Date() })
    await expect(refused).rejects.toThrow(/expiresIn is given together with expiresAt/)
    await expect(ph.add('nobody', null, { deadline: 'soon' })).rejects.toMatchObject({ code: 'E_DURATION' })
  })
})

test.each(STORES)('without a worker the store tells of a job that never began (%s)', async (kind) => {
  const engine = await newEngineUrl(kind, await newFolder())
  const ph = await posthaste({ engine, sweep: '50ms', maintain: true })
  onTestFinished(() => ph.close())
  const waiting = await ph.add('nobody', null, { deadline: '50ms', delay: '1h' })
  const blocked = await ph.add('nobody', null, { deadline: '50ms', after: waiting.id })
  expect(await ph.waitFor(waiting.id)).toMatchObject({ state: 'cancelled', reason: 'deadline' })
  // The end of its parent may come first.
  expect(await ph.waitFor(blocked.id)).toMatchObject({ state: 'cancelled' })
})
