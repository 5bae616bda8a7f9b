import { newId, type Page, type Posthaste } from 'posthaste'
import { describe, expect, test } from 'vitest'
import { ENGINES, opened } from './open.ts'

const allPages = async (ph: Posthaste, options: Parameters<Posthaste['list']>[0]): Promise<Page['jobs']> => {
  const jobs: Page['jobs'] = []
  let cursor: string | null = null
  do {
    const page: Page = await ph.list({ ...options, cursor })
    expect(page.jobs.length).toBeLessThanOrEqual(options?.limit ?? 50)
    jobs.push(...page.jobs)
    cursor = page.cursor
  } while (cursor !== null)
  return jobs
}

describe.each(ENGINES)('reading on %s', (kind) => {
  test('get answers null for a job that is not there, and refuses what is no id', async () => {
    const ph = await opened(kind)
    expect(await ph.get(newId())).toBeNull()
    for (const id of ['', '12', "' or 1=1 --", '../x', newId().toUpperCase(), 12, null, undefined]) {
      await expect(ph.get(id as string)).rejects.toMatchObject({ code: 'E_ARGUMENT', field: 'id' })
    }
  })

  test('pages follow each other without a gap or a repetition, in every order', async () => {
    const ph = await opened(kind)
    const added = await ph.addMany(
      Array.from({ length: 23 }, (_, i) => ({
        task: `t${i % 2}`,
        payload: i,
        priority: i % 4,
        delay: i % 3 === 0 ? '1h' : 0,
      })),
    )
    const ids = added.map(({ id }) => id)
    expect((await allPages(ph, { limit: 5 })).map(({ id }) => id)).toEqual([...ids].reverse())
    for (const sort of [
      'id',
      '-id',
      'priority',
      '-priority',
      'task',
      '-runAt',
      'state',
      'startedAt',
      '-finishedAt',
    ] as const) {
      const jobs = await allPages(ph, { limit: 4, sort })
      expect(jobs.map(({ id }) => id).sort(), sort).toEqual(ids)
    }
    const byPriority = await allPages(ph, { limit: 4, sort: 'priority' })
    expect(byPriority.map(({ priority }) => priority)).toEqual(
      byPriority.map(({ priority }) => priority).sort(),
    )
    expect((await ph.list({ limit: 23 })).cursor).toBeNull()
  })

  test('filters narrow a list', async () => {
    const ph = await opened(kind)
    const a = await ph.add(
      'a',
      { note: 'Needle in the hay' },
      { queue: 'q', ref: '7', tags: ['red'], group: 'g' },
    )
    const b = await ph.add('b', {}, { queue: 'r', key: 'k', delay: '1h' })
    const found = async (options: Parameters<Posthaste['list']>[0]) =>
      (await ph.list(options)).jobs.map(({ id }) => id)
    expect(await found({ state: 'scheduled' })).toEqual([b.id])
    expect(await found({ state: ['scheduled', 'ready'] })).toEqual([b.id, a.id])
    expect(await found({ queue: 'q' })).toEqual([a.id])
    expect(await found({ task: ['b', 'c'] })).toEqual([b.id])
    expect(await found({ ref: '7' })).toEqual([a.id])
    expect(await found({ tag: 'red' })).toEqual([a.id])
    expect(await found({ group: 'g' })).toEqual([a.id])
    expect(await found({ key: 'k' })).toEqual([b.id])
    expect(await found({ search: 'needle' })).toEqual([a.id])
    expect(await found({ search: '' })).toEqual([b.id, a.id])
    expect(await found({ search: '%' })).toEqual([])
    expect(await found({ state: [] })).toEqual([])
    expect(await found({ createdAfter: new Date(Date.now() + 60_000) })).toEqual([])
    expect(await found({ queue: "q' or '1'='1" })).toEqual([])
  })

  test.each([
    [{ state: 'lost' }, 'E_ARGUMENT', 'state'],
    [{ sort: 'payload' }, 'E_ARGUMENT', 'sort'],
    [{ sort: 'id; drop table jobs' }, 'E_ARGUMENT', 'sort'],
    [{ sort: 12 }, 'E_ARGUMENT', 'sort'],
    [{ limit: 0 }, 'E_ARGUMENT', 'limit'],
    [{ limit: 201 }, 'E_ARGUMENT', 'limit'],
    [{ queue: 5 }, 'E_ARGUMENT', 'queue'],
    [{ search: 'x'.repeat(513) }, 'E_ARGUMENT', 'search'],
    [{ createdAfter: 'yesterday' }, 'E_TIME', 'createdAfter'],
    [{ order: 'id' }, 'E_ARGUMENT', 'list.order'],
    [{ cursor: 'nonsense' }, 'E_CURSOR', 'cursor'],
    [{ cursor: Buffer.from('["-id","x","x"]').toString('base64url') }, 'E_CURSOR', 'cursor'],
    [{ cursor: 'x'.repeat(3_000) }, 'E_CURSOR', 'cursor'],
    [{ cursor: 12 }, 'E_CURSOR', 'cursor'],
  ])('list refuses %j', async (options, code, field) => {
    const ph = await opened(kind)
    await expect(ph.list(options as object)).rejects.toMatchObject({ code, field })
  })

  test('a cursor belongs to its sort', async () => {
    const ph = await opened(kind)
    await ph.addMany([1, 2, 3].map((payload) => ({ task: 'x', payload })))
    const { cursor } = await ph.list({ limit: 1, sort: 'priority' })
    await expect(ph.list({ limit: 1, sort: '-priority', cursor })).rejects.toMatchObject({ code: 'E_CURSOR' })
    expect((await ph.list({ limit: 1, sort: 'priority', cursor })).jobs).toHaveLength(1)
  })

  test('stats count by state, queue and task, and know who could run what', async () => {
    const ph = await opened(kind, { tasks: [{ name: 'known', run: () => null }] })
    await ph.addMany([
      { task: 'known', payload: 1, queue: 'a', delay: '1h' },
      { task: 'known', payload: 1, queue: 'b', delay: '1h' },
      { task: 'unknown', payload: 1, queue: 'b' },
    ])
    await ph.pause('a', { by: 'ada' })
    const stats = await ph.stats()
    expect(stats.total).toBe(3)
    expect(stats.states).toMatchObject({ ready: 1, scheduled: 2, running: 0, completed: 0 })
    expect(stats.queues).toMatchObject([
      { queue: 'a', total: 1, paused: true, pausedBy: 'ada', oldestReadyAgeMs: null },
      { queue: 'b', total: 2, paused: false, pausedBy: null, states: { ready: 1, scheduled: 1 } },
    ])
    expect(stats.queues[1]?.oldestReadyAgeMs).toBeGreaterThanOrEqual(0)
    expect(stats.oldestReadyAgeMs).toBe(stats.queues[1]?.oldestReadyAgeMs)
    expect(stats.tasks).toMatchObject([
      { task: 'known', total: 2, known: false },
      { task: 'unknown', total: 1, known: false },
    ])
    expect(stats.workers).toEqual([])
    expect(stats.engine.kind).toBe(kind)
  })

  test("a job's log can be read page by page", async () => {
    const talk = {
      name: 'talk',
      run: (_: unknown, ctx: { log(text: string): void }) =>
        ['a', 'b', 'c'].forEach((line) => void ctx.log(line)),
    }
    const ph = await opened(kind, { tasks: [talk] })
    const { id } = await ph.add('talk', null)
    ph.work()
    await ph.waitFor(id)
    const lines = await ph.logs(id)
    expect(lines.map(({ message, level, seq }) => [message, level, seq])).toEqual([
      ['a', 'info', 1],
      ['b', 'info', 2],
      ['c', 'info', 3],
    ])
    expect((await ph.logs(id, { limit: 1, after: lines[0] ?? null })).map(({ message }) => message)).toEqual([
      'b',
    ])
    await expect(ph.logs('x')).rejects.toMatchObject({ code: 'E_ARGUMENT', field: 'id' })
  })
})
