import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { posthaste } from 'posthaste'
import { afterEach, expect, test } from 'vitest'
import { ENGINES, newEngineUrl } from '../servers/engines.ts'
import { pause } from './drain.ts'
import { type Actor, killActor, startActor } from './processes.ts'

const KILLS = Number(process.env['CAMPAIGN_TICKER_KILLS'] ?? 12)
const TICKERS = 3
const SCHEDULES = 5

let folder = ''
const actors = new Set<Actor>()
afterEach(async () => {
  await Promise.all([...actors].map(killActor))
  actors.clear()
  rmSync(folder, { recursive: true, force: true })
})

test.each(ENGINES)(
  `%s: ${KILLS} kills among ${TICKERS} processes that fire schedules: no tick is missed or doubled`,
  async (kind) => {
    folder = mkdtempSync(join(tmpdir(), 'posthaste-tickers-'))
    const engine = await newEngineUrl(kind, folder)
    const ph = await posthaste({ engine })
    let born = 0
    const start = async (): Promise<void> => {
      actors.add(await startActor('ticker', `ticker-${++born}`, { engine }))
    }
    try {
      await Promise.all(Array.from({ length: TICKERS }, start))
      const names = Array.from({ length: SCHEDULES }, (_, i) => `every-${i}`)
      const rest = { every: '1s', task: 'nobody', payload: null, overlap: 'allow', catchUp: 'none' } as const
      for (const name of names) await ph.schedule(name, rest)
      for (let kill = 0; kill < KILLS; kill++) {
        // Around the moment of a tick, and everywhere else.
        await pause(200 + Math.random() * 1_200)
        const victim = [...actors][kill % TICKERS] as Actor
        actors.delete(victim)
        await killActor(victim)
        await start()
      }
      await pause(2_500)
      for (const name of names) {
        const { createdAt, fired, missed } = await ph.schedules.pause(name)
        const ticks: number[] = []
        let cursor: string | null | undefined
        while (cursor !== null) {
          const page = await ph.list({ sort: 'id', limit: 200, ...(cursor === undefined ? {} : { cursor }) })
          for (const { schedule } of page.jobs) if (schedule?.name === name) ticks.push(Number(schedule.at))
          cursor = page.cursor
        }
        expect(ticks.sort((a, b) => a - b)).toEqual(ticks.map((_, i) => Number(createdAt) + (i + 1) * 1_000))
        expect({ fired, missed }).toEqual({ fired: ticks.length, missed: 0 })
        expect(ticks.length).toBeGreaterThanOrEqual(KILLS / 2)
      }
    } finally {
      await ph.close()
    }
  },
)
