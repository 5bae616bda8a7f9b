import { createServer, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type PostgresServer, startPostgresServer } from '../../../scripts/lib/postgres-server.js'
import { openEngine as openByUrl } from '../../../src/engines/open.ts'
import { createPostgresEngine } from '../../../src/engines/postgres/index.ts'
import { SCHEMA_VERSION } from '../../../src/engines/postgres/migrate.ts'
import { openStore } from '../../../src/engines/postgres/server.ts'
import { dropSchemas, newSchemaUrl, onPostgres, postgresUrl } from '../../servers/postgres.ts'
import { errorOf, newJob, openEngine, schemaOf } from './lab.ts'

afterAll(dropSchemas)

const opening = (url: string) => errorOf(createPostgresEngine({ url, callTimeoutMs: 5_000 }).open())

describe('opening a database', () => {
  it('makes the schema, finds it again, and says what it is without a secret', async () => {
    const url = await newSchemaUrl()
    const engine = await openByUrl(url.replace('postgres@', 'postgres:hunter2@'))
    const job = newJob()
    await engine.insert([job])
    await engine.close()
    const again = await openEngine({ url })
    expect((await again.get([job.id]))[0]?.state).toBe('ready')
    const info = again.info()
    expect(info).toMatchObject({ kind: 'postgres', durability: 'system', schemaVersion: SCHEMA_VERSION })
    expect(info.location).toContain(`schema=${schemaOf(url)}`)
    expect(JSON.stringify([info, engine.info()])).not.toContain('hunter2')
  })

  it('by many at the same time makes the schema once', async () => {
    const url = await newSchemaUrl()
    const engines = await Promise.all(Array.from({ length: 6 }, () => openEngine({ url })))
    for (const engine of engines) await engine.insert([newJob()])
    expect((await engines[0]?.counts())?.[0]?.count).toBe(6)
  })

  it('takes any name for its schema, and no trick with one', async () => {
    const schema = `te"st ; drop schema public; -- ${process.pid}`
    const engine = await openEngine({ url: await postgresUrl(), schema })
    await engine.insert([newJob()])
    expect((await engine.counts())[0]?.count).toBe(1)
    await engine.close()
    await onPostgres(`drop schema "${schema.replaceAll('"', '""')}" cascade`)
    for (const bad of ['', 'pg_jobs', 'x'.repeat(64)]) {
      expect(() => createPostgresEngine({ url: 'postgres://localhost/x', schema: bad })).toThrow(
        /schema must be/,
      )
    }
  })

  it('is refused where another application has tables', async () => {
    const url = await newSchemaUrl()
    await onPostgres(
      `create schema ${schemaOf(url)}; create table ${schemaOf(url)}.migrations_of_mine (id int)`,
    )
    expect((await opening(url)).code).toBe('E_STORE_FOREIGN')
  })

  it('is refused when a newer version was there, and touches nothing', async () => {
    const url = await newSchemaUrl()
    await (await openEngine({ url })).close()
    await onPostgres(`insert into ${schemaOf(url)}.migrations values (${SCHEMA_VERSION + 1}, 'future', 'x')`)
    const error = await opening(url)
    expect(error.code).toBe('E_STORE_NEWER')
    expect(error.message).toMatch(/has version \d+; this version of Posthaste knows \d+/)
    await onPostgres(`delete from ${schemaOf(url)}.migrations where number > ${SCHEMA_VERSION};
      update ${schemaOf(url)}.migrations set hash = 'another'`)
    expect((await opening(url)).code).toBe('E_STORE_NEWER')
  })

  it('does not wait for workers when there is nothing to change', async () => {
    const url = await newSchemaUrl()
    const engine = await openEngine({ url })
    await engine.insert([newJob()])
    const pg = await import('pg')
    const other = new pg.default.Client({ connectionString: await postgresUrl() })
    await other.connect()
    await other.query(`begin; lock table ${schemaOf(url)}.jobs in share row exclusive mode`)
    const second = await openEngine({ url, callTimeoutMs: 5_000 })
    expect((await second.counts())[0]?.count).toBe(1)
    await other.end()
  })

  it('goes on at a time that the store had reached, when the clock is set back', async () => {
    const url = await newSchemaUrl()
    await (await openEngine({ url })).close()
    const future = Date.now() + 3_600_000
    await onPostgres(`update ${schemaOf(url)}.store set clock = ${future}`)
    expect(await (await openEngine({ url })).now()).toBeGreaterThanOrEqual(future)
  })
})

describe('what cannot be opened is refused in one line', () => {
  let guarded: PostgresServer
  beforeAll(async () => {
    guarded = await startPostgresServer({ password: 'right' })
  }, 60_000)
  afterAll(() => guarded?.stop())

  it('a wrong password, and none', async () => {
    const at = (password: string) => guarded.url.replace('postgres@', `postgres${password}@`)
    const wrong = await opening(at(':wrong-secret'))
    expect(wrong).toMatchObject({ code: 'E_STORE_OPEN', message: expect.stringMatching(/password is wrong/) })
    expect(wrong.message).not.toContain('wrong-secret')
    expect((await opening(at(''))).message).toMatch(/asks for a password/)
    expect((await opening(at(':right'))).message).toBe('no error')
  })

  it('a missing database', async () => {
    const url = (await postgresUrl()).replace(/\/postgres$/, '/nowhere')
    expect(await opening(url)).toMatchObject({
      code: 'E_STORE_OPEN',
      message: expect.stringMatching(/\/nowhere: there is no such database/),
    })
  })

  it('an address where nothing listens, a name that nobody has, a server that says nothing', async () => {
    const sockets: Socket[] = []
    const silent = createServer((socket) => sockets.push(socket))
    const port = await new Promise<number>((resolve) => {
      silent.listen(0, '127.0.0.1', () => resolve((silent.address() as { port: number }).port))
    })
    const mute = await errorOf(
      createPostgresEngine({ url: `postgres://127.0.0.1:${port}/x`, callTimeoutMs: 300 }).open(),
    )
    expect(mute).toMatchObject({
      code: 'E_STORE_OPEN',
      message: expect.stringMatching(/did not answer in time/),
    })
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => silent.close(resolve))
    expect((await opening(`postgres://127.0.0.1:${port}/x`)).message).toMatch(/nothing listens there/)
    expect((await opening('postgres://no.such.host.invalid/x')).message).toMatch(/cannot be reached/)
  })

  it('a database whose encoding cannot keep every text', async () => {
    const name = `latin_${process.pid}`
    await onPostgres(`create database ${name} encoding 'LATIN1' template template0`)
    const url = (await postgresUrl()).replace(/\/postgres$/, `/${name}`)
    expect((await opening(url)).message).toMatch(/must be UTF8/)
    await onPostgres(`drop database ${name}`)
  })

  it('a user who may not create the schema', async () => {
    const user = `guest_${process.pid}`
    await onPostgres(`create role ${user} login`)
    const url = (await newSchemaUrl()).replace('postgres@', `${user}@`)
    expect(await opening(url)).toMatchObject({
      code: 'E_STORE_OPEN',
      message: expect.stringMatching(/may not create the schema/),
    })
    await onPostgres(`drop role ${user}`)
  })

  it('a server that is too old', async () => {
    // No such server runs on a machine of today; this is what it would answer.
    const answers = async () => [['120017', '12.17', 'UTF8', false, 'on', 'off']]
    const error = await errorOf(openStore(answers, 'posthaste'))
    expect(error).toMatchObject({ code: 'E_STORE_VERSION', message: expect.stringMatching(/12\.17/) })
  })

  it('a server or a user that may only read, whether the schema is there or not', async () => {
    const url = await newSchemaUrl()
    const user = `reader_${process.pid}`
    await onPostgres(
      `create role ${user} login superuser; alter role ${user} set default_transaction_read_only = on`,
    )
    const reading = url.replace('postgres@', `${user}@`)
    const refused = { code: 'E_STORE_READ_ONLY', message: expect.stringMatching(/only read/) }
    expect(await opening(reading)).toMatchObject(refused)
    await (await openEngine({ url })).close()
    expect(await opening(reading)).toMatchObject(refused)
    await onPostgres(`drop role ${user}`)
  })

  it('a replica', async () => {
    const answers = async () => [['150004', '15.4', 'UTF8', true, 'on', 'on']]
    expect(await errorOf(openStore(answers, 'posthaste'))).toMatchObject({
      code: 'E_STORE_READ_ONLY',
      message: expect.stringMatching(/replica/),
    })
  })
})
