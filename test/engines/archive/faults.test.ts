import { describe, expect, it } from 'vitest'
import { PosthasteError } from '../../../src/core/errors.ts'
import { newId } from '../../../src/core/ids.ts'
import type { JobRecord } from '../../../src/core/job.ts'
import type { Engine } from '../../../src/engines/engine.ts'
import { everyJob, idsOf, type Lab, openLab, PAIRS, tally } from './lab.ts'

const MINUTES = 120_000
/** A sweep of a few jobs makes fewer calls of one store than this; beyond it, the fault strikes nobody. */
const CALLS_MAX = 40

/** A few jobs of every end, one of them with a past in the archive. */
const prepare = async (lab: Lab): Promise<JobRecord[]> => {
  const ph = lab.process()
  await lab.add({ key: 'k' })
  await lab.finish('dead')
  await ph.archiver.sweep()
  const [dead] = await everyJob(ph, { states: ['dead'], limit: 1 })
  if (dead === undefined) throw new Error('there is a dead job')
  const { id, fence, attempt, retries, crashes, solo, reason, output, error, history } = dead
  const values = { attempt, retries, crashes, solo, reason, output, error, history }
  await ph.change([{ id, fence, from: 'dead', to: 'ready', ...values }])
  for (let i = 0; i < 2; i++) await lab.add()
  const done = await lab.finish('completed')
  await lab.add()
  return [...done, ...(await lab.finish('cancelled'))]
}

const expectAll = async (ph: Engine, jobs: readonly JobRecord[]): Promise<void> => {
  expect(await ph.get(idsOf(jobs))).toEqual(jobs)
  expect(tally(await ph.counts())).toEqual({ completed: 3, cancelled: 1 })
  expect(idsOf(await everyJob(ph, { limit: 2 }))).toEqual(idsOf(jobs).sort())
  for (const { id } of jobs) {
    expect((await ph.logs({ id, after: null, limit: 10 })).length).toBeGreaterThanOrEqual(1)
  }
}

describe.each(Object.keys(PAIRS))('an archive with faults, %s', (pair) => {
  for (const side of ['engine', 'archive'] as const) {
    for (const when of ['before', 'after'] as const) {
      it(`loses nothing when any call of the ${side} fails, ${when} it was carried out`, {
        timeout: MINUTES,
      }, async () => {
        const lab = await openLab(pair)
        let struck = 0
        for (let call = 1; call <= CALLS_MAX; call++) {
          const jobs = await prepare(lab)
          const faulty = lab.process({ faulty: true })
          lab[side].inject({ call, when })
          const outcome = await faulty.archiver.sweep().catch((error: unknown) => error)
          lab[side].heal()
          // Whoever looks at it now, and the process that comes after the one that failed.
          const other = lab.process()
          await expectAll(other, jobs)
          await other.archiver.sweep()
          await expectAll(other, jobs)
          expect(await lab.engine.get(idsOf(jobs))).toEqual(jobs.map(() => null))
          for (const archived of [lab.engine, lab.archive]) await clear(archived)
          if (!(outcome instanceof Error)) break
          struck++
        }
        expect(struck).toBeGreaterThanOrEqual(3)
        expect(struck).toBeLessThan(CALLS_MAX)
      })
    }
  }

  it('keeps jobs in the engine while the archive is away, and says so', { timeout: MINUTES }, async () => {
    const lab = await openLab(pair)
    const jobs = await prepare(lab)
    const ready = await lab.add()
    const ph = lab.process({ faulty: true })
    lab.archive.inject({ times: Number.POSITIVE_INFINITY })
    const failure = { code: 'E_ARCHIVE', status: 503, retriable: true }
    await expect(ph.archiver.sweep()).rejects.toMatchObject(failure)
    await expect(ph.archiver.ping()).rejects.toMatchObject(failure)
    expect(ph.archiver.status()).toMatchObject({ ok: false, error: expect.any(String) })
    expect(ph.archiver.status().failingSince).toBeInstanceOf(Date)
    // What is unfinished goes on, and can be seen; what may be in the archive cannot be told.
    expect((await ph.get([ready, ...idsOf(jobs)])).map((job) => job?.state)).toContain('completed')
    expect(idsOf(await everyJob(ph, { states: ['ready', 'running'] }))).toEqual([ready])
    await expect(ph.get([newId()])).rejects.toMatchObject(failure)
    await expect(everyJob(ph)).rejects.toMatchObject(failure)
    await expect(ph.counts()).rejects.toMatchObject(failure)
    const claim = { limit: 1, queues: null, tasks: null, order: 'merged', leaseMs: 60_000 } as const
    expect(idsOf((await ph.exchange({ worker: 'w', claim })).jobs)).toEqual([ready])
    expect(idsOf(await everyJob(lab.engine))).toEqual([...idsOf(jobs), ready].sort())

    lab.archive.heal()
    expect(await ph.archiver.sweep()).toMatchObject({ moved: jobs.length })
    expect(ph.archiver.status()).toMatchObject({ ok: true, failingSince: null, error: null })
    expect(idsOf(await everyJob(lab.engine))).toEqual([ready])
  })

  it('goes on when the engine is back', { timeout: MINUTES }, async () => {
    const lab = await openLab(pair)
    const jobs = await prepare(lab)
    const ph = lab.process({ faulty: true })
    lab.engine.inject({ times: Number.POSITIVE_INFINITY })
    await expect(ph.archiver.sweep()).rejects.toMatchObject({ code: 'E_STORE' })
    expect(ph.archiver.status().ok).toBe(true)
    lab.engine.heal()
    await ph.archiver.sweep()
    await expectAll(ph, jobs)
  })

  it('moves the others when the archive does not take one', { timeout: MINUTES }, async () => {
    const lab = await openLab(pair)
    const jobs = await prepare(lab)
    const ph = lab.process({ faulty: true })
    const error = new PosthasteError('E_TOO_LARGE')
    // The batch, and then the first of its jobs alone.
    lab.archive.inject({ method: 'restore', times: 2, error })
    const { moved, refused } = await ph.archiver.sweep()
    expect([moved, refused.length]).toEqual([jobs.length - 1, 1])
    expect(await lab.engine.get(refused.map(({ id }) => id))).not.toContain(null)
    await ph.archiver.sweep()
    await expectAll(ph, jobs)
  })
})

/** Removes everything, so that the next round begins with nothing. */
const clear = async (engine: Engine): Promise<void> => {
  const jobs = await everyJob(engine)
  await engine.change(
    jobs.map(({ id, fence, state, attempt, retries, crashes, solo }) => ({
      ...{ id, fence, from: state as 'dead', to: 'removed' as const, attempt, retries, crashes, solo },
      ...{ reason: null, output: null, error: null, history: null },
    })),
  )
  const documents = await engine.listRecords({
    ...{ collection: 'posthaste.archive', prefix: '', after: null, limit: 1_000 },
  })
  await engine.putRecords(
    documents.map(({ collection, key }) => ({ collection, key, value: null, expect: null, ttlMs: null })),
  )
}
