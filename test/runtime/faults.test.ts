import { newId, type Posthaste, PosthasteError, posthaste, task } from 'posthaste'
import { type FaultyEngine, faultyEngine, ManualClock, wrapEngine } from 'posthaste/testing'
import { afterEach, describe, expect, test } from 'vitest'
import { createMemoryEngine } from '../../src/engines/memory/index.ts'

const tasks = [task({ name: 'echo', run: (payload: unknown) => payload })]
const timeout = new PosthasteError('E_STORE_TIMEOUT')

let ph: Posthaste
const open = async (): Promise<FaultyEngine> => {
  const engine = faultyEngine(createMemoryEngine())
  ph = await posthaste({ engine, tasks })
  return engine
}
afterEach(() => ph.close({ grace: 0 }))

describe('when the store fails', () => {
  test('an add says so, and its neighbours of the same turn as well', async () => {
    const engine = await open()
    engine.inject({ method: 'insert', error: timeout })
    const added = await Promise.allSettled([ph.add('echo', 1), ph.add('echo', 2)])
    for (const one of added)
      expect(one).toMatchObject({ status: 'rejected', reason: { code: 'E_STORE_TIMEOUT' } })
    expect((await ph.stats()).total).toBe(0)
    expect(await ph.add('echo', 3)).toMatchObject({ inserted: true })
  })

  test('an add whose answer was lost is repeated with its id: one job', async () => {
    const engine = await open()
    const id = newId()
    engine.inject({ method: 'insert', error: timeout, when: 'after' })
    await expect(ph.add('echo', 1, { id })).rejects.toMatchObject({
      code: 'E_STORE_TIMEOUT',
      retriable: true,
    })
    expect(await ph.add('echo', 1, { id })).toMatchObject({ id, inserted: true })
    expect((await ph.stats()).total).toBe(1)
  })

  test('a job that the engine refuses does not take its neighbours with it', async () => {
    const refusing = wrapEngine(createMemoryEngine(), async (_, carryOut) => carryOut())
    const insert = refusing.insert
    refusing.insert = async (jobs, options) => {
      if (jobs.some(({ ref }) => ref === 'refused')) throw new PosthasteError('E_ARGUMENT', 'jobs[1] is odd.')
      return insert(jobs, options)
    }
    ph = await posthaste({ engine: refusing })
    const added = await Promise.allSettled([
      ph.add('x', 1),
      ph.add('x', 2, { ref: 'refused' }),
      ph.add('x', 3),
    ])
    expect(added.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect((await ph.stats()).total).toBe(2)
  })

  test('addMany tells what was stored before the failure', async () => {
    const engine = await open()
    engine.inject({ method: 'insert', call: 3, error: timeout })
    const items = Array.from({ length: 2_500 }, (_, i) => ({ task: 'echo', payload: i }))
    const error = await ph.addMany(items).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'E_STORE_TIMEOUT' })
    expect((error as PosthasteError).message).toMatch(/^After 2000 of 2500 jobs were stored/)
    const added = (error as PosthasteError).data?.['added'] as { id: string }[]
    expect(added).toHaveLength(2_000)
    expect((await ph.stats()).total).toBe(2_000)
    expect((await ph.get(added[1_999]?.id as string))?.payload).toBe(1_999)
  })

  test('waitFor outlives a store that fails for a while', async () => {
    const engine = await open()
    const { id } = await ph.add('echo', 'in the end')
    engine.inject({ method: 'get', times: 3, error: timeout })
    const waiting = ph.waitFor(id)
    ph.work()
    expect(await waiting).toMatchObject({ state: 'completed', output: 'in the end' })
  })

  test('waitFor keeps its deadline when the store never answers', async () => {
    const engine = faultyEngine(createMemoryEngine(), { clock: new ManualClock() })
    ph = await posthaste({ engine })
    const { id } = await ph.add('echo', 1)
    engine.inject({ method: 'get', times: Number.POSITIVE_INFINITY, error: null, delayMs: 1 })
    await expect(ph.waitFor(id, { timeout: 50 })).rejects.toMatchObject({ code: 'E_WAIT_TIMEOUT' })
  })

  test('waitFor without hints is slower, not wrong', async () => {
    const engine = await open()
    engine.inject({ method: 'listen', times: Number.POSITIVE_INFINITY, error: timeout })
    const { id } = await ph.add('echo', 1)
    const waiting = ph.waitFor(id)
    ph.work()
    expect(await waiting).toMatchObject({ state: 'completed' })
  })

  test('an action whose answer was lost can be repeated', async () => {
    const engine = await open()
    const { id } = await ph.add('echo', 1)
    engine.inject({ method: 'change', error: timeout, when: 'after' })
    await expect(ph.cancel(id)).rejects.toMatchObject({ code: 'E_STORE_TIMEOUT' })
    expect(await ph.cancel(id)).toMatchObject({ state: 'cancelled' })
  })
})

describe('when someone else changes the job at the same time', () => {
  /** Before each of the first `times` changes, a rival cancels the job or sends it round again: its fence moves on. */
  const rivalled = async (times: number): Promise<string> => {
    const base = createMemoryEngine()
    const rival = await posthaste({ engine: wrapEngine(base, (_, carryOut) => carryOut()) })
    let left = times
    let isRival = false
    const engine = wrapEngine(base, async (method, carryOut) => {
      if (method === 'change' && !isRival && left-- > 0) {
        isRival = true
        const job = await rival.get(id)
        await (job?.state === 'cancelled' ? rival.retry(id) : rival.cancel(id))
        isRival = false
      }
      return carryOut()
    })
    ph = await posthaste({ engine })
    const { id } = await ph.add('x', 1)
    return id
  }

  test('it is read and judged again', async () => {
    const id = await rivalled(7)
    expect(await ph.remove(id)).toMatchObject({ state: 'cancelled' })
    expect(await ph.get(id)).toBeNull()
  })

  test('but not for ever', async () => {
    const id = await rivalled(100)
    await expect(ph.remove(id)).rejects.toMatchObject({ code: 'E_CONFLICT', retriable: true })
    expect(await ph.get(id)).not.toBeNull()
  })
})
