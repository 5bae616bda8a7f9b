import { deepStrictEqual } from 'node:assert/strict'
import { expect, it } from 'vitest'
import type { JobRecord, NewJob } from '../../src/core/job.ts'
import { ties } from '../../src/engines/conformance/lab.ts'
import type { Engine, LimitWrite } from '../../src/engines/engine.ts'
import { createMemoryEngine } from '../../src/engines/memory/index.ts'
import { ManualClock } from '../../src/testing/index.ts'
import { postgresStores } from './model/postgres.ts'
import { redisStores } from './model/redis.ts'
import type { Stores } from './model/run.ts'
import { sqliteStores } from './model/sqlite.ts'

/**
 * Random programs about nothing but limits and turns, with more groups than the general ones have: enough for what
 * engines do only when many lines wait behind one limit. LIMITS_SEED repeats a run that failed.
 */

/** Numbers from 0 to 1 by a seed (mulberry32). */
const randomBy = (seed: number) => {
  let state = seed
  return (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const STEPS = 120
const GROUPS_MAX = 40

/** A worker's and an operator's view of both engines, which are told the same. */
class Program {
  private readonly random: () => number
  private readonly clock: ManualClock
  private readonly engines: readonly Engine[]
  private readonly groups: number
  private running: JobRecord[] = []
  private made = 0
  readonly log: string[] = []

  constructor(seed: number, clock: ManualClock, engines: readonly Engine[]) {
    this.random = randomBy(seed)
    this.clock = clock
    this.engines = engines
    this.groups = this.pick([2, 5, GROUPS_MAX])
  }

  private nat(below: number): number {
    return Math.floor(this.random() * below)
  }

  private pick<T>(list: readonly T[]): T {
    return list[this.nat(list.length)] as T
  }

  private async all<T>(what: string, call: (engine: Engine) => Promise<T>): Promise<T> {
    this.log.push(what)
    const answers: T[] = []
    for (const engine of this.engines) answers.push(structuredClone(await call(engine)))
    for (const answer of answers) deepStrictEqual(answer, answers[0], what)
    return answers[0] as T
  }

  private job(): NewJob {
    const group = this.pick([null, `g${this.nat(this.groups)}`, `g${this.nat(this.groups)}`])
    const limit = this.pick([null, null, 'k1', 'k2'])
    this.made++
    return {
      id: `0198c0de-${this.nat(3).toString(16).padStart(4, '0')}-7000-8000-${this.made.toString(16).padStart(12, '0')}`,
      ...{ task: this.pick(['x', 'y']), queue: this.pick(['a', 'a', 'b', 'c']), group },
      ...{ priority: this.pick([5, 5, 5, 0]), payload: 'null', delayMs: this.pick([0, 0, 0, 0, 700]) },
      ...{ runAt: null, blocked: null, maxRetries: null, leaseMs: null, options: null, key: null, ref: null },
      ...{ tags: null, ties: limit === null ? null : ties({ limit }) },
    }
  }

  private setting(): LimitWrite {
    const [scope, name] = this.pick([
      ...([
        ['queue', 'a'],
        ['queue', 'c'],
        ['task', 'x'],
        ['group', 'a/g0'],
        ['group', 'a/g1'],
        ['groups', 'a'],
        ['groups', 'b'],
        ['key', 'k1'],
        ['key', 'k2'],
      ] as const),
    ])
    const concurrency = this.pick([null, null, 0, 1, 2, 5])
    const rate = this.pick([null, null, { max: 1, perMs: 500 }, { max: 3, perMs: 2_000 }])
    const weight = this.pick([null, null, 2, 3, 7])
    const pausedBy = this.pick([null, null, null, 'ada'])
    return { scope, name, concurrency, rate, weight, pausedBy, by: 'someone', expect: null }
  }

  private async claim(): Promise<void> {
    const queues = this.pick([null, null, ['a'], ['b', 'a'], ['c', 'b', 'a']])
    const order = queues === null ? 'merged' : this.pick(['merged', 'listed'] as const)
    const request = { queues, order, tasks: this.pick([null, null, ['x']]), leaseMs: 60_000 }
    const claim = { ...request, limit: this.pick([1, 2, 7, 100]) }
    const settle = this.running.splice(0, this.nat(3)).map((job) => this.end(job))
    const { jobs } = await this.all(`exchange ${JSON.stringify(claim)}`, (engine) =>
      engine.exchange({ worker: 'w', settle, claim }),
    )
    this.running.push(...jobs)
  }

  private end({ id, fence }: JobRecord) {
    const to = this.pick(['completed', 'completed', 'ready', 'dead'] as const)
    const values = { attempt: 1, retries: 0, crashes: 0, solo: this.random() < 0.02, startedAt: null }
    const none = { reason: null, output: null, error: null, history: null }
    return { id, fence, to, ...values, ...none, unlessCancelled: false }
  }

  /** Changes some jobs that are at rest. */
  private async change(): Promise<void> {
    const { jobs } = await this.all('list', (engine) =>
      engine.list({
        states: ['ready', 'dead'],
        sort: { field: 'id', descending: false },
        after: null,
        limit: 50,
      }),
    )
    const changes = [...new Set([1, 2, 3].map(() => this.pick(jobs)))].flatMap((job) => {
      if (job === undefined) return []
      const { id, fence, state, attempt, retries, crashes, solo, reason, output, error, history } = job
      const values = { attempt, retries, crashes, solo, reason, output, error, history }
      const to = state === 'dead' ? ('ready' as const) : this.pick(['cancelled', 'removed', 'ready'] as const)
      return [{ id, fence, from: state as 'ready', to, ...values }]
    })
    await this.all(`change ${JSON.stringify(changes)}`, (engine) => engine.change(changes).catch(String))
  }

  async step(): Promise<void> {
    const drawn = this.random()
    if (drawn < 0.25) {
      const jobs = Array.from({ length: this.pick([1, 1, 3, 60]) }, () => this.job())
      await this.all(`insert ${jobs.length}`, (engine) => engine.insert(jobs))
    } else if (drawn < 0.65) await this.claim()
    else if (drawn < 0.77) {
      const write = this.setting()
      await this.all(`setLimits ${JSON.stringify(write)}`, (engine) => engine.setLimits([write]))
    } else if (drawn < 0.82) await this.all('limits', (engine) => engine.limits())
    else if (drawn < 0.87) await this.change()
    else if (drawn < 0.9) {
      const limit = this.pick([2, 100])
      await this.all('promote', (engine) => engine.promote({ limit }))
    } else {
      const ms = this.pick([1, 200, 500, 2_000])
      this.log.push(`pass ${ms}`)
      this.clock.advance(ms)
    }
  }
}

const RUNS = Number(process.env.LIMITS_RUNS || 0)
const SEED = Number(process.env.LIMITS_SEED || Date.now() % 2 ** 31)

const run = async (stores: Stores, runs: number): Promise<string | undefined> => {
  for (let n = 0; n < runs; n++) {
    const clock = new ManualClock()
    const memory = createMemoryEngine({ clock })
    const tested = await stores.create(n, clock)
    await memory.open()
    await tested.open()
    const program = new Program(SEED + n, clock, [memory, tested])
    try {
      for (let step = 0; step < STEPS; step++) await program.step()
    } catch (error) {
      return `LIMITS_SEED=${SEED + n} LIMITS_RUNS=1: ${(error as Error).message}\n${program.log.slice(-12).join('\n')}`
    } finally {
      await tested.close()
      stores.remove(n)
    }
  }
  return undefined
}

it.each([
  ['sqlite', 10, sqliteStores],
  ['postgres', 3, async () => postgresStores()],
  ['redis', 6, async () => redisStores()],
] as const)(
  'on %s, random programs about limits and turns are answered as by the reference model',
  { timeout: 120_000 + 10_000 * RUNS },
  async (_, runs, storesOf) => {
    const stores = await storesOf()
    try {
      expect(await run(stores, RUNS || runs)).toBeUndefined()
    } finally {
      await stores.end()
    }
  },
)
