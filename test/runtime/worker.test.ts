import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { Discard, RetryAfter, snooze, type TaskContext } from '../../src/runtime/task.ts'
import { gate, openLab, until, withMethods } from './worker-lab.ts'

const KINDS = ['memory', 'sqlite'] as const

describe.each(KINDS)('a worker on %s', (kind) => {
  /** Runs one job of one handler to its end and answers what the store says of it. */
  const run = async (handler: (payload: unknown, ctx: TaskContext) => unknown, payload: unknown = {}) => {
    const lab = await openLab({
      kind,
      tasks: [{ name: 'it', run: handler, retry: { backoff: { base: '1h' } } }],
    })
    const id = await lab.add('it', payload)
    const worker = lab.work()
    await worker.drained()
    return { lab, worker, id, job: await lab.job(id) }
  }

  it('completes a job with what its handler returned', async () => {
    const { job } = await run(async (payload) => ({ saw: payload }), { a: [1, 'ü', null] })
    expect(job).toMatchObject({
      state: 'completed',
      attempt: 1,
      retries: 0,
      error: null,
      history: null,
      reason: null,
    })
    expect(JSON.parse(job.output ?? '')).toEqual({ saw: { a: [1, 'ü', null] } })
    expect(job.startedAt).toBeGreaterThanOrEqual(job.createdAt - 50)
    expect(job.finishedAt).toBeGreaterThanOrEqual(job.startedAt as number)
  })

  it('stores nothing for nothing, and takes handlers that answer at once', async () => {
    expect((await run(() => undefined)).job).toMatchObject({ state: 'completed', output: null })
    expect((await run(() => 7)).job).toMatchObject({ state: 'completed', output: '7' })
    expect((await run(() => null)).job).toMatchObject({ state: 'completed', output: 'null' })
    // biome-ignore lint/suspicious/noThenProperty: a query builder looks like this.
    expect((await run(() => ({ then: (ok: (value: number) => void) => ok(8) }))).job).toMatchObject({
      output: '8',
    })
  })

  it('sends a job that failed round again by its policy, with its error', async () => {
    const { job } = await run(() => {
      throw Object.assign(new TypeError('no such host'), { code: 'ENOTFOUND' })
    })
    expect(job).toMatchObject({ state: 'retrying', attempt: 1, retries: 1, crashes: 0 })
    expect(job.runAt - job.createdAt).toBeGreaterThan(40 * 60_000)
    expect(JSON.parse(job.error ?? '')).toMatchObject({
      name: 'TypeError',
      message: 'no such host',
      code: 'ENOTFOUND',
    })
    expect(JSON.parse(job.history ?? '')).toMatchObject([
      { event: 'fail', from: 'running', to: 'retrying', attempt: 1 },
    ])
  })

  it('lets anything be thrown', async () => {
    for (const thrown of [null, undefined, 'text', 3, { message: 'like an error' }]) {
      const { job } = await run(() => Promise.reject(thrown))
      expect(job.state).toBe('retrying')
      expect(JSON.parse(job.error ?? '').message).not.toBe('')
    }
  })

  it('kills a job whose error says that it is not retriable', async () => {
    const { job } = await run(() => {
      throw Object.assign(new Error('550 no such mailbox'), { retriable: false })
    })
    expect(job).toMatchObject({ state: 'dead', reason: 'not_retriable', attempt: 1, retries: 0 })
  })

  it('waits as long as RetryAfter says', async () => {
    const { job } = await run(() => {
      throw new RetryAfter('3h')
    })
    expect(job).toMatchObject({ state: 'retrying', retries: 1 })
    expect(job.runAt - (job.startedAt as number)).toBeGreaterThan(2.9 * 3_600_000)
    expect(job.runAt - (job.startedAt as number)).toBeLessThan(3.1 * 3_600_000)
  })

  it('ends a discarded job as cancelled', async () => {
    const { job } = await run(() => {
      throw new Discard('the customer is gone')
    })
    expect(job).toMatchObject({ state: 'cancelled', reason: 'discarded', attempt: 1 })
    expect(JSON.parse(job.history ?? '')).toMatchObject([
      { event: 'discard', reason: 'the customer is gone' },
    ])
  })

  it('puts a snoozed job back without a charge', async () => {
    const { job } = await run(() => snooze('2h', 'not yet'))
    expect(job).toMatchObject({ state: 'scheduled', attempt: 0, retries: 0 })
    expect(JSON.parse(job.history ?? '')).toMatchObject([{ event: 'snooze', reason: 'not yet' }])
  })

  it('gives up when the retries are used', async () => {
    const lab = await openLab({
      kind,
      tasks: [
        {
          name: 'it',
          retry: { maxRetries: 2, backoff: () => 1 },
          run: () => {
            throw new Error('always')
          },
        },
      ],
    })
    const id = await lab.add('it')
    lab.work()
    const job = await lab.became(id, 'dead')
    expect(job).toMatchObject({ reason: 'exhausted', attempt: 3, retries: 2 })
    expect(JSON.parse(job.history ?? '')).toHaveLength(3)
  })

  it('kills a job whose output cannot be stored, in words that help', async () => {
    for (const output of [10n, () => {}, 2 ** 60, 'x'.repeat(300_000)]) {
      const { job } = await run(() => output)
      expect(job, String(output).slice(0, 20)).toMatchObject({
        state: 'dead',
        reason: 'not_retriable',
        output: null,
      })
      expect(JSON.parse(job.error ?? '').message).toContain('output')
    }
  })

  it('checks the payload against the schema before a run, and hands over what the schema made of it', async () => {
    const seen: unknown[] = []
    const tasks = [
      {
        name: 'it',
        payload: z.object({ to: z.string(), n: z.number().default(5) }),
        run: (payload: unknown) => void seen.push(payload),
      },
      {
        name: 'slowly',
        payload: z.object({ to: z.string() }).refine(async () => true),
        run: (payload: unknown) => void seen.push(payload),
      },
    ]
    const lab = await openLab({ kind, tasks })
    // Added by a program whose task has no schema.
    const other = await openLab({ kind: 'memory', tasks: tasks.map(({ name }) => ({ name, run: () => {} })) })
    const jobs = [
      other.deps.prepareAdd('it', { to: 7 }),
      other.deps.prepareAdd('it', { to: 'a' }),
      other.deps.prepareAdd('slowly', { to: 7 }),
      other.deps.prepareAdd('slowly', { to: 'b' }),
    ]
    await lab.engine.insert(jobs)
    await lab.work().drained()
    const [bad, good, slowBad, slowGood] = await lab.engine.get(jobs.map(({ id }) => id))
    for (const job of [bad, slowBad]) {
      expect(job).toMatchObject({ state: 'dead', reason: 'not_retriable', attempt: 0 })
      expect(JSON.parse(job?.error ?? '')).toMatchObject({ code: 'E_PAYLOAD' })
      expect(JSON.parse(job?.error ?? '').message).toContain('payload.to')
    }
    expect(good?.state).toBe('completed')
    expect(slowGood?.state).toBe('completed')
    expect(seen).toEqual([{ to: 'a', n: 5 }, { to: 'b' }])
  })

  it('claims only the tasks that it knows, and of those only what it is told to', async () => {
    const lab = await openLab({
      kind,
      tasks: [
        { name: 'a', run: () => {} },
        { name: 'b', run: () => {} },
      ],
    })
    const [a, b, c] = [await lab.add('a'), await lab.add('b'), await lab.add('c')]
    await lab.work({ tasks: ['a'] }).drained()
    expect([await lab.job(a), await lab.job(b), await lab.job(c)].map(({ state }) => state)).toEqual([
      'completed',
      'ready',
      'ready',
    ])
    expect(() => lab.work({ tasks: ['c'] })).toThrow(/not registered/)
  })

  it('gives a handler its job, progress, log and checkpoint, and writes them under its lease', async () => {
    const go = gate()
    const lab = await openLab({
      kind,
      tasks: [
        {
          name: 'it',
          run: async (_, { job, attempt, fence, progress, log, checkpoint }) => {
            expect(checkpoint.get()).toBeUndefined()
            progress({ done: 1 })
            log('first')
            log('second', 'warn')
            await checkpoint.set({ step: 2 })
            expect(checkpoint.get()).toEqual({ step: 2 })
            await go.passed
            progress({ done: 2 })
            log('third')
            return { id: job.id, attempt, fence, created: job.createdAt.getTime(), tags: job.tags }
          },
        },
      ],
    })
    const id = await lab.add('it', {}, { tags: ['x'] })
    const worker = lab.work()
    await until(async () => (await lab.job(id)).checkpoint !== null)
    expect(await lab.job(id)).toMatchObject({
      state: 'running',
      progress: '{"done":1}',
      checkpoint: '{"step":2}',
    })
    go.open()
    await worker.drained()
    const job = await lab.job(id)
    expect(job).toMatchObject({ state: 'completed', progress: '{"done":2}', checkpoint: '{"step":2}' })
    expect(JSON.parse(job.output ?? '')).toEqual({
      id,
      attempt: 1,
      fence: 1,
      created: job.createdAt,
      tags: ['x'],
    })
    const lines = await lab.engine.logs({ id, after: null, limit: 10 })
    expect(lines.map(({ seq, level, message }) => [seq, level, message])).toEqual([
      [1, 'info', 'first'],
      [2, 'warn', 'second'],
      [3, 'info', 'third'],
    ])
  })

  it('finds the checkpoint of the attempt before', async () => {
    const lab = await openLab({
      kind,
      tasks: [
        {
          name: 'it',
          retry: { backoff: () => 1 },
          run: async (_, ctx) => {
            if (ctx.attempt === 1) {
              await ctx.checkpoint.set('half')
              throw new Error('once')
            }
            return ctx.checkpoint.get()
          },
        },
      ],
    })
    const id = await lab.add('it')
    lab.work()
    expect(await lab.became(id, 'completed')).toMatchObject({ output: '"half"', attempt: 2 })
  })

  it('writes many reports in few calls', async () => {
    let calls = 0
    const lab = await openLab({
      kind,
      tasks: [
        {
          name: 'it',
          run: async (_, ctx) => {
            for (let n = 0; n < 5_000; n++) {
              ctx.progress(n)
              if (n % 10 === 0) ctx.log(`line ${n}`)
              if (n % 500 === 0) await new Promise((resolve) => setImmediate(resolve))
            }
          },
        },
      ],
      wrap: (engine) =>
        new Proxy(engine, {
          get: (target, name) => {
            if (name === 'report') calls++
            const value = Reflect.get(target, name)
            return typeof value === 'function' ? value.bind(target) : value
          },
        }),
    })
    const id = await lab.add('it')
    await lab.work().drained()
    expect((await lab.job(id)).progress).toBe('4999')
    expect(await lab.engine.logs({ id, after: null, limit: 1_000 })).toHaveLength(500)
    expect(calls).toBeLessThan(30)
  })

  it('adds jobs together with the end of the run, or not at all', async () => {
    const added: string[] = []
    const lab = await openLab({
      kind,
      tasks: [
        {
          name: 'parent',
          retry: { backoff: { base: '1h' } },
          run: (_, ctx) => {
            added.push(ctx.add('child', { of: ctx.job.id }, { delay: '1h' }))
          },
        },
        { name: 'child', run: () => {} },
      ],
    })
    const id = await lab.add('parent')
    const worker = lab.work()
    await worker.drained()
    expect((await lab.job(id)).state).toBe('completed')
    expect(await lab.job(added[0] as string)).toMatchObject({
      state: 'scheduled',
      payload: JSON.stringify({ of: id }),
    })
  })

  it('runs a job when it becomes due, without a maintainer', async () => {
    const lab = await openLab({ kind, tasks: [{ name: 'it', run: () => {} }] })
    lab.work()
    const id = await lab.add('it', {}, { delay: '300ms' })
    const job = await lab.became(id, 'completed')
    expect(job.startedAt).toBeGreaterThanOrEqual(job.runAt - 5)
    expect((job.startedAt as number) - job.runAt).toBeLessThan(1_000)
  })

  it('cancels a job that it meets after its time', async () => {
    const lab = await openLab({ kind, tasks: [{ name: 'it', run: () => 'ran' }] })
    const id = await lab.add('it', {}, { expiresAt: new Date(Date.now() - 1_000) })
    await lab.work().drained()
    expect(await lab.job(id)).toMatchObject({
      state: 'cancelled',
      reason: 'expired',
      attempt: 0,
      output: null,
    })
  })

  it('tells what happens to those who listen', async () => {
    const lab = await openLab({
      kind,
      tasks: [
        {
          name: 'good',
          run: (_, ctx) => {
            ctx.progress(1)
            ctx.log('hello')
            return 'fine'
          },
        },
        { name: 'bad', retry: { maxRetries: 0 }, run: () => Promise.reject(new Error('no')) },
      ],
    })
    const told: string[] = []
    for (const name of ['started', 'completed', 'failed', 'dead'] as const) {
      lab.deps.events.on(name, (job) =>
        told.push(`${name} ${job.task} ${job.state} ${job.attempt} ${job.output}`),
      )
    }
    lab.deps.events.on('progress', ({ progress }) => told.push(`progress ${progress}`))
    lab.deps.events.on('log', ({ message }) => told.push(`log ${message}`))
    await lab.add('good')
    await lab.work().drained()
    await lab.add('bad')
    await until(() => told.length === 6)
    expect(told).toEqual([
      'started good running 1 null',
      'progress 1',
      'log hello',
      'completed good completed 1 fine',
      'started bad running 1 null',
      'dead bad dead 1 null',
    ])
    expect(lab.lines.find(({ message }) => message === 'job completed')).toMatchObject({
      level: 'info',
      fields: { task: 'good', state: 'completed', attempt: 1 },
    })
    expect(lab.lines.find(({ message }) => message === 'job is dead')).toMatchObject({ level: 'error' })
  })
})

it('says that it lives also while it is never idle', async () => {
  let runs = 0
  let runsAtFirstBeat: number | undefined
  const lab = await openLab({
    tasks: [{ name: 'it', run: async () => void runs++ }],
    wrap: (engine) =>
      withMethods(engine, {
        beat: (beats) => {
          runsAtFirstBeat ??= runs
          return engine.beat(beats)
        },
      }),
  })
  await lab.addMany('it', 2_000)
  await lab.work({ concurrency: 100 }).drained()
  expect(runs).toBe(2_000)
  expect(runsAtFirstBeat).toBeLessThan(2_000)
})
