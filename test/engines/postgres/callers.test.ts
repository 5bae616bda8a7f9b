import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { JobRecord } from '../../../src/core/job.ts'
import type { Engine, Hint } from '../../../src/engines/engine.ts'
import type { PgPool } from '../../../src/engines/postgres/driver.ts'
import { createPostgresEngine } from '../../../src/engines/postgres/index.ts'
import { dropSchemas, newSchemaUrl, onPostgres, postgresUrl } from '../../servers/postgres.ts'
import { CLAIM, completion, errorOf, newJob, openEngine, schemaOf, until } from './lab.ts'

let engine: Engine
let url: string
beforeAll(async () => {
  url = await newSchemaUrl()
  engine = createPostgresEngine({ url })
  await engine.open()
})
afterAll(async () => {
  await engine.close()
  await dropSchemas()
})

const newClient = async (): Promise<pg.Client> => {
  const client = new pg.Client({ connectionString: await postgresUrl() })
  onTestFinished(() => client.end())
  await client.connect()
  return client
}
const stateOf = async (id: string) => (await engine.get([id]))[0]?.state ?? null

describe("jobs in the caller's transaction", () => {
  it('are there with its commit, and gone with its rollback', async () => {
    expect(engine.info().callerTransactions).toBe(true)
    const client = await newClient()
    const [kept, lost] = [newJob({ queue: 'never seen' }), newJob({ key: 'lost' })]
    await client.query('begin')
    const { verdicts } = await engine.insert([kept], { tx: client })
    expect(verdicts).toEqual([{ status: 'inserted', id: kept.id }])
    expect(await stateOf(kept.id)).toBeNull()
    await client.query('commit')
    expect(await stateOf(kept.id)).toBe('ready')

    await client.query('begin')
    await engine.insert([lost], { tx: client })
    await client.query('rollback')
    expect(await stateOf(lost.id)).toBeNull()
    const rival = newJob({ key: 'lost' })
    expect((await engine.insert([rival])).verdicts[0]).toEqual({ status: 'inserted', id: rival.id })
  })

  it('are in every field what they would be without', async () => {
    const all = { payload: '"x"', key: 'k', ref: 'r', tags: '["t"]', group: 'g', options: '{"timeoutMs":5}' }
    const kinds = [
      {},
      { ...all, priority: 0, maxRetries: 2, leaseMs: 500 },
      { blocked: 'waits for another' },
      { delayMs: 60_000 },
      { runAt: 4_000_000_000_000, blocked: 'waits for both', key: 'b' },
      { runAt: 1_000 },
    ]
    const client = await newClient()
    await client.query('begin')
    const inside = kinds.map((given) => newJob({ ...given, queue: 'inside' }))
    await engine.insert(inside, { tx: client })
    await client.query('commit')
    const outside = kinds.map((given) =>
      newJob({ ...given, queue: 'inside', ...('key' in given ? { key: `${given.key}2` } : {}) }),
    )
    await engine.insert(outside)
    const [one, two] = await Promise.all(
      [inside, outside].map((jobs) => engine.get(jobs.map(({ id }) => id))),
    )
    const comparable = (job: JobRecord | null) => ({
      ...job,
      id: '',
      key: job?.key?.[0],
      createdAt: 0,
      // Some are due at a fixed time, the others so long after their creation.
      runAt: [1_000, 4_000_000_000_000].includes(job?.runAt ?? 0)
        ? job?.runAt
        : (job?.runAt ?? 0) - (job?.createdAt ?? 0),
    })
    expect(one?.map(comparable)).toEqual(two?.map(comparable))
    const counts = (await engine.counts()).filter(({ queue }) => queue === 'inside')
    expect(counts.map(({ state, count }) => [state, count]).sort()).toEqual([
      ['blocked', 4],
      ['ready', 6],
      ['scheduled', 2],
    ])
  })

  it('live and die with the rows of the caller', async () => {
    const client = await newClient()
    await client.query(`create temporary table orders (id int primary key)`)
    const job = newJob()
    await client.query('begin; insert into orders values (1)')
    await engine.insert([job], { tx: client })
    await expect(client.query('insert into orders values (1)')).rejects.toThrow()
    await client.query('rollback')
    expect(await stateOf(job.id)).toBeNull()
  })

  it('are told about with the commit', async () => {
    const heard: Hint[] = []
    const listening = await engine.listen((hint) => heard.push(hint))
    const client = await newClient()
    await client.query('begin')
    await engine.insert([newJob()], { tx: client })
    heard.length = 0
    await client.query('commit')
    await until(() => heard.includes('ready'))
    await listening.close()
  })

  it('know of duplicates, also of one whose key another transaction is about to take', async () => {
    const holder = newJob({ key: 'mine' })
    await engine.insert([holder])
    const client = await newClient()
    await client.query('begin')
    const { verdicts } = await engine.insert([newJob({ key: 'mine' }), holder], { tx: client })
    expect(verdicts).toEqual([
      { status: 'duplicate', id: holder.id },
      { status: 'inserted', id: holder.id },
    ])
    await client.query('commit')

    const [first, second] = [await newClient(), await newClient()]
    const [early, late] = [newJob({ key: 'contested' }), newJob({ key: 'contested' })]
    await first.query('begin')
    await second.query('begin')
    await engine.insert([early], { tx: first })
    const waiting = engine.insert([late], { tx: second })
    // It waits for the other's key, which it did not see when it looked.
    const blocked = `select 1 from pg_stat_activity where wait_event_type = 'Lock' and query ~ '${schemaOf(url)}'`
    await until(async () => (await onPostgres(blocked)).length > 0)
    await first.query('commit')
    expect((await waiting).verdicts).toEqual([{ status: 'duplicate', id: early.id }])
    // The transaction of the caller goes on as if nothing had happened.
    await second.query('select 1')
    await second.query('commit')
  })

  it('are refused without a transaction to join', async () => {
    expect((await errorOf(engine.insert([newJob()], { tx: {} }))).code).toBe('E_ARGUMENT')
  })
})

describe("a pool of the user's own", () => {
  it('is used, left as it was, and not closed', async () => {
    const pool = new pg.Pool({ connectionString: await postgresUrl(), max: 3 })
    onTestFinished(() => pool.end())
    const schema = schemaOf(await newSchemaUrl())
    const own = await openEngine({ pool: pool as unknown as PgPool, schema })
    await own.insert([newJob(), newJob({ key: 'k' })])
    const { jobs } = await own.exchange({ worker: 'w', claim: CLAIM })
    expect(jobs).toHaveLength(2)
    const { settled } = await own.exchange({ worker: 'w', settle: jobs.map(completion) })
    expect(settled).toEqual(['ok', 'ok'])
    await own.close()
    for (const setting of ['enable_seqscan', 'jit', 'plan_cache_mode', 'statement_timeout']) {
      const { rows } = await pool.query(
        `select setting = reset_val as same from pg_settings where name = $1`,
        [setting],
      )
      expect(rows, setting).toEqual([{ same: true }])
    }
  })

  it('or a URL, but not both', () => {
    expect(() => createPostgresEngine({})).toThrow(/either the url of the database or a pool/)
  })
})

it('behind a pooler nothing is prepared, nothing is set for longer than a transaction', async () => {
  const pooled = await openEngine({ url: `${await newSchemaUrl()}&pgbouncer=true` })
  await pooled.insert([newJob(), newJob({ key: 'k' })])
  const { jobs } = await pooled.exchange({ worker: 'w', claim: CLAIM })
  await pooled.exchange({ worker: 'w', settle: jobs.map(completion) })
  expect((await pooled.counts()).map(({ state, count }) => [state, count])).toEqual([['completed', 2]])
  const rows = await onPostgres(
    `select query from pg_stat_activity where application_name = 'posthaste' and query ~* '^set ' and query !~* 'set local'
     and query ~ '${schemaOf(url)}'`,
  )
  expect(rows).toEqual([])
})
