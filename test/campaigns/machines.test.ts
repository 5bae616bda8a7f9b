import { type Posthaste, posthaste } from 'posthaste'
import { describe, expect, test } from 'vitest'
import { startPostgresServer } from '../../scripts/lib/postgres-server.js'
import { startRedisServer } from '../../scripts/lib/redis-server.js'
import { newId } from '../../src/core/ids.ts'
import { ensureBuilt } from '../cli/program.ts'
import { type FaultProxy, startFaultProxy } from '../servers/fault-proxy.ts'
import { FAULTS } from '../servers/faults.ts'
import { check } from './checker.ts'
import { Crew } from './crew.ts'
import { drain, everyJob, pause } from './drain.ts'
import { machineNow, readLedgers } from './ledger.mjs'
import { Patience } from './patience.ts'
import type { Actor } from './processes.ts'
import { campaignMs, campaignSeed, type Random, seeded } from './random.ts'

/**
 * Workers on machines of their own: each is a process with a connection of its own to the server that all share, and is
 * cut off from it while the others work on. Cut off for longer than its lease it must not write any more, its jobs run
 * elsewhere in time, and once it is healed it works again by itself.
 */
const MACHINES = 4
/** Longer than a database lets a transaction stand still, whose locks would hold up the rescue. */
const LEASE_MS = 3_000
const SWEEP_MS = 500
const RECOVERY_MS = LEASE_MS + SWEEP_MS + 1_000
const RESUMED_MS = 10_000
/** What busy cores may add to a bound. */
const BUSY_MS = 1_500
const GIVEN_UP_MS = 60_000
const SHORT_MS = 500
const LONG_MS = 2 * LEASE_MS

/** How a machine is lost. A frozen one goes on in the middle of what it did, with the belief that it holds its leases. */
const CUTS = ['black hole', 'half-open up', 'half-open down', 'late delivery', 'refused', 'frozen'] as const

const settings = { lease: LEASE_MS, heartbeat: 700, sweep: SWEEP_MS, concurrency: 20 }

interface Machine {
  readonly worker: Actor
  readonly proxy: FaultProxy
}

const SERVERS = {
  redis: async () => await startRedisServer({ appendonly: 'yes', appendfsync: 'always' }),
  postgres: async () => await startPostgresServer(),
}

const newPayload = (random: Random): { ms: number; stubborn?: boolean } => {
  const chance = random.next()
  if (chance < 0.05) return { ms: random.between(2_500, 7_000), stubborn: true }
  if (chance < 0.2) return { ms: random.between(500, 4_000) }
  return { ms: chance < 0.6 ? random.between(10, 300) : 0 }
}

/** Cuts a machine off, heals it, and answers how long it then took until it began a job. */
const cutOff = async (
  { crew, ph }: { readonly crew: Crew; readonly ph: Posthaste },
  { worker, proxy }: Machine,
  [kind, ms]: readonly [kind: string, ms: number],
): Promise<number> => {
  const victim = worker.name
  if (kind === 'frozen') {
    worker.child.kill('SIGSTOP')
    crew.driver.write({ what: 'freeze', victim })
  } else {
    await FAULTS[kind]?.(proxy)
    crew.driver.write({ what: 'cut', victim })
  }
  await pause(ms)
  crew.driver.write({ what: 'heal', victim })
  if (kind === 'frozen') worker.child.kill('SIGCONT')
  await proxy.heal()
  return await crew.worksAgain(worker, ph, GIVEN_UP_MS)
}

describe('machines that are cut off', () => {
  test.concurrent.for(Object.entries(SERVERS))('%s', async ([engine, startServer], { onTestFinished }) => {
    await ensureBuilt()
    const patience = new Patience()
    onTestFinished(() => patience.stop())
    const seed = campaignSeed()
    const random = seeded(seed)
    const server = await startServer()
    onTestFinished(server.stop)
    const crew = new Crew('machines', settings)
    onTestFinished(() => crew.end())
    const { port } = new URL(server.url)
    const machines: Machine[] = []
    for (let n = 0; n < MACHINES; n++) {
      const proxy = await startFaultProxy(Number(port), seed + n)
      onTestFinished(() => proxy.close())
      const worker = await crew.start('worker', { engine: server.url.replace(port, String(proxy.port)) })
      machines.push({ worker, proxy })
    }

    // Whoever adds sits beside the server. Half of the machines can bear all of it: what waits for a slot is not late.
    const ph = await posthaste({ engine: server.url, sweep: SWEEP_MS, maintain: true })
    onTestFinished(() => ph.close())
    let isOver = false
    const add = async (): Promise<void> => {
      while (!isOver) {
        const jobs = Array.from({ length: 10 }, () => ({
          id: newId(),
          task: 'work',
          payload: newPayload(random),
        }))
        await ph.addMany(jobs)
        crew.driver.write(...jobs.map(({ id }) => ({ what: 'added' as const, id })))
        await pause(400)
      }
    }
    const adding = add()

    // Two at a time: half of the machines are always well.
    const kinds = [...random.shuffle(CUTS).map((kind) => [kind, LONG_MS] as const)]
    kinds.push(...random.shuffle(CUTS).map((kind) => [kind, SHORT_MS] as const))
    const resumed: { readonly kind: string; readonly ms: number; readonly resumedMs: number }[] = []
    const from = performance.now()
    const lane = async (own: readonly Machine[]): Promise<void> => {
      for (let n = 0; kinds.length > 0 || performance.now() - from < campaignMs(); n++) {
        const [kind, ms] = kinds.shift() ?? [random.pick(CUTS), random.between(SHORT_MS, LONG_MS)]
        const machine = own[n % own.length] as Machine
        resumed.push({ kind, ms, resumedMs: Math.round(await cutOff({ crew, ph }, machine, [kind, ms])) })
      }
    }
    await Promise.all([lane(machines.slice(0, 2)), lane(machines.slice(2))])
    isOver = true
    await adding
    await drain(ph, async () => {})
    const logs = machines.flatMap(({ worker }) => crew.logLines(worker))
    await crew.stop(crew.workers)

    const { violations, figures } = check(readLedgers(crew.folder), await everyJob(ph), {
      recoveryMs: RECOVERY_MS + BUSY_MS * patience.factor,
      clockOffsetMs: Date.now() - machineNow(),
      poison: new Set(),
    })
    const told = {
      ...{ seed, ...figures, cuts: resumed.length, busy: patience.factor },
      slowest: [...resumed].sort((a, b) => b.resumedMs - a.resumedMs).slice(0, 3),
      // Results that the store itself refused, and leases that workers gave up by their own clocks.
      refusedResults: logs.filter((line) => line.includes('the result of a run was refused')).length,
      leasesGivenUp: logs.filter((line) => line.includes('the lease of a job was lost')).length,
    }
    process.stdout.write(`machines on ${engine}: ${JSON.stringify(told)}\n`)
    expect(violations, `seed ${seed}`).toEqual([])
    expect(
      resumed.filter(({ resumedMs }) => resumedMs > RESUMED_MS + BUSY_MS * (patience.factor - 1)),
      `seed ${seed}`,
    ).toEqual([])
    // The campaign proves nothing when nobody came too late.
    expect(figures.refusedWrites).toBeGreaterThan(0)
    expect(told.refusedResults + told.leasesGivenUp).toBeGreaterThan(0)
    expect(figures.repeatedStarts).toBeGreaterThan(0)
  })
})
