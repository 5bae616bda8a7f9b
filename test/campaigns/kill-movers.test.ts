import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Posthaste, posthaste } from 'posthaste'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { dropSchemas, emptySchemaUrl } from '../servers/postgres.ts'
import { newRedisUrl } from '../servers/redis.ts'
import { drain, everyJob, pause } from './drain.ts'
import { type Actor, killActor, startActor, stopActor } from './processes.ts'

const KILLS = Number(process.env['CAMPAIGN_KILLS'] ?? 25)
const WORKERS = 2
const BATCH = 40
const settings = { lease: 1_000, heartbeat: 250, sweep: 500, concurrency: 20, longestMs: 20 }

const folder = mkdtempSync(join(tmpdir(), 'posthaste-movers-'))
const PAIRS = {
  'sqlite → sqlite': async () =>
    [join(folder, 'jobs.db'), join(folder, 'archive.db')].map((file) => `sqlite:${file}`),
  'redis → postgres': async () => [newRedisUrl(), await emptySchemaUrl('kept')],
}

const actors = new Set<Actor>()
afterEach(async () => {
  await Promise.all([...actors].filter(({ alive }) => alive).map(killActor))
  actors.clear()
})
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  await dropSchemas()
})

/** How many jobs there are, by numbers and by a walk through all pages. */
const census = async (
  ph: Posthaste,
): Promise<readonly [counted: number, listed: number, different: number]> => {
  const { total } = await ph.stats()
  const ids = (await everyJob(ph)).map(({ id }) => id)
  return [total, ids.length, new Set(ids).size]
}

describe.each(Object.keys(PAIRS) as (keyof typeof PAIRS)[])('%s', (pair) => {
  it(`${KILLS} kills of processes that move jobs into the archive lose none and double none`, {
    timeout: 180_000,
  }, async () => {
    const [engine = '', archive = ''] = await PAIRS[pair]()
    const shared = { ...settings, engine, archive, ledgerFolder: folder }
    // Looks on, and moves nothing itself.
    const ph = (await posthaste({ engine, archive, archiveAfter: 0 })) as unknown as Posthaste
    let born = 0
    const start = async (): Promise<Actor> => {
      const actor = await startActor('worker', `mover-${pair.slice(0, 3)}-${++born}`, shared)
      actors.add(actor)
      return actor
    }
    const workers = await Promise.all(Array.from({ length: WORKERS }, start))
    const revive = async (): Promise<void> => {
      for (const [index, worker] of workers.entries()) if (!worker.alive) workers[index] = await start()
    }
    const ids: string[] = []
    for (let kill = 0; kill < KILLS; kill++) {
      const added = await ph.addMany(
        Array.from({ length: BATCH }, () => ({ task: 'work', payload: { ms: Math.random() * 5 } })),
      )
      ids.push(...added.map(({ id }) => id))
      await pause(Math.random() * 250)
      const victim = workers[kill % WORKERS]
      if (victim !== undefined) await killActor(victim)
      const [, listed, different] = await census(ph)
      expect([listed, different]).toEqual([ids.length, ids.length])
      await revive()
    }
    await drain(ph, revive)
    const left = async (): Promise<number> => {
      const alone = await posthaste({ engine, archive: null })
      const { total } = await alone.stats()
      await alone.close()
      return total
    }
    for (const end = performance.now() + 30_000; (await left()) > 0; await pause(100)) {
      if (performance.now() > end) throw new Error('not everything was moved')
    }
    await Promise.all(workers.map(stopActor))
    expect(await census(ph)).toEqual([ids.length, ids.length, ids.length])
    const jobs = await everyJob(ph)
    expect(jobs.map(({ id }) => id).sort()).toEqual([...ids].sort())
    expect(new Set(jobs.map(({ state }) => state))).toEqual(new Set(['completed']))
    await ph.close()
  })
})
