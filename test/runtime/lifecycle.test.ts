import { join } from 'node:path'
import { type Pack, type Posthaste, posthaste, task } from 'posthaste'
import { afterEach, describe, expect, test } from 'vitest'
import { createMemoryEngine } from '../../src/engines/memory/index.ts'
import { ENGINES, newFolder, opened, until } from './open.ts'

const id = '0199c0de-0000-7000-8000-000000000000'

/** A handler that ends when it is let go, or when it is told to stop. */
const gate = () => {
  let open = (): void => undefined
  const opening = new Promise<void>((resolve) => {
    open = resolve
  })
  const held = task({
    name: 'held',
    run: (_, { signal }) =>
      Promise.race([
        opening.then(() => 'let go'),
        new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
      ]),
  })
  return { held, open }
}

describe.each(ENGINES)('closing on %s', (kind) => {
  test('afterwards every method says E_STORE_CLOSED, and closing again is fine', async () => {
    const ph = await opened(kind)
    await ph.close()
    await ph.close()
    const calls: (() => Promise<unknown>)[] = [
      () => ph.add('x', 1),
      () => ph.addMany([{ task: 'x', payload: 1 }]),
      () => ph.get(id),
      () => ph.list(),
      () => ph.logs(id),
      () => ph.stats(),
      () => ph.workers(),
      () => ph.explain(id),
      () => ph.waitFor(id),
      () => ph.cancel(id),
      () => ph.retry([id]),
      () => ph.remove(id),
      () => ph.runNow(id),
      () => ph.resolve(id, { to: 'ready' }),
      () => ph.pause('q'),
      () => ph.resume('q'),
    ]
    for (const call of calls)
      await expect(call(), String(call)).rejects.toMatchObject({ code: 'E_STORE_CLOSED' })
    expect(() => ph.work()).toThrow(expect.objectContaining({ code: 'E_STORE_CLOSED' }))
  })

  test('a second close without grace ends the grace of the first', async () => {
    const { held } = gate()
    const ph = await opened(kind, { tasks: [held] })
    const job = await ph.add('held', null)
    ph.work()
    await until(async () => (await ph.get(job.id))?.startedAt !== null)
    const closing = ph.close({ grace: '1h' })
    await ph.close({ grace: 0 })
    await closing
  })

  test('a grace that is none is refused, and nothing is closed', async () => {
    const ph = await opened(kind)
    await expect(ph.close({ grace: 'a while' })).rejects.toMatchObject({ code: 'E_DURATION', field: 'grace' })
    expect(await ph.add('x', 1)).toMatchObject({ inserted: true })
  })

  test('adds under way are stored before the store closes', async () => {
    const ph = await opened(kind)
    const adds = Array.from({ length: 50 }, (_, i) => ph.add('x', i))
    await Promise.resolve()
    await ph.close()
    const added = await Promise.allSettled(adds)
    expect(added.every(({ status }) => status === 'fulfilled')).toBe(true)
  })

  test('lets a running handler end within its grace', async () => {
    const { held, open } = gate()
    const ph = await opened(kind, { tasks: [held] })
    const ended: string[] = []
    ph.on('completed', (job) => ended.push(String(job.output)))
    const job = await ph.add('held', null)
    ph.work()
    await until(async () => (await ph.get(job.id))?.startedAt !== null)
    const closing = ph.close({ grace: '10s' })
    open()
    await closing
    expect(ended).toEqual(['let go'])
  })

  test('gives a job back when the grace is over, and charges no attempt', async () => {
    const { held } = gate()
    const ph = await opened(kind, { tasks: [held] })
    const released: [string, number][] = []
    ph.on('released', (job) => released.push([job.state, job.attempt]))
    const job = await ph.add('held', null)
    ph.work()
    await until(async () => (await ph.get(job.id))?.startedAt !== null)
    await ph.close({ grace: 20 })
    expect(released).toEqual([['ready', 0]])
  })
})

test('jobs on a file outlive their program', async () => {
  const engine = `sqlite:${join(await newFolder(), 'deep', 'jobs.db')}`
  const first = await posthaste({ engine }).catch((error: unknown) => error)
  // A folder that does not exist may be refused; it must not be half made.
  if (first instanceof Error) expect(first).toMatchObject({ code: 'E_STORE_OPEN' })
  else await (first as Posthaste).close()

  const file = `sqlite:${join(await newFolder(), 'jobs.db')}`
  const one = await opened('sqlite', { engine: file })
  const job = await one.add('x', { kept: true }, { delay: '1h', key: 'k' })
  await one.close()
  const two = await opened('sqlite', { engine: file })
  expect(await two.get(job.id)).toMatchObject({ payload: { kept: true }, state: 'scheduled', key: 'k' })
  expect(await two.add('x', 1, { key: 'k' })).toMatchObject({ id: job.id, inserted: false })
})

describe('opening', () => {
  test.each([
    [{ engine: 'mysql://localhost' }, 'E_ENGINE_UNKNOWN', 'engine'],
    [{ engine: {} }, 'E_ARGUMENT', 'engine'],
    [{ engine: 5 }, 'E_ARGUMENT', 'engine'],
    [{ engine: 'memory:', database: 'x' }, 'E_ARGUMENT', 'options.database'],
    [{ engine: 'memory:', lease: '10ms' }, 'E_DURATION', 'lease'],
    [{ engine: 'memory:', heartbeat: -1 }, 'E_DURATION', 'heartbeat'],
    [{ engine: 'memory:', retention: { completed: { age: '1m' } } }, 'E_DURATION', 'retention.completed.age'],
    [{ engine: 'memory:', retention: { failed: {} } }, 'E_ARGUMENT', 'retention.failed'],
    [{ engine: 'memory:', retention: { dead: { count: -1 } } }, 'E_ARGUMENT', 'retention.dead.count'],
    [{ engine: 'memory:', logger: {} }, 'E_ARGUMENT', 'logger'],
    [{ engine: 'memory:', logLevel: 'loud' }, 'E_ARGUMENT', 'logLevel'],
    [
      {
        engine: 'memory:',
        tasks: [
          { name: 'a', run() {} },
          { name: 'a', run() {} },
        ],
      },
      'E_ARGUMENT',
      'tasks',
    ],
    ['memory:', 'E_ARGUMENT', 'options'],
  ])('refuses %j', async (options, code, field) => {
    await expect(posthaste(options as object)).rejects.toMatchObject({ code, field })
  })

  test('an engine object is opened, and closed with the installation', async () => {
    const engine = createMemoryEngine()
    await expect(engine.now()).rejects.toMatchObject({ code: 'E_STORE_CLOSED' })
    const ph = await posthaste({ engine })
    expect(await engine.now()).toBeGreaterThan(0)
    await ph.close()
    await expect(engine.now()).rejects.toMatchObject({ code: 'E_STORE_CLOSED' })
  })
})

describe('packs', () => {
  const heard: string[] = []
  afterEach(() => heard.splice(0))
  const pack = (name: string, more: Partial<Pack> = {}): Pack => ({
    name,
    tasks: [task({ name: `${name}-task`, run: () => name })],
    start: async () => void heard.push(`start ${name}`),
    close: async () => void heard.push(`close ${name}`),
    ...more,
  })

  test('bring their tasks, start in order and close in the opposite one, after the last worker', async () => {
    const ph = await posthaste({ engine: 'memory:', packs: [pack('a'), pack('b')] })
    const job = await ph.add('b-task', null)
    ph.work()
    expect((await ph.waitFor(job.id)).output).toBe('b')
    await ph.close()
    expect(heard).toEqual(['start a', 'start b', 'close b', 'close a'])
  })

  test('one that cannot start stops the opening, and nothing is left open', async () => {
    const engine = createMemoryEngine()
    const bad = pack('bad', { start: () => Promise.reject(new Error('no room')) })
    await expect(posthaste({ engine, packs: [pack('a'), bad, pack('c')] })).rejects.toThrow('no room')
    expect(heard).toEqual(['start a', 'close bad', 'close a'])
    await expect(engine.now()).rejects.toMatchObject({ code: 'E_STORE_CLOSED' })
  })

  test('one that cannot close is told after everything else is closed', async () => {
    const bad = pack('bad', { close: () => Promise.reject(new Error('stuck')) })
    const ph = await posthaste({ engine: 'memory:', packs: [pack('a'), bad] })
    await expect(ph.close()).rejects.toThrow('stuck')
    expect(heard).toEqual(['start a', 'start bad', 'close a'])
    await expect(ph.stats()).rejects.toMatchObject({ code: 'E_STORE_CLOSED' })
  })
})
