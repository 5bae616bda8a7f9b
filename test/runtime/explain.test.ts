import { newId, task } from 'posthaste'
import { describe, expect, test } from 'vitest'
import { ENGINES, opened, until } from './open.ts'

const tasks = [
  task({ name: 'ok', run: () => null }),
  task({
    name: 'bad',
    retry: { maxRetries: 1, backoff: 'fixed' },
    run: () => Promise.reject(new Error('teapot')),
  }),
  task({ name: 'fatal', retry: { maxRetries: 0 }, run: () => Promise.reject(new Error('teapot')) }),
  task({
    name: 'long',
    run: (_, { signal }) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
  }),
]

describe.each(ENGINES)('explain on %s', (kind) => {
  test('scheduled: until when, and what else is in the way', async () => {
    const ph = await opened(kind)
    const { id, runAt } = await ph.add('ok', null, { delay: '90m' })
    const why = await ph.explain(id)
    expect(why).toMatchObject({ id, state: 'scheduled', next: 'Start a worker.' })
    expect(why.reasons.map(({ code }) => code)).toEqual(['scheduled', 'no_worker'])
    expect(why.summary).toContain(runAt.toISOString())
    expect(why.summary).toMatch(/in 1h/)
    expect(why.reasons[0]?.data['runAt']).toBe(runAt.getTime())
  })

  test('ready: paused by whom, no worker, nobody who serves its queue or knows its task, its turn', async () => {
    const ph = await opened(kind, { tasks })
    const { id } = await ph.add('ok', null)
    expect((await ph.explain(id)).reasons.map(({ code }) => code)).toEqual(['no_worker', 'waiting_turn'])

    await ph.pause('default', { by: 'ada' })
    const paused = await ph.explain(id)
    expect(paused.reasons.map(({ code }) => code)).toEqual(['queue_paused', 'no_worker', 'waiting_turn'])
    expect(paused.summary).toMatch(/Queue default is paused by ada since/)
    expect(paused.next).toBe('Resume the queue.')

    const elsewhere = ph.work({ queues: ['elsewhere'] })
    await until(async () => (await ph.workers()).length === 1)
    expect((await ph.explain(id)).reasons.map(({ code }) => code)).toEqual([
      'queue_paused',
      'queue_not_served',
      'waiting_turn',
    ])
    await elsewhere.stop()

    const unknown = await ph.add('nobody-knows', null)
    ph.work()
    await until(async () => (await ph.workers()).length === 1)
    await ph.resume('default')
    await ph.waitFor(id)
    const why = await ph.explain(unknown.id)
    expect(why.reasons.map(({ code }) => code)).toEqual(['task_unknown', 'waiting_turn'])
    expect(why.summary).toContain('nobody-knows')
    expect(why.reasons[1]?.text).toContain('it is the only one there')
  })

  test('running: on whom, until when, and that it was asked to stop', async () => {
    const ph = await opened(kind, { tasks })
    const { id } = await ph.add('long', null)
    const worker = ph.work()
    await until(async () => (await ph.get(id))?.startedAt !== null && (await ph.workers()).length === 1)
    const why = await ph.explain(id)
    expect(why.reasons.map(({ code }) => code)).toEqual(['running'])
    expect(why.summary).toContain((await ph.get(id))?.worker)
    expect(why.summary).toMatch(/process \d+/)
    await ph.cancel(id, { by: 'ada' })
    await until(
      async () => (await ph.explain(id)).state === 'cancelled' || (await ph.explain(id)).reasons.length === 2,
    )
    await worker.stop({ grace: 0 })
    expect((await ph.explain(id)).summary).toMatch(/^It was cancelled by ada .* ago/)
  })

  test('retrying, dead, completed', async () => {
    const ph = await opened(kind, { tasks })
    const [bad, fatal, ok] = [
      await ph.add('bad', null),
      await ph.add('fatal', null),
      await ph.add('ok', null),
    ]
    ph.work()
    await ph.waitFor(fatal.id)
    await ph.waitFor(ok.id)
    await until(async () => (await ph.get(bad.id))?.state === 'retrying' && (await ph.workers()).length === 1)
    const retrying = await ph.explain(bad.id)
    expect(retrying.summary).toMatch(/failed after 1 attempt .*in 1\ds.*teapot/)
    expect(retrying.next).toMatch(/^It becomes ready in 1/)
    const dead = await ph.explain(fatal.id)
    expect(dead.summary).toMatch(/gave up .* no retries left.*Error: teapot/)
    expect(dead.next).toMatch(/Retry/)
    const completed = await ph.explain(ok.id)
    expect(completed).toMatchObject({ state: 'completed', next: null })
  })

  test('blocked: by its parents, and by nothing beside them', async () => {
    const ph = await opened(kind)
    const parent = await ph.add('ok', null)
    const { id } = await ph.add('ok', null, { after: parent.id })
    const waits = await ph.explain(id)
    expect(waits.reasons.map(({ text }) => text)).toEqual([`It waits for job ${parent.id}.`])
    // Without a worker here, nobody has seen yet that its parent is over.
    await ph.cancel(parent.id)
    const { summary, reasons } = await ph.explain(id)
    expect(summary).toBe(`Its parent job ${parent.id} is cancelled: it is about to be cancelled.`)
    expect(reasons).toHaveLength(1)
  })

  test('blocked: because of what', async () => {
    const ph = await opened(kind)
    const id = newId()
    const rest = {
      group: null,
      priority: 5,
      payload: '1',
      delayMs: 0,
      runAt: null,
      maxRetries: null,
      leaseMs: null,
    }
    const more = { options: null, key: null, ref: null, tags: null, ties: null }
    await ph.engine.insert([{ id, task: 'x', queue: 'q', blocked: 'waits for Ada', ...rest, ...more }])
    expect((await ph.explain(id)).summary).toContain('waits for Ada')
  })

  test('a job that is not there', async () => {
    const ph = await opened(kind)
    await expect(ph.explain(newId())).rejects.toMatchObject({ code: 'E_JOB_MISSING' })
    await expect(ph.explain('x')).rejects.toMatchObject({ code: 'E_ARGUMENT', field: 'id' })
  })
})
