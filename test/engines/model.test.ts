import { expect, it } from 'vitest'
import { KINDS, runPrograms } from './model/run.ts'
import { STORES } from './model/stores.ts'

/** A few of the programs that `model.slow.test.ts` runs many of. */
const RUNS = Number(process.env.MODEL_RUNS ?? 100)

it.each(Object.keys(STORES))(
  '%s answers random programs as the reference model does',
  async (engine) => {
    const tally = await runPrograms(engine, RUNS)
    if (process.env.MODEL_PATH !== undefined || process.env.MODEL_RUNS !== undefined) return
    for (const { name } of KINDS) expect(tally.of(name), name).toBeGreaterThan(0)
  },
  120_000,
)
