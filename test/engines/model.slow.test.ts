import { expect, it } from 'vitest'
import { KINDS, runPrograms } from './model/run.ts'
import { STORES } from './model/stores.ts'

const RUNS = Number(process.env.MODEL_RUNS ?? 2_000)
/** Each kind of command, and each verdict below, has to come up so often in a full run; most come up 1,000 times. */
const ENOUGH = 50

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

it.each(Object.keys(STORES))(
  '%s answers many random programs as the reference model does',
  async (engine) => {
    const tally = await runPrograms(engine, RUNS)
    if (process.env.MODEL_PATH !== undefined || process.env.MODEL_RUNS !== undefined) return
    for (const { name } of KINDS) expect(tally.of(name), name).toBeGreaterThanOrEqual(ENOUGH)
    for (const verdict of VERDICTS) expect(tally.of(verdict), verdict).toBeGreaterThanOrEqual(ENOUGH)
  },
)
