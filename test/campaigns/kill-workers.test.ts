import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { posthaste } from 'posthaste'
import { afterEach, expect, test } from 'vitest'
import { check } from './checker.ts'
import { drain, everyJob, expectSoundFile, pause } from './drain.ts'
import { openLedger, readLedgers } from './ledger.mjs'
import { type Actor, killActor, startActor, stopActor } from './processes.ts'
import { campaignMs } from './random.ts'

const KILLS = Number(process.env['CAMPAIGN_KILLS'] ?? 200)
const ADDER_KILLS = Math.ceil(KILLS / 4)
const WORKERS = 4
const POISON = 3
const LEASE_MS = 1_000
const SWEEP_MS = 500
/** Lease + sweep + 1 s is what is promised on a machine that has time; two busy cores get a little more. */
const RECOVERY_MS = LEASE_MS + SWEEP_MS + 1_000 + 1_500

const settings = { lease: LEASE_MS, heartbeat: 250, sweep: SWEEP_MS, concurrency: 20, longestMs: 400 }

let folder = ''
const actors = new Set<Actor>()
afterEach(async () => {
  await Promise.all([...actors].map(killActor))
  rmSync(folder, { recursive: true, force: true })
})

test(`${KILLS} kills of workers and ${ADDER_KILLS} of adding processes lose nothing and charge nobody else`, async () => {
  folder = mkdtempSync(join(tmpdir(), 'posthaste-kill-'))
  const engine = `sqlite:${join(folder, 'jobs.db')}`
  const shared = { ...settings, engine, ledgerFolder: folder }
  const driver = openLedger(folder, 'driver')
  // The one process that is never killed keeps the store in order: the bound on recovery needs a living maintainer.
  const ph = await posthaste({ engine, lease: LEASE_MS, heartbeat: 250, sweep: SWEEP_MS, maintain: true })

  let born = 0
  const start = async (program: 'worker' | 'adder'): Promise<Actor> => {
    const actor = await startActor(program, `${program}-${++born}`, shared)
    actors.add(actor)
    void actor.ended.then(() => {
      // Killed by us or by a poison job: the ledger needs its death either way.
      driver.write({ what: 'kill', victim: actor.name })
      actors.delete(actor)
    })
    return actor
  }

  const workers: Actor[] = await Promise.all(Array.from({ length: WORKERS }, () => start('worker')))
  const adders: Actor[] = [await start('adder')]

  const poison = new Set<string>()
  for (let n = 0; n < POISON; n++) {
    const { id } = await ph.add('work', { ms: 0, poison: true })
    poison.add(id)
    driver.write({ what: 'added', id })
  }

  const replaceDead = async (list: Actor[], program: 'worker' | 'adder'): Promise<void> => {
    for (const [index, actor] of list.entries()) if (!actor.alive) list[index] = await start(program)
  }
  const from = performance.now()
  for (let kill = 0; kill < KILLS || performance.now() - from < campaignMs(); kill++) {
    await pause(Math.random() * 200)
    await replaceDead(workers, 'worker')
    const victim = workers[Math.floor(Math.random() * workers.length)]
    if (victim !== undefined) await killActor(victim)
    await replaceDead(workers, 'worker')
    if (kill % Math.ceil(KILLS / ADDER_KILLS) === 0) {
      const adder = adders[0]
      if (adder !== undefined) await killActor(adder)
      await replaceDead(adders, 'adder')
    }
  }

  await Promise.all(adders.map(stopActor))
  await drain(ph, () => replaceDead(workers, 'worker'))
  await Promise.all(workers.filter((worker) => worker.alive).map(stopActor))

  const jobs = await everyJob(ph)
  await ph.close()
  await expectSoundFile(folder)

  const { violations, figures } = check(readLedgers(folder), jobs, { recoveryMs: RECOVERY_MS, poison })
  process.stdout.write(`kill campaign: ${JSON.stringify(figures)}\n`)
  expect(violations).toEqual([])
  expect(figures.kills).toBeGreaterThanOrEqual(KILLS + ADDER_KILLS)
  // The campaign proves nothing when it never hit a running handler.
  expect(figures.interrupted).toBeGreaterThan(KILLS / 4)
  for (const id of poison)
    expect(jobs.find((job) => job.id === id)).toMatchObject({ state: 'dead', reason: 'crashed' })
})
