import { newId, task } from 'posthaste'
import { describe, expect, test } from 'vitest'
import { ENGINES, opened, openedTwice, until } from './open.ts'

const seen: unknown[] = []
const work = task({
  name: 'work',
  retry: { maxRetries: 0 },
  run: (payload) => {
    if (payload === 'bad') throw new Error('bad')
  },
})
const note = task({ name: 'note', run: (payload) => void seen.push(payload) })
const tasks = [work, note]
const callbacks = (name: string) => ({
  onSuccess: { task: 'note', payload: `${name} success` },
  onFinish: { task: 'note', payload: `${name} finish` },
  onDeath: { task: 'note', payload: `${name} death` },
})
const notes = (name: string) => seen.filter((one) => String(one).startsWith(`${name} `))

describe.each(ENGINES)('batches on %s', (kind) => {
  test('success and finish come once, after the batch is closed and done', async () => {
    const ph = await opened(kind, { tasks })
    const name = newId()
    const batch = await ph.batch({ description: 'import', ...callbacks(name) })
    await batch.add('work', 1)
    await batch.addMany([
      { task: 'work', payload: 2 },
      { task: 'work', payload: 3 },
    ])
    expect(await batch.status()).toMatchObject({ state: 'open', total: 3, pending: 3, progress: 0 })
    const worker = ph.work()
    await until(async () => (await batch.status()).completed === 3)
    expect(notes(name)).toEqual([])
    await batch.add('work', 4)
    await batch.close()
    await batch.close()
    await until(() => notes(name).length === 2)
    expect(notes(name)).toEqual([`${name} finish`, `${name} success`])
    expect(await ph.batches.get(batch.id)).toMatchObject({
      ...{ state: 'succeeded', description: 'import', total: 4, completed: 4, pending: 0, progress: 1 },
      callbacks: { success: { fired: true }, finish: { fired: true }, death: { fired: false } },
    })
    await worker.stop()
  })

  test('death comes with the first dead job; success only after what failed was mended', async () => {
    const ph = await opened(kind, { tasks })
    const name = newId()
    const batch = await ph.batch(callbacks(name))
    const bad = await batch.add('work', 'bad')
    await batch.add('work', 'bad')
    const worker = ph.work()
    await until(() => notes(name).length === 1)
    await batch.close()
    await until(() => notes(name).length === 2)
    expect(notes(name)).toEqual([`${name} death`, `${name} finish`])
    expect((await batch.status()).state).toBe('failed')
    expect((await batch.status()).dead).toBe(2)
    expect((await ph.get(bad.id))?.batch).toBe(batch.id)
    await worker.stop()
  })

  test('an empty batch is done when it is closed', async () => {
    const ph = await opened(kind, { tasks })
    const name = newId()
    const batch = await ph.batch(callbacks(name))
    expect((await batch.close()).state).toBe('succeeded')
    const worker = ph.work()
    await until(() => notes(name).length === 2)
    await worker.stop()
  })

  test('a batch within a batch holds it open, and its failure is the failure of both', async () => {
    const ph = await opened(kind, { tasks })
    const [outer, inner] = [newId(), newId()]
    const parent = await ph.batch(callbacks(outer))
    await parent.add('work', 1)
    const child = await ph.batch({ ...callbacks(inner), parent: parent.id })
    await child.add('work', 'bad')
    await parent.close()
    const worker = ph.work()
    await until(async () => (await parent.status()).completed === 1)
    expect((await parent.status()).state).toBe('running')
    await child.close()
    await until(() => notes(outer).length === 1)
    expect(notes(outer)).toEqual([`${outer} finish`])
    expect(await parent.status()).toMatchObject({
      state: 'failed',
      children: [{ id: child.id, state: 'failed' }],
    })
    await worker.stop()
  })

  test('a closed batch takes no jobs, a missing one neither', async () => {
    const ph = await opened(kind, { tasks })
    const batch = await ph.batch()
    await batch.close()
    await expect(batch.add('work', 1)).rejects.toMatchObject({ code: 'E_STATE', field: 'batch' })
    await expect(ph.add('work', 1, { batch: newId() })).rejects.toMatchObject({ code: 'E_BATCH_MISSING' })
    await expect(ph.batch({ parent: batch.id })).rejects.toMatchObject({ code: 'E_STATE', field: 'parent' })
    await expect(ph.batch({ onSuccess: { task: 'a b', payload: 1 } })).rejects.toMatchObject({
      field: 'onSuccess.task',
    })
    await expect(ph.batch({ colour: 1 } as never)).rejects.toMatchObject({ field: 'options.colour' })
    expect(await ph.batches.get(newId())).toBeNull()
    expect((await ph.batches.list()).map(({ id }) => id)).toEqual([batch.id])
  })
})

test('two maintainers fire a callback once', async () => {
  const [one, other] = await openedTwice({ tasks, maintain: true })
  const names = Array.from({ length: 20 }, () => newId())
  const workers = [one.work(), other.work()]
  for (const name of names) {
    const batch = await one.batch(callbacks(name))
    await batch.add('work', 1)
    await batch.close()
  }
  await until(() => names.every((name) => notes(name).length >= 2))
  await until(async () => (await one.stats()).states.completed === 60)
  for (const name of names) expect(notes(name).toSorted()).toEqual([`${name} finish`, `${name} success`])
  await Promise.all(workers.map((worker) => worker.stop()))
})
