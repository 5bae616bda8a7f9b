import { readdirSync } from 'node:fs'
import { type Posthaste, posthaste } from 'posthaste'
import { describe, expect, test } from 'vitest'
import { startPostgresServer } from '../../scripts/lib/postgres-server.js'
import { startRedisServer } from '../../scripts/lib/redis-server.js'
import { ensureBuilt } from '../cli/program.ts'
import { check } from './checker.ts'
import { Crew } from './crew.ts'
import { drain, everyJob, pause } from './drain.ts'
import { machineNow, readLedgers } from './ledger.mjs'
import { Patience } from './patience.ts'
import { campaignMs, campaignSeed, type Random, seeded } from './random.ts'

/**
 * Servers die without warning, and so do workers, while others add, claim and settle. Then the server stays away for a
 * while: workers have to bear that quietly, and to go on by themselves. Then workers alone are killed: with a server
 * that lives, the bound on recovery holds.
 */
const WORKERS = 4
const WORKER_KILLS = Number(process.env['CAMPAIGN_KILLS'] ?? 200)
const LEASE_MS = 1_000
const SWEEP_MS = 500
const RECOVERY_MS = LEASE_MS + SWEEP_MS + 1_000
/** What busy cores may add to a bound. */
const BUSY_MS = 1_500
/** The maintainer that is never killed may itself wait before it tries a store again. */
const MAINTAINER_BACK_MS = 5_000
/** Within this time of a server's return, every worker has begun a job. */
const RESUMED_MS = 10_000
const GIVEN_UP_MS = 60_000
const AWAY_MS = 5_000
/** What a worker may do while there is no server: a fifth of a processor, and few lines. */
const AWAY_PROCESSOR_SHARE = 0.2
const AWAY_LOG_LINES = 60

const settings = {
  lease: LEASE_MS,
  heartbeat: 250,
  sweep: SWEEP_MS,
  concurrency: 20,
  longestMs: 400,
  pauseMs: 250,
}

/** A server as the campaigns need it. */
interface Store {
  readonly url: string
  die(): Promise<void>
  start(): Promise<void>
  stop(): Promise<void>
}

const redis = async (config: Readonly<Record<string, string>>): Promise<Store> => {
  const server = await startRedisServer(config)
  return {
    url: server.url,
    die: () => server.halt('SIGKILL'),
    start: server.start,
    stop: server.stop,
  }
}

const postgres = async (): Promise<Store> => {
  const server = await startPostgresServer()
  return {
    url: server.url,
    die: () => server.halt('immediate'),
    start: server.start,
    stop: server.stop,
  }
}

interface Campaign {
  readonly name: string
  readonly open: () => Promise<Store>
  readonly kills: number
  readonly workerKills: number
  /** Between two kills, in ms. */
  readonly livesMs: readonly [least: number, most: number]
  readonly lossMs: number
}

const times = (variable: string, usual: number): number => Number(process.env[variable] ?? usual)

const CAMPAIGNS: readonly Campaign[] = [
  {
    name: 'redis, appendfsync always',
    open: () => redis({ appendonly: 'yes', appendfsync: 'always' }),
    kills: times('CAMPAIGN_REDIS_KILLS', 100),
    workerKills: WORKER_KILLS,
    livesMs: [50, 400],
    lossMs: 0,
  },
  {
    name: 'postgres',
    open: postgres,
    kills: times('CAMPAIGN_POSTGRES_KILLS', 50),
    workerKills: WORKER_KILLS,
    livesMs: [100, 700],
    lossMs: 0,
  },
  {
    name: 'redis, appendfsync everysec',
    open: () => redis({ appendonly: 'yes', appendfsync: 'everysec' }),
    kills: times('CAMPAIGN_EVERYSEC_KILLS', 20),
    workerKills: 0,
    livesMs: [50, 400],
    lossMs: 1_000,
  },
]

/** Kills the store again and again, and workers with it; answers how long the workers needed to work again. */
const killStore = async (
  { kills, livesMs, workerKills }: Campaign,
  { store, crew, ph, random }: { store: Store; crew: Crew; ph: Posthaste; random: Random },
): Promise<{ storeKills: number; killed: number; resumedMs: number[] }> => {
  const resumedMs: number[] = []
  const from = performance.now()
  let killed = 0
  let n = 0
  for (; n < kills || performance.now() - from < campaignMs() / 2; n++) {
    await pause(random.between(...livesMs))
    // Now and then nobody else dies, and the server is left alone until everyone works again.
    const isWatched = n % 10 === 9
    if (isWatched) await crew.assembled()
    await store.die()
    crew.driver.write({ what: 'down' })
    // Workers die while there is no server, too.
    if (workerKills > 0 && !isWatched && crew.workers.length > 1) {
      await crew.killOne(random.between(0, WORKERS - 1))
      killed++
    }
    await store.start()
    crew.driver.write({ what: 'up' })
    if (isWatched) {
      const all = await Promise.all(crew.workers.map((worker) => crew.worksAgain(worker, ph, GIVEN_UP_MS)))
      resumedMs.push(...all)
    }
    crew.replenish(WORKERS)
  }
  await crew.assembled()
  return { storeKills: n, killed, resumedMs }
}

/** The store stays away; answers what the workers did meanwhile, and how long they needed afterwards. */
const stayAway = async (store: Store, crew: Crew, ph: Posthaste) => {
  const workers = [...crew.workers]
  const before = await Promise.all(workers.map((worker) => crew.processorMs(worker)))
  const lines = workers.map((worker) => crew.logLines(worker).length)
  await store.die()
  crew.driver.write({ what: 'down' })
  await pause(AWAY_MS)
  const after = await Promise.all(workers.map((worker) => crew.processorMs(worker)))
  const logged = workers.map((worker, n) => crew.logLines(worker).length - (lines[n] ?? 0))
  await store.start()
  crew.driver.write({ what: 'up' })
  const resumed = await Promise.all(workers.map((worker) => crew.worksAgain(worker, ph, GIVEN_UP_MS)))
  return {
    awayProcessorMs: Math.round(Math.max(...after.map((ms, n) => ms - (before[n] ?? 0)))),
    awayLogLines: Math.max(...logged),
    awayResumedMs: Math.round(Math.max(...resumed)),
  }
}

describe('servers that die', () => {
  // The hook of the test's own: the one of the module does not know which of several tests it is called in.
  test.concurrent.for(CAMPAIGNS)('$name', async (campaign, { onTestFinished }) => {
    await ensureBuilt()
    const patience = new Patience()
    onTestFinished(() => patience.stop())
    const seed = campaignSeed()
    const random = seeded(seed)
    const store = await campaign.open()
    onTestFinished(store.stop)
    const crew = new Crew('kill-store', { ...settings, engine: store.url })
    onTestFinished(() => crew.end())
    // The one process that is never killed keeps the store in order.
    const ph = await posthaste({
      engine: store.url,
      lease: LEASE_MS,
      heartbeat: 250,
      sweep: SWEEP_MS,
      maintain: true,
    })
    onTestFinished(() => ph.close())
    await Promise.all(Array.from({ length: WORKERS }, () => crew.start('worker')))
    await Promise.all([crew.start('adder'), crew.start('adder')])

    const { storeKills, killed, resumedMs } = await killStore(campaign, { store, crew, ph, random })
    const away = await stayAway(store, crew, ph)

    const maintainedFrom = machineNow() + MAINTAINER_BACK_MS
    const from = performance.now()
    for (
      let kills = killed;
      campaign.workerKills > 0 &&
      (kills < campaign.workerKills || performance.now() - from < campaignMs() / 2);
      kills++
    ) {
      await pause(random.between(0, 150))
      await crew.killOne(random.between(0, WORKERS - 1))
      crew.replenish(WORKERS)
    }
    await crew.assembled()
    await crew.stop(crew.adders)
    await drain(ph, async () => crew.replenish(WORKERS))
    await crew.assembled()
    await crew.stop(crew.workers)

    const { violations, figures } = check(readLedgers(crew.folder), await everyJob(ph), {
      recoveryMs: RECOVERY_MS + BUSY_MS * patience.factor,
      clockOffsetMs: Date.now() - machineNow(),
      maintainedFrom,
      lossMs: campaign.lossMs,
      poison: new Set(),
    })
    const slowestMs = Math.round(Math.max(0, ...resumedMs))
    const told = { seed, ...figures, resumedMs: slowestMs, ...away, busy: patience.factor }
    process.stdout.write(`${campaign.name}: ${JSON.stringify(told)}\n`)
    expect(violations, `seed ${seed}`).toEqual([])
    expect(figures.downs).toBeGreaterThanOrEqual(storeKills)
    const resumedMost = RESUMED_MS + BUSY_MS * (patience.factor - 1)
    expect(slowestMs).toBeLessThanOrEqual(resumedMost)
    expect(away.awayResumedMs).toBeLessThanOrEqual(resumedMost)
    expect(away.awayProcessorMs).toBeLessThan(AWAY_MS * AWAY_PROCESSOR_SHARE)
    expect(away.awayLogLines).toBeLessThan(AWAY_LOG_LINES)
    // The campaign proves nothing when it met no job under way.
    expect(figures.kills).toBeGreaterThanOrEqual(campaign.workerKills)
    expect(figures.acknowledged).toBeGreaterThan(storeKills)
    expect(readdirSync(crew.folder).length).toBeGreaterThan(WORKERS)
    if (campaign.workerKills > 0) expect(figures.interrupted).toBeGreaterThan(10)
  })
})
