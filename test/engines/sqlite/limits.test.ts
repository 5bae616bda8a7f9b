import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { newId } from '../../../src/core/ids.ts'
import type { JobRecord, NewJob } from '../../../src/core/job.ts'
import { ties } from '../../../src/engines/conformance/lab.ts'
import type { Engine, LimitWrite } from '../../../src/engines/engine.ts'
import type { SqliteDatabase } from '../../../src/engines/sqlite/driver.ts'
import type { SqliteHandle } from '../../../src/engines/sqlite/handle.ts'
import { MIGRATIONS } from '../../../src/engines/sqlite/sql.generated.ts'
import { CLAIM, completion, newFolder, newJob, openEngine, openHandle } from './lab.ts'

/** What limits and turns cost, and how files come to them. */

const NONE = { concurrency: null, rate: null, weight: null, pausedBy: null, by: 'test', expect: null }

/** The handle, with a counter of what is asked of it. */
const counting = (
  database: SqliteDatabase,
): { readonly handle: SqliteHandle; readonly count: () => number } => {
  let calls = 0
  const counted = (statement: object): object =>
    new Proxy(statement, {
      get(target, property) {
        const member: unknown = Reflect.get(target, property)
        if (typeof member !== 'function') return member
        return (...given: unknown[]) => {
          calls++
          return member.apply(target, given)
        }
      },
    })
  const handle: SqliteHandle = {
    exec: (sql) => database.exec(sql),
    prepare: (sql) => counted(database.prepare(sql)),
    close: () => database.close(),
    get isOpen() {
      return database.isOpen
    },
    get isTransaction() {
      return database.isTransaction
    },
  }
  return { handle, count: () => calls }
}

const addAll = async (
  engine: Engine,
  count: number,
  given: (i: number) => Partial<NewJob>,
): Promise<void> => {
  const jobs = Array.from({ length: count }, (_, i) => newJob(given(i)))
  for (let at = 0; at < count; at += 1_000) await engine.insert(jobs.slice(at, at + 1_000))
}

/** How many statements ten claims of one job take, each of which ends the job before, beside so many groups that wait. */
const costOf = async (groups: number, write: LimitWrite, limit: string | null): Promise<number> => {
  const path = join(newFolder(), 'jobs.db')
  const { handle, count } = counting(await openHandle(path))
  const engine = await openEngine({ path, database: handle, synchronous: 'normal' })
  await engine.setLimits([write])
  await addAll(engine, 2 * groups, (i) => ({
    group: `g${i % groups}`,
    ties: limit === null ? null : ties({ limit }),
  }))
  await addAll(engine, 40, () => ({ group: 'free', priority: 9 }))
  await engine.setLimits([{ scope: 'group', name: 'default/free', ...NONE, concurrency: 1_000 }])
  let jobs: JobRecord[] = []
  const claim = async (): Promise<void> => {
    const request = { worker: 'w', settle: jobs.map(completion), claim: { ...CLAIM, limit: 1 } }
    jobs = (await engine.exchange(request)).jobs
    expect(jobs).toHaveLength(1)
  }
  // The first ones put aside what waits.
  for (let n = 0; n < 5; n++) await claim()
  const before = count()
  for (let n = 0; n < 10; n++) await claim()
  return count() - before
}

describe('a claim takes no more statements', () => {
  const cases = [
    ['groups that are stopped', { scope: 'groups', name: 'default', ...NONE, pausedBy: 'ada' }, null],
    ['a limit key that is full', { scope: 'key', name: 'k', ...NONE, concurrency: 0 }, 'k'],
    [
      'a limit key that lets one after the other go',
      { scope: 'key', name: 'k', ...NONE, concurrency: 1 },
      'k',
    ],
    ['a rate', { scope: 'key', name: 'k', ...NONE, rate: { max: 1, perMs: 3_600_000 } }, 'k'],
  ] as const
  it.each(cases)('beside many jobs that wait for %s', async (_, write, limit) => {
    // As many as make a gate wide in both.
    const few = await costOf(40, write, limit)
    const many = await costOf(2_000, write, limit)
    expect(many).toBe(few)
  })
})

/** What a program did that knew the first two migrations alone, with a job in a group and one without. */
const writeOldFile = (database: SqliteDatabase): void => {
  const table =
    'number integer primary key, name text not null, hash text not null, applied_at integer not null'
  database.exec(`pragma application_id = ${0x50485354}; create table posthaste_migrations (${table}) strict`)
  for (const [i, { name, sql }] of MIGRATIONS.slice(0, 2).entries()) {
    database.exec(sql)
    const hash = createHash('sha256').update(sql).digest('hex')
    database.prepare('insert into posthaste_migrations values (?, ?, ?, 0)').run(i + 1, name, hash)
  }
  database.exec(`
    insert into queues (queue) values ('default');
    insert into kinds (kind, queue, task) values (1, 'default', 'greet');
    insert into lanes (lane, kind, "group") values (1, 1, null), (2, 1, 'tenant')`)
}

/** Makes a job claimable as programs did that knew nothing of heads. */
const addAsBefore = (database: SqliteDatabase, lane: number, at: number): string => {
  const id = newId()
  database.exec('begin immediate')
  database
    .prepare(`insert into jobs (id, lane, priority, payload, created_at) values (?, ?, 5, '{}', ?)`)
    .run(id, lane, at)
  database
    .prepare(
      `insert into ready (lane, priority, run_at, id, kind, attempt, fence, solo, has_notes, bound)
       values (?, 5, ?, ?, 1, 0, 0, 0, 0, 0)`,
    )
    .run(lane, at, id)
  database.exec(`insert into counts values (1, 'ready', 1) on conflict do update set number = number + 1`)
  database.prepare('update store set clock = ? where clock < ?').run(at, at)
  database.exec('commit')
  return id
}

describe('a file of an older program', () => {
  it('comes with the jobs that are ready in it, and their groups take turns', async () => {
    const path = join(newFolder(), 'jobs.db')
    const database = await openHandle(path)
    writeOldFile(database)
    const ids = [1, 1, 2].map((lane, i) => addAsBefore(database, lane, i))
    const engine = await openEngine({ path, thread: false })
    const { jobs } = await engine.exchange({ worker: 'w', claim: CLAIM })
    expect(jobs.map(({ id }) => ids.indexOf(id))).toEqual([0, 2, 1])
  })

  it('may be written to by one that still runs: its jobs are found', async () => {
    const path = join(newFolder(), 'jobs.db')
    const engine = await openEngine({ path, thread: false })
    await engine.insert([newJob({ group: 'tenant' }), newJob()])
    expect((await engine.exchange({ worker: 'w', claim: CLAIM })).jobs).toHaveLength(2)
    const database = await openHandle(path)
    const id = addAsBefore(database, 2, Date.now() + 1)
    const { jobs } = await engine.exchange({ worker: 'w', claim: CLAIM })
    expect(jobs.map((job) => job.id)).toEqual([id])
  })

  it('may be given its first group by one that still runs', async () => {
    const path = join(newFolder(), 'jobs.db')
    const engine = await openEngine({ path, thread: false })
    await engine.insert([newJob(), newJob()])
    const database = await openHandle(path)
    database.exec(`insert into lanes (kind, "group") values (1, 'tenant')`)
    const id = addAsBefore(database, 2, Date.now() + 1)
    const { jobs } = await engine.exchange({ worker: 'w', claim: CLAIM })
    expect(jobs.map((job) => job.id === id)).toEqual([false, true, false])
  })
})
