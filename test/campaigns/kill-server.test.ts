import { randomInt } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { posthaste } from 'posthaste'
import { afterEach, expect, test } from 'vitest'
import { newId } from '../../src/core/ids.ts'
import { check } from './checker.ts'
import { drain, everyJob, expectSoundFile, pause } from './drain.ts'
import { machineNow, openLedger, readLedgers } from './ledger.mjs'
import { type Actor, killActor, startActor, stopActor } from './processes.ts'
import { campaignMs } from './random.ts'

const KILLS = Number(process.env['CAMPAIGN_SERVER_KILLS'] ?? 50)
const CLIENTS = 8
const LEASE_MS = 1_000
const SWEEP_MS = 500
/**
 * Counted from the start of the server that is left alone: those before it hardly live long enough to sweep. It finds
 * all that the others held at once, and hands out such jobs one by one, so it gets more time than a single death needs.
 */
const RECOVERY_MS = LEASE_MS + SWEEP_MS + 15_000
const REQUEST_TIMEOUT_MS = 5_000

let folder = ''
let server: Actor | undefined
afterEach(async () => {
  if (server?.alive === true) await killActor(server)
  rmSync(folder, { recursive: true, force: true })
})

test(`${KILLS} kills of a server during add, claim and settle lose nothing`, async () => {
  folder = mkdtempSync(join(tmpdir(), 'posthaste-kill-server-'))
  const engine = `sqlite:${join(folder, 'jobs.db')}`
  const settings = {
    engine,
    ledgerFolder: folder,
    lease: LEASE_MS,
    heartbeat: 250,
    sweep: SWEEP_MS,
    concurrency: 20,
  }
  const driver = openLedger(folder, 'driver')
  let born = 0
  const start = async (): Promise<Actor> => {
    const actor = await startActor('server', `server-${++born}`, settings)
    void actor.ended.then(() => driver.write({ what: 'kill', victim: actor.name }))
    return actor
  }
  server = await start()

  // Clients that go on whatever happens, and send an add again until it is answered.
  let stopping = false
  let repeated = 0
  const client = async (): Promise<void> => {
    while (!stopping) {
      const id = newId()
      driver.write({ what: 'adding', id })
      const body = JSON.stringify({
        id,
        task: 'work',
        payload: { ms: randomInt(4) === 0 ? randomInt(20, 300) : 0 },
      })
      for (let attempt = 0; ; attempt++) {
        const ok = await post(server?.greeting ?? '', body)
        if (attempt > 0) repeated++
        if (ok) break
        await pause(20)
      }
      driver.write({ what: 'added', id })
    }
  }
  const clients = Array.from({ length: CLIENTS }, client)
  const from = performance.now()
  for (let kill = 0; kill < KILLS || performance.now() - from < campaignMs(); kill++) {
    await pause(randomInt(50, 500))
    await killActor(server)
    server = await start()
  }
  const maintainedFrom = machineNow()
  stopping = true
  await Promise.all(clients)

  const ph = await posthaste({ engine })
  await drain(ph, async () => {})
  await stopActor(server)
  const jobs = await everyJob(ph)
  await ph.close()
  await expectSoundFile(folder)

  const { violations, figures } = check(readLedgers(folder), jobs, {
    recoveryMs: RECOVERY_MS,
    maintainedFrom,
    poison: new Set(),
  })
  process.stdout.write(`server campaign: ${JSON.stringify({ ...figures, repeated })}\n`)
  expect(violations).toEqual([])
  expect(figures.kills).toBeGreaterThanOrEqual(KILLS)
  // The campaign proves nothing when no request and no handler was ever cut.
  expect(repeated).toBeGreaterThan(0)
  expect(figures.interrupted).toBeGreaterThan(0)
})

const post = async (url: string, body: string): Promise<boolean> => {
  try {
    const response = await fetch(`${url}/v1/jobs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    })
    await response.arrayBuffer()
    if (response.status === 201) return true
    if (response.status < 500) throw new Error(`an add was answered ${response.status}`)
    return false
  } catch (error) {
    if (error instanceof TypeError || (error as Error).name === 'TimeoutError') return false
    throw error
  }
}
