import { posthaste, task } from 'posthaste'
import { conformanceCases } from 'posthaste/conformance'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { type PgBouncer, startPgBouncer } from '../../../scripts/lib/pgbouncer-server.js'
import { createPostgresEngine } from '../../../src/engines/postgres/index.ts'
import { dropSchemas, emptySchemaUrl, newSchemaUrl, postgresUrl } from '../../servers/postgres.ts'
import { newJob, openEngine, schemaOf, until } from './lab.ts'

let bouncer: PgBouncer
beforeAll(async () => {
  bouncer = await startPgBouncer(await postgresUrl())
}, 240_000)
afterAll(async () => {
  await bouncer?.stop()
  await dropSchemas()
})

/** The same schema by way of PgBouncer. */
const behind = (url: string): string => `${bouncer.url}&schema=${schemaOf(url)}`

/** What has to do with connections: transactions, leases, rivals, reading what was written. All of it takes minutes. */
const ESSENTIAL = new Set([
  'Opening and closing',
  'Adding jobs',
  'Claiming',
  'Settling',
  'Leases',
  'Unique keys',
])

describe('the conformance suite behind PgBouncer in transaction mode', () => {
  const cases = conformanceCases({ hints: false }).filter(({ subject }) => ESSENTIAL.has(subject))
  expect(new Set(cases.map(({ subject }) => subject))).toEqual(ESSENTIAL)

  it.each(cases.map((one) => [`${one.subject}: ${one.name}`, one] as const))('%s', async (_name, one) => {
    await one.run(async ({ clock }) => {
      const engine = createPostgresEngine({ url: behind(await emptySchemaUrl('pgbouncer')), clock })
      await engine.open()
      return engine
    })
  })
})

describe('workers behind PgBouncer', () => {
  it('find jobs by polling within a second, for nobody tells them', { retry: 2 }, async () => {
    const url = behind(await newSchemaUrl())
    const done: string[] = []
    const echo = task({ name: 'echo', run: async (_payload, ctx) => void done.push(ctx.job.id) })
    const working = await posthaste({ engine: url, tasks: [echo] })
    onTestFinished(() => working.close())
    working.work()
    // Another process adds, of which no hint comes.
    const adding = await posthaste({ engine: url })
    onTestFinished(() => adding.close())
    const times: number[] = []
    for (let n = 0; n < 5; n++) {
      // Long enough for the worker to look more and more seldom.
      await new Promise((resolve) => setTimeout(resolve, 1_200))
      const from = performance.now()
      const { id } = await adding.add('echo', {})
      await until(() => done.includes(id))
      times.push(performance.now() - from)
    }
    // A second is the longest pause between two looks; the rest is what a busy machine adds.
    expect(Math.max(...times)).toBeLessThan(1_500)
  })

  it('go on by themselves after PgBouncer was killed, and lose nothing', async () => {
    const url = behind(await newSchemaUrl())
    const done = new Set<string>()
    const echo = task({ name: 'echo', run: async (_payload, ctx) => void done.add(ctx.job.id) })
    const ph = await posthaste({ engine: url, tasks: [echo], lease: 1_000, heartbeat: 250, sweep: 500 })
    onTestFinished(() => ph.close())
    ph.work()
    const acknowledged = new Set<string>()
    let isOver = false
    const add = async (): Promise<void> => {
      while (!isOver) {
        await ph.add('echo', {}).then(
          ({ id }) => acknowledged.add(id),
          (error: { code?: string }) => expect(error.code).toMatch(/^E_STORE/),
        )
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    }
    const adding = Promise.all([add(), add()])
    for (let kills = 0; kills < 3; kills++) {
      const before = acknowledged.size
      await until(() => acknowledged.size > before + 30, 30_000)
      await bouncer.kill()
      await new Promise((resolve) => setTimeout(resolve, 300))
      await bouncer.start()
      const known = done.size
      await until(() => done.size > known)
    }
    isOver = true
    await adding
    await until(() => [...acknowledged].every((id) => done.has(id)), 30_000)
  })

  it('a second engine sees what the first one wrote, whatever server connection it is given', async () => {
    const url = behind(await newSchemaUrl())
    const [one, two] = [await openEngine({ url }), await openEngine({ url })]
    for (let n = 0; n < 30; n++) {
      const job = newJob()
      await one.insert([job])
      expect((await two.get([job.id]))[0]?.state).toBe('ready')
    }
    expect(one.info().kind).toBe('postgres')
  })
})
