import { describe, expect, it } from 'vitest'
import { ABORT_GRACE_MS } from '../../src/core/limits.ts'
import { ManualClock } from '../../src/core/manual-clock.ts'
import type { TaskContext } from '../../src/runtime/task.ts'
import { gate, openLab, until, withMethods } from './worker-lab.ts'

/** Ends when it is told to stop, as a fetch does. */
const obedient = (_: unknown, { signal }: TaskContext) =>
  new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })

describe.each(['memory', 'sqlite'] as const)('what stops a handler on %s', (kind) => {
  it('its timeout: the attempt failed, whatever the handler throws then', async () => {
    const seen: string[] = []
    const lab = await openLab({
      kind,
      tasks: [
        {
          name: 'it',
          timeout: '60ms',
          retry: { backoff: { base: '1h' } },
          run: async (_, { signal }) => {
            await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
            seen.push(signal.reason.code)
            throw new Error('something else')
          },
        },
      ],
    })
    const id = await lab.add('it')
    lab.work()
    const job = await lab.became(id, 'retrying')
    expect(seen).toEqual(['E_JOB_TIMEOUT'])
    expect(JSON.parse(job.error ?? '')).toMatchObject({ code: 'E_JOB_TIMEOUT' })
    expect(job).toMatchObject({ attempt: 1, retries: 1 })
  })

  it("the job's own timeout before its task's", async () => {
    const lab = await openLab({
      kind,
      tasks: [{ name: 'it', timeout: '1h', retry: { maxRetries: 0 }, run: obedient }],
    })
    const id = await lab.add('it', {}, { timeout: '50ms' })
    lab.work()
    expect((await lab.became(id, 'dead')).reason).toBe('exhausted')
  })

  it('a completion after the timeout still counts: the work is done', async () => {
    const lab = await openLab({
      kind,
      tasks: [
        {
          name: 'it',
          timeout: '30ms',
          run: async (_, { signal }) => {
            await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
            return 'done'
          },
        },
      ],
    })
    const id = await lab.add('it')
    lab.work()
    expect(await lab.became(id, 'completed')).toMatchObject({ output: '"done"' })
  })

  it('a request to cancel: told within about a second, final state cancelled, who and why kept', async () => {
    const lab = await openLab({
      kind,
      tasks: [{ name: 'it', run: obedient }],
      settings: { heartbeatMs: 200 },
    })
    const id = await lab.add('it')
    lab.work()
    await until(async () => (await lab.job(id)).started)
    await lab.cancel(id, { by: 'ada', reason: 'wrong list' })
    const asked = performance.now()
    const job = await lab.became(id, 'cancelled')
    expect(performance.now() - asked).toBeLessThan(5_000)
    expect(job).toMatchObject({ reason: 'cancelled', attempt: 1, cancel: null })
    expect(JSON.parse(job.history ?? '')).toMatchObject([
      { event: 'cancel', by: 'ada', reason: 'wrong list' },
    ])
  })

  it('a request to cancel loses against a completion, and wins against every other end', async () => {
    const go = new Map(['good', 'bad'].map((name) => [name, gate()]))
    const lab = await openLab({
      kind,
      tasks: [
        { name: 'good', run: async () => void (await go.get('good')?.passed) },
        {
          name: 'bad',
          run: async () => {
            await go.get('bad')?.passed
            throw new Error('failed anyway')
          },
        },
      ],
    })
    const [good, bad] = [await lab.add('good'), await lab.add('bad')]
    const worker = lab.work()
    await until(() => worker.stats().running === 2)
    await lab.cancel(good)
    await lab.cancel(bad, { by: 'ada' })
    for (const { open } of go.values()) open()
    expect((await lab.became(good, 'completed')).state).toBe('completed')
    const job = await lab.became(bad, 'cancelled')
    expect(JSON.parse(job.history ?? '')).toMatchObject([{ event: 'cancel', by: 'ada' }])
  })

  it('a worker that was cut off: the handler is told, its result refused', async () => {
    const go = gate()
    const reasons: string[] = []
    const lab = await openLab({
      kind,
      settings: { heartbeatMs: 50 },
      tasks: [
        {
          name: 'it',
          run: async (_, { signal, checkpoint }) => {
            signal.addEventListener('abort', () => reasons.push(signal.reason.code))
            await go.passed
            await checkpoint.set(1).catch((error) => reasons.push(error.code))
            return 'too late'
          },
        },
      ],
    })
    const id = await lab.add('it')
    const worker = lab.work({ concurrency: 1 })
    await until(async () => (await lab.job(id)).started)
    // Someone else takes the job away, as a sweeper with a clock of its own would.
    const { fence } = await lab.job(id)
    const taken = {
      id,
      fence,
      to: 'dead',
      attempt: 1,
      retries: 0,
      crashes: 1,
      solo: false,
      startedAt: 1,
    } as const
    const answer = await lab.engine.exchange({
      worker: null,
      settle: [
        { ...taken, reason: 'crashed', output: null, error: null, history: null, unlessCancelled: false },
      ],
    })
    expect(answer.settled).toEqual(['ok'])
    await until(() => reasons.length > 0)
    expect(reasons).toEqual(['E_LEASE_LOST'])
    // Its slot stays taken until the handler returns.
    expect(worker.stats().running).toBe(1)
    go.open()
    await until(() => worker.stats().running === 0)
    expect(reasons).toEqual(['E_LEASE_LOST', 'E_STALE_LEASE'])
    expect(await lab.job(id)).toMatchObject({ state: 'dead', output: null })
    expect(lab.lines.some(({ message }) => message.includes('returned after its run was over'))).toBe(true)
  })

  it('a result that comes with an old fence is refused by the store, and that is said', async () => {
    const go = gate()
    const lab = await openLab({ kind, tasks: [{ name: 'it', run: () => go.passed }] })
    const id = await lab.add('it')
    const worker = lab.work()
    await until(() => worker.stats().running === 1)
    const { fence } = await lab.job(id)
    const back = {
      id,
      fence,
      to: 'ready',
      attempt: 0,
      retries: 0,
      crashes: 0,
      solo: false,
      startedAt: null,
    } as const
    await worker.stop({ grace: 0 }).catch(() => {})
    // Given back at shutdown while the handler ran on: a second settlement with the same fence finds it gone.
    const again = await lab.engine.exchange({
      worker: worker.id,
      settle: [
        {
          ...back,
          to: 'dead',
          reason: null,
          output: null,
          error: null,
          history: null,
          unlessCancelled: false,
        },
      ],
    })
    expect(again.settled).toEqual(['stale'])
    go.open()
  })

  it('no answer of the store: the handler is told before the lease ends', async () => {
    let reachable = true
    const told: number[] = []
    const lab = await openLab({
      kind,
      settings: { leaseMs: 1_000 },
      tasks: [
        {
          name: 'it',
          run: (_, { signal }) =>
            new Promise<void>((resolve) => {
              signal.addEventListener('abort', () => {
                told.push(performance.now())
                expect(signal.reason.code).toBe('E_LEASE_LOST')
                resolve()
              })
            }),
        },
      ],
      wrap: (engine) =>
        withMethods(engine, {
          exchange: (request) => (reachable ? engine.exchange(request) : new Promise(() => {})),
        }),
    })
    const id = await lab.add('it')
    lab.work()
    await until(async () => (await lab.job(id)).started)
    reachable = false
    const { leaseUntil } = await lab.job(id)
    const endsAt = performance.now() + ((leaseUntil as number) - Date.now())
    await until(() => told.length === 1)
    expect(told[0]).toBeLessThan(endsAt)
    reachable = true
  })
})

it('settles a job whose handler ignores the signal, and keeps its slot until it returns', async () => {
  const clock = new ManualClock()
  const go = gate()
  const lab = await openLab({
    clock,
    tasks: [
      { name: 'deaf', timeout: '20s', retry: { maxRetries: 0 }, run: () => go.passed },
      { name: 'other', run: () => 'ran' },
    ],
  })
  const id = await lab.add('deaf')
  const worker = lab.work({ concurrency: 1 })
  await until(() => worker.stats().running === 1)
  await clock.advance(20_000 + ABORT_GRACE_MS - 100)
  expect((await lab.job(id)).state).toBe('running')
  await clock.advance(200)
  await lab.became(id, 'dead')
  const other = await lab.add('other')
  await clock.advance(5_000)
  expect(worker.stats().running).toBe(1)
  expect((await lab.job(other)).state).toBe('ready')
  go.open()
  await lab.became(other, 'completed')
  expect(await lab.job(id)).toMatchObject({ state: 'dead', attempt: 1 })
})

it('makes a signal for a handler only when it asks, already aborted when it asks late', async () => {
  const clock = new ManualClock()
  const go = gate()
  const task = {
    name: 'it',
    timeout: '20s',
    run: async (_: unknown, ctx: TaskContext) => {
      await go.passed
      return [ctx.signal.aborted, ctx.signal.reason.code]
    },
  }
  const lab = await openLab({ clock, tasks: [task] })
  const id = await lab.add('it')
  const worker = lab.work()
  await until(() => worker.stats().running === 1)
  await clock.advance(21_000)
  go.open()
  expect((await lab.became(id, 'completed')).output).toBe('[true,"E_JOB_TIMEOUT"]')
})
