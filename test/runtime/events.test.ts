import { Discard, type EventName, type Job, newId, snooze, task } from 'posthaste'
import { describe, expect, test } from 'vitest'
import { ENGINES, opened, until } from './open.ts'

const tasks = [
  task({
    name: 'good',
    run: (_, ctx) => {
      ctx.progress({ done: 1 })
      ctx.log('half way')
      return 'out'
    },
  }),
  task({ name: 'bad', retry: { maxRetries: 0 }, run: () => Promise.reject(new Error('no')) }),
  task({
    name: 'shaky',
    retry: { maxRetries: 1, backoff: 'fixed' },
    run: () => Promise.reject(new Error('not yet')),
  }),
  task({ name: 'useless', run: () => Promise.reject(new Discard('useless')) }),
  task({
    name: 'endless',
    run: (_, { signal }) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
  }),
  task({ name: 'later', run: () => snooze('1h', 'too early') }),
]

describe.each(ENGINES)('events on %s', (kind) => {
  test.each([
    ['good', ['added', 'started', 'progress', 'log', 'completed'], 'completed'],
    ['bad', ['added', 'started', 'dead'], 'dead'],
    ['shaky', ['added', 'started', 'failed'], 'retrying'],
    ['useless', ['added', 'started', 'cancelled'], 'cancelled'],
    ['later', ['added', 'started', 'snoozed'], 'scheduled'],
  ] as const)('of a %s job: %j', async (name, expected, state) => {
    const ph = await opened(kind, { tasks })
    const heard: { name: EventName; id: string }[] = []
    const ends: Job[] = []
    for (const event of ['added', 'started', 'progress', 'log'] as const) {
      ph.on(event, ({ id }) => heard.push({ name: event, id }))
    }
    for (const event of [
      'completed',
      'failed',
      'dead',
      'cancelled',
      'snoozed',
      'released',
      'held',
    ] as const) {
      ph.on(event, (job) => {
        heard.push({ name: event, id: job.id })
        ends.push(job)
      })
    }
    const { id } = await ph.add(name, null)
    ph.work()
    await until(() => ends.length > 0)
    expect(heard.map((event) => event.name).sort()).toEqual([...expected].sort())
    expect(heard.every((event) => event.id === id)).toBe(true)
    expect(ends).toHaveLength(1)
    expect(ends[0]).toMatchObject({ id, task: name, state, attempt: state === 'scheduled' ? 0 : 1 })
    // Told after the store wrote it, and as the store has it.
    expect(JSON.parse(JSON.stringify(ends[0]))).toEqual(JSON.parse(JSON.stringify(await ph.get(id))))
  })

  test('steering is told, too', async () => {
    const ph = await opened(kind)
    const heard: string[] = []
    ph.on('cancelled', ({ id }) => heard.push(id))
    const { id } = await ph.add('x', 1)
    await ph.cancel(id)
    await ph.cancel(id)
    await ph.cancel([newId()])
    expect(heard).toEqual([id])
  })

  test('a running job that is cancelled here ends once', async () => {
    const ph = await opened(kind, { tasks, heartbeat: 20 })
    const heard: string[] = []
    ph.on('cancelled', ({ id }) => heard.push(id))
    const { id } = await ph.add('endless', null)
    ph.work()
    await until(async () => (await ph.get(id))?.startedAt !== null)
    await Promise.all([ph.cancel(id), ph.cancel(id)])
    await ph.waitFor(id)
    await ph.cancel(id)
    await until(() => heard.length > 0)
    expect(heard).toEqual([id])
  })

  test('a listener that fails breaks nothing and is told as an error', async () => {
    const ph = await opened(kind, { tasks })
    const errors: string[] = []
    ph.on('added', () => {
      throw new Error('thrown')
    })
    ph.on('completed', (async () => Promise.reject(new Error('rejected'))) as () => void)
    ph.on('error', ({ message }) => errors.push(message))
    ph.on('error', () => {
      throw new Error('even here')
    })
    const { id } = await ph.add('good', null)
    ph.work()
    expect(await ph.waitFor(id)).toMatchObject({ state: 'completed' })
    await until(() => errors.length >= 2)
    expect(errors).toEqual(['thrown', 'rejected'])
  })

  test('a listener hears nothing after it was taken off, and may take itself off', async () => {
    const ph = await opened(kind)
    const heard: string[] = []
    const stop = ph.on('added', () => {
      heard.push('once')
      stop()
    })
    // One that is put on while an event is told hears the next.
    ph.on('added', () => {
      heard.push('always')
      if (heard.length === 2) ph.on('added', () => heard.push('late'))
    })
    await ph.add('x', 1)
    await ph.addMany([{ task: 'x', payload: 1 }])
    expect(heard).toEqual(['once', 'always', 'always', 'late'])
  })
})
