import pg from 'pg'
import { afterAll, expect, it } from 'vitest'
import type { LimitWrite } from '../../../src/engines/engine.ts'
import { createPostgresEngine } from '../../../src/engines/postgres/index.ts'
import { MIGRATIONS } from '../../../src/engines/postgres/sql.generated.ts'
import { inSchema } from '../../../src/engines/postgres/statements.ts'
import { dropSchemas, newSchemaUrl, onPostgres, postgresUrl } from '../../servers/postgres.ts'
import { CLAIM, completion, newJob, newJobs, openEngine, schemaOf } from './lab.ts'

/** Limits and turns beside what other processes do, and what comes from SQL. */

afterAll(dropSchemas)

const limit = (given: Pick<LimitWrite, 'scope' | 'name'> & Partial<LimitWrite>): LimitWrite => ({
  ...{ concurrency: null, rate: null, weight: null, pausedBy: null, by: 'someone', expect: null },
  ...given,
})

it('no process claims by an old setting after a new one was answered', async () => {
  const url = await newSchemaUrl()
  const [one, two] = [await openEngine({ url }), await openEngine({ url })]
  await one.insert(newJobs(600, { queue: 'a' }))
  /** Which stop is in force: from its answer on, until it is taken back. */
  let stop: number | null = null
  let late = 0
  let isOver = false
  const claim = async (worker: string): Promise<void> => {
    while (!isOver) {
      const before = stop
      const { jobs } = await two.exchange({ worker, claim: { ...CLAIM, limit: 1 } })
      if (before !== null && stop === before) late += jobs.length
      await two.exchange({ worker, settle: jobs.map(completion) })
    }
  }
  const claiming = Promise.all([claim('w1'), claim('w2')])
  for (let round = 0; round < 10; round++) {
    await one.setLimits([limit({ scope: 'queue', name: 'a', pausedBy: 'ada' })])
    stop = round
    await two.exchange({ worker: 'w3', claim: CLAIM }).then(({ jobs }) => expect(jobs).toEqual([]))
    stop = null
    await one.setLimits([limit({ scope: 'queue', name: 'a' })])
    const { jobs } = await one.exchange({ worker: 'w4', claim: { ...CLAIM, limit: 1 } })
    expect(jobs).toHaveLength(1)
  }
  isOver = true
  await claiming
  expect(late).toBe(0)
})

it('many processes together reach every limit and never pass one, also while jobs end', async () => {
  const url = await newSchemaUrl()
  const engines = [await openEngine({ url }), await openEngine({ url }), await openEngine({ url })]
  const [one] = engines as [(typeof engines)[0]]
  await one.setLimits([
    limit({ scope: 'groups', name: 'default', concurrency: 2 }),
    limit({ scope: 'task', name: 'greet', concurrency: 7 }),
  ])
  await one.insert(Array.from({ length: 300 }, (_, n) => newJob({ group: `g${n % 6}` })))
  const running = new Map<string, number>()
  let all = 0
  let done = 0
  const work = async (engine: typeof one, worker: string): Promise<void> => {
    while (done < 300) {
      const { jobs } = await engine.exchange({ worker, claim: { ...CLAIM, limit: 3 } })
      for (const { group } of jobs) running.set(group ?? '', (running.get(group ?? '') ?? 0) + 1)
      all += jobs.length
      expect(all).toBeLessThanOrEqual(7)
      for (const number of running.values()) expect(number).toBeLessThanOrEqual(2)
      // Whoever is settled runs no more, at the latest from the answer on: counted before it, nothing is counted twice.
      for (const { group } of jobs) running.set(group ?? '', (running.get(group ?? '') ?? 0) - 1)
      all -= jobs.length
      await engine.exchange({ worker, settle: jobs.map(completion) })
      done += jobs.length
    }
  }
  await Promise.all(engines.map((engine, n) => work(engine, `w${n}`)))
  expect((await one.limits()).map((row) => row.running)).toEqual([0, 0])
})

it('jobs from SQL and from transactions go to their groups', async () => {
  const url = await newSchemaUrl()
  const engine = await openEngine({ url })
  const client = new pg.Client({ connectionString: await postgresUrl() })
  await client.connect()
  try {
    const schema = schemaOf(url)
    const add = (group: string | null) =>
      client.query(`select ${schema}.add_job('greet', '{}'::text, "group" => $1)`, [group])
    for (const group of ['a', 'a', 'a', null]) await add(group)
    await client.query('begin')
    await engine.insert([newJob({ group: 'b' })], { tx: client })
    await add('b')
    await add('c')
    // Those that nobody can see are in nobody's way, neither those of the same group.
    await engine.insert([newJob({ group: 'b', task: 'other' })])
    const claim = async (limit: number) =>
      (await engine.exchange({ worker: 'w', claim: { ...CLAIM, limit } })).jobs
    expect((await claim(3)).map(({ group }) => group)).toEqual(['a', null, 'b'])
    await client.query('commit')
    expect((await claim(5)).map(({ group }) => group)).toEqual(['c', 'a', 'b', 'a', 'b'])
  } finally {
    await client.end()
  }
})

it('a store of an older version comes out right: its groups take turns, and their limits hold', async () => {
  const url = await newSchemaUrl()
  const schema = schemaOf(url)
  const engine = createPostgresEngine({ url })
  // As an older version left it.
  await onPostgres(`create schema ${schema}`)
  for (const { sql } of MIGRATIONS.slice(0, 3)) await onPostgres(inSchema(sql, schema))
  await onPostgres(`create table ${schema}.migrations (
    number integer primary key, name text not null, hash text not null, applied_at timestamptz not null default now()
  )`)
  const { createHash } = await import('node:crypto')
  for (const [i, { name, sql }] of MIGRATIONS.slice(0, 3).entries()) {
    const hash = createHash('sha256').update(sql).digest('hex')
    await onPostgres(`insert into ${schema}.migrations values (${i + 1}, '${name}', '${hash}')`)
  }
  const add = (group: string, when: string) =>
    onPostgres(`select ${schema}.add_job('greet', '{}'::text, "group" => ${group}${when})`)
  for (const group of ["'a'", "'a'", "'a'", 'null', "'b'"]) await add(group, '')
  await add("'c'", ", delay => '1 millisecond'")
  await engine.open()
  try {
    await engine.promote({ limit: 10 })
    await engine.setLimits([limit({ scope: 'group', name: 'default/a', concurrency: 2 })])
    const { jobs } = await engine.exchange({ worker: 'w', claim: CLAIM })
    expect(jobs.map(({ group }) => group)).toEqual(['a', null, 'b', 'c', 'a'])
    const settle = jobs.slice(0, 1).map((job) => ({ ...completion(job), to: 'ready' as const, attempt: 0 }))
    const again = await engine.exchange({ worker: 'w', settle, claim: CLAIM })
    expect(again.jobs.map(({ group }) => group)).toEqual(['a'])
    expect(await engine.counts()).toEqual([
      { queue: 'default', task: 'greet', state: 'ready', count: 1 },
      { queue: 'default', task: 'greet', state: 'running', count: 5 },
    ])
  } finally {
    await engine.close()
  }
})
