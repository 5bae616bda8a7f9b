import { isPosthasteError, type Logger, type Posthaste, task } from 'posthaste'
import { describe, expect, test } from 'vitest'
import { ENGINES, opened, until } from './open.ts'

/** Runs until it is let go, and counts how many do so at once. */
const gateTask = (name = 'work') => {
  const state = { now: 0, most: 0, ran: [] as string[], release: () => {} }
  let open: Promise<void> = new Promise((resolve) => {
    state.release = resolve
  })
  const work = task({
    name,
    run: async (_payload, { job }) => {
      state.now += 1
      state.most = Math.max(state.most, state.now)
      await open
      state.now -= 1
      state.ran.push(job.id)
    },
  })
  return {
    work,
    state,
    close: () => {
      open = new Promise((resolve) => {
        state.release = resolve
      })
    },
  }
}

const refusedAt = async (promise: Promise<unknown>, code: string, field: string): Promise<void> => {
  const error = await promise.then(
    () => null,
    (thrown: unknown) => thrown,
  )
  expect(isPosthasteError(error) && { code: error.code, field: error.field }).toEqual({ code, field })
}

const counts = async (ph: Posthaste) => {
  const { states } = await ph.stats()
  return { ready: states.ready, running: states.running }
}

describe.each(ENGINES)('limits on %s', (kind) => {
  test('a limit holds from its answer on, is raised while all runs, and goes when it is removed', async () => {
    const { work, state } = gateTask()
    const ph = await opened(kind, { tasks: [work] })
    const limit = await ph.limits.set({ queue: 'default' }, { concurrency: 2 }, { by: 'ada' })
    expect(limit).toMatchObject({
      ...{ scope: 'queue', queue: 'default', group: null, task: null, key: null },
      ...{ concurrency: 2, rate: null, weight: null, paused: null, running: 0, opensAt: null },
      ...{ version: 1, source: 'operator', by: 'ada', drift: null },
    })
    await ph.addMany(Array.from({ length: 6 }, () => ({ task: work, payload: null })))
    ph.work({ concurrency: 10 })
    await until(() => state.now === 2)
    expect(await counts(ph)).toEqual({ ready: 4, running: 2 })
    expect(await ph.limits.get({ queue: 'default' })).toMatchObject({ running: 2 })
    await ph.limits.set({ queue: 'default' }, { concurrency: 3 })
    await until(() => state.now === 3)
    expect(state.most).toBe(3)
    expect(await ph.limits.remove({ queue: 'default' })).toBe(true)
    expect(await ph.limits.remove({ queue: 'default' })).toBe(false)
    await until(() => state.now === 6)
    expect(await ph.limits.list()).toEqual([])
    state.release()
  })

  test('each target bounds its own jobs: a task, a group, every group, a key', async () => {
    const { work, state } = gateTask()
    const other = gateTask('other')
    const ph = await opened(kind, { tasks: [work, other.work] })
    await ph.limits.set({ task: 'other' }, { concurrency: 1 })
    await ph.limits.set({ queue: 'mail', groups: true }, { concurrency: 1 })
    await ph.limits.set({ queue: 'mail', group: 'big' }, { concurrency: 2, weight: 2 })
    await ph.limits.set({ key: 'smtp relay' }, { concurrency: 1 })
    const add = (name: string, options: object) => ph.add(name, null, options)
    for (let i = 0; i < 3; i++) {
      await add('other', {})
      await add('work', { queue: 'mail', group: 'small' })
      await add('work', { queue: 'mail', group: 'big' })
      await add('work', { queue: 'free', limit: 'smtp relay' })
    }
    expect((await ph.list({ queue: 'free' })).jobs[0]).toMatchObject({ limit: 'smtp relay' })
    ph.work({ concurrency: 20 })
    await until(() => state.now + other.state.now === 5)
    const listed = (await ph.limits.list()).map(({ scope, running }) => [scope, running])
    expect(listed).toEqual([
      ['group', 2],
      ['groups', 1],
      ['key', 1],
      ['task', 1],
    ])
    expect(await counts(ph)).toEqual({ ready: 7, running: 5 })
    state.release()
    other.state.release()
    await until(async () => (await ph.stats()).states.completed === 12)
    expect(other.state.most).toBe(1)
  })

  test('a rate is kept in any stretch, and the next job begins when it opens', async () => {
    const starts: number[] = []
    const quick = task({ name: 'quick', run: () => void starts.push(performance.now()) })
    const ph = await opened(kind, { tasks: [quick] })
    await ph.limits.set({ task: 'quick' }, { rate: { max: 3, per: 400 } })
    await ph.addMany(Array.from({ length: 7 }, () => ({ task: quick, payload: null })))
    const begin = performance.now()
    ph.work({ concurrency: 10 })
    await until(() => starts.length === 7)
    for (const [i, at] of starts.entries()) expect(at - begin).toBeGreaterThan(Math.floor(i / 3) * 395)
  })

  test('a set with a version is refused when it is another one', async () => {
    const ph = await opened(kind)
    const target = { task: 'x' }
    await ph.limits.set(target, { concurrency: 1 }, { version: 0 })
    await refusedAt(ph.limits.set(target, { concurrency: 2 }, { version: 0 }), 'E_CONFLICT', 'version')
    const { version } = await ph.limits.set(target, { concurrency: 2 }, { version: 1 })
    await refusedAt(ph.limits.remove(target, { version: 1 }), 'E_CONFLICT', 'version')
    expect(await ph.limits.remove(target, { version })).toBe(true)
  })

  test('of two who set it with one version, one does', async () => {
    const ph = await opened(kind)
    const sets = [1, 2, 3, 4].map((concurrency) =>
      ph.limits.set({ key: 'k' }, { concurrency }, { version: 0 }).then(
        () => 'set',
        ({ code }) => code,
      ),
    )
    expect((await Promise.all(sets)).sort()).toEqual(['E_CONFLICT', 'E_CONFLICT', 'E_CONFLICT', 'set'])
  })

  test('what is wrong is named', async () => {
    const ph = await opened(kind)
    const set = (target: object, bounds: object) => ph.limits.set(target as { queue: string }, bounds)
    await refusedAt(set({}, { concurrency: 1 }), 'E_ARGUMENT', 'queue')
    await refusedAt(set({ group: 'x' }, { concurrency: 1 }), 'E_ARGUMENT', 'queue')
    await refusedAt(set({ queue: 'q', task: 't' }, { concurrency: 1 }), 'E_ARGUMENT', 'task')
    await refusedAt(set({ queue: 'q', key: 't' }, { concurrency: 1 }), 'E_ARGUMENT', 'key')
    await refusedAt(set({ queue: 'q', group: 'g', groups: true }, { concurrency: 1 }), 'E_ARGUMENT', 'groups')
    await refusedAt(set({ queue: 'no name' }, { concurrency: 1 }), 'E_NAME', 'queue')
    await refusedAt(set({ line: 'q' }, { concurrency: 1 }), 'E_ARGUMENT', 'target.line')
    await refusedAt(set({ queue: 'q' }, {}), 'E_ARGUMENT', 'concurrency')
    await refusedAt(set({ queue: 'q' }, { concurrency: -1 }), 'E_ARGUMENT', 'concurrency')
    await refusedAt(set({ queue: 'q' }, { weight: 2 }), 'E_ARGUMENT', 'weight')
    await refusedAt(set({ queue: 'q' }, { rate: { max: 0, per: '1m' } }), 'E_ARGUMENT', 'rate.max')
    await refusedAt(set({ queue: 'q' }, { rate: { max: 1, per: 'soon' } }), 'E_DURATION', 'rate.per')
    await refusedAt(set({ queue: 'q' }, { rate: { max: 1, each: '1m' } }), 'E_ARGUMENT', 'rate.each')
    await refusedAt(ph.add('x', null, { limit: '' }), 'E_ARGUMENT', 'limit')
    await refusedAt(ph.add('x', null, { group: 'a b' }), 'E_NAME', 'group')
    expect(await ph.limits.list()).toEqual([])
  })
})

describe.each(ENGINES)('groups and keys of tasks on %s', (kind) => {
  test('a task says group and limit key of a payload; an add may say otherwise', async () => {
    const mail = task({
      name: 'mail',
      group: (payload: { tenant?: string; relay: string }) => payload.tenant,
      limit: ({ relay }) => relay,
      run: () => {},
    })
    const fixed = task({ name: 'fixed', group: 'all', limit: 'one', run: () => {} })
    const ph = await opened(kind, { tasks: [mail, fixed] })
    expect(await ph.add(mail, { tenant: 't-1', relay: 'a' })).toMatchObject({ group: 't-1', limit: 'a' })
    expect(await ph.add(mail, { relay: 'a' })).toMatchObject({ group: null, limit: 'a' })
    expect(await ph.add('fixed', null)).toMatchObject({ group: 'all', limit: 'one' })
    expect(await ph.add('fixed', null, { group: 'own', limit: 'two' })).toMatchObject({
      ...{ group: 'own', limit: 'two' },
    })
    const [one] = await ph.addMany([{ task: mail, payload: { tenant: 't-2', relay: 'b' } }])
    expect(await ph.get(one?.id ?? '')).toMatchObject({ group: 't-2', limit: 'b' })
    await refusedAt(ph.add(mail, { tenant: 'no name', relay: 'a' }), 'E_NAME', 'task mail: group')
    await refusedAt(ph.add('mail', null as never), 'E_ARGUMENT', 'task mail: group')
  })

  test('the jobs of a schedule have them, too', async () => {
    const mail = task({
      name: 'mail',
      group: ({ tenant }: { tenant: string }) => tenant,
      limit: () => 'relay',
      run: () => {},
    })
    const ph = await opened(kind, { tasks: [mail] })
    await ph.schedule('nightly', { cron: '@daily', task: mail, payload: { tenant: 't' } })
    const { id } = await ph.schedules.run('nightly')
    expect(await ph.get(id)).toMatchObject({ group: 't', limit: 'relay' })
  })
})

/** A logger that keeps its warnings. */
const warnings = (): { readonly logger: Logger; readonly lines: unknown[][] } => {
  const lines: unknown[][] = []
  const nothing = (): void => {}
  const logger = {
    ...{ debug: nothing, info: nothing, error: nothing },
    warn: (...line: unknown[]) => void lines.push(line),
    isLevelEnabled: () => true,
  } as unknown as Logger
  return { logger, lines }
}

describe.each(ENGINES)('limits that code declares on %s', (kind) => {
  /** Programs that are started one after the other on one store. */
  const programs = async () => {
    const { engine } = await opened(kind)
    // The store stays open beneath them.
    const shared = new Proxy(engine, {
      get: (target, name) =>
        name === 'open' || name === 'close'
          ? async () => {}
          : typeof target[name as keyof typeof target] === 'function'
            ? (target[name as keyof typeof target] as () => unknown).bind(target)
            : target[name as keyof typeof target],
    })
    return (options: object) => opened(kind, { engine: shared, ...options })
  }
  const queue = { queue: 'mail' } as const

  test('a new version of the code changes its limits; a pause stays', async () => {
    const start = await programs()
    const first = await start({ limits: [{ ...queue, concurrency: 5 }] })
    expect(await first.limits.get(queue)).toMatchObject({ concurrency: 5, source: 'code', by: 'code' })
    await first.pause({ queue: 'mail', groups: true })
    const work = task({ name: 'work', limits: { rate: { max: 2, per: '1m' } }, run: () => {} })
    const second = await start({
      tasks: [work],
      limits: [
        { ...queue, concurrency: 6 },
        { ...queue, groups: true, concurrency: 1 },
      ],
    })
    expect(await second.limits.list()).toMatchObject([
      { scope: 'groups', concurrency: 1, paused: { by: 'library' }, source: 'code' },
      { scope: 'queue', concurrency: 6, source: 'code', drift: null },
      { scope: 'task', task: 'work', rate: { max: 2, per: 60_000 }, source: 'code' },
    ])
  })

  test('what an operator changed or removed stays so, and the log says it; reset takes the code again', async () => {
    const start = await programs()
    const { logger, lines } = warnings()
    const declared = { limits: [{ ...queue, concurrency: 5 }], logger }
    const first = await start(declared)
    await first.limits.set(queue, { concurrency: 9 }, { by: 'ada' })
    const second = await start({ ...declared, limits: [{ ...queue, concurrency: 6 }] })
    expect(await second.limits.get(queue)).toMatchObject({
      ...{ concurrency: 9, source: 'code', by: 'ada', drift: { fields: ['concurrency'], by: 'ada' } },
    })
    expect(lines).toHaveLength(1)
    expect(await second.limits.reset(queue)).toMatchObject({ concurrency: 6, by: 'code', drift: null })
    expect(await second.limits.remove(queue, { by: 'bob' })).toBe(true)
    const third = await start(declared)
    expect(await third.limits.get(queue)).toBeNull()
    expect(lines).toHaveLength(2)
    // Who says what the code says leaves it to the code.
    await third.limits.set(queue, { concurrency: 5 }, { by: 'bob' })
    const fourth = await start({ ...declared, limits: [{ ...queue, concurrency: 7 }] })
    expect(await fourth.limits.get(queue)).toMatchObject({ concurrency: 7, drift: null })
    expect(lines).toHaveLength(2)
  })

  test('what an operator set first is not taken over', async () => {
    const start = await programs()
    const first = await start({})
    await first.limits.set(queue, { rate: { max: 1, per: '1s' } }, { by: 'ada' })
    const second = await start({ limits: [{ ...queue, concurrency: 5 }] })
    expect(await second.limits.get(queue)).toMatchObject({
      ...{ concurrency: null, by: 'ada', drift: { fields: ['concurrency', 'rate'], by: 'ada' } },
    })
    await expect(first.limits.reset({ task: 'nobody' })).rejects.toMatchObject({ code: 'E_STATE' })
  })

  test('what is wrong is named before anything is opened', async () => {
    const start = await programs()
    await refusedAt(start({ limits: [{ concurrency: 5 }] }), 'E_ARGUMENT', 'limits[0].queue')
    await refusedAt(start({ limits: [{ ...queue, most: 5 }] }), 'E_ARGUMENT', 'limits[0].most')
    await refusedAt(
      start({ limits: [queue, queue].map((one) => ({ ...one, concurrency: 1 })) }),
      ...(['E_ARGUMENT', 'limits'] as const),
    )
    const bad = { name: 'bad', limits: { concurrency: 1.5 }, run: () => {} }
    await refusedAt(start({ tasks: [bad] }), 'E_ARGUMENT', 'task bad: limits.concurrency')
  })
})

describe.each(ENGINES)('pauses on %s', (kind) => {
  test('a task, a group and a key are stopped, told, shown, and go on', async () => {
    const { work, state } = gateTask()
    state.release()
    const ph = await opened(kind, { tasks: [work] })
    const heard: unknown[] = []
    ph.on('paused', (event) => heard.push(event))
    ph.on('resumed', (event) => heard.push(event))
    const targets = [{ task: 'work' }, { queue: 'mail', group: 'g' }, { key: 'k' }] as const
    await ph.pause(targets, { by: 'ada' })
    await ph.pause(targets, { by: 'bob' })
    expect(heard.slice(0, 3)).toEqual(targets.map((target) => ({ ...target, by: 'ada' })))
    await ph.add('work', null)
    expect((await ph.limits.list()).map(({ scope, paused }) => [scope, paused?.by])).toEqual([
      ['group', 'ada'],
      ['key', 'ada'],
      ['task', 'ada'],
    ])
    expect((await ph.stats()).tasks).toMatchObject([
      { task: 'work', paused: true, pausedAt: expect.any(Date), pausedBy: 'ada' },
    ])
    await ph.resume({ task: 'work' })
    const grouped = await ph.add('work', null, { queue: 'mail', group: 'g' })
    const keyed = await ph.add('work', null, { limit: 'k' })
    const worker = ph.work()
    await until(() => state.ran.length === 1)
    await worker.drained()
    expect(await counts(ph)).toEqual({ ready: 2, running: 0 })
    await ph.resume({ key: 'k' })
    await ph.waitFor(keyed.id)
    await ph.resume([{ queue: 'mail', group: 'g' }])
    await ph.waitFor(grouped.id)
    expect(await ph.limits.list()).toEqual([])
    await refusedAt(ph.pause({ group: 'g' } as never), 'E_ARGUMENT', 'queue')
    await refusedAt(ph.pause(['mail', { task: '' }]), 'E_NAME', 'targets[1].task')
  })

  test('a pause keeps the limit, and the limit the pause', async () => {
    const ph = await opened(kind)
    await ph.limits.set({ task: 'x' }, { concurrency: 3 }, { by: 'ada' })
    await ph.pause({ task: 'x' }, { by: 'bob' })
    expect(await ph.limits.set({ task: 'x' }, { concurrency: 4 })).toMatchObject({ paused: { by: 'bob' } })
    expect(await ph.limits.remove({ task: 'x' })).toBe(true)
    expect(await ph.limits.get({ task: 'x' })).toMatchObject({ concurrency: null, paused: { by: 'bob' } })
    await ph.resume({ task: 'x' })
    expect(await ph.limits.get({ task: 'x' })).toBeNull()
  })
})
