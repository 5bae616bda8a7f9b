import { texts, words } from './arrays.ts'
import { type PgRow, toNumber } from './driver.ts'
import { toStoredJob } from './records.ts'
import type { Tx } from './session.ts'
import { Unit } from './unit.ts'

/** What a unit of work is about. */
export interface Subject {
  readonly ids: readonly string[]
  /** Keys that jobs may take, beside those of the jobs themselves. */
  readonly keys: readonly string[]
}

const toHolder = ([key, id]: PgRow): [string, string] => [key as string, id as string]

/** Reads the jobs of a unit of work, and who holds the keys. Answers when nothing was asked for, too: it knows the time. */
export const loadUnit = async (tx: Tx, { ids, keys }: Subject): Promise<Unit> => {
  const [times, records, holders] = await Promise.all([
    tx.run('now', ...tx.at),
    ids.length === 0 ? [] : tx.run('record', words([...new Set(ids)])),
    keys.length === 0 ? [] : tx.run('keysRead', texts([...new Set(keys)])),
  ])
  return new Unit(toNumber(times[0]?.[0]), records.map(toStoredJob), new Map(holders.map(toHolder)))
}
