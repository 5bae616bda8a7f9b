import { afterEach, describe, expect, it } from 'vitest'
import { ManualClock } from '../../src/core/manual-clock.ts'
import type { Engine, ExpiredRequest } from '../../src/engines/engine.ts'
import { createMaintainer, type Maintainer } from '../../src/runtime/maintainer.ts'
import { Rescuer } from '../../src/runtime/rescue.ts'
import { faultyEngine } from '../../src/testing/faulty.ts'
import { type Lab, type LabOptions, nothingElse, openLab, until } from './worker-lab.ts'

const toStop: Maintainer[] = []
afterEach(async () => {
  await Promise.all(toStop.splice(0).map((maintainer) => maintainer.stop()))
})

const maintain = (lab: Lab): Maintainer => {
  const maintainer = createMaintainer(lab.deps, nothingElse)
  toStop.push(maintainer)
  maintainer.start()
  return maintainer
}

/** Claims as a worker that dies at once; with `started`, after it recorded the starts. Answers the ids. */
const die = async (
  engine: Engine,
  options: { worker?: string; leaseMs?: number; started?: boolean; limit?: number } = {},
) => {
  const { worker = 'w-died', leaseMs = 100, started = true, limit = 100 } = options
  const claim = { limit, queues: null, tasks: null, order: 'merged', leaseMs } as const
  const { jobs, now } = await engine.exchange({ worker, claim })
  const start = jobs
    .filter((job) => started && !job.started)
    .map(({ id, fence, attempt }) => ({ id, fence, attempt: attempt + 1, startedAt: now }))
  if (start.length > 0) await engine.exchange({ worker, start })
  return jobs.map(({ id }) => id)
}

const QUICK: LabOptions = { tasks: [{ name: 'it', run: () => 'ran' }], settings: { sweepMs: 100 } }

describe.each(['memory', 'sqlite'] as const)('the maintainer on %s', (kind) => {
  it('promotes jobs whose time has come', async () => {
    const lab = await openLab({ ...QUICK, kind })
    maintain(lab)
    const ids = await lab.addMany('it', 5, { delay: '200ms' })
    await until(async () => (await lab.engine.get(ids)).every((job) => job?.state === 'ready'), 3_000)
    const now = await lab.engine.now()
    for (const job of await lab.engine.get(ids)) expect(now - (job?.runAt ?? 0)).toBeLessThan(1_500)
  })

  it('takes the jobs of a lost worker back: charged when they had begun, free when not', async () => {
    const lab = await openLab({ ...QUICK, kind })
    const [begun] = [await lab.add('it')]
    await die(lab.engine)
    const waiting = await lab.add('it')
    await die(lab.engine, { started: false })
    const diedAt = performance.now()
    maintain(lab)
    const one = await lab.became(begun, 'ready')
    const two = await lab.became(waiting, 'ready')
    expect(performance.now() - diedAt).toBeLessThan(100 + 100 + 1_000)
    expect(one).toMatchObject({ attempt: 1, retries: 1, crashes: 1, solo: true })
    expect(JSON.parse(one.error ?? '')).toMatchObject({ code: 'E_LEASE_LOST' })
    expect(two).toMatchObject({ attempt: 0, retries: 0, crashes: 0, solo: true, error: null })
    await lab.work().drained()
    expect(await lab.job(begun)).toMatchObject({ state: 'completed', attempt: 2, crashes: 0 })
    expect(await lab.job(waiting)).toMatchObject({ state: 'completed', attempt: 1, crashes: 0 })
  })

  it('buries a job that brought down three workers in a row', async () => {
    const lab = await openLab({ ...QUICK, kind })
    const dead: string[] = []
    lab.deps.events.on('dead', (job) => dead.push(`${job.id} ${job.reason}`))
    const id = await lab.add('it')
    maintain(lab)
    for (let crash = 1; crash <= 3; crash++) {
      await until(async () => (await die(lab.engine, { worker: `w-${crash}`, leaseMs: 100 })).length > 0)
      const job = await lab.became(id, crash === 3 ? 'dead' : 'ready')
      expect(job).toMatchObject({ crashes: crash, attempt: crash })
    }
    expect(await lab.job(id)).toMatchObject({ reason: 'crashed', retries: 2 })
    expect(dead).toEqual([`${id} crashed`])
  })

  it('forgives crashes that an ended attempt stands between', async () => {
    const lab = await openLab({
      ...QUICK,
      kind,
      tasks: [{ name: 'it', retry: { backoff: () => 1 }, run: () => Promise.reject(new Error('no')) }],
    })
    const id = await lab.add('it', {}, { maxRetries: 10 })
    maintain(lab)
    for (let crash = 1; crash <= 2; crash++) {
      await until(async () => (await die(lab.engine, { worker: `w-${crash}` })).length > 0)
      await lab.became(id, 'ready')
    }
    expect((await lab.job(id)).crashes).toBe(2)
    const worker = lab.work()
    await until(async () => (await lab.job(id)).crashes === 0)
    await worker.stop({ grace: 0 })
    expect((await lab.job(id)).state).not.toBe('dead')
  })

  it('ends a cancelled job of a lost worker as cancelled', async () => {
    const lab = await openLab({ ...QUICK, kind })
    const id = await lab.add('it')
    await die(lab.engine)
    await lab.cancel(id, { by: 'ada' })
    maintain(lab)
    expect(await lab.became(id, 'cancelled')).toMatchObject({ reason: 'cancelled', attempt: 1 })
  })

  it('rescues jobs of tasks that are not known here, by what is stored with them', async () => {
    const lab = await openLab({ ...QUICK, kind })
    const id = await lab.add('elsewhere', {}, { maxRetries: 0 })
    await die(lab.engine)
    maintain(lab)
    expect(await lab.became(id, 'dead')).toMatchObject({ reason: 'crashed' })
  })

  it('is safe in any number', async () => {
    const lab = await openLab({ ...QUICK, kind })
    const ids = await lab.addMany('it', 50)
    await die(lab.engine)
    for (let n = 0; n < 5; n++) maintain(lab)
    await until(async () => (await lab.engine.get(ids)).every((job) => job?.state === 'ready'))
    for (const job of await lab.engine.get(ids))
      expect(job).toMatchObject({ crashes: 1, retries: 1, attempt: 1 })
  })

  it('leaves a worker alone that lives and renews', async () => {
    const lab = await openLab({
      ...QUICK,
      kind,
      settings: { leaseMs: 300, sweepMs: 100 },
      tasks: [{ name: 'it', run: () => new Promise((resolve) => setTimeout(resolve, 1_500, 'ran')) }],
    })
    maintain(lab)
    const id = await lab.add('it')
    lab.work()
    expect(await lab.became(id, 'completed')).toMatchObject({ attempt: 1, fence: 1, crashes: 0 })
  })
})

describe('taking a worker for dead', () => {
  it('needs its silence as well as its lease: a jump of the clock alone costs nobody a job', async () => {
    const clock = new ManualClock()
    const lab = await openLab({ clock, tasks: [{ name: 'it', run: () => {} }] })
    const id = await lab.add('it')
    const rescuer = new Rescuer({ deps: lab.deps, by: 'maintainer', callTimeoutMs: 5_000 })
    const beat = () => lab.engine.beat([{ id: 'w', about: '{}', ttlMs: 60_000 }])
    await die(lab.engine, { worker: 'w', leaseMs: 30_000 })
    await beat()
    await rescuer.sweep()
    clock.advance(4_000)
    await beat()
    // An hour passes on the wall, none on the monotonic clock.
    clock.set(clock.now() + 3_600_000)
    await beat()
    expect(await rescuer.sweep()).toBe(5_000)
    expect((await lab.job(id)).state).toBe('running')
    clock.advance(4_000)
    await beat()
    clock.advance(1_000)
    expect(await rescuer.sweep()).toBe(5_000)
    expect((await lab.job(id)).state).toBe('running')
    // Now it falls silent.
    clock.advance(5_000)
    await rescuer.sweep()
    expect((await lab.job(id)).state).toBe('ready')
  })

  it('takes back what a worker does not know that it has, though it lives', async () => {
    const clock = new ManualClock()
    const lab = await openLab({ clock, tasks: [{ name: 'it', run: () => {} }] })
    const id = await lab.add('it')
    const rescuer = new Rescuer({ deps: lab.deps, by: 'maintainer', callTimeoutMs: 5_000 })
    // Its claim was carried out, and the answer was lost: it beats, and renews other leases, not this one.
    await die(lab.engine, { worker: 'w', leaseMs: 30_000, started: false })
    const seen: string[] = []
    for (let s = 0; s <= 70; s += 5) {
      await lab.engine.beat([{ id: 'w', about: '{}', ttlMs: 60_000 }])
      await rescuer.sweep()
      seen.push(`${s} ${(await lab.job(id)).state}`)
      clock.advance(5_000)
    }
    // Its own lease, and the same time once more by the clock of whoever watches.
    expect(seen.find((one) => one.endsWith('ready'))).toBe('60 ready')
    expect(await lab.job(id)).toMatchObject({ attempt: 0, crashes: 0 })
  })

  it('takes no longer than lease and sweep for someone who watched', async () => {
    const clock = new ManualClock()
    const lab = await openLab({ clock, tasks: [{ name: 'it', run: () => {} }] })
    const id = await lab.add('it')
    const rescuer = new Rescuer({ deps: lab.deps, by: 'maintainer', callTimeoutMs: 5_000 })
    await die(lab.engine, { worker: 'w', leaseMs: 30_000 })
    await lab.engine.beat([{ id: 'w', about: '{}', ttlMs: 60_000 }])
    for (let ms = 0; ms < 35_000; ms += 5_000) {
      await rescuer.sweep()
      clock.advance(5_000)
    }
    expect((await lab.job(id)).state).toBe('ready')
  })
})

it('passes rows that it cannot handle', async () => {
  const pages: (ExpiredRequest['after'] | null)[] = []
  const lab = await openLab({
    ...QUICK,
    wrap: (engine) =>
      Object.assign(Object.create(engine), {
        // A store that answers ten at a time stands for more jobs than one page holds.
        expired: async (request: ExpiredRequest) => {
          pages.push(request.after)
          return engine.expired(request)
        },
      }),
  })
  for (let n = 0; n < 3; n++) {
    await lab.addMany('it', 1_000)
    await die(lab.engine, { limit: 1_000, started: false })
  }
  maintain(lab)
  await until(async () => (await lab.engine.counts()).every(({ state }) => state === 'ready'))
  expect(pages.some((after) => after !== null)).toBe(true)
})

it('goes on after the store failed', async () => {
  const lab = await openLab({ ...QUICK, wrap: (engine) => faultyEngine(engine) })
  const faulty = lab.deps.engine as ReturnType<typeof faultyEngine>
  faulty.inject({ times: Number.POSITIVE_INFINITY })
  const id = await lab.add('it', {}, { delay: '10ms' })
  maintain(lab)
  await until(() => faulty.calls('promote') > 2 && faulty.calls('expired') > 2)
  expect((await lab.job(id)).state).toBe('scheduled')
  faulty.heal()
  await lab.became(id, 'ready')
})

it('prunes what is past its retention, in bounded batches, and nothing younger than an hour', async () => {
  const clock = new ManualClock()
  const rule = { ageMs: 2 * 3_600_000, count: 100_000 }
  const lab = await openLab({
    clock,
    tasks: [{ name: 'it', run: () => {} }],
    settings: { retention: { completed: rule, cancelled: rule, dead: rule } },
  })
  await lab.addMany('it', 2_500)
  const worker = lab.work()
  await worker.drained()
  clock.advance(3_600_000)
  const young = await lab.addMany('it', 10)
  await worker.drained()
  await worker.stop()
  clock.advance(3_600_000 + 1)
  maintain(lab)
  const left = async () => (await lab.engine.counts()).reduce((sum, { count }) => sum + count, 0)
  await until(async () => {
    clock.advance(1_000)
    return (await left()) === 10
  })
  for (const job of await lab.engine.get(young)) expect(job?.state).toBe('completed')
})

it('stops at once, and waits for a step under way', async () => {
  const lab = await openLab({ ...QUICK, wrap: (engine) => faultyEngine(engine) })
  const faulty = lab.deps.engine as ReturnType<typeof faultyEngine>
  faulty.inject({ method: 'expired', error: null, delayMs: 50, times: Number.POSITIVE_INFINITY })
  const maintainer = maintain(lab)
  await until(() => faulty.calls('expired') === 1)
  await maintainer.stop()
  await maintainer.stop()
  const calls = faulty.calls()
  await new Promise((resolve) => setImmediate(resolve))
  expect(faulty.calls()).toBe(calls)
})
