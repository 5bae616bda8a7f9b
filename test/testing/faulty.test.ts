import { expect, it } from 'vitest'
import { PosthasteError } from '../../src/core/errors.ts'
import { newId } from '../../src/core/ids.ts'
import { createMemoryEngine } from '../../src/engines/memory/index.ts'
import { faultyEngine, ManualClock } from '../../src/testing/index.ts'

const job = (id = newId()) => ({
  ...{
    id,
    task: 't',
    queue: 'q',
    group: null,
    priority: 5,
    payload: '{}',
    delayMs: 0,
    runAt: null,
    blocked: null,
  },
  ...{ maxRetries: null, leaseMs: null, options: null, key: null, ref: null, tags: null, ties: null },
})

const create = async () => {
  const clock = new ManualClock()
  const engine = faultyEngine(createMemoryEngine({ clock }), { clock })
  await engine.open()
  return { clock, engine }
}
const isStored = async (engine: Awaited<ReturnType<typeof create>>['engine'], id: string) =>
  (await engine.get([id]))[0] !== null

it('without a fault it is the engine beneath', async () => {
  const { engine } = await create()
  const one = job()
  expect((await engine.insert([one])).verdicts).toEqual([{ status: 'inserted', id: one.id }])
  expect(engine.info().kind).toBe('memory')
  expect(engine.calls('insert')).toBe(1)
  expect(engine.calls()).toBe(2)
})

it('a fault before the call leaves the work undone, a fault after it loses only the answer', async () => {
  const { engine } = await create()
  const [undone, done] = [job(), job()]
  engine.inject({ method: 'insert' })
  await expect(engine.insert([undone])).rejects.toMatchObject({ code: 'E_STORE' })
  expect(await isStored(engine, undone.id)).toBe(false)
  engine.inject({ method: 'insert', when: 'after', error: new PosthasteError('E_STORE_TIMEOUT') })
  await expect(engine.insert([done])).rejects.toMatchObject({ code: 'E_STORE_TIMEOUT' })
  expect(await isStored(engine, done.id)).toBe(true)
})

it('a fault strikes the calls it was made for, and no others', async () => {
  const { engine } = await create()
  engine.inject({ method: 'now', call: 2, times: 2 })
  const outcomes: string[] = []
  for (let call = 0; call < 5; call++) {
    await engine.counts()
    outcomes.push(
      await engine.now().then(
        () => 'ok',
        () => 'failed',
      ),
    )
  }
  expect(outcomes).toEqual(['ok', 'failed', 'failed', 'ok', 'ok'])
})

it('a lasting fault strikes until it is healed', async () => {
  const { engine } = await create()
  engine.inject({ times: Number.POSITIVE_INFINITY })
  for (let call = 0; call < 3; call++)
    await expect(engine.counts()).rejects.toMatchObject({ code: 'E_STORE' })
  engine.heal()
  expect(await engine.counts()).toEqual([])
})

it('a late call waits for its clock', async () => {
  const { clock, engine } = await create()
  engine.inject({ method: 'counts', delayMs: 1_000, error: null })
  let isDone = false
  const call = engine.counts().then(() => {
    isDone = true
  })
  clock.advance(999)
  await engine.now()
  expect(isDone).toBe(false)
  clock.advance(1)
  await call
  expect(isDone).toBe(true)
})
