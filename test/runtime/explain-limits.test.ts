import { type Posthaste, type ReasonCode, task } from 'posthaste'
import { describe, expect, test } from 'vitest'
import { ENGINES, opened, until } from './open.ts'

/** Runs until the test lets it go. */
const endless = () => {
  const state = { running: 0, release: (): void => {} }
  const gate = new Promise<void>((resolve) => {
    state.release = resolve
  })
  const run = async (): Promise<void> => {
    state.running += 1
    await gate
  }
  return { state, hold: task({ name: 'hold', run }) }
}

const because = async (ph: Posthaste, id: string, code: ReasonCode) => {
  const { reasons, next } = await ph.explain(id)
  const found = reasons.find((reason) => reason.code === code)
  expect(found, JSON.stringify(reasons.map((reason) => reason.text))).toBeDefined()
  return { ...(found as (typeof reasons)[number]), first: reasons[0]?.code, next }
}

describe.each(ENGINES)('explaining limits on %s', (kind) => {
  test.each([
    ['a queue', { queue: 'mail' }, {}, 'Queue mail'],
    ['a task', { task: 'hold' }, {}, 'Task hold'],
    ['a group', { queue: 'mail', group: 'g' }, { group: 'g' }, 'Group g of queue mail'],
    ['every group', { queue: 'mail', groups: true }, { group: 'g' }, 'Group g of queue mail'],
    ['a key', { key: 'k' }, { limit: 'k' }, 'Limit key k'],
  ] as const)('%s that is full, with whom; paused, by whom', async (_, target, options, what) => {
    const { state, hold } = endless()
    const ph = await opened(kind, { tasks: [hold] })
    await ph.limits.set(target, { concurrency: 2 })
    const add = () => ph.add('hold', null, { queue: 'mail', ...options })
    const ids = [(await add()).id, (await add()).id]
    // Jobs of others do not count.
    await ph.add('hold', null, { queue: 'x', group: 'g' })
    if ('queue' in target) ph.work({ concurrency: 9 })
    else ph.work({ concurrency: 9, queues: ['mail'] })
    await until(() => state.running === ('queue' in target ? 3 : 2))
    const { id } = await add()
    const full = await because(ph, id, 'limit_reached')
    expect(full).toMatchObject({
      first: 'limit_reached',
      text: `${what} is full: 2 of 2 jobs run: ${ids.join(', ')}.`,
      data: { ...target, concurrency: 2, running: 2, jobs: ids },
      next: 'It may begin when a job under this limit ends, or when the limit is raised.',
    })
    await ph.pause(target, { by: 'ada' })
    const word =
      'task' in target
        ? 'task'
        : 'key' in target
          ? 'key'
          : 'group' in target || 'groups' in target
            ? 'group'
            : 'queue'
    const paused = await because(ph, id, `${word}_paused`)
    expect(paused.text).toMatch(new RegExp(`^${what} is paused by ada since 20\\d\\d-`))
    expect(paused).toMatchObject({ first: `${word}_paused`, data: { by: 'ada' } })
    expect(paused.next).toMatch(/^Resume the /)
    state.release()
  })

  test.each([
    ['a task', { task: 'quick' }, {}],
    ['every group', { queue: 'default', groups: true }, { group: 'g' }],
  ] as const)('the rate of %s, until when', async (_, target, options) => {
    const quick = task({ name: 'quick', run: () => {} })
    const ph = await opened(kind, { tasks: [quick] })
    await ph.limits.set(target, { rate: { max: 2, per: '1h' } })
    const [one, two] = [await ph.add('quick', null, options), await ph.add('quick', null, options)]
    const worker = ph.work()
    await Promise.all([ph.waitFor(one.id), ph.waitFor(two.id)])
    const { id } = await ph.add('quick', null, options)
    await worker.drained()
    const { data, text, next } = await because(ph, id, 'rate_limited')
    const until = Number(data['until']) - Date.now()
    expect(until).toBeGreaterThan(3_500_000)
    expect(until).toBeLessThanOrEqual(3_600_000)
    expect(text).toMatch(/has had its 2 jobs of the last 1h; the next may begin in (59m \d+s|1h), at 20/)
    expect(next).toMatch(/^It may begin then/)
  })

  test('a limit of none, and what is open, which is not spoken of', async () => {
    const ph = await opened(kind)
    await ph.limits.set({ task: 'x' }, { concurrency: 0 })
    await ph.limits.set({ queue: 'default' }, { concurrency: 5, rate: { max: 3, per: '1m' } })
    const { id } = await ph.add('x', null, { delay: '1h' })
    const { reasons } = await ph.explain(id)
    expect(reasons.map(({ code }) => code)).toEqual(['scheduled', 'no_worker', 'limit_reached'])
    expect(reasons[2]?.text).toBe('Task x has a limit of 0 jobs at the same time.')
  })
})

describe.each(ENGINES)('explaining a queue on %s', (kind) => {
  test('nothing there, then a backlog with its age, its rate and its end', async () => {
    const quick = task({ name: 'quick', run: () => {} })
    const { state, hold } = endless()
    const ph = await opened(kind, { tasks: [quick, hold] })
    expect(await ph.explainQueue('mail')).toMatchObject({
      ...{ queue: 'mail', summary: 'Queue mail has nothing to do.', next: null, emptyInMs: null },
      ...{ ready: 0, running: 0, later: 0, blocked: 0, oldestReadyAgeMs: null, tasks: [] },
      perMinute: { finished: 0, added: 0 },
    })
    const queue = 'mail'
    await ph.addMany(Array.from({ length: 30 }, () => ({ task: 'quick', payload: null, queue })))
    const silent = await ph.explainQueue('mail')
    expect(silent).toMatchObject({ ready: 30, perMinute: { finished: 0 }, emptyInMs: null })
    expect(silent.reasons.map(({ code }) => code)).toEqual(['no_worker', 'backlog'])
    expect(silent.reasons[1]?.text).toMatch(
      /^30 ready, the oldest for \S+( \S+)?; 0 running\. 0 a minute finish, \d[\d.]* a minute are added: nothing has finished in the last 5 minutes\.$/,
    )
    ph.work({ concurrency: 2 })
    await until(async () => (await ph.stats()).states.completed === 30)
    await ph.addMany(Array.from({ length: 4 }, () => ({ task: 'hold', payload: null, queue })))
    await ph.add('hold', null, { queue, delay: '1h' })
    await until(() => state.running === 2)
    const busy = await ph.explainQueue('mail')
    // Claimed ahead of free slots is running, too.
    expect(busy.ready + busy.running).toBe(4)
    expect(busy).toMatchObject({ later: 1, next: null })
    expect(busy.tasks).toEqual([{ task: 'hold', unfinished: 5, known: true }])
    const { finished } = busy.perMinute
    expect(finished).toBeGreaterThan(0)
    expect(busy.emptyInMs).toBe(Math.ceil((4 / finished) * 60_000))
    expect(busy.emptyAt?.getTime()).toBe(busy.at.getTime() + (busy.emptyInMs ?? 0))
    expect(busy.summary).toMatch(
      /a minute are added: at that rate it is empty in \S+( \S+)? if nothing more is added\.$/,
    )
    state.release()
  })

  test('what holds it: pauses, limits, tasks without a worker', async () => {
    const { state, hold } = endless()
    const ph = await opened(kind, { tasks: [hold] })
    await ph.limits.set({ queue: 'mail', group: 'a' }, { concurrency: 1 })
    await ph.limits.set({ queue: 'other', group: 'b' }, { concurrency: 0 })
    await ph.limits.set({ queue: 'mail', groups: true }, { concurrency: 1 })
    await ph.pause({ task: 'nowhere' })
    for (const group of ['a', 'a', 'b', 'c']) await ph.add('hold', null, { queue: 'mail', group })
    await ph.add('strange', null, { queue: 'mail' })
    ph.work()
    await until(() => state.running === 3)
    await ph.pause({ task: 'hold' }, { by: 'ada' })
    await ph.pause('mail', { by: 'bob' })
    const { reasons, next, summary } = await ph.explainQueue('mail')
    expect(reasons.map(({ code }) => code)).toEqual([
      ...['queue_paused', 'task_unknown', 'limit_reached', 'task_paused', 'backlog'],
    ])
    expect(summary).toMatch(/^Queue mail is paused by bob since 20/)
    expect(reasons.map(({ text }) => text).join('\n')).toContain(
      'No live worker of queue mail knows strange.',
    )
    expect(reasons.map(({ text }) => text).join('\n')).toContain(
      'Group a of queue mail is full: 1 of 1 jobs run',
    )
    expect(next).toBe('Resume the queue.')
    await expect(ph.explainQueue('no name')).rejects.toMatchObject({ code: 'E_NAME', field: 'queue' })
    state.release()
  })
})
