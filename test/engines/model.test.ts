import { expect, it } from 'vitest'
import { postgresStores } from './model/postgres.ts'
import { redisStores } from './model/redis.ts'
import { KINDS, runPrograms, type Stores, type Tested } from './model/run.ts'
import { sqliteStores } from './model/sqlite.ts'
import { plant } from './planted.ts'

/** A few of the programs that `model.slow.test.ts` runs many of. A program takes longer where each commit is synced. */
const RUNS = Number(process.env.MODEL_RUNS || 0)

const everyEngine = async (): Promise<Tested> => ({
  sqlite: await sqliteStores(),
  postgres: postgresStores(),
  redis: redisStores(),
})

it.each([
  ['sqlite', 60, async () => ({ sqlite: await sqliteStores() })],
  ['sqlite, postgres and redis', 30, everyEngine],
] as const)(
  '%s answer random programs as the reference model does',
  { timeout: 120_000 },
  async (_, runs, tested) => {
    const tally = await runPrograms(RUNS || runs, await tested())
    if (process.env.MODEL_PATH !== undefined || process.env.MODEL_RUNS !== undefined) return
    for (const { name } of KINDS) expect(tally.of(name), name).toBeGreaterThan(0)
  },
)

/** The stores with a mistake in their engine. */
const flawed = (stores: Stores, bug: string): Stores => ({
  ...stores,
  create: async (program, clock) => plant(await stores.create(program, clock), bug),
})

it.each([
  ['sqlite', 'key-kept-by-finished'],
  ['postgres', 'payload-rewritten'],
  ['redis', 'duplicate-id-overwrites'],
] as const)('find a mistake that %s alone makes, and say how to see it again: %s', async (kind, bug) => {
  const { [kind]: stores, ...others } = await everyEngine()
  const tested = { ...others, [kind]: flawed(stores as Stores, bug) }
  const found = await runPrograms(200, tested, { isQuick: true }).then(
    () => 'nothing',
    (error: Error) => `${error.message} ${(error.cause as Error | undefined)?.message ?? ''}`,
  )
  expect(found).toMatch(new RegExp(`on ${kind} answers as|store of ${kind} is as`))
  expect(found).toMatch(/seed: -?\d+, path: "/)
})
