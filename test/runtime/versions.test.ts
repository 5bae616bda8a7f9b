import { type AnyTask, type Posthaste, posthaste, task } from 'posthaste'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { newEngineUrl, ENGINES as STORES } from '../servers/engines.ts'
import { dropSchemas } from '../servers/postgres.ts'
import { ENGINES, newFolder, opened, until } from './open.ts'

afterAll(dropSchemas)

const ran: unknown[] = []
const run = (payload: unknown, ctx: { job: { version: number } }): unknown => {
  ran.push([ctx.job.version, payload])
  return payload
}

/** The same task as three releases of a program have it. */
const first = task({ name: 'greet', payload: z.object({ who: z.string() }), run })
const second = task({
  name: 'greet',
  version: 2,
  payload: z.object({ name: z.string() }),
  upgrade: { 1: ({ who }) => ({ name: who }) },
  run,
})
const third = task({
  name: 'greet',
  version: 3,
  payload: z.object({ names: z.array(z.string().min(1)) }),
  upgrade: { 1: ({ who }) => ({ name: who }), 2: ({ name }) => ({ names: [name] }) },
  run,
})

describe('a definition', () => {
  const defined = (version: unknown, upgrade: unknown) => () =>
    task({ name: 'greet', version, upgrade, run } as never)
  const step = () => ({})
  test.each([
    [0, undefined, /version is 0, not a whole number from 1 to 9999/],
    [1.5, undefined, /version is 1.5/],
    [3, { 3: step }, /upgrade.3 is no version before 3/],
    [3, { x: step }, /upgrade.x is no version/],
    [3, { 1: step }, /upgrade.1 leads to version 2, which leads nowhere/],
    [3, { 2: 'no' }, /upgrade.2 is not a function/],
    [3, 'no', /upgrade is not an object/],
  ])('of version %s with upgrades %o is refused', (version, upgrade, message) => {
    expect(defined(version, upgrade)).toThrow(message)
  })
  test('may leave out what is too old', () => {
    expect(defined(3, { 2: step })).not.toThrow()
    expect(defined(3, undefined)).not.toThrow()
  })
})

describe.each(ENGINES)('versions on %s', (kind) => {
  test('an older payload is brought up to date, version by version, and then checked', async () => {
    ran.length = 0
    const ph = await opened(kind, { tasks: [third] })
    const old = await ph.add('greet', { who: 'Ada' } as never, { version: 1 })
    const newer = await ph.add('greet', { name: 'Bob' } as never, { version: 2 })
    const today = await ph.add('greet', { names: ['Cyd'] })
    expect([old, newer, today].map(({ task: name, version }) => [name, version])).toEqual([
      ['greet', 1],
      ['greet', 2],
      ['greet', 3],
    ])
    ph.work()
    expect((await ph.waitFor(old.id)).output).toEqual({ names: ['Ada'] })
    expect((await ph.waitFor(newer.id)).output).toEqual({ names: ['Bob'] })
    expect((await ph.waitFor(today.id)).output).toEqual({ names: ['Cyd'] })
    expect(ran.map((one) => (one as unknown[])[0]).sort()).toEqual([1, 2, 3])
    // What was added stays what it was.
    expect(await ph.get(old.id)).toMatchObject({ task: 'greet', version: 1, payload: { who: 'Ada' } })
  })

  test('an older payload that does not fit after its upgrade is refused at add, and dead at a run', async () => {
    const ph = await opened(kind, { tasks: [third] })
    await expect(ph.add('greet', { name: '' } as never, { version: 2 })).rejects.toMatchObject({
      code: 'E_PAYLOAD',
    })
    await expect(ph.add('greet', null as never, { version: 1 })).rejects.toThrow(
      /Task greet cannot upgrade a payload of version 1/,
    )
    await expect(ph.add('greet', {} as never, { version: 0 })).rejects.toThrow(/version is 0/)
    const stranger = task({ name: 'odd', version: 2, upgrade: { 1: async (p) => p }, run })
    const other = await opened(kind, { tasks: [stranger] })
    other.work()
    const { id } = await other.add('odd', 1, { version: 1 })
    const job = await other.waitFor(id)
    expect(job).toMatchObject({ state: 'dead', reason: 'not_retriable', lastError: { code: 'E_PAYLOAD' } })
    expect(job.lastError?.message).toContain('it answers a promise')
  })

  test('lists, numbers and keys take all versions of a task together', async () => {
    const ph = await opened(kind, { tasks: [third] })
    const add = (version: number, payload: unknown, options = {}) =>
      ph.add('greet', payload as never, { version, ...options })
    await add(1, { who: 'Ada' })
    await add(3, { names: ['Bob'] })
    await ph.add('other', null)
    const page = async (wanted: string) =>
      (await ph.list({ task: wanted })).jobs.map(({ version }) => version).sort()
    expect(await page('greet')).toEqual([1, 3])
    expect(await page('greet@3')).toEqual([3])
    expect(await page('greet@1')).toEqual([1])
    expect(await page('nothing')).toEqual([])
    const { tasks } = await ph.stats()
    expect(tasks).toMatchObject([
      { task: 'greet', total: 2, versions: [1, 3], known: false },
      { task: 'other', total: 1, versions: [1], known: false },
    ])
    const key = { key: 'one', scope: 'task' } as const
    const holder = await add(1, { who: 'Cyd' }, { key })
    expect(await add(3, { names: ['Dan'] }, { key })).toMatchObject({ inserted: false, id: holder.id })
    ph.work()
    await until(async () => (await ph.stats()).tasks[0]?.known === true)
    expect(await ph.workers()).toMatchObject([{ tasks: ['greet'], versions: { greet: [1, 2, 3] } }])
  })

  test('a schedule keeps the version of its payload, also when a program without the task changes it', async () => {
    const ph = await opened(kind, { tasks: [third] })
    const plan = { every: '1h', task: third, payload: { names: ['Eve'] } }
    expect((await ph.schedule('hourly', plan)).options).toEqual({ version: 3 })
    const changed = await ph.schedules.update('hourly', { every: '2h' })
    expect(changed.options).toEqual({ version: 3 })
    expect(await ph.schedules.run('hourly')).toMatchObject({ task: 'greet', version: 3 })
    await ph.schedules.update('hourly', { task: 'plain', payload: null })
    expect(await ph.schedules.run('hourly')).toMatchObject({ task: 'plain', version: 1 })
  })
})

describe.each(STORES)('a deploy on %s', (kind) => {
  const program = async (engine: string, tasks: readonly AnyTask[]): Promise<Posthaste> => {
    const ph = await posthaste({ engine, tasks })
    onTestFinished(() => ph.close({ grace: 0 }))
    return ph
  }

  test('the old worker leaves what is newer to others, and the new one runs what is older', async () => {
    const engine = await newEngineUrl(kind, await newFolder())
    const before = await program(engine, [first])
    const after = await program(engine, [second])
    before.work({ queues: ['default'] })
    const newer = await after.add(second, { name: 'Ada' })
    // Behind the newer one in line, and run all the same.
    const older = await before.add(first, { who: 'Bob' })
    expect((await before.waitFor(older.id)).output).toEqual({ who: 'Bob' })
    expect((await before.get(newer.id))?.state).toBe('ready')
    await until(async () => (await before.workers()).length === 1)
    const { reasons, next } = await after.explain(newer.id)
    expect(reasons[0]).toMatchObject({
      code: 'version_unknown',
      data: { task: 'greet', version: 2, known: [1] },
    })
    expect(reasons[0]?.text).toContain('runs version 2 of task greet: they run 1.')
    expect(next).toMatch(/^Start a worker whose code has this version/)

    for (const worker of before.localWorkers()) await worker.stop()
    const left = await before.add(first, { who: 'Cyd' })
    after.work()
    expect((await after.waitFor(newer.id)).output).toEqual({ name: 'Ada' })
    expect((await after.waitFor(left.id)).output).toEqual({ name: 'Cyd' })
  })
})
