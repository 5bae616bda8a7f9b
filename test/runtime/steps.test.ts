import { type TaskContext, task } from 'posthaste'
import { describe, expect, test } from 'vitest'
import { CHECKPOINT_BYTES_MAX, STEPS_MAX } from '../../src/core/limits.ts'
import { ENGINES, opened, until } from './open.ts'
import { gate } from './worker-lab.ts'

/** A task whose work is handed in by the test. */
const tried = (run: (ctx: TaskContext) => unknown) =>
  task({ name: 'it', retry: { maxRetries: 2, backoff: { base: 1, jitter: 0 } }, run: (_, ctx) => run(ctx) })

const ended = async (kind: (typeof ENGINES)[number], run: (ctx: TaskContext) => unknown) => {
  const ph = await opened(kind, { tasks: [tried(run)] })
  ph.work()
  const { id } = await ph.add('it', null)
  return { ph, job: await ph.waitFor(id) }
}

describe.each(ENGINES)('steps on %s', (kind) => {
  test('a retried run resumes behind the last finished step, with the results as JSON gives them', async () => {
    const begun: string[] = []
    const seen: unknown[] = []
    const { job, ph } = await ended(kind, async (ctx) => {
      const made = await ctx.step('make', () => {
        begun.push('make')
        return { at: new Date(0), gone: undefined }
      })
      const nothing = await ctx.step('say nothing', async () => void begun.push('nothing'))
      seen.push([made, nothing])
      await ctx.step('fail twice', () => {
        begun.push('fail')
        if (ctx.attempt < 3) throw new Error('not yet')
      })
      return 'done'
    })
    expect(job).toMatchObject({ state: 'completed', output: 'done', checkpoint: null, attempt: 3 })
    expect(begun).toEqual(['make', 'nothing', 'fail', 'fail', 'fail'])
    expect(seen).toEqual(Array(3).fill([{ at: '1970-01-01T00:00:00.000Z' }, undefined]))
    expect(job.steps).toMatchObject([
      { name: 'make', attempt: 1, output: { at: '1970-01-01T00:00:00.000Z' } },
      { name: 'say nothing', attempt: 1, output: null },
      { name: 'fail twice', attempt: 3, output: null },
    ])
    for (const { finishedAt, ms } of job.steps) {
      expect(finishedAt).toBeInstanceOf(Date)
      expect(ms).toBeGreaterThanOrEqual(0)
    }
    expect((await ph.explain(job.id)).reasons.map(({ code }) => code)).not.toContain('steps')
  })

  test('steps and the checkpoint of the handler live side by side', async () => {
    const seen: unknown[] = []
    const { job } = await ended(kind, async (ctx) => {
      seen.push(ctx.checkpoint.get())
      await ctx.checkpoint.set({ $posthaste: 1, row: ctx.attempt })
      await ctx.step('one', () => 1)
      seen.push(ctx.checkpoint.get())
      if (ctx.attempt === 1) throw new Error('again')
    })
    const own = (row: number) => ({ $posthaste: 1, row })
    expect(seen).toEqual([undefined, own(1), own(1), own(2)])
    expect(job).toMatchObject({ checkpoint: own(2), steps: [{ name: 'one', attempt: 1 }] })
  })

  test('a name used twice in one run is refused, and no retry mends it', async () => {
    const { job } = await ended(kind, async (ctx) => {
      await ctx.step('same', () => 1)
      await ctx.step('same', () => 2)
    })
    expect(job).toMatchObject({ state: 'dead', reason: 'not_retriable', lastError: { code: 'E_STEP' } })
    expect(job.lastError?.message).toContain('"same" was asked for twice')
    expect(job.steps).toMatchObject([{ name: 'same', output: 1 }])
  })

  test('a step that failed may be tried again by the same run', async () => {
    let tries = 0
    const { job } = await ended(kind, async (ctx) => {
      const work = () => {
        tries += 1
        if (tries === 1) throw new Error('not yet')
        return tries
      }
      return ctx.step('try', work).catch(() => ctx.step('try', work))
    })
    expect(job).toMatchObject({ state: 'completed', output: 2, attempt: 1 })
  })

  test('steps side by side: the run waits for all of them, also when one fails', async () => {
    const slow = gate()
    const begun: string[] = []
    const { job } = await ended(kind, async (ctx) => {
      const one = (name: string, work: () => unknown) =>
        ctx.step(name, () => {
          begun.push(name)
          return work()
        })
      if (ctx.attempt === 1) setTimeout(slow.open, 20)
      return Promise.all([
        one('slow', () => slow.passed.then(() => 'slow')),
        one('quick', () => 'quick'),
        one('bad', () => {
          if (ctx.attempt === 1) throw new Error('the first time')
          return 'good'
        }),
      ])
    })
    expect(job).toMatchObject({ state: 'completed', output: ['slow', 'quick', 'good'], attempt: 2 })
    expect(begun.sort()).toEqual(['bad', 'bad', 'quick', 'slow'])
    expect(job.steps.map(({ name }) => name).sort()).toEqual(['bad', 'quick', 'slow'])
  })

  test('what is no JSON, too large, or too many is refused', async () => {
    const codeOf = async (run: (ctx: TaskContext) => unknown) => (await ended(kind, run)).job.lastError
    expect(await codeOf((ctx) => ctx.step('map', () => new Map()))).toMatchObject({ code: 'E_JSON' })
    expect(await codeOf((ctx) => ctx.step('', () => 1))).toMatchObject({ code: 'E_ARGUMENT' })
    const half = 'x'.repeat(CHECKPOINT_BYTES_MAX / 2)
    const large = await ended(kind, async (ctx) => {
      await ctx.step('half', () => half)
      await ctx.step('the other half', () => half)
    })
    expect(large.job).toMatchObject({ state: 'dead', lastError: { code: 'E_TOO_LARGE' } })
    expect(large.job.steps.map(({ name }) => name)).toEqual(['half'])
    const many = await ended(kind, (ctx) =>
      Promise.all(Array.from({ length: STEPS_MAX + 1 }, (_, n) => ctx.step(`s${n}`, () => n))),
    )
    expect(many.job).toMatchObject({ state: 'dead', lastError: { code: 'E_STEP' } })
    expect(many.job.steps).toHaveLength(STEPS_MAX)
  })

  test('a job cannot be added within a step, which another run would skip', async () => {
    const { job, ph } = await ended(kind, async (ctx) => {
      await ctx.step('add', () => ctx.add('it', null))
    })
    expect(job).toMatchObject({ state: 'dead', lastError: { code: 'E_STEP' }, steps: [] })
    expect((await ph.list()).jobs).toHaveLength(1)
  })

  test('a job that waits to be retried shows and explains its steps', async () => {
    const ph = await opened(kind, {
      tasks: [
        task({
          name: 'it',
          retry: { backoff: { base: '1h', jitter: 0 } },
          run: async (_, ctx) => {
            await ctx.step('pack', () => 1)
            throw new Error('later')
          },
        }),
      ],
    })
    ph.work()
    const { id } = await ph.add('it', null)
    await until(async () => (await ph.get(id))?.state === 'retrying')
    const { reasons } = await ph.explain(id)
    expect(reasons.find(({ code }) => code === 'steps')?.text).toMatch(
      /^One step is finished, the last one "pack"/,
    )
  })

  test('a run that was told to stop begins no other step, and keeps the one that it finishes', async () => {
    const begun = gate()
    const finish = gate()
    const ph = await opened(kind, {
      tasks: [
        tried(async (ctx) => {
          await ctx.step('first', async () => {
            begun.open()
            await finish.passed
          })
          await ctx.step('second', () => 2)
        }),
      ],
    })
    ph.work({ heartbeat: '50ms' })
    const { id } = await ph.add('it', null)
    await begun.passed
    await ph.cancel(id)
    setTimeout(finish.open, 300)
    const job = await ph.waitFor(id)
    expect(job).toMatchObject({ state: 'cancelled', steps: [{ name: 'first' }] })
  })
})

test('a worker whose lease went to another stops at the step', async () => {
  const begun = gate()
  const finish = gate()
  const codes: unknown[] = []
  const run = async (ctx: TaskContext) => {
    if (ctx.attempt > 1) return 'elsewhere'
    try {
      await ctx.step('one', async () => {
        begun.open()
        await finish.passed
      })
      return codes.push('went on')
    } catch (error) {
      codes.push(error)
      throw error
    }
  }
  const ph = await opened('memory', { tasks: [tried(run)], maintain: false })
  ph.work()
  const { id } = await ph.add('it', null)
  await begun.passed
  // Someone takes the job from it, as a maintainer would take it from a worker that was cut off.
  const [held] = await ph.engine.get([id])
  const settled = {
    ...{ id, fence: held?.fence ?? 0, to: 'ready' as const, attempt: 1, retries: 0, crashes: 1, solo: false },
    ...{ startedAt: null, reason: null, output: null, error: null, history: null, unlessCancelled: false },
  }
  await ph.engine.exchange({ worker: null, settle: [settled] })
  finish.open()
  await until(() => codes.length > 0)
  expect(codes).toMatchObject([{ code: 'E_STALE_LEASE' }])
  expect((await ph.waitFor(id)).output).toBe('elsewhere')
  expect((await ph.get(id))?.steps).toEqual([])
})
