import { expect, it } from 'vitest'
import { postgresStores } from './model/postgres.ts'
import { redisStores } from './model/redis.ts'
import { KINDS, runPrograms } from './model/run.ts'
import { sqliteStores } from './model/sqlite.ts'

/** A few of the programs that `model.slow.test.ts` runs many of. A program takes longer where each commit is synced. */
const RUNS = Number(process.env.MODEL_RUNS || 0)

it.each([
  ['sqlite', 100, sqliteStores],
  ['postgres', 40, postgresStores],
  ['redis', 40, redisStores],
] as const)(
  '%s answers random programs as the reference model does',
  { timeout: 120_000 },
  async (_, runs, stores) => {
    const tally = await runPrograms(RUNS || runs, await stores())
    if (process.env.MODEL_PATH !== undefined || process.env.MODEL_RUNS !== undefined) return
    for (const { name } of KINDS) expect(tally.of(name), name).toBeGreaterThan(0)
  },
)
