import { expect, it } from 'vitest'
import { postgresStores } from './model/postgres.ts'
import { redisStores } from './model/redis.ts'
import { KINDS, runPrograms } from './model/run.ts'
import { sqliteStores } from './model/sqlite.ts'

const RUNS = Number(process.env.MODEL_RUNS || 0)
/**
 * Of so many programs, one has to bring up each kind of command, and each verdict below. The rarest comes up about once in
 * 20, so that even a short run does not miss one by chance.
 */
const ENOUGH = 200

/** Verdicts and findings that a run must have met to have proved something. */
const VERDICTS = [
  ...['insert → inserted', 'insert → duplicate', 'insert → refused', 'insert → E_ARGUMENT'],
  ...['settle → ok', 'settle → stale', 'settle → missing', 'settle → cancel_requested', 'settle → conflict'],
  ...['start → ok', 'start → stale', 'start → missing', 'renew → ok', 'renew → stale', 'renew → missing'],
  ...['renew → cancel_requested', 'renew → unknown', 'claim → job', 'claim → solo', 'expired → found'],
  ...['report → ok', 'report → stale', 'report → missing', 'prune → removed'],
  ...['change → ok', 'change → stale', 'change → missing', 'change → key_taken', 'change → E_ARGUMENT'],
  ...['requestCancel → ok', 'requestCancel → stale', 'requestCancel → missing'],
  ...['operator → change', 'operator → request_cancel', 'operator → nothing', 'operator → refused'],
  ...['putRecords → ok', 'putRecords → conflict', 'putRecords → refused', 'putRecords → E_ARGUMENT'],
]

it.each([
  ['sqlite', 2_000, async () => ({ sqlite: await sqliteStores() })],
  [
    'sqlite, postgres and redis',
    300,
    async () => ({ sqlite: await sqliteStores(), postgres: postgresStores(), redis: redisStores() }),
  ],
] as const)('%s answer many random programs as the reference model does', async (_, runs, tested) => {
  const tally = await runPrograms(RUNS || runs, await tested())
  if (process.env.MODEL_PATH !== undefined || process.env.MODEL_RUNS !== undefined) return
  const least = Math.floor(runs / ENOUGH)
  for (const { name } of KINDS) expect(tally.of(name), name).toBeGreaterThanOrEqual(least)
  for (const verdict of VERDICTS) expect(tally.of(verdict), verdict).toBeGreaterThanOrEqual(least)
})
