import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { faultyEngine, openEngine } from 'posthaste/testing'
import { afterEach, expect, it } from 'vitest'
import { type Posthaste, posthaste } from '../../src/index.ts'
import { ENGINES, newEngineUrl } from '../servers/engines.ts'
import { until } from './open.ts'

/** Three maintainers on one store, each of them failing in turn: a tick is one job. */

const open: Posthaste[] = []
let folder = ''
afterEach(async () => {
  await Promise.all(open.splice(0).map((ph) => ph.close({ grace: 0 })))
  await rm(folder, { recursive: true, force: true })
})

const TICKS = 8

it.each(ENGINES)(
  '%s: three maintainers that fail before and after their work miss no tick and repeat none',
  async (kind) => {
    folder = await mkdtemp(join(tmpdir(), 'posthaste-ticks-'))
    const url = await newEngineUrl(kind, folder)
    const engines = []
    for (let i = 0; i < 3; i++) {
      const engine = faultyEngine(await openEngine(url))
      engines.push(engine)
      open.push(await posthaste({ engine, maintain: true }))
    }
    const [first] = open as [Posthaste]
    const schedule = { task: 'nobody', payload: null, overlap: 'allow', catchUp: 'none' } as const
    for (const name of ['a', 'b', 'c']) await first.schedule(name, { ...schedule, every: '1s' })
    for (let round = 0; round < TICKS; round++) {
      for (const [i, engine] of engines.entries()) {
        const when = (round + i) % 2 === 0 ? 'before' : 'after'
        engine.inject({ method: 'insert', when })
        if (round % 3 === i) engine.inject({ method: 'listRecords', times: 2 })
      }
      const fired = async (): Promise<number> =>
        (await first.schedules.get('a').catch(() => null))?.fired ?? 0
      await until(async () => (await fired()) > round, 30_000)
    }
    for (const engine of engines) engine.heal()
    for (const name of ['a', 'b', 'c']) {
      const { createdAt, fired, missed } = await first.schedules.pause(name)
      const { jobs } = await first.list({ limit: 200, sort: 'id' })
      const ticks = jobs.filter((job) => job.schedule?.name === name).map((job) => Number(job.schedule?.at))
      expect(ticks.sort((a, b) => a - b)).toEqual(ticks.map((_, i) => Number(createdAt) + (i + 1) * 1_000))
      expect({ fired, missed }).toEqual({ fired: ticks.length, missed: 0 })
      expect(ticks.length).toBeGreaterThanOrEqual(TICKS - 1)
    }
  },
)
