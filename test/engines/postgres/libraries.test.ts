import { newId, type Posthaste, PosthasteError, posthaste, task } from 'posthaste'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { dropSchemas, newSchemaUrl, onPostgres, postgresUrl } from '../../servers/postgres.ts'
import { schemaOf, until } from './lab.ts'
import { LIBRARIES, type Library } from './libraries.ts'

/** `add(…, { tx })` with the transactions of the libraries that people use, each as it is, on a real server. */

const ELSEWHERE = `elsewhere_${process.pid}`
const ran: unknown[] = []
const greet = task({ name: 'greet', run: (payload) => void ran.push(payload) })

let ph: Posthaste
let schema: string
let url: string
beforeAll(async () => {
  url = await newSchemaUrl()
  schema = schemaOf(url)
  ph = await posthaste({ engine: url, tasks: [greet] })
  await onPostgres(`create table ${schema}.orders (id int primary key, about text)`)
  await onPostgres(`create database ${ELSEWHERE}`)
})
afterAll(async () => {
  await ph.close()
  await dropSchemas()
  await onPostgres(`drop database ${ELSEWHERE} with (force)`)
})

const refusal = async (work: Promise<unknown>): Promise<PosthasteError> => {
  const error = await work.then(
    () => new Error('It was not refused.'),
    (thrown: unknown) => thrown,
  )
  if (error instanceof PosthasteError) return error
  throw error
}
const orders = async () => (await onPostgres(`select id from ${schema}.orders order by id`)).flat()

describe.each(Object.entries(LIBRARIES))('with %s', (_, open) => {
  let library: Library
  beforeAll(async () => {
    library = await open(await postgresUrl())
  })
  afterAll(() => library.close())
  afterEach(() => onPostgres(`delete from ${schema}.orders`))

  it('jobs are there with the commit, beside the rows of the caller', async () => {
    const [one, many] = await library.transaction(async (tx, run) => {
      await run(`insert into ${schema}.orders values (1)`)
      const added = await ph.add(greet, { n: 1 }, { tx, key: newId(), delay: '1h' })
      const refs = await ph.addMany(
        [
          { task: greet, payload: 2 },
          { task: 'other', payload: null },
        ],
        { tx },
      )
      expect(await ph.get(added.id)).toBeNull()
      return [added, refs] as const
    })
    expect(await orders()).toEqual([1])
    expect(one.inserted).toBe(true)
    const stored = await ph.get(one.id)
    expect({ ...stored, inserted: true, outcome: 'inserted', other: null }).toEqual(one)
    expect(many.map(({ inserted }) => inserted)).toEqual([true, true])
    for (const { id } of many) expect((await ph.get(id))?.state).toBe('ready')
  })

  it('jobs are gone with the rollback', async () => {
    const key = newId()
    let id = ''
    const failing = library.transaction(async (tx, run) => {
      await run(`insert into ${schema}.orders values (1)`)
      id = (await ph.add(greet, {}, { tx, key, queue: `queue-${key}` })).id
      throw new Error('changed my mind')
    })
    await expect(failing).rejects.toThrow('changed my mind')
    expect(await orders()).toEqual([])
    expect(await ph.get(id)).toBeNull()
    expect((await ph.add(greet, {}, { key, delay: '1h' })).inserted).toBe(true)
  })

  it('a key that is taken answers its holder, and the transaction goes on', async () => {
    const key = newId()
    const holder = await ph.add(greet, { mine: true }, { key, delay: '1h' })
    const second = await library.transaction(async (tx, run) => {
      const added = await ph.add(greet, { mine: false }, { tx, key })
      await run(`insert into ${schema}.orders values (1)`)
      return added
    })
    expect(second).toMatchObject({ id: holder.id, inserted: false, payload: { mine: true } })
    expect(await orders()).toEqual([1])
  })

  it('a key that a rival is about to take is waited for, and the transaction goes on', async () => {
    const key = newId()
    let release = (): void => {}
    const until_ = new Promise<void>((resolve) => {
      release = resolve
    })
    let first = ''
    const rival = library.transaction(async (tx) => {
      first = (await ph.add(greet, {}, { tx, key, delay: '1h' })).id
      await until_
    })
    await until(() => first !== '')
    const late = library.transaction(async (tx, run) => {
      const added = await ph.add(greet, {}, { tx, key })
      await run(`insert into ${schema}.orders values (1)`)
      return added
    })
    const waits = `select 1 from pg_stat_activity where wait_event_type = 'Lock' and query ~ '${schema}'`
    await until(async () => (await onPostgres(waits)).length > 0)
    release()
    await rival
    expect(await late).toMatchObject({ id: first, inserted: false })
    expect(await orders()).toEqual([1])
  })

  it('adds at the same time in one transaction are carried out one after the other', async () => {
    const key = newId()
    const added = await library.transaction((tx) =>
      Promise.all([1, 2, 3].map((n) => ph.add(greet, { n }, { tx, key, delay: '1h' }))),
    )
    expect(added.map(({ inserted }) => inserted)).toEqual([true, false, false])
    expect(new Set(added.map(({ id }) => id)).size).toBe(1)
  })

  it('everything that a job can have goes through the driver unharmed', async () => {
    const payload = {
      quotes: `'"\\`,
      marks: '? $1 :name ::uuid',
      nul: '\u0000',
      more: 'ü😀\n',
      list: [1, null],
    }
    const options = {
      id: newId(),
      key: `k'"\\ ? ${newId()}`,
      ref: 'a, "b" {c}',
      tags: ["it's", '{"x"}', 'ü?'],
      group: 'tenant',
      priority: 'high',
      queue: 'other',
      maxRetries: 3,
      lease: '1m',
      timeout: '10s',
      backoff: 'fixed',
      metadata: { a: '?' },
      runAt: '2100-01-01T00:00:00Z',
    } as const
    const added = await library.transaction(async (tx, run) => {
      await run(`select '{1,2}'::int[], '\\x00ff'::bytea, gen_random_uuid(), 9007199254740993::bigint`)
      return ph.add(greet, payload, { ...options, tx })
    })
    const { id, key, ...rest } = options
    const plain = await ph.add(greet, payload, { ...rest, key: `${key}2` })
    const [stored, twin] = await Promise.all([ph.get(id), ph.get(plain.id)])
    expect({ ...stored, inserted: true, outcome: 'inserted', other: null }).toEqual(added)
    const shared = { id: '', key: '', createdAt: null, history: null }
    expect({ ...stored, ...shared }).toEqual({ ...twin, ...shared })
    expect(stored?.payload).toEqual(payload)
  })

  it('a worker is woken by the commit', async () => {
    const heard: string[] = []
    const listening = await ph.engine.listen((hint) => heard.push(hint))
    const worker = ph.work({ concurrency: 1, queues: ['woken'] })
    const name = newId()
    await library.transaction(async (tx) => {
      await ph.add(greet, { name }, { tx, queue: 'woken' })
      heard.length = 0
    })
    await until(() => heard.includes('ready'))
    await until(() => ran.some((payload) => (payload as { name?: string }).name === name))
    await worker.stop()
    await listening.close()
  })

  it('a transaction that has failed is told from a store that has', async () => {
    const failing = library.transaction(async (tx, run) => {
      await run('select 1 / 0').catch(() => {})
      expect(await refusal(ph.add(greet, {}, { tx }))).toMatchObject({ code: 'E_TX_ABORTED', field: 'tx' })
      throw new Error('as expected')
    })
    await expect(failing).rejects.toThrow(/as expected|division by zero/)
  })

  it('what is no transaction is refused, and nothing is added', async () => {
    const before = (await ph.stats()).total
    const error = await refusal(ph.add(greet, { secret: 'in the payload' }, { tx: library.outside }))
    expect(error.message).not.toContain('secret')
    expect(error).toMatchObject({ code: 'E_ARGUMENT', field: 'tx' })
    expect((await ph.stats()).total).toBe(before)
  })

  it('a transaction that is over is refused', async () => {
    let over: object = {}
    await library.transaction(async (tx) => {
      over = tx
    })
    const error = await refusal(ph.add(greet, {}, { tx: over }))
    expect(['E_ARGUMENT', 'E_TX_ABORTED']).toContain(error.code)
    expect(error.field).toBe('tx')
  })

  it('a transaction of another database is refused, and can go on', async () => {
    const address = new URL(await postgresUrl())
    address.pathname = `/${ELSEWHERE}`
    const other = await open(address.href)
    const elsewhere = other.transaction(async (tx) => {
      const error = await refusal(ph.add(greet, { secret: 1 }, { tx }))
      expect(error).toMatchObject({ code: 'E_TX_ELSEWHERE', field: 'tx' })
      expect(error.message).toContain(schema)
      expect(error.message).not.toContain('secret')
    })
    // postgres.js gives a transaction up after any error in it, whether or not it was caught.
    await elsewhere.catch((error: { code?: string }) => expect(error.code).toBe('3F000'))
    await other.close()
  })
})

it('a transaction of another installation with the same schema is refused', async () => {
  const address = new URL(await postgresUrl())
  address.pathname = `/${ELSEWHERE}`
  const twin = await posthaste({ engine: `${address.href}?schema=${schema}` })
  const library = await (LIBRARIES['pg'] as (url: string) => Promise<Library>)(address.href)
  await library.transaction(async (tx, run) => {
    expect(await refusal(ph.add(greet, {}, { tx }))).toMatchObject({ code: 'E_TX_ELSEWHERE', field: 'tx' })
    await run('select 1')
    await twin.add('greet', {}, { tx })
  })
  expect((await twin.stats()).total).toBe(1)
  await library.close()
  await twin.close()
})

it('what nobody knows is refused by name', async () => {
  for (const tx of [{}, { execute: () => {} }, null, 5, 'begin', () => {}]) {
    const error = await refusal(ph.add(greet, {}, { tx: tx as object }))
    expect(error).toMatchObject({ code: 'E_ARGUMENT', field: 'tx' })
  }
})
