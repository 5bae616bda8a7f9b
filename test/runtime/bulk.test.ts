import { afterAll, describe, expect, test } from 'vitest'
import { type AnyTask, type Posthaste, posthaste, task } from '../../src/index.ts'
import { type EngineKind, newEngineUrl, ofThisRun } from '../servers/engines.ts'
import { dropSchemas } from '../servers/postgres.ts'
import { newFolder, until } from './open.ts'

/** Whether the task succeeds now. */
const world = { isUp: true }
const mail = task({
  name: 'mail',
  retry: { maxRetries: 0 },
  run: ({ n }: { n: number }) => {
    if (!world.isUp) throw new Error(`supplier ${n} is down`)
    return n
  },
})
const sms = task({ name: 'sms', run: () => 'sent' })
const tasks: readonly AnyTask[] = [mail, sms]

const open: Posthaste[] = []
afterAll(async () => {
  await Promise.all(open.map((ph) => ph.close({ grace: 0 })))
  await dropSchemas()
})

const opened = async (kind: 'memory' | EngineKind, url?: string): Promise<Posthaste> => {
  const engine = url ?? (kind === 'memory' ? 'memory:' : await newEngineUrl(kind, await newFolder()))
  const ph = await posthaste({ engine, tasks })
  open.push(ph)
  return ph as unknown as Posthaste
}

/** `count` dead jobs of `mail`. */
const deaths = async (ph: Posthaste, count: number, options: object = {}): Promise<string[]> => {
  const added = await ph.addMany(
    Array.from({ length: count }, (_, n) => ({ task: 'mail', payload: { n }, queue: 'mail', ...options })),
  )
  world.isUp = false
  const worker = ph.work({ queues: ['mail'], concurrency: 100 })
  await until(async () => (await ph.list({ state: 'dead', limit: 200 })).jobs.length >= Math.min(200, count))
  await until(
    async () => (await ph.stats()).queues.find(({ queue }) => queue === 'mail')?.states.dead === count,
  )
  await worker.stop()
  world.isUp = true
  return added.map(({ id }) => id)
}

describe.each(ofThisRun(['memory', 'sqlite', 'postgres', 'redis'] as const))('in bulk on %s', (kind) => {
  test('a preview counts and shows what it would do, and does nothing', async () => {
    const ph = await opened(kind)
    const ids = await deaths(ph, 12)
    await ph.add('sms', null, { delay: '1h' })
    const preview = await ph.bulk({ action: 'retry', filter: { queue: 'mail' }, dryRun: true })
    expect(preview).toMatchObject({ count: 12, bounded: false, states: ['dead'], undoable: false })
    expect(preview.sample.map(({ id }) => id)).toEqual(ids.slice(0, 10))
    const found = await ph.bulk({ action: 'remove', filter: { search: 'supplier 1' }, dryRun: true })
    expect(found.count).toBe(3)
    expect((await ph.stats()).total).toBe(13)
  })

  test('setPriority: what waits gets it and is claimed by it, what is over keeps its own', async () => {
    const ph = await opened(kind)
    const order: string[] = []
    const first = await ph.add('sms', null, { queue: 'slow', priority: 'low' })
    const group = await ph.add('sms', null, { queue: 'slow', priority: 'low', group: 'acme' })
    const later = await ph.add('sms', null, { queue: 'slow', priority: 'low', delay: '1h' })
    const other = await ph.add('sms', null, { queue: 'slow' })
    const over = await ph.add('sms', null, { queue: 'slow', priority: 'low' })
    await ph.cancel(over.id)
    const action = {
      action: 'setPriority',
      filter: { queue: 'slow', createdBefore: other.createdAt },
    } as const
    await expect(ph.bulk(action)).rejects.toMatchObject({ code: 'E_PRIORITY', field: 'priority' })
    await expect(ph.bulk({ ...action, action: 'cancel', priority: 1 })).rejects.toMatchObject({
      field: 'priority',
    })
    const filter = { queue: 'slow' }
    const preview = await ph.bulk({ action: 'setPriority', filter, priority: 'high', dryRun: true })
    expect(preview).toMatchObject({ count: 4, states: ['scheduled', 'ready'], undoable: false })
    const run = await ph.bulk({ action: 'setPriority', filter, priority: 'high', by: 'ada' })
    expect(await run.done()).toMatchObject({ state: 'done', done: 4, refused: 0, priority: 3 })
    const [entry] = (await ph.get(group.id))?.history.slice(-1) ?? []
    expect(entry).toMatchObject({ event: 'reschedule', by: 'ada', bulk: run.id, reason: 'priority 7 to 3' })
    const delayed = await ph.get(later.id)
    expect(delayed).toMatchObject({ state: 'scheduled', priority: 3, runAt: later.runAt })
    expect((await ph.get(over.id))?.priority).toBe(7)
    const { entries } = await ph.audit({ bulk: run.id })
    expect(entries.at(-1)).toMatchObject({ action: 'bulk.start', details: { priority: 3 } })

    expect(await ph.setPriority(group.id, { priority: 'critical' })).toMatchObject({ priority: 1 })
    expect(await ph.setPriority([other.id, over.id], { priority: 9 })).toMatchObject([
      { ok: true, job: { priority: 9 } },
      { ok: false, error: { code: 'E_STATE' } },
    ])
    ph.on('completed', ({ id }) => order.push(id))
    const worker = ph.work({ queues: ['slow'], concurrency: 1, prefetch: 0 })
    await until(() => order.length === 3)
    await worker.stop()
    expect(order).toEqual([group.id, first.id, other.id])
  })

  test('retry: each job once, its history says who and in which run', async () => {
    const ph = await opened(kind)
    const ids = await deaths(ph, 450)
    const run = await ph.bulk({ action: 'retry', filter: { state: 'dead', task: 'mail' }, by: 'ada' })
    const seen: number[] = []
    for await (const { done } of run) seen.push(done)
    expect(await run.status()).toMatchObject({ state: 'done', total: 450, done: 450, refused: 0, by: 'ada' })
    expect(seen).toEqual([...seen].sort((a, b) => a - b))
    const job = await ph.get(ids[449] as string)
    expect(job?.state).toBe('ready')
    expect(job?.history.at(-1)).toMatchObject({ event: 'retry', by: 'ada', bulk: run.id })
    expect((await ph.stats()).states).toMatchObject({ dead: 0, ready: 450 })
  })

  test('remove and undo: they are back as they were, with their logs', async () => {
    const ph = await opened(kind)
    const ids = await deaths(ph, 30)
    const [scheduled] = await ph.addMany([
      { task: 'sms', payload: 'é"\\'.repeat(35_000), key: 'k', delay: '1h' },
    ])
    const before = await Promise.all(ids.map((id) => ph.get(id)))
    const waited = await ph.get(scheduled?.id ?? '')
    const run = await ph.bulk({ action: 'remove', filter: { state: ['dead', 'scheduled'] }, by: 'ada' })
    expect(await run.done()).toMatchObject({ done: 31, undoable: { jobs: 31 } })
    expect((await ph.stats()).total).toBe(0)

    const undo = await ph.undo(run.id, { by: 'bob' })
    expect(await undo.done()).toMatchObject({ action: 'undo', undoes: run.id, done: 31, refused: 0 })
    for (const [i, id] of ids.entries()) {
      const { history, fence, ...job } = (await ph.get(id)) ?? { history: [], fence: 0 }
      const { history: _, fence: was, ...old } = before[i] ?? { history: [], fence: 0 }
      expect(job).toEqual(old)
      expect(fence).toBe((was ?? 0) + 1)
      expect(history.slice(-2)).toMatchObject([
        { event: 'remove', from: 'dead', to: 'removed', by: 'ada', bulk: run.id },
        { event: 'undo', to: 'dead', by: 'bob', bulk: undo.id },
      ])
    }
    const back = await ph.get(scheduled?.id ?? '')
    expect(back).toMatchObject({
      state: 'scheduled',
      runAt: waited?.runAt,
      payload: waited?.payload,
      key: 'k',
    })
    // It has its key again, and a second undo finds nothing to do.
    expect((await ph.add('sms', null, { key: 'k' })).id).toBe(scheduled?.id)
    expect(await (await ph.undo(run.id)).done()).toMatchObject({ state: 'done', done: 0, refused: 31 })
  })

  test('cancel and undo: every waiting state comes back, except whose key has another holder', async () => {
    const ph = await opened(kind)
    const parent = await ph.add('sms', null, { delay: '1h', queue: 'parents' })
    const added = await ph.addMany([
      { task: 'sms', payload: 1, queue: 'x' },
      { task: 'sms', payload: 2, queue: 'x', delay: '1h' },
      { task: 'sms', payload: 3, queue: 'x', after: parent.id },
      { task: 'sms', payload: 4, queue: 'x', key: 'mine' },
    ])
    const ids = added.map(({ id }) => id)
    const states = async () => (await Promise.all(ids.map((id) => ph.get(id)))).map((job) => job?.state)
    const run = await ph.bulk({ action: 'cancel', filter: { queue: 'x' }, reason: 'by mistake' })
    expect(await run.done()).toMatchObject({ done: 4 })
    expect(await states()).toEqual(Array(4).fill('cancelled'))
    const rival = await ph.add('sms', null, { key: 'mine', delay: '1h' })

    const undone = await (await ph.undo(run.id)).done()
    expect(undone).toMatchObject({ done: 3, refused: 1 })
    expect(undone.refusals).toMatchObject([{ id: ids[3], code: 'E_KEY_TAKEN' }])
    expect(undone.refusals[0]?.message).toContain(rival.id)
    expect(await states()).toEqual(['ready', 'scheduled', 'blocked', 'cancelled'])
    const worker = ph.work({ concurrency: 1 })
    await ph.runNow(parent.id)
    expect((await ph.waitFor(ids[2] as string)).state).toBe('completed')
    await worker.stop()
  })

  test('a canary that fails stops the run; one that does well lets it go on', async () => {
    const ph = await opened(kind)
    await deaths(ph, 25)
    world.isUp = false
    const worker = ph.work({ queues: ['mail'] })
    const failing = await ph.bulk({ action: 'retry', filter: { queue: 'mail' }, canary: 10 })
    expect(await failing.done()).toMatchObject({
      ...{ state: 'stopped', done: 10, why: expect.stringMatching(/^the canary failed: \d+ of 10 jobs$/) },
      canary: { verdict: 'failed' },
    })
    await until(async () => (await ph.stats()).states.dead === 25)

    world.isUp = true
    const doing = await ph.bulk({ action: 'retry', filter: { queue: 'mail' }, canary: { jobs: 5 } })
    expect(await doing.done()).toMatchObject({
      ...{ state: 'done', done: 25, canary: { verdict: 'passed', ended: 5, failed: 0 } },
    })
    await until(async () => (await ph.stats()).states.completed === 25)
    await worker.stop()
  })

  test('dead letters: groups by kind of error, and a retry of one', async () => {
    const ph = await opened(kind)
    await deaths(ph, 8)
    const { groups, bounded, looked } = await ph.deadLetters()
    expect({ bounded, looked, groups: groups.length }).toEqual({ bounded: false, looked: 8, groups: 1 })
    expect(groups[0]).toMatchObject({
      ...{
        pattern: 'supplier * is down',
        count: 8,
        dead: 8,
        retrying: 0,
        tasks: { mail: 8 },
        queues: { mail: 8 },
      },
      error: { name: 'Error', message: expect.stringMatching(/^supplier \d is down$/) },
    })
    const fingerprint = groups[0]?.fingerprint ?? ''
    const run = await ph.bulk({ action: 'retry', filter: { fingerprint } })
    expect(await run.done()).toMatchObject({ done: 8 })
    expect((await ph.deadLetters()).groups).toEqual([])
  })
})
