import { describe, expect, it } from 'vitest'
import type { ExchangeRequest } from '../../src/engines/engine.ts'
import type { Worker } from '../../src/runtime/worker/worker.ts'
import { faultyEngine } from '../../src/testing/faulty.ts'
import { type Lab, type LabOptions, openLab, until, withMethods } from './worker-lab.ts'

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

interface Seen {
  /** Calls that were ever under way at once. */
  most: number
  /** Calls that speak of leases and were beside another one. */
  readonly beside: ExchangeRequest[]
  readonly calls: ExchangeRequest[]
  /** Of which worker it is counted what it holds, and the most that it held or had asked for. */
  worker: Worker | null
  mostHeld: number
}

/** A lab whose store takes its time, before a call is carried out and before its answer is heard. */
const slowLab = async (options: LabOptions, slowness: () => number): Promise<{ lab: Lab; seen: Seen }> => {
  const seen: Seen = { most: 0, beside: [], calls: [], worker: null, mostHeld: 0 }
  const underWay = new Set<ExchangeRequest>()
  const speaksOfLeases = ({ renew, start = [] }: ExchangeRequest): boolean =>
    renew !== undefined || start.length > 0
  const lab = await openLab({
    ...options,
    wrap: (engine) => {
      const inner = options.wrap?.(engine) ?? engine
      return withMethods(inner, {
        exchange: async (request) => {
          seen.calls.push(request)
          underWay.add(request)
          seen.most = Math.max(seen.most, underWay.size)
          const { running = 0, waiting = 0 } = seen.worker?.stats() ?? {}
          const asked = [...underWay].reduce((sum, { claim }) => sum + (claim?.limit ?? 0), 0)
          seen.mostHeld = Math.max(seen.mostHeld, running + waiting + asked)
          if (underWay.size > 1) seen.beside.push(...[...underWay].filter(speaksOfLeases))
          try {
            await sleep(slowness())
            const answer = await inner.exchange(request)
            await sleep(slowness())
            return answer
          } finally {
            underWay.delete(request)
          }
        },
      })
    },
  })
  return { lab, seen }
}

const statesOf = async (lab: Lab, ids: readonly string[]): Promise<Set<string | undefined>> => {
  const states = new Set<string | undefined>()
  for (let at = 0; at < ids.length; at += 1_000) {
    for (const job of await lab.engine.get(ids.slice(at, at + 1_000))) states.add(job?.state)
  }
  return states
}

describe('a busy worker', () => {
  it('makes its next call while one is under way, never a third, and none beside one that speaks of leases', async () => {
    const { lab, seen } = await slowLab({ tasks: [{ name: 'fast', run: () => sleep(1) }] }, () => 8)
    const ids = await lab.addMany('fast', 10_000)
    seen.worker = lab.work({ concurrency: 100, prefetch: 800 })
    await seen.worker.drained()
    expect(seen.most).toBe(2)
    expect(seen.beside).toEqual([])
    expect(await statesOf(lab, ids)).toEqual(new Set(['completed']))
    // What calls under way may bring counts as held.
    expect(seen.mostHeld).toBeLessThanOrEqual(900)
    expect(seen.calls.length).toBeLessThan(80)
  })

  it('keeps making one call at a time when there is little to tell', async () => {
    const { lab, seen } = await slowLab({ tasks: [{ name: 'slow', run: () => sleep(2) }] }, () => 5)
    await lab.addMany('slow', 500)
    await lab.work({ concurrency: 20, prefetch: 0 }).drained()
    expect(seen.most).toBe(1)
  })

  it('still renews what takes long, and records its start', async () => {
    let isOver = false
    let ran = 0
    const { lab, seen } = await slowLab(
      {
        settings: { heartbeatMs: 100 },
        tasks: [
          { name: 'fast', run: async () => void ran++ },
          { name: 'long', run: () => until(() => isOver) },
        ],
      },
      () => 2,
    )
    const long = await lab.add('long')
    const worker = lab.work({ concurrency: 100 })
    await lab.became(long, 'running')
    const renewals = () =>
      seen.calls.filter(({ renew }) => renew?.leases.some(({ id }) => id === long) === true).length
    const ids: string[] = []
    // As long as there is never nothing to do.
    await until(async () => {
      if (ids.length < ran + 5_000) ids.push(...(await lab.addMany('fast', 1_000)))
      return seen.most === 2 && renewals() >= 5 && (await lab.job(long)).started
    })
    isOver = true
    await worker.drained()
    expect(await lab.job(long)).toMatchObject({ state: 'completed', attempt: 1 })
    expect(await statesOf(lab, ids)).toEqual(new Set(['completed']))
    expect(seen.beside).toEqual([])
  })

  it('gives everything back when it is stopped with two calls under way', async () => {
    const { lab, seen } = await slowLab({ tasks: [{ name: 'fast', run: async () => {} }] }, () => 5)
    const ids = await lab.addMany('fast', 6_000)
    const worker = lab.work({ concurrency: 100 })
    await until(() => seen.most === 2)
    await worker.stop({ grace: 0 })
    expect(worker.stats()).toMatchObject({ running: 0, waiting: 0, settling: 0 })
    const states = await statesOf(lab, ids)
    expect([...states].sort()).toEqual(['completed', 'ready'])
    // What was given back was not charged, and runs in the end.
    await lab.work({ concurrency: 100 }).drained()
    expect(await statesOf(lab, ids)).toEqual(new Set(['completed']))
  })

  it.each(['before', 'after'] as const)(
    'runs every job once when calls fail %s they were carried out, with another one beside them',
    { timeout: 60_000 },
    async (when) => {
      const runs = new Map<string, number>()
      let faulty: ReturnType<typeof faultyEngine> | undefined
      const { lab, seen } = await slowLab(
        {
          tasks: [
            { name: 'fast', run: async (_, { job }) => void runs.set(job.id, (runs.get(job.id) ?? 0) + 1) },
          ],
          wrap: (engine) => {
            faulty = faultyEngine(engine)
            return faulty
          },
        },
        () => 4 * Math.random(),
      )
      const ids = await lab.addMany('fast', 8_000)
      for (const call of [4, 7, 8, 13, 17]) faulty?.inject({ method: 'exchange', call, when })
      await lab.work({ concurrency: 100 }).drained()
      expect(seen.most).toBe(2)
      expect(seen.beside).toEqual([])
      expect(runs.size).toBe(ids.length)
      expect(Math.max(...runs.values())).toBe(1)
      expect(await statesOf(lab, ids)).toEqual(new Set(['completed']))
    },
  )
})
