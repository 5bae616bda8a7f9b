import { describe, expect, it } from 'vitest'
import { decideAction } from '../../../src/core/decide.ts'
import type { Change, JobRecord } from '../../../src/core/job.ts'
import { everyJob, idsOf, newJob, openLab, PAIRS, page, tally } from './lab.ts'

const SECONDS = 60_000

const decided = (job: JobRecord | null | undefined, kind: 'retry' | 'remove'): Change => {
  const decision = decideAction(job as JobRecord, { kind }, { by: 'test', at: 1 })
  if (decision.kind !== 'change') throw new Error(`${kind}: ${decision.kind}`)
  return decision.change
}

describe.each(Object.keys(PAIRS))('an archive, %s', (pair) => {
  it('takes what has finished, whole, and the two are read as one', { timeout: SECONDS }, async () => {
    const lab = await openLab(pair)
    const ph = lab.process()
    for (let i = 0; i < 3; i++) await lab.add({ key: `k${i}`, ref: 'r', tags: '["t"]' })
    const done = await lab.finish()
    await lab.add({ queue: 'mail' })
    const [dead] = await lab.finish('dead', { error: '{"name":"E","message":"m"}', history: '[{"at":1}]' })
    const ready = await lab.add()
    const before = { all: await everyJob(ph), counts: await ph.counts() }
    expect(await ph.archiver.sweep()).toMatchObject({ moved: 4, more: false, refused: [] })

    expect(idsOf(await everyJob(lab.engine))).toEqual([ready])
    expect(tally(await lab.engine.counts())).toEqual({ ready: 1 })
    expect(idsOf(await everyJob(lab.archive))).toEqual([...idsOf(done), dead?.id])
    expect(await everyJob(ph)).toEqual(before.all)
    expect(tally(await ph.counts())).toEqual({ completed: 3, dead: 1, ready: 1 })
    expect(await ph.get([dead?.id ?? '', ready])).toEqual([dead, before.all.at(-1)])
    expect(await ph.logs({ id: dead?.id ?? '', after: null, limit: 10 })).toMatchObject([{ message: 'ran' }])
    expect(idsOf((await ph.list(page({ ref: 'r' }))).jobs)).toEqual(idsOf(done))
    expect(idsOf((await ph.list(page({ states: ['dead'] }))).jobs)).toEqual([dead?.id])
    expect(idsOf((await ph.list(page({ search: 'MAIL' }))).jobs)).toEqual([dead?.id])
    expect(ph.archiver.status()).toMatchObject({ ok: true, failingSince: null, moved: 4 })
    expect(await ph.archiver.sweep()).toMatchObject({ moved: 0 })
  })

  it('leaves in the engine what has just finished', { timeout: SECONDS }, async () => {
    const lab = await openLab(pair)
    await lab.add()
    await lab.finish()
    expect(await lab.process({ afterMs: 60_000 }).archiver.sweep()).toMatchObject({ moved: 0 })
    expect(await lab.process({ afterMs: 0 }).archiver.sweep()).toMatchObject({ moved: 1 })
  })

  it('gives a dead job back when it is sent round again', { timeout: SECONDS }, async () => {
    const lab = await openLab(pair)
    const ph = lab.process()
    const id = await lab.add({ key: 'k', payload: '{"z":1, "a":2}' })
    const [dead] = await lab.finish('dead', { retries: 5, error: '{"name":"E","message":"m"}' })
    await ph.archiver.sweep()
    const [kept] = await ph.get([id])
    expect(kept).toEqual(dead)
    expect(await ph.change([decided(kept, 'retry')])).toEqual([{ status: 'ok' }])

    const [again] = await ph.get([id])
    expect(again).toMatchObject({
      ...{ state: 'ready', retries: 0, attempt: 1, checkpoint: '{"step":1}', payload: '{"z":1, "a":2}' },
      ...{ error: dead?.error, finishedAt: null, fence: (dead?.fence ?? 0) + 1, createdAt: dead?.createdAt },
    })
    expect(await ph.change([decided(kept, 'retry')])).toEqual([{ status: 'stale' }])
    expect(await everyJob(ph)).toEqual([again])
    expect(await everyJob(ph, { states: ['dead'] })).toEqual([])
    expect(tally(await ph.counts())).toEqual({ ready: 1 })
    expect((await ph.insert([newJob({ key: 'k' })])).verdicts).toEqual([{ status: 'duplicate', id }])
    await ph.archiver.sweep()
    expect(tally(await ph.counts())).toEqual({ ready: 1 })

    const [done] = await lab.finish()
    expect(done).toMatchObject({ attempt: 2, fence: (dead?.fence ?? 0) + 2 })
    expect(await ph.archiver.sweep()).toMatchObject({ moved: 1 })
    expect(await lab.archive.get([id])).toEqual([done])
    expect(await everyJob(ph)).toEqual([done])
    expect(tally(await ph.counts())).toEqual({ completed: 1 })
    expect(await ph.logs({ id, after: null, limit: 10 })).toHaveLength(2)
  })

  it('refuses to give back a job whose key is taken, and names the holder', {
    timeout: SECONDS,
  }, async () => {
    const lab = await openLab(pair)
    const ph = lab.process()
    await lab.add({ key: 'k' })
    const [dead] = await lab.finish('dead')
    await ph.archiver.sweep()
    const holder = await lab.add({ key: 'k' })
    expect(await ph.change([decided(dead, 'retry')])).toEqual([{ status: 'key_taken', holder }])
    expect(await ph.get([dead?.id ?? ''])).toEqual([dead])
    expect(tally(await ph.counts())).toEqual({ dead: 1, ready: 1 })
  })

  it('forgets a job that is removed, wherever it is', { timeout: SECONDS }, async () => {
    const lab = await openLab(pair)
    const ph = lab.process()
    await lab.add()
    const [kept] = await lab.finish()
    await ph.archiver.sweep()
    await lab.add()
    const [here] = await lab.finish('dead')
    // The one that was sent round again has a copy of its past in the archive.
    await lab.add()
    const [revived] = await lab.finish('dead')
    await ph.archiver.sweep()
    await ph.change([decided(revived, 'retry')])
    const jobs = await ph.get(idsOf([kept, here, revived].flatMap((job) => job ?? [])))
    const removals = jobs.map((job) => decided(job, 'remove'))
    expect(await ph.change(removals)).toEqual([{ status: 'ok' }, { status: 'ok' }, { status: 'ok' }])
    expect(await ph.change(removals)).toEqual([
      { status: 'missing' },
      { status: 'missing' },
      { status: 'missing' },
    ])
    expect(await everyJob(ph)).toEqual([])
    expect(tally(await ph.counts())).toEqual({})
    expect(await everyJob(lab.archive)).toEqual([])
  })

  it('does not bring back a job that was removed while it was being moved', {
    timeout: SECONDS,
  }, async () => {
    const lab = await openLab(pair)
    const ph = lab.process()
    const id = await lab.add()
    const [done] = await lab.finish()
    // What a sweep does first, and then is held up …
    const slow = await lab.engine.finished({ state: 'completed', ageMs: 0, after: null, limit: 10 })
    expect(await ph.change([decided(done, 'remove')])).toEqual([{ status: 'ok' }])
    // … and what it does then.
    expect(await lab.archive.restore(slow)).toEqual([{ status: 'ok' }])
    expect(tally(await ph.counts())).toEqual({})
    await ph.archiver.sweep()
    expect(await ph.get([id])).toEqual([null])
    expect(await lab.archive.get([id])).toEqual([null])
  })

  it('answers a settlement and an add that come again late as the first time', {
    timeout: SECONDS,
  }, async () => {
    const lab = await openLab(pair)
    const ph = lab.process()
    const job = newJob({ key: 'k' })
    await ph.insert([job])
    const claim = { limit: 1, queues: null, tasks: null, order: 'merged', leaseMs: 60_000 } as const
    const [running] = (await ph.exchange({ worker: 'w', claim })).jobs
    const settle = [
      {
        ...{
          id: job.id,
          fence: running?.fence ?? 0,
          to: 'completed' as const,
          attempt: 1,
          retries: 0,
          crashes: 0,
        },
        ...{ solo: false, startedAt: 1, reason: null, output: null, error: null, history: null },
        unlessCancelled: false,
      },
    ]
    expect((await ph.exchange({ worker: 'w', settle })).settled).toEqual(['ok'])
    await ph.archiver.sweep()
    expect((await ph.exchange({ worker: 'w', settle })).settled).toEqual(['ok'])
    const stale = settle.map((one) => ({ ...one, fence: 7 }))
    expect((await ph.exchange({ worker: 'w', settle: stale })).settled).toEqual(['stale'])
    expect((await ph.insert([job])).verdicts).toEqual([{ status: 'inserted', id: job.id }])
    expect(await lab.engine.get([job.id])).toEqual([null])
    expect(tally(await ph.counts())).toEqual({ completed: 1 })
  })

  it('moves the same job for two processes at once, and keeps it once', { timeout: SECONDS }, async () => {
    const lab = await openLab(pair)
    for (let i = 0; i < 50; i++) await lab.add()
    const done = await lab.finish()
    const sweeps = await Promise.all([1, 2, 3].map(() => lab.process().archiver.sweep()))
    expect(sweeps.reduce((sum, { moved }) => sum + moved, 0)).toBe(50)
    const ph = lab.process()
    expect(await everyJob(ph)).toEqual(done)
    expect(tally(await ph.counts())).toEqual({ completed: 50 })
  })

  it('prunes the archive, and nothing else', { timeout: SECONDS }, async () => {
    const lab = await openLab(pair)
    const ph = lab.process()
    await lab.add()
    await lab.finish()
    const rule = { state: 'completed', ageMs: 0, count: 0, minAgeMs: 0, limit: 10 } as const
    expect(await ph.prune(rule)).toEqual({ removed: 0, more: false })
    await ph.archiver.sweep()
    expect(await ph.prune(rule)).toEqual({ removed: 1, more: false })
    expect(tally(await ph.counts())).toEqual({})
  })

  it('shows every job once on pages of any order while jobs are moved', { timeout: SECONDS }, async () => {
    const lab = await openLab(pair)
    const ids: string[] = []
    const movers = [lab.process(), lab.process()]
    const reader = lab.process()
    let isOver = false
    for (let i = 0; i < 120; i++) ids.push(await lab.add())
    const finishing = (async () => {
      const claim = { limit: 5, queues: null, tasks: null, order: 'merged', leaseMs: 60_000 } as const
      while (!isOver) {
        const { jobs } = await reader.exchange({ worker: 'w', claim })
        if (jobs.length === 0) return
        const settle = jobs.map(({ id, fence }) => ({
          ...{ id, fence, to: 'completed' as const, attempt: 1, retries: 0, crashes: 0, solo: false },
          ...{ startedAt: 1, reason: null, output: null, error: null, history: null, unlessCancelled: false },
        }))
        await reader.exchange({ worker: 'w', settle })
      }
    })()
    const moving = movers.map(async ({ archiver }) => {
      while (!isOver) await archiver.sweep()
    })
    for (let round = 0; round < 6; round++) {
      for (const descending of [false, true]) {
        const found = idsOf(await everyJob(reader, { sort: { field: 'id', descending }, limit: 7 }))
        expect(found).toEqual(descending ? [...ids].reverse() : ids)
      }
      const total = Object.values(tally(await reader.counts())).reduce((sum, count) => sum + count, 0)
      expect(total).toBeGreaterThanOrEqual(ids.length)
    }
    await finishing
    isOver = true
    await Promise.all(moving)
    await movers[0]?.archiver.sweep()
    expect(tally(await reader.counts())).toEqual({ completed: 120 })
    expect(await everyJob(lab.engine)).toEqual([])
  })
})
