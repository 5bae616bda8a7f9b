import { ManualClock } from 'posthaste/testing'
import { describe, expect, it } from 'vitest'
import { type AnyTask, type Job, type Posthaste, type PosthasteOptions, task } from '../../src/index.ts'
import { opened, until } from './open.ts'

const report = task({ name: 'report', queue: 'reports', run: ({ of }: { of: string }) => of })
/** The day before clocks are changed in Berlin. */
const START = Date.UTC(2026, 2, 28, 12)
const MINUTE = 60_000
const HOUR = 60 * MINUTE

const jobsOf = async (ph: Pick<Posthaste, 'list'>, name: string): Promise<Job[]> => {
  const { jobs } = await ph.list({ limit: 200, sort: 'id' })
  return jobs.filter(({ schedule }) => schedule?.name === name)
}
/** The ticks that got jobs, in hours after the start. */
const hoursOf = async (ph: Pick<Posthaste, 'list'>, name: string): Promise<number[]> =>
  (await jobsOf(ph, name)).flatMap(({ schedule }) =>
    schedule?.at ? [(schedule.at.getTime() - START) / HOUR] : [],
  )

/** Time for everything that a step of the clock set off. */
const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 30; turn++) await new Promise((resolve) => setImmediate(resolve))
}
const pass = async (clock: ManualClock, ms: number, stepMs = 30_000): Promise<void> => {
  for (let left = ms; left > 0; left -= stepMs) {
    clock.advance(Math.min(left, stepMs))
    await settle()
  }
}

const manual = async (options: PosthasteOptions = {}) => {
  const clock = new ManualClock(START)
  const ph = await opened('memory', { clock, tasks: [report as AnyTask], maintain: true, ...options })
  return { clock, ph }
}
const payload = { of: 'mail' }

describe('ticks', () => {
  it('each adds one job, which names its schedule', async () => {
    const { clock, ph } = await manual()
    const added = await ph.schedule('hourly', { cron: '@hourly', task: report, payload, priority: 'high' })
    expect(added).toMatchObject({ name: 'hourly', cron: '@hourly', source: 'code', drift: null, fired: 0 })
    expect(added.nextRuns.map((at) => (at.getTime() - START) / HOUR)).toEqual([1, 2, 3, 4, 5])
    await pass(clock, 3 * HOUR)
    // The first is not over, so the next ones are skipped and counted.
    expect(await hoursOf(ph, 'hourly')).toEqual([1])
    const [job] = await jobsOf(ph, 'hourly')
    expect(job).toMatchObject({ task: 'report', queue: 'reports', payload, priority: 3, state: 'ready' })
    const { reasons } = await ph.explain(job?.id ?? '')
    expect(reasons.at(-1)?.text).toBe('It is for the tick of 2026-03-28T13:00:00.000Z of schedule hourly.')
    expect(await ph.schedules.get('hourly')).toMatchObject({
      ...{ fired: 1, skipped: 2, missed: 0, lastJob: { id: job?.id, state: 'ready' } },
      lastRun: new Date(START + HOUR),
    })
  })

  it('follow the clocks of a zone when these are changed', async () => {
    const { clock, ph } = await manual()
    const berlin = { timeZone: 'Europe/Berlin', task: report, payload, overlap: 'allow' } as const
    await ph.schedule('fixed', { ...berlin, cron: '30 2 * * *' })
    await ph.schedule('open', { ...berlin, cron: '30 * * * *', endAt: '2026-03-29T03:00:00Z' })
    await pass(clock, 16 * HOUR)
    expect(await hoursOf(ph, 'fixed')).toEqual([13])
    expect(await hoursOf(ph, 'open')).toEqual(Array.from({ length: 15 }, (_, i) => i + 0.5))
    expect((await ph.schedules.get('open'))?.nextRuns).toEqual([])
    clock.set(Date.UTC(2026, 9, 25, 0, 29))
    await pass(clock, 3 * HOUR)
    const autumn = (await jobsOf(ph, 'fixed')).map(({ schedule }) => schedule?.at?.toISOString())
    // The summer is one outage, whose last tick is made good; the repeated hour is not run again.
    expect(autumn.slice(1)).toEqual(['2026-10-24T00:30:00.000Z', '2026-10-25T00:30:00.000Z'])
  })

  it('are not lost and not repeated when the clock jumps back and forth', async () => {
    const { clock, ph } = await manual()
    await ph.schedule('often', { every: '1m', task: report, payload, overlap: 'allow', catchUp: 'all' })
    await pass(clock, 5 * MINUTE)
    clock.set(START - 10 * MINUTE)
    await pass(clock, 2 * MINUTE)
    clock.set(START + 8 * MINUTE)
    await pass(clock, 2 * MINUTE)
    const minutes = (await hoursOf(ph, 'often')).map((hours) => Math.round(hours * 60))
    const expected = Array.from({ length: minutes.length }, (_, i) => i + 1)
    expect(minutes).toEqual(expected)
    expect(minutes.length).toBeGreaterThanOrEqual(10)
  })

  it('come when timers are early: a chain of them has no end', async () => {
    const clock = new ManualClock(START)
    // Every timer fires a tenth too early, as a clock that runs fast makes it.
    const hasty = Object.assign(Object.create(clock) as ManualClock, {
      setTimer: (callback: () => void, ms: number) => clock.setTimer(callback, ms * 0.9),
    })
    const ph = await opened('memory', { clock: hasty, tasks: [report], maintain: true })
    await ph.schedule('often', { every: '10s', task: report, payload, overlap: 'allow' })
    await pass(clock, 5 * MINUTE, 250)
    expect(await jobsOf(ph, 'often')).toHaveLength(30)
  })

  it('are spread by jitter without being moved', async () => {
    const { clock, ph } = await manual()
    await ph.schedule('soft', { cron: '@hourly', task: report, payload, jitter: '10m', overlap: 'allow' })
    await pass(clock, 4 * HOUR)
    const late = (await jobsOf(ph, 'soft')).map(({ runAt, schedule }) => Number(runAt) - Number(schedule?.at))
    expect(late).toHaveLength(4)
    expect(late.every((ms) => ms >= 0 && ms < 10 * MINUTE)).toBe(true)
    expect(new Set(late).size).toBe(4)
  })
})

describe('after an outage', () => {
  it.each([
    ['none', [], 5],
    ['last', [5], 4],
    ['all', [1, 2, 3, 4, 5], 0],
  ] as const)('%s', async (catchUp, fired, missed) => {
    const { clock, ph } = await manual()
    await ph.schedule('hourly', { cron: '@hourly', task: report, payload, overlap: 'allow', catchUp })
    clock.set(START + 5 * HOUR + 2 * MINUTE)
    await pass(clock, MINUTE)
    expect(await hoursOf(ph, 'hourly')).toEqual(fired)
    expect(await ph.schedules.get('hourly')).toMatchObject({ fired: fired.length, missed })
    await pass(clock, HOUR)
    expect((await hoursOf(ph, 'hourly')).at(-1)).toBe(6)
  })
})

describe('overlap', () => {
  /** A task whose runs end when they are told to. */
  const held = () => {
    const ends: (() => void)[] = []
    const seen: string[] = []
    const one = task({
      name: 'long',
      run: (_: null, { signal, job }) =>
        new Promise<void>((resolve, reject) => {
          seen.push(job.id)
          ends.push(resolve)
          signal.addEventListener('abort', () => reject(signal.reason))
        }),
    })
    return { one, ends, seen }
  }

  it('queue: a tick waits for the one before', async () => {
    const { one, ends, seen } = held()
    const ph = await opened('memory', { tasks: [one] })
    await ph.schedule('q', { every: '1s', task: one, payload: null, overlap: 'queue' })
    ph.work()
    await until(async () => (await jobsOf(ph, 'q')).length >= 3)
    const jobs = await jobsOf(ph, 'q')
    expect(jobs.slice(0, 3).map(({ state }) => state)).toEqual(['running', 'blocked', 'blocked'])
    expect(seen).toHaveLength(1)
    ends[0]?.()
    await until(() => seen.length === 2)
    expect(seen[1]).toBe(jobs[1]?.id)
    await ph.schedules.pause('q')
  })

  it('cancelPrevious: the newest has its turn', async () => {
    const { one, seen } = held()
    const ph = await opened('memory', { tasks: [one], heartbeat: 100 })
    await ph.schedule('c', { every: '1s', task: one, payload: null, overlap: 'cancelPrevious' })
    ph.work()
    await until(() => seen.length >= 3)
    const jobs = await jobsOf(ph, 'c')
    expect(jobs[0]?.state).toBe('cancelled')
    expect(jobs.filter(({ state }) => state === 'running')).toHaveLength(1)
    expect(jobs[0]?.history.at(-1)).toMatchObject({ by: 'schedule', reason: 'the next tick of schedule c' })
    await ph.schedules.pause('c')
  })

  it('cancelPrevious: what was not begun is cancelled in the step of the tick', async () => {
    const { clock, ph } = await manual()
    await ph.schedule('c', { cron: '@hourly', task: report, payload, overlap: 'cancelPrevious' })
    await pass(clock, 3 * HOUR)
    expect((await jobsOf(ph, 'c')).map(({ state }) => state)).toEqual(['cancelled', 'cancelled', 'ready'])
  })

  it('a job that was run by hand counts as well', async () => {
    const { clock, ph } = await manual()
    await ph.schedule('s', { cron: '@hourly', task: report, payload })
    const job = await ph.schedules.run('s')
    expect(job).toMatchObject({ inserted: true, schedule: { name: 's', at: null } })
    await pass(clock, HOUR)
    expect(await jobsOf(ph, 's')).toHaveLength(1)
    expect(await ph.schedules.get('s')).toMatchObject({ skipped: 1, lastJob: { id: job.id } })
  })
})

describe('operators', () => {
  it('pause and resume; the ticks of the pause are gone', async () => {
    const { clock, ph } = await manual()
    await ph.schedule('s', { cron: '@hourly', task: report, payload, overlap: 'allow', catchUp: 'all' })
    expect(await ph.schedules.pause('s', { by: 'ada' })).toMatchObject({
      paused: { by: 'ada' },
      nextRuns: [],
    })
    await pass(clock, 3 * HOUR)
    await ph.schedules.resume('s')
    await pass(clock, HOUR)
    expect(await hoursOf(ph, 's')).toEqual([4])
    expect(await ph.schedules.get('s')).toMatchObject({ missed: 0, paused: null })
  })

  it('edit; the code says so and takes over only when it is told to', async () => {
    const { clock, ph } = await manual()
    const code = { cron: '@hourly', task: report, payload } as const
    await ph.schedule('s', code)
    await ph.schedules.update('s', { cron: '0 */2 * * *', queue: 'slow' }, { by: 'ada' })
    const again = await ph.schedule('s', code)
    expect(again).toMatchObject({
      cron: '0 */2 * * *',
      drift: { fields: ['cron', 'options'], by: 'ada' },
    })
    // A new version of the code changes something else.
    expect(await ph.schedule('s', { ...code, overlap: 'allow' })).toMatchObject({
      overlap: 'skip',
      drift: { fields: ['cron', 'overlap', 'options'], by: 'ada' },
    })
    await pass(clock, 2 * HOUR)
    expect((await jobsOf(ph, 's')).map(({ queue }) => queue)).toEqual(['slow'])
    expect(await ph.schedules.reset('s')).toMatchObject({ cron: '@hourly', overlap: 'allow', drift: null })
    // Nobody decided otherwise since: the code may change it.
    expect(await ph.schedule('s', { ...code, cron: '@daily' })).toMatchObject({ cron: '@daily', drift: null })
  })

  it('remove; the code does not bring it back by itself', async () => {
    const { ph } = await manual()
    const code = { cron: '@hourly', task: report, payload } as const
    await ph.schedule('s', code)
    expect(await ph.schedules.remove('s', { by: 'ada' })).toBe(true)
    expect(await ph.schedules.remove('s')).toBe(false)
    expect(await ph.schedules.get('s')).toBeNull()
    expect(await ph.schedule('s', code)).toMatchObject({ drift: { fields: ['removed'], by: 'ada' } })
    expect(await ph.schedules.list()).toEqual([])
    expect(await ph.schedules.reset('s')).toMatchObject({ cron: '@hourly', drift: null })
    expect(await ph.schedules.list()).toHaveLength(1)
  })

  it('create, replace and are told what is wrong', async () => {
    const { ph } = await manual()
    const options = { every: '5m', task: 'unknown', payload: { a: 1 } }
    expect(await ph.schedules.create('x', options)).toMatchObject({ source: 'operator', every: 5 * MINUTE })
    const { schedules } = ph
    await expect(schedules.create('x', options)).rejects.toMatchObject({ code: 'E_SCHEDULE_EXISTS' })
    expect(await schedules.put('x', { ...options, every: '6m' })).toMatchObject({ every: 6 * MINUTE })
    expect(await schedules.remove('x')).toBe(true)
    await expect(schedules.update('x', {})).rejects.toMatchObject({ code: 'E_SCHEDULE_MISSING' })
    const refused = async (wrong: object, code: string, field: string): Promise<void> => {
      const all = { cron: '@daily', task: report, payload, ...wrong } as never
      await expect(ph.schedule('bad', all), field).rejects.toMatchObject({ code, field })
    }
    await refused({ cron: '0 0 30 2 *' }, 'E_CRON', 'cron')
    await refused({ cron: undefined }, 'E_ARGUMENT', 'cron')
    await refused({ every: '1m' }, 'E_ARGUMENT', 'every')
    await refused({ cron: undefined, every: '10ms' }, 'E_DURATION', 'every')
    await refused({ timeZone: 'Mars/Olympus' }, 'E_ARGUMENT', 'timeZone')
    await refused({ overlap: 'some' }, 'E_ARGUMENT', 'overlap')
    await refused({ startAt: '2026-01-02T00:00:00Z', endAt: '2026-01-01T00:00:00Z' }, 'E_ARGUMENT', 'endAt')
    const year = { startAt: '2027-01-01T00:00:00Z', endAt: '2027-12-31T00:00:00Z' }
    await refused({ cron: '0 0 29 2 *', ...year }, 'E_ARGUMENT', 'endAt')
    await refused({ kron: 1 }, 'E_ARGUMENT', 'options.kron')
    await refused({ task: undefined }, 'E_ARGUMENT', 'task')
    await refused({ priority: 'extreme' }, 'E_PRIORITY', 'priority')
    await expect(ph.schedule('no name', options)).rejects.toMatchObject({ code: 'E_NAME', field: 'name' })
  })
})
