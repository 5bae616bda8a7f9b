import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Job, type Posthaste, posthaste } from 'posthaste'
import { afterEach, expect, test } from 'vitest'
import { ENGINES, newEngineUrl } from '../servers/engines.ts'
import { Crew } from './crew.ts'
import { drain, everyJob, pause } from './drain.ts'
import { type Line, machineNow, readLedgers } from './ledger.mjs'
import { Patience } from './patience.ts'
import { type Actor, killActor, stopActor } from './processes.ts'
import { campaignMs, campaignSeed, seeded } from './random.ts'

/**
 * Limits of 1 with twenty workers in five processes, which are killed without warning, mostly while they hold the one
 * permit. Nobody else may run under it while they live, and it must come back when they are dead.
 */
const PROCESSES = 5
const WORKERS_EACH = 4
const KILLS = Number(process.env['CAMPAIGN_LIMIT_KILLS'] ?? 10)
const LEASE_MS = 1_500
const SWEEP_MS = 500
/** What is promised for a dead worker's job, and with it for its permit. */
const RECOVERY_MS = LEASE_MS + SWEEP_MS + 1_000
/** What busy cores may add. */
const BUSY_MS = 1_500
/** Many short runs, and some that are long enough to be hit. */
const LONG_MS = 900
const RUNS_MS = [20, 20, LONG_MS]
/** How long the next long run is waited for. */
const HOLDER_MS = 3_000
const GROUPS = ['a', 'b', 'c']
const AHEAD = 40

/** Everything that has one permit, by the name under which the ledgers are judged. */
const PERMITS = ['key', 'task', ...GROUPS.map((group) => `group ${group}`)]
type Permit = (typeof PERMITS)[number]

/** One job under one permit; the payload says which. */
const jobOf = (permit: Permit, ms = 0) => {
  const payload = { ms, permit }
  if (permit === 'key') return { task: 'work', payload, queue: 'keyed', limit: 'the one' }
  if (permit === 'task') return { task: 'alone', payload, queue: 'default' }
  return { task: 'work', payload, queue: 'grouped', group: permit.slice('group '.length) }
}

interface Run {
  readonly actor: string
  readonly id: string
  readonly from: number
  to: number
  wasKilled: boolean
}

/** What each permit was used for, by the ledgers: a run ends with its handler, or with its process. */
const runsOf = (lines: readonly Line[], permitOf: ReadonlyMap<string, Permit>): Map<Permit, Run[]> => {
  const runs = new Map<Permit, Run[]>(PERMITS.map((permit) => [permit, []]))
  const open = new Map<string, Run>()
  for (const { what, t, actor, id = '', fence, victim } of lines) {
    const permit = permitOf.get(id)
    if (what === 'start' && permit !== undefined) {
      const run = { actor, id, from: t, to: Number.POSITIVE_INFINITY, wasKilled: false }
      open.set(`${id} ${fence}`, run)
      runs.get(permit)?.push(run)
    } else if (what === 'end') {
      const run = open.get(`${id} ${fence}`)
      if (run !== undefined) run.to = t
    } else if (what === 'kill') {
      for (const run of open.values()) {
        if (run.actor !== victim || run.to < t) continue
        run.to = t
        run.wasKilled = true
      }
    }
  }
  return runs
}

/** When each permit was given to somebody, by the store's clock, in the time of the ledgers. */
const claimsOf = (
  jobs: readonly Job[],
  permitOf: ReadonlyMap<string, Permit>,
  clockOffsetMs: number,
): Map<Permit, number[]> => {
  const claims = new Map<Permit, number[]>(PERMITS.map((permit) => [permit, []]))
  for (const { id, history } of jobs) {
    const list = claims.get(permitOf.get(id) ?? '')
    for (const { event, at } of history) if (event === 'claim') list?.push(at.getTime() - clockOffsetMs)
  }
  for (const list of claims.values()) list.sort((a, b) => a - b)
  return claims
}

let folder = ''
let crew: Crew | undefined
let ph: Posthaste | undefined
afterEach(async () => {
  await crew?.end()
  await ph?.close()
  rmSync(folder, { recursive: true, force: true })
})

test.each(ENGINES)(
  `%s: limits of 1, ${PROCESSES * WORKERS_EACH} workers, ${KILLS} kills: never two at once, and the permit comes back`,
  async (kind) => {
    const seed = campaignSeed()
    const random = seeded(seed)
    const patience = new Patience()
    const settings = { lease: LEASE_MS, heartbeat: 250, sweep: SWEEP_MS }
    const workers = { workers: WORKERS_EACH, concurrency: 3, alsoTasks: ['alone'] }
    folder = mkdtempSync(join(tmpdir(), 'posthaste-limits-'))
    const engine = await newEngineUrl(kind, folder)
    const here = new Crew(`limits-${kind}`, { ...settings, ...workers, engine })
    crew = here
    const driver = await posthaste({ engine, ...settings, maintain: true })
    ph = driver
    await driver.limits.set({ key: 'the one' }, { concurrency: 1 })
    await driver.limits.set({ task: 'alone' }, { concurrency: 1 })
    await driver.limits.set({ queue: 'grouped', groups: true }, { concurrency: 1 })

    const permitOf = new Map<string, Permit>()
    /** There is always something to do under every permit: a permit that is not used is one that is lost. */
    const feed = async (): Promise<void> => {
      for (const permit of PERMITS) {
        const { task: _, payload: __, limit: ___, ...where } = { limit: '', ...jobOf(permit) }
        const { jobs } = await driver.list({ ...where, state: ['ready'], limit: AHEAD })
        if (jobs.length >= AHEAD / 2) continue
        const added = await driver.addMany(
          Array.from({ length: AHEAD }, () => jobOf(permit, random.pick(RUNS_MS))),
        )
        for (const { id } of added) permitOf.set(id, permit)
      }
    }

    /** By the store's clock: what it says at one moment that it runs. */
    let looks = 0
    const look = async (): Promise<void> => {
      const limits = await driver.limits.list()
      for (const { scope, key, task, running } of limits) {
        const most = scope === 'groups' ? GROUPS.length : 1
        expect(running, `${scope} ${key ?? task ?? ''}`).toBeLessThanOrEqual(most)
      }
      const { jobs } = await driver.list({ state: ['running'], limit: 200 })
      const held = jobs.map(({ id }) => permitOf.get(id))
      expect(new Set(held).size, `${held}`).toBe(held.length)
      looks++
    }

    /** Processes that run jobs just now: of all jobs, or of the long ones. */
    const holders = async (isLong: boolean): Promise<Actor[]> => {
      const [{ jobs }, known] = await Promise.all([
        driver.list({ state: ['running'], limit: 50 }),
        driver.workers(),
      ])
      const held = isLong ? jobs.filter(({ payload }) => (payload as { ms: number }).ms === LONG_MS) : jobs
      const pids = held.flatMap(({ worker }) => known.find(({ id }) => id === worker)?.pid ?? [])
      return here.workers.filter(({ child }) => pids.includes(child.pid ?? 0))
    }
    /** Every other time someone who is sure to be in the middle of a run, as soon as there is one. */
    const victim = async (kill: number): Promise<Actor | undefined> => {
      for (const until = performance.now() + HOLDER_MS; kill % 2 === 0 && performance.now() < until; ) {
        const found = await holders(true)
        if (found.length > 0) return random.pick(found)
      }
      const found = await holders(false)
      return found.length > 0 ? random.pick(found) : here.workers[random.between(0, PROCESSES - 1)]
    }

    await feed()
    here.replenish(PROCESSES)
    await here.assembled()
    let kills = 0
    const from = performance.now()
    while (kills < KILLS || performance.now() - from < campaignMs()) {
      const until = performance.now() + random.between(100, 900)
      while (performance.now() < until) {
        await look()
        await pause(5)
      }
      await feed()
      const chosen = await victim(kills)
      if (chosen !== undefined) {
        await killActor(chosen)
        kills++
      }
      here.replenish(PROCESSES)
    }
    await here.assembled()
    // Long enough for the last permit to come back.
    const end = performance.now() + RECOVERY_MS + BUSY_MS
    while (performance.now() < end) {
      await look()
      await feed()
    }
    const endedAt = machineNow()
    await drain(driver, async () => {})
    await Promise.all(here.workers.map(stopActor))
    expect((await driver.limits.list()).map(({ running }) => running)).toEqual([0, 0, 0])

    const claims = claimsOf(await everyJob(driver), permitOf, Date.now() - machineNow())
    const runs = runsOf(readLedgers(here.folder), permitOf)
    const bound = RECOVERY_MS + BUSY_MS * patience.factor
    patience.stop()
    let interrupted = 0
    let worst = 0
    const together: string[] = []
    const lost: string[] = []
    for (const [permit, list] of runs) {
      list.sort((a, b) => a.from - b.from)
      for (const [i, run] of list.entries()) {
        const next = list[i + 1]
        if (next !== undefined && next.from < run.to)
          together.push(
            `${permit}: ${next.actor} began ${(run.to - next.from).toFixed(1)} ms before ${run.actor} ended`,
          )
        if (!run.wasKilled) continue
        // The next claim and not the next run: whoever claimed it may have been killed before it began.
        const free = (claims.get(permit)?.find((at) => at > run.to) ?? endedAt) - run.to
        interrupted++
        worst = Math.max(worst, free)
        if (free > bound) lost.push(`${permit}: free for ${Math.round(free)} ms after ${run.actor} died`)
      }
    }
    const count = [...runs.values()].reduce((sum, list) => sum + list.length, 0)
    const figures = { seed, runs: count, kills, interrupted, looks, backMs: Math.round(worst) }
    process.stdout.write(`limits campaign on ${kind}: ${JSON.stringify(figures)}\n`)
    expect(together).toEqual([])
    expect(lost).toEqual([])
    // The campaign proves nothing when it never hit a holder.
    expect(interrupted).toBeGreaterThan(KILLS / 4)
  },
)
