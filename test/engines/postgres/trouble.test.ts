import { type AddressInfo, createServer } from 'node:net'
import pg from 'pg'
import { afterAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { type PostgresServer, startPostgresServer } from '../../../scripts/lib/postgres-server.js'
import type { Engine } from '../../../src/engines/engine.ts'
import { dropSchemas, newSchemaUrl, onPostgres, postgresUrl } from '../../servers/postgres.ts'
import { CLAIM, completion, countsOf, errorOf, newJob, newJobs, openEngine, schemaOf, until } from './lab.ts'

afterAll(dropSchemas)

/** By which the server tells the connections of this file from those of others. */
const NAME = `trouble_${process.pid}`

let engine: Engine
let schema: string
let url: string
beforeEach(async () => {
  url = `${await newSchemaUrl()}&application_name=${NAME}`
  schema = schemaOf(url)
  engine = await openEngine({ url, callTimeoutMs: 3_000 })
})

/** A connection that is in the way. */
const newRival = async (): Promise<pg.Client> => {
  const client = new pg.Client({ connectionString: await postgresUrl() })
  client.on('error', () => {})
  onTestFinished(() => client.end())
  await client.connect()
  return client
}

/** Ends every connection of the engine that this test opened. */
const cutConnections = () =>
  onPostgres(`select pg_terminate_backend(pid) from pg_stat_activity
    where application_name = '${NAME}'`)

describe('when connections break', () => {
  it('between two calls, the next one has another', async () => {
    await engine.insert([newJob()])
    await cutConnections()
    await until(async () => (await errorOf(engine.insert([newJob()]))).message === 'no error')
    expect((await countsOf(engine))['ready']).toBeGreaterThanOrEqual(2)
  })

  it('under load, every call is answered or refused, what was answered is there, and counts are exact', async () => {
    const acknowledged: string[] = []
    let refused = 0
    const add = async (): Promise<void> => {
      // As long as it takes until the cuts have met some calls.
      for (let n = 0; n < 60 || (refused < 5 && n < 5_000); n++) {
        const job = newJob()
        const { code, message } = await errorOf(engine.insert([job]))
        if (message === 'no error') acknowledged.push(job.id)
        else {
          expect(code, message).toMatch(/^E_STORE/)
          refused++
        }
      }
    }
    const cut = async (): Promise<void> => {
      while (refused < 5) {
        await new Promise((resolve) => setTimeout(resolve, 20 * Math.random()))
        await cutConnections()
      }
    }
    await Promise.all([...Array.from({ length: 8 }, add), cut()])
    const jobs = await engine.get(acknowledged)
    expect(jobs.every((job) => job?.state === 'ready')).toBe(true)
    const rows = await onPostgres(`select count(*) from ${schema}.jobs`)
    expect((await countsOf(engine))['ready']).toBe(Number(rows[0]?.[0]))
    expect(refused).toBeGreaterThan(0)
  })

  it('the one that listens is opened anew, and hears of other processes again', async () => {
    const heard: string[] = []
    await engine.listen((hint) => heard.push(hint))
    const other = await openEngine({ url, listen: false })
    await cutConnections()
    await until(async () => {
      heard.length = 0
      await other.insert([newJob()]).catch(() => {})
      await new Promise((resolve) => setTimeout(resolve, 20))
      return heard.includes('ready')
    })
  })

  it('errors carry neither the URL nor the values', async () => {
    const rival = await newRival()
    await rival.query(`begin; lock table ${schema}.jobs in access exclusive mode`)
    const inserting = errorOf(engine.insert([newJob({ payload: '"hunter2"' })]))
    await until(async () => (await onPostgres(`select 1 from pg_locks where not granted`)).length > 0)
    await cutConnections()
    const { code, message } = await inserting
    expect(code).toBe('E_STORE')
    expect(message).not.toMatch(/hunter2|postgres:\/\//)
  })
})

/** A message of the protocol: its letter, its length, its content. */
const message = (letter: string, content: string): Buffer => {
  const data = Buffer.alloc(5 + content.length)
  data.write(letter)
  data.writeInt32BE(4 + content.length, 1)
  data.write(content, 5, 'latin1')
  return data
}

it('a connection that is ended in the moment in which it was made is an error like others', async () => {
  const [welcome, ready] = [message('R', '\0\0\0\0'), message('Z', 'I')]
  const farewell = message('E', 'SFATAL\0C57P01\0Mterminating connection\0\0')
  const server = createServer((socket) => {
    socket.on('error', () => {})
    // In one packet: whoever was told that it is connected has not had a turn yet.
    socket.once('data', () => socket.end(Buffer.concat([welcome, ready, farewell])))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  const { code } = await errorOf(openEngine({ url: `postgres://u@127.0.0.1:${port}/d` }))
  expect(code).toMatch(/^E_STORE/)
})

describe('when others are in the way', () => {
  it('a call that waits for too long is refused, and goes through when they are gone', async () => {
    const rival = await newRival()
    await rival.query(`begin; lock table ${schema}.jobs in access exclusive mode`)
    const job = newJob()
    expect((await errorOf(engine.insert([job]))).code).toBe('E_STORE_TIMEOUT')
    expect((await errorOf(engine.get([job.id]))).code).toBe('E_STORE_TIMEOUT')
    await rival.query('rollback')
    expect((await engine.insert([job])).verdicts[0]?.status).toBe('inserted')
  })

  it('a call on which the server is at work is waited for, however long it is silent', async () => {
    const patient = await openEngine({ url, callTimeoutMs: 20_000 })
    const rival = await newRival()
    await rival.query(`begin; lock table ${schema}.jobs in access exclusive mode`)
    const inserting = patient.insert([newJob()])
    // Longer than a silent connection is trusted without asking the server.
    await new Promise((resolve) => setTimeout(resolve, 5_000))
    await rival.query('rollback')
    expect((await inserting).verdicts[0]?.status).toBe('inserted')
  })

  it('a call that loses a deadlock is begun anew', async () => {
    await engine.insert(newJobs(2))
    const { jobs } = await engine.exchange({ worker: 'w', claim: CLAIM })
    const [first, second] = [...jobs].sort((a, b) => (a.id < b.id ? -1 : 1))
    const rival = await newRival()
    await rival.query(`set deadlock_timeout = '10s'; begin`)
    await rival.query(`select 1 from ${schema}.running where id = '${second?.id}' for update`)
    const settling = engine.exchange({ worker: 'w', settle: jobs.map(completion) })
    // The engine holds the first and waits for the second; the rival now waits for the first.
    await until(async () => (await onPostgres(`select 1 from pg_locks where not granted`)).length > 0)
    const waiting = rival.query(`select 1 from ${schema}.running where id = '${first?.id}' for update`)
    await waiting
    await rival.query('rollback')
    expect((await settling).settled).toEqual(['ok', 'ok'])
  })

  it('a settlement that comes too late is told so, and takes no other one with it', async () => {
    await engine.insert(newJobs(2))
    const { jobs } = await engine.exchange({ worker: 'w', claim: CLAIM })
    const [late, other] = jobs.map(completion)
    await engine.exchange({ worker: 'w', settle: [{ ...late, to: 'dead' } as never] })
    // The first is completed the plain way, which ends the transaction while the other is still being read.
    const settle = [late, { ...other, reason: 'of its own' }] as never
    expect((await engine.exchange({ worker: 'w', settle })).settled).toEqual(['stale', 'ok'])
  })

  it('a pause waits for the claim under way, and none comes after it', async () => {
    await engine.insert(newJobs(50))
    const rival = await newRival()
    await rival.query(`begin; lock table ${schema}.running in share row exclusive mode`)
    const claiming = engine.exchange({ worker: 'w', claim: { ...CLAIM, limit: 10 } })
    await until(async () => (await onPostgres(`select 1 from pg_locks where not granted`)).length > 0)
    let isPaused = false
    const pausing = engine.pause([{ queue: 'default', paused: true, by: 'someone' }]).then(() => {
      isPaused = true
    })
    await until(async () => (await onPostgres(`select 1 from pg_locks where not granted`)).length > 1)
    expect(isPaused).toBe(false)
    await rival.query('rollback')
    expect((await claiming).jobs).toHaveLength(10)
    await pausing
    expect((await engine.exchange({ worker: 'w', claim: CLAIM })).jobs).toEqual([])
  })
})

describe('when the server stops', () => {
  it('and starts again, what was acknowledged is there, and the same engine goes on', {
    timeout: 60_000,
  }, async () => {
    const server: PostgresServer = await startPostgresServer()
    onTestFinished(() => server.stop())
    const own = await openEngine({ url: server.url, callTimeoutMs: 5_000 })
    for (let round = 0; round < 3; round++) {
      const jobs = newJobs(20)
      await own.insert(jobs)
      const { jobs: claimed } = await own.exchange({ worker: 'w', claim: { ...CLAIM, limit: 10 } })
      await own.exchange({ worker: 'w', settle: claimed.map(completion) })
      const adding = Array.from({ length: 20 }, () => newJob())
      const answers = adding.map((job) => errorOf(own.insert([job])))
      await server.halt('immediate')
      const acknowledged: string[] = []
      for (const [i, answer] of (await Promise.all(answers)).entries()) {
        if (answer.message === 'no error') acknowledged.push(adding[i]?.id ?? '')
        else expect(answer.code, answer.message).toMatch(/^E_STORE/)
      }
      expect((await errorOf(own.counts())).code).toMatch(/^E_STORE/)
      await server.start()
      await until(async () => (await errorOf(own.counts())).message === 'no error')
      const found = await own.get([...claimed.map(({ id }) => id), ...acknowledged])
      expect(found.map((job) => job?.state)).toEqual([
        ...claimed.map(() => 'completed'),
        ...acknowledged.map(() => 'ready'),
      ])
      const all = (await own.exchange({ worker: 'w', claim: { ...CLAIM, limit: 1_000 } })).jobs
      await own.exchange({ worker: 'w', settle: all.map(completion) })
      const total = await countsOf(own)
      expect(Object.keys(total)).toEqual(['completed'])
    }
  })

  it('and may not be written for a while, calls say so and go on later', { timeout: 60_000 }, async () => {
    await engine.insert([newJob()])
    const database = (await onPostgres('select current_database()'))[0]?.[0]
    const server = await startPostgresServer()
    onTestFinished(() => server.stop())
    const own = await openEngine({ url: server.url, callTimeoutMs: 1_000 })
    const admin = new pg.Client({ connectionString: server.url })
    admin.on('error', () => {})
    await admin.connect()
    await admin.query(`alter database ${database} set default_transaction_read_only = on`)
    await admin.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'posthaste'`,
    )
    await until(async () => (await errorOf(own.insert([newJob()]))).code === 'E_STORE_READ_ONLY')
    await admin.query('set default_transaction_read_only = off')
    await admin.query(`alter database ${database} set default_transaction_read_only = off`)
    await until(async () => (await errorOf(own.insert([newJob()]))).message === 'no error')
    await admin.end()
  })
})
