import { deepStrictEqual } from 'node:assert/strict'
import fc from 'fast-check'
import { it } from 'vitest'
import type { JobRecord } from '../../src/core/job.ts'
import { claimRequest, Lab, ties } from '../../src/engines/conformance/lab.ts'
import type { Engine, LimitWrite, ListQuery } from '../../src/engines/engine.ts'
import { createMemoryEngine } from '../../src/engines/memory/index.ts'
import { ManualClock } from '../../src/testing/index.ts'
import { postgresStores } from './model/postgres.ts'
import { redisStores } from './model/redis.ts'
import type { Stores } from './model/run.ts'
import { sqliteStores } from './model/sqlite.ts'

/**
 * Random programs about nothing but limits and turns: few queues, groups and keys, many settings, and claims that meet
 * them. `MODEL_RUNS` says how many; a failure names the seed and the path that repeat it (MODEL_SEED, MODEL_PATH).
 */

const RESTING: ListQuery = {
  states: ['ready', 'scheduled'],
  sort: { field: 'id', descending: false },
  after: null,
  limit: 200,
}

const RUNS = Number(process.env.MODEL_RUNS || 0)
const STEPS_MAX = 120

const queue = fc.constantFrom('a', 'a', 'b')
const task = fc.constantFrom('x', 'x', 'y')
/** Mostly an id behind all others, sometimes one before them. */
const job = fc.record({
  task,
  queue,
  group: fc.constantFrom(null, 'g', 'h', 'i\u0001'),
  limit: fc.constantFrom(null, null, 'l', 'm'),
  priority: fc.constantFrom(5, 5, 1),
  delayMs: fc.constantFrom(0, 0, 0, 0, 700),
  runAt: fc.constantFrom(null, null, null, null, 0),
  isOld: fc.constantFrom(false, false, false, true),
})
const claim = fc
  .record({
    limit: fc.constantFrom(1, 1, 2, 3, 100),
    queues: fc.constantFrom(null, null, null, ['a'], ['b', 'a', 'b']),
    tasks: fc.constantFrom(null, null, null, ['x'], ['y']),
    isListed: fc.boolean(),
  })
  .map(({ isListed, ...rest }) =>
    claimRequest({ ...rest, order: isListed && rest.queues !== null ? 'listed' : 'merged' }),
  )
/** Which of the running jobs end, and how. */
const ends = fc.array(
  fc.record({
    at: fc.nat({ max: 20 }),
    to: fc.constantFrom('completed' as const, 'completed' as const, 'ready' as const, 'retrying' as const),
  }),
  { maxLength: 6 },
)
const setting: fc.Arbitrary<LimitWrite> = fc
  .record({
    of: fc.constantFrom(
      ...([
        ['queue', 'a'],
        ['task', 'x'],
        ['group', 'a/g'],
        ['group', 'a/g'],
        ['group', 'a/i\u0001'],
        ['groups', 'a'],
        ['groups', 'b'],
        ['key', 'l'],
        ['key', 'm'],
      ] as const),
    ),
    concurrency: fc.constantFrom(null, null, null, 0, 1, 2, 3),
    rate: fc.constantFrom(null, null, null, { max: 1, perMs: 1_000 }, { max: 3, perMs: 5_000 }),
    weight: fc.constantFrom(null, 2, 3, 7),
    pausedBy: fc.constantFrom(null, null, null, 'ada'),
  })
  .map(({ of: [scope, name], ...rest }) => ({ scope, name, by: 'someone', expect: null, ...rest }))

const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ add: fc.array(job, { minLength: 1, maxLength: 6 }) }) },
  { weight: 6, arbitrary: fc.record({ claim, ends }) },
  { weight: 2, arbitrary: fc.record({ ends }) },
  { weight: 3, arbitrary: fc.record({ set: setting }) },
  { weight: 2, arbitrary: fc.record({ passMs: fc.constantFrom(1, 300, 700, 1_000, 5_000) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      change: fc.nat({ max: 100 }),
      to: fc.constantFrom('removed' as const, 'cancelled' as const, 'ready' as const, 'scheduled' as const),
      priority: fc.constantFrom(undefined, 1, 5),
    }),
  },
  { weight: 1, arbitrary: fc.record({ pause: fc.boolean() }) },
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

/** Carries steps out on the model and on the store that is compared with it. */
class Pair {
  private readonly clock: ManualClock
  private readonly lab: Lab
  private readonly tested: Engine
  private running: JobRecord[] = []
  private made = 0

  constructor(clock: ManualClock, tested: Engine) {
    this.clock = clock
    this.lab = new Lab(createMemoryEngine({ clock }), clock)
    this.tested = tested
  }

  async open(): Promise<void> {
    await this.lab.engine.open()
    await this.tested.open()
  }

  private async both<T>(work: (engine: Engine) => Promise<T>): Promise<T> {
    const expected = await work(this.lab.engine)
    deepStrictEqual(await work(this.tested), expected)
    return expected
  }

  private newId(isOld: boolean): string {
    const number = isOld ? 900_000 - this.made++ : 1_000_000 + this.made++
    return `0198c0de-0000-7000-8000-${String(number).padStart(12, '0')}`
  }

  async take(step: Step): Promise<void> {
    if ('add' in step) {
      const jobs = step.add.map(({ isOld, limit, ...given }) =>
        this.lab.job({ id: this.newId(isOld), ...given, ties: limit === null ? null : ties({ limit }) }),
      )
      await this.both((engine) => engine.insert(jobs))
    } else if ('ends' in step) {
      const ending = new Map(
        step.ends.flatMap(({ at, to }) => this.running.slice(at, at + 1).map((job) => [job, to])),
      )
      this.running = this.running.filter((job) => !ending.has(job))
      const settle = [...ending].map(([job, to]) =>
        this.lab.settlement(job, to, { attempt: 1, delayMs: to === 'retrying' ? 500 : 0 }),
      )
      const request = { worker: 'w', settle, ...('claim' in step ? { claim: step.claim } : {}) }
      this.running.push(...(await this.both((engine) => engine.exchange(request))).jobs)
    } else if ('set' in step) {
      await this.both((engine) => engine.setLimits([step.set]))
    } else if ('passMs' in step) {
      this.clock.advance(step.passMs)
      await this.both((engine) => engine.promote({ limit: 100 }))
    } else if ('change' in step) {
      await this.change(step)
    } else {
      await this.both((engine) => engine.pause([{ queue: 'a', paused: step.pause, by: 'someone' }]))
    }
  }

  private async change({ change: at, to, priority }: Extract<Step, { change: number }>): Promise<void> {
    const resting = await this.lab.engine.list(RESTING)
    const job = resting.jobs[at % Math.max(1, resting.jobs.length)]
    if (job === undefined) return
    const change = this.lab.change(job, to, {
      delayMs: to === 'scheduled' ? 500 : 0,
      ...(priority === undefined ? {} : { priority }),
    })
    await this.both((engine) => engine.change([change]))
  }

  async end(): Promise<void> {
    await this.both((engine) => engine.limits())
    await this.both((engine) => engine.queues())
    await this.both((engine) => engine.list(RESTING))
  }

  async close(): Promise<void> {
    await this.tested.close()
  }
}

const tested: readonly (readonly [kind: string, runs: number, open: () => Promise<Stores>])[] = [
  ['sqlite', 60, sqliteStores],
  ['postgres', 40, async () => postgresStores()],
  ['redis', 100, async () => redisStores()],
]

it.each(tested)(
  '%s holds limits and gives turns as the reference model does',
  { timeout: 120_000 },
  async (_, runs, open) => {
    const stores = await open()
    let programs = 0
    const program = fc.asyncProperty(fc.array(step, { maxLength: STEPS_MAX, size: 'max' }), async (steps) => {
      const clock = new ManualClock()
      const number = ++programs
      const pair = new Pair(clock, await stores.create(number, clock))
      try {
        await pair.open()
        for (const one of steps) await pair.take(one)
        await pair.end()
      } finally {
        await pair.close()
        stores.remove(number)
      }
    })
    try {
      const [seed, path] = [process.env['MODEL_SEED'], process.env['MODEL_PATH']]
      await fc.assert(program, {
        numRuns: RUNS || runs,
        // A run that is repeated by its path looks for a smaller program that fails.
        endOnFailure: path === undefined,
        ...(seed === undefined ? {} : { seed: Number(seed) }),
        ...(path === undefined ? {} : { path }),
      })
    } finally {
      await stores.end()
    }
  },
)
