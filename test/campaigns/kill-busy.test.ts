import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { posthaste, task } from 'posthaste'
import { afterEach, expect, test } from 'vitest'
import { ensureBuilt } from '../cli/program.ts'
import { ENGINES, newEngineUrl } from '../servers/engines.ts'
import { drain, pause } from './drain.ts'
import { type Actor, killActor, startActor, stopActor } from './processes.ts'
import { campaignMs } from './random.ts'

/** Workers die while they settle and claim as fast as they can: hundreds of jobs are in every call that is lost. */
const KILLS = Number(process.env['CAMPAIGN_BUSY_KILLS'] ?? 5)
const WORKERS = 2
const BATCH = 10_000
const settings = {
  // Long enough that no living worker loses one, however busy the machine is.
  lease: 5_000,
  heartbeat: 1_000,
  sweep: 500,
  // The history is what is checked.
  retention: { completed: { count: 10_000_000 } },
}

let folder = ''
const actors = new Set<Actor>()
afterEach(async () => {
  await Promise.all([...actors].map(killActor))
  actors.clear()
  rmSync(folder, { recursive: true, force: true })
})

const fast = task({ name: 'fast', run: async () => {} })

test.each(ENGINES)(
  `%s: ${KILLS} kills of workers at full speed lose nothing and double nothing`,
  async (kind) => {
    await ensureBuilt()
    folder = mkdtempSync(join(tmpdir(), 'posthaste-busy-'))
    const engine = await newEngineUrl(kind, folder)
    const ph = await posthaste({ engine, tasks: [fast], maintain: true, ...settings })
    const files = new Map<string, Actor>()
    const killed = new Set<string>()
    let born = 0
    const start = async (): Promise<void> => {
      const name = `worker-${++born}`
      const file = join(folder, `${name}.ids`)
      const actor = await startActor('busy-worker', name, { engine, file, ...settings })
      actors.add(actor)
      files.set(file, actor)
    }
    try {
      let added = 0
      const add = async (): Promise<void> => {
        await ph.addMany(Array.from({ length: BATCH }, (_, n) => ({ task: fast, payload: { n: added + n } })))
        added += BATCH
      }
      await Promise.all(Array.from({ length: WORKERS }, start))
      const from = performance.now()
      for (let kill = 0; kill < KILLS || performance.now() - from < campaignMs(); kill++) {
        // They die while more comes in: nobody is ever idle.
        const adding = Promise.all([add(), add()])
        await pause(Math.random() * 100)
        const victim = [...actors][kill % WORKERS] as Actor
        actors.delete(victim)
        killed.add(victim.name)
        await killActor(victim)
        await Promise.all([adding, start()])
      }
      await add()
      await drain(ph, async () => {})
      await Promise.all([...actors].map(stopActor))

      expect((await ph.stats()).states).toMatchObject({ completed: added, dead: 0, cancelled: 0 })
      /** Job → how often it was begun, and how often by a worker that lived to the end. */
      const starts = new Map<string, { all: number; living: number }>()
      for (const [file, { name }] of files) {
        // The last line of a worker that was killed may be half a one: its job counts as not begun.
        for (const id of readFileSync(file, 'utf8').split('\n').slice(0, -1)) {
          const one = starts.get(id) ?? { all: 0, living: 0 }
          starts.set(id, { all: one.all + 1, living: one.living + (killed.has(name) ? 0 : 1) })
        }
      }
      const all = [...starts.values()]
      const figures = {
        added,
        begun: starts.size,
        again: all.filter((one) => one.all > 1).length,
        kills: killed.size,
      }
      process.stdout.write(`busy workers on ${kind}: ${JSON.stringify(figures)}\n`)
      expect(starts.size).toBe(added)
      // Again only what a killed worker had begun and not settled.
      expect(all.filter(({ living }) => living > 1)).toEqual([])
      expect(figures.again, 'no kill met a job under way').toBeGreaterThan(0)
    } finally {
      await ph.close()
    }
  },
)
