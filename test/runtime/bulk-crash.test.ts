import { afterEach, describe, expect, test } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import { BULK_LEASE_MS } from '../../src/core/limits.ts'
import type { Engine } from '../../src/engines/engine.ts'
import { createMemoryEngine } from '../../src/engines/memory/index.ts'
import { type BulkInfo, type BulkRequest, type Posthaste, posthaste, task } from '../../src/index.ts'
import { type FaultyEngine, faultyEngine } from '../../src/testing/index.ts'
import { until } from './open.ts'

const JOBS = 7
const boom = task({ name: 'boom', retry: { maxRetries: 0 }, run: () => Promise.reject(new Error('no')) })

const open: Posthaste[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((ph) => ph.close({ grace: 0 }).catch(() => undefined)))
})

/** A store that outlives its programs, and a clock that can be put forward. */
const createStore = () => {
  const state = { aheadMs: 0 }
  const clock = { ...systemClock, now: () => Date.now() + state.aheadMs }
  const engine: Engine = createMemoryEngine({ clock })
  const program = async (maintain: boolean): Promise<{ ph: Posthaste; store: FaultyEngine }> => {
    const store = faultyEngine({ ...engine, close: async () => undefined })
    const ph = (await posthaste({ engine: store, clock, tasks: [boom], maintain })) as unknown as Posthaste
    open.push(ph)
    return { ph, store }
  }
  const passes = (ms: number): void => {
    state.aheadMs += ms
  }
  return { program, passes }
}

const deaths = async (ph: Posthaste): Promise<string[]> => {
  const added = await ph.addMany(Array.from({ length: JOBS }, () => ({ task: 'boom', payload: null })))
  const worker = ph.work()
  await until(async () => (await ph.stats()).states.dead === JOBS)
  await worker.stop()
  return added.map(({ id }) => id)
}

const REQUESTS: Readonly<Record<string, BulkRequest>> = {
  retry: { action: 'retry', filter: { task: 'boom' } },
  remove: { action: 'remove', filter: { task: 'boom' } },
}

/** How often this run is told to have changed each job. */
const marks = async (ph: Posthaste, ids: readonly string[], run: string): Promise<number[]> => {
  const jobs = await Promise.all(ids.map((id) => ph.get(id)))
  return jobs.map((job) => job?.history.filter(({ bulk }) => bulk === run).length ?? 0)
}

const check = async (ph: Posthaste, ids: readonly string[], info: BulkInfo): Promise<void> => {
  expect(info).toMatchObject({ state: 'done', done: JOBS, refused: 0 })
  expect(await marks(ph, ids, info.id)).toEqual(ids.map(() => (info.action === 'remove' ? 0 : 1)))
  const ends = (await ph.audit({ bulk: info.id })).entries.map(({ action }) => action)
  expect(ends).toEqual(['bulk.end', info.action === 'undo' ? 'bulk.undo' : 'bulk.start'])
}

/** More than a run of so few jobs makes. */
const CALLS = 25

/** Each on a store of its own, all at once: they wait more than they work. */
const atEveryCall = (each: (call: number) => Promise<void>): Promise<unknown> =>
  Promise.all(Array.from({ length: CALLS }, (_, i) => each(i + 1)))

const over = async (ph: Posthaste, id: string): Promise<BulkInfo> => {
  await until(async () => (await ph.bulks.get(id))?.state === 'done')
  return (await ph.bulks.get(id)) as BulkInfo
}

describe.each(Object.entries(REQUESTS))('a bulk %s', (_, request) => {
  test.each(['before', 'after'] as const)('goes on when a call fails %s it is carried out', async (when) => {
    await atEveryCall(async (call) => {
      const { program } = createStore()
      const [{ ph, store }, { ph: observer }] = [await program(false), await program(false)]
      const ids = await deaths(ph)
      const { id } = await ph.bulk(request)
      store.inject({ call, when })
      await check(observer, ids, await over(observer, id))
      store.heal()
      if (request.action !== 'remove') return
      const { id: undo } = await ph.undo(id)
      store.inject({ call, when })
      await check(observer, ids, await over(observer, undo))
    })
  })

  test('is ended by another program when its own dies, whenever that happens', async () => {
    await atEveryCall(async (call) => {
      const { program, passes } = createStore()
      const first = await program(false)
      const ids = await deaths(first.ph)
      const { id } = await first.ph.bulk(request)
      first.store.inject({ call, times: Number.POSITIVE_INFINITY })
      const { ph } = await program(true)
      // It is dead once it has made that call, and over when it needs fewer.
      const before = first.store.calls()
      await until(
        async () => first.store.calls() >= before + call || (await ph.bulks.get(id))?.state === 'done',
      )
      passes(BULK_LEASE_MS)
      await check(ph, ids, await over(ph, id))
    })
  })
})

test('a canary is awaited by another program', async () => {
  const { program, passes } = createStore()
  const first = await program(false)
  await deaths(first.ph)
  const { id } = await first.ph.bulk({ action: 'retry', filter: { task: 'boom' }, canary: 3 })
  await until(async () => (await first.ph.bulks.get(id))?.canary?.sent.length === 3)
  first.store.inject({ times: Number.POSITIVE_INFINITY })
  passes(BULK_LEASE_MS)
  const { ph } = await program(true)
  ph.work()
  await until(async () => (await ph.bulks.get(id))?.state === 'stopped')
  expect(await ph.bulks.get(id)).toMatchObject({ done: 3, canary: { verdict: 'failed' } })
})
