import { join } from 'node:path'
import { DatabaseSync } from '@photostructure/sqlite'
import pg from 'pg'
import { newId, type Posthaste, PosthasteError, posthaste, task } from 'posthaste'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import { dropSchemas, newSchemaUrl, postgresUrl } from '../servers/postgres.ts'
import { newFolder, opened, until } from './open.ts'

/** Installations on a connection that the user has already, and jobs in his transactions on it. */

type Database = InstanceType<typeof DatabaseSync>

const ran: unknown[] = []
const greet = task({ name: 'greet', run: (payload) => void ran.push(payload) })

const refusal = async (work: Promise<unknown>): Promise<PosthasteError> => {
  const error = await work.then(
    () => new Error('It was not refused.'),
    (thrown: unknown) => thrown,
  )
  if (error instanceof PosthasteError) return error
  throw error
}

/** A database of the user's with a table of his own, and an installation on his handle. */
const openOnHandle = async (): Promise<{ db: Database; ph: Posthaste; path: string }> => {
  const path = join(await newFolder(), 'app.db')
  const db = new DatabaseSync(path)
  onTestFinished(() => {
    if (db.isOpen) db.close()
  })
  db.exec(
    'create table orders (id integer primary key, about text); pragma user_version = 7; pragma busy_timeout = 250',
  )
  const ph = await opened('sqlite', { engine: { sqlite: db }, tasks: [greet] })
  return { db, ph, path }
}
const orders = (db: Database) =>
  db
    .prepare('select id from orders order by id')
    .all()
    .map((row: unknown) => (row as { id: number }).id)
const pragma = (db: Database, name: string) => Object.values(db.prepare(`pragma ${name}`).get() as object)[0]

describe("an SQLite handle of the user's", () => {
  it('commits jobs with his rows, and takes them back with them', async () => {
    const { db, ph } = await openOnHandle()
    db.exec('begin immediate')
    db.exec('insert into orders values (1, null)')
    const job = await ph.add(greet, { n: 1 }, { tx: db, delay: '1h' })
    const refs = await ph.addMany(
      [
        { task: greet, payload: 2, delay: '1h' },
        { task: 'other', payload: 3 },
      ],
      { tx: db },
    )
    db.exec('commit')
    expect(orders(db)).toEqual([1])
    const stored = await ph.get(job.id)
    expect({ ...stored, inserted: true, outcome: 'inserted', other: null }).toEqual(job)
    expect((await ph.stats()).total).toBe(3)
    expect(refs.map(({ inserted }) => inserted)).toEqual([true, true])

    db.exec('begin immediate')
    db.exec('insert into orders values (2, null)')
    const lost = await ph.add(greet, {}, { tx: db, key: 'lost', queue: 'never-seen' })
    db.exec('rollback')
    expect(orders(db)).toEqual([1])
    expect(await ph.get(lost.id)).toBeNull()
    expect((await ph.stats()).total).toBe(3)
    expect((await ph.add(greet, {}, { key: 'lost', delay: '1h' })).inserted).toBe(true)
  })

  it('writes the job before add returns, so that nothing has to be awaited before the commit', async () => {
    const { db, ph } = await openOnHandle()
    db.exec('begin immediate')
    const adding = ph.add(greet, {}, { tx: db, delay: '1h' })
    db.exec('commit')
    expect((await ph.get((await adding).id))?.state).toBe('scheduled')
  })

  it('answers who holds a key, also within the transaction', async () => {
    const { db, ph } = await openOnHandle()
    const holder = await ph.add(greet, { mine: true }, { key: 'k', delay: '1h' })
    db.exec('begin immediate')
    const taken = { id: holder.id, inserted: false, payload: { mine: true } }
    expect(await ph.add(greet, { mine: false }, { key: 'k', tx: db })).toMatchObject(taken)
    const own = await ph.add(greet, { n: 1 }, { key: 'own', tx: db, delay: '1h' })
    expect(await ph.add(greet, { n: 2 }, { key: 'own', tx: db })).toMatchObject({
      id: own.id,
      inserted: false,
      payload: { n: 1 },
    })
    expect((await ph.get(own.id))?.state).toBe('scheduled')
    db.exec('rollback')
    expect(await ph.get(own.id)).toBeNull()
  })

  it('goes on after a refused add', async () => {
    const { db, ph } = await openOnHandle()
    db.exec('begin immediate')
    db.exec('insert into orders values (1, null)')
    expect((await refusal(ph.add(greet, () => 1, { tx: db }))).code).toBe('E_JSON')
    db.exec('commit')
    expect(orders(db)).toEqual([1])
  })

  it('wakes workers with the commit, those of other processes too', async () => {
    const { db, ph, path } = await openOnHandle()
    const other = await opened('sqlite', { engine: `sqlite:${path}`, tasks: [greet] })
    const heard: string[][] = [[], []]
    for (const [i, { engine }] of [ph, other].entries()) await engine.listen((hint) => heard[i]?.push(hint))
    const name = newId()
    db.exec('begin immediate')
    await ph.add(greet, name, { tx: db })
    expect(heard).toEqual([[], []])
    db.exec('commit')
    await until(() => heard.every((hints) => hints.includes('ready')))
    other.work()
    await until(() => ran.includes(name))
  })

  it("leaves what is the user's as it was, and opens again from a URL", async () => {
    const { db, ph, path } = await openOnHandle()
    await ph.add(greet, {}, { delay: '1h' })
    await ph.close()
    expect(db.isOpen).toBe(true)
    expect([pragma(db, 'user_version'), pragma(db, 'application_id'), pragma(db, 'busy_timeout')]).toEqual([
      7, 0, 250,
    ])
    expect([pragma(db, 'journal_mode'), pragma(db, 'synchronous')]).toEqual(['wal', 2])
    const again = await opened('sqlite', { engine: `sqlite:${path}` })
    expect((await again.stats()).total).toBe(1)
  })

  it('is refused when the file has tables of the same names, which are named', async () => {
    const db = new DatabaseSync(join(await newFolder(), 'app.db'))
    db.exec('create table jobs (id int); create table customers (id int)')
    const error = await refusal(posthaste({ engine: { sqlite: db } }))
    expect(error.code).toBe('E_STORE_FOREIGN')
    expect(error.message).toMatch(/named as ours: jobs\./)
    expect(db.prepare('select count(*) as n from sqlite_schema').get()).toEqual({ n: 2 })
    db.close()
  })

  it('is refused when it is closed, in memory, or of another kind', async () => {
    const closed = new DatabaseSync(join(await newFolder(), 'app.db'))
    closed.close()
    const memory = new DatabaseSync(':memory:')
    const wrong = { exec: () => {}, prepare: () => ({}), close: () => {}, inTransaction: false, open: true }
    expect(await refusal(posthaste({ engine: { sqlite: closed } }))).toMatchObject({
      code: 'E_ARGUMENT',
      field: 'engine',
    })
    expect(await refusal(posthaste({ engine: { sqlite: memory } }))).toMatchObject({
      code: 'E_ENGINE_UNKNOWN',
    })
    for (const engine of [{ sqlite: wrong }, memory, { sqlite: 'jobs.db' }, {}, 5]) {
      const error = await refusal(posthaste({ engine: engine as never }))
      expect(error).toMatchObject({ code: 'E_ARGUMENT', field: 'engine' })
    }
    memory.close()
  })

  it('is refused as tx when no transaction is open, or when it is another one', async () => {
    const { db, ph } = await openOnHandle()
    const { db: other } = await openOnHandle()
    expect(await refusal(ph.add(greet, {}, { tx: db }))).toMatchObject({ code: 'E_ARGUMENT', field: 'tx' })
    other.exec('begin')
    expect(await refusal(ph.add(greet, {}, { tx: other }))).toMatchObject({
      code: 'E_TX_ELSEWHERE',
      field: 'tx',
    })
    other.exec('rollback')
    expect((await ph.stats()).total).toBe(0)
  })
})

describe("a pool of the user's", () => {
  afterAll(dropSchemas)

  it('holds an installation, and its transactions hold jobs', async () => {
    const schema = new URL(await newSchemaUrl()).searchParams.get('schema') as string
    const pool = new pg.Pool({ connectionString: await postgresUrl(), max: 4 })
    const ph = await posthaste({ engine: { postgres: pool, schema }, tasks: [greet] })
    const client = await pool.connect()
    await client.query('begin')
    const job = await ph.add(greet, {}, { tx: client, delay: '1h' })
    expect(await ph.get(job.id)).toBeNull()
    await client.query('commit')
    client.release()
    expect((await ph.get(job.id))?.state).toBe('scheduled')
    await ph.close()
    expect((await pool.query('select 1')).rowCount).toBe(1)
    await pool.end()
  })
})
