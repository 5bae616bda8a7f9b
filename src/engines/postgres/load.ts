import type { NewJob } from '../../core/job.ts'
import { texts, words } from './arrays.ts'
import { type PgRow, toNumber } from './driver.ts'
import { type Hold, toHold, toStoredJob } from './records.ts'
import type { Tx } from './session.ts'
import { jobTarget } from './targets.ts'
import { Unit } from './unit.ts'

/** What a unit of work is about. */
export interface Subject {
  readonly ids: readonly string[]
  /** Keys that jobs may take, beside those of the jobs themselves. */
  readonly keys: readonly string[]
}

const toHolder = ([key, ...hold]: PgRow): [string, Hold] => [key as string, toHold(hold)]

/** Who depends on which job. */
const toChildren = (rows: readonly PgRow[]): Map<string, Set<string>> => {
  const children = new Map<string, Set<string>>()
  for (const [target, id] of rows) {
    const parent = (target as string).slice(jobTarget('').length)
    children.set(parent, (children.get(parent) ?? new Set()).add(id as string))
  }
  return children
}

/** Reads the jobs of a unit of work, and who holds the keys. Answers when nothing was asked for, too: it knows the time. */
export const loadUnit = async (tx: Tx, { ids, keys }: Subject): Promise<Unit> => {
  const distinct = [...new Set(ids)]
  const [times, records, holders, ties] = await Promise.all([
    tx.run('now', ...tx.at),
    distinct.length === 0 ? [] : tx.run('record', words(distinct)),
    keys.length === 0 ? [] : tx.run('keysRead', texts([...new Set(keys)])),
    distinct.length === 0 ? [] : tx.run('tiesRead', texts(distinct.map(jobTarget))),
  ])
  const now = toNumber(times[0]?.[0])
  return new Unit(now, records.map(toStoredJob), new Map(holders.map(toHolder)), toChildren(ties))
}

/** The ids of jobs that are to be added, and of those that they wait for. */
export const idsToAdd = (jobs: readonly Pick<NewJob, 'id' | 'ties'>[]): string[] =>
  jobs.flatMap(({ id, ties }) => [id, ...(ties?.parents.map((parent) => parent.id) ?? [])])
