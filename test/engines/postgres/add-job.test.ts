import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { newId, type Posthaste, posthaste, task } from 'posthaste'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { isId } from '../../../src/core/ids.ts'
import type { JobRecord } from '../../../src/core/job.ts'
import type { Hint } from '../../../src/engines/engine.ts'
import { dropSchemas, newSchemaUrl, onPostgres, postgresUrl } from '../../servers/postgres.ts'
import { schemaOf, until } from './lab.ts'

/** Jobs added in plain SQL, by `posthaste.add_job`. */

const ran: unknown[] = []
const greet = task({ name: 'greet', run: (payload) => void ran.push(payload) })

let ph: Posthaste
let schema: string
beforeAll(async () => {
  const url = await newSchemaUrl()
  schema = schemaOf(url)
  ph = await posthaste({ engine: url, tasks: [greet] })
})
afterAll(async () => {
  await ph.close()
  await dropSchemas()
})

const newClient = async (user?: string): Promise<pg.Client> => {
  const address = new URL(await postgresUrl())
  if (user !== undefined) address.username = user
  const client = new pg.Client({ connectionString: address.href })
  onTestFinished(() => client.end())
  await client.connect()
  return client
}

/** `posthaste.add_job(…)` with these arguments, as a statement. */
const call = (args: string): string => `select ${schema}.add_job(${args})`
const addBySql = async (args: string): Promise<string> => (await onPostgres(call(args)))[0]?.[0] as string
const recordOf = async (id: string): Promise<JobRecord> => {
  const [job] = await ph.engine.get([id])
  if (job === null || job === undefined) throw new Error(`There is no job ${id}.`)
  return job
}
/** Without what two jobs never share; due times as they are from the creation. */
const comparable = (job: JobRecord) => ({
  ...job,
  id: '',
  key: job.key?.slice(0, -1) ?? null,
  runAt: job.runAt < 4e12 ? job.runAt - job.createdAt : job.runAt,
  createdAt: 0,
})

describe('a job added by SQL', () => {
  const payload = { name: 'Ada', text: 'ü😀 "quoted" \\ \n', list: [1, null, 1.5e-7] }
  const json = JSON.stringify(payload).replaceAll("'", "''")
  const twins: readonly (readonly [name: string, sql: string, add: () => Promise<{ id: string }>])[] = [
    ['with a payload alone', `'greet', '${json}'`, () => ph.add('greet', payload)],
    ['with JSON of the server', `'greet', '${json}'::json`, () => ph.add('greet', payload)],
    ['with nothing but its task', `'tick'`, () => ph.add('tick', null)],
    [
      'with what is left out by null',
      `'tick', null, queue => null, priority => null, delay => null`,
      () => ph.add('tick', null),
    ],
    [
      'with everything',
      `'greet', '${json}', queue => 'mail', priority => 1, delay => '90 seconds', key => 'all 1', max_retries => 2,
       ref => 'a ref', tags => '{"x,y","\\"z\\"",x}', "group" => 'tenant'`,
      () =>
        ph.add('greet', payload, {
          queue: 'mail',
          priority: 'critical',
          delay: '90s',
          key: 'all 2',
          maxRetries: 2,
          ref: 'a ref',
          tags: ['x,y', '"z"', 'x'],
          group: 'tenant',
        }),
    ],
    [
      'with a due time',
      `'greet', '{}', run_at => '2100-01-01 01:00+01'`,
      () => ph.add('greet', {}, { runAt: '2100-01-01T00:00:00Z' }),
    ],
    [
      'with a delay of days',
      `'greet', '{}', delay => '2 days 3 hours'`,
      () => ph.add('greet', {}, { delay: '51h' }),
    ],
    [
      'with repeated tags',
      `'greet', '{}', tags => '{b,a,b}'`,
      () => ph.add('greet', {}, { tags: ['b', 'a', 'b'] }),
    ],
  ]

  it.each(twins)('%s is the same as one added by the library', async (_, sql, add) => {
    const [one, two] = [await addBySql(sql), (await add()).id]
    expect(isId(one)).toBe(true)
    expect(comparable(await recordOf(one))).toEqual(comparable(await recordOf(two)))
  })

  it('with jsonb has its value', async () => {
    const id = await addBySql(`'greet', jsonb_build_object('b', 1, 'a', '{x}'::text[])`)
    expect((await ph.get(id))?.payload).toEqual({ b: 1, a: ['x'] })
  })

  it('can be given its id, and is then added once', async () => {
    const id = newId()
    expect(await addBySql(`'greet', '{"n":1}', id => '${id}'`)).toBe(id)
    expect(await addBySql(`'greet', '{"n":2}', id => '${id}'`)).toBe(id)
    expect((await ph.get(id))?.payload).toEqual({ n: 1 })
  })

  it('answers who holds its key', async () => {
    const holder = await ph.add('greet', {}, { key: 'held', delay: '1h' })
    expect(await addBySql(`'greet', '{}', key => 'held'`)).toBe(holder.id)
    await ph.cancel(holder.id)
    const next = await addBySql(`'greet', '{}', key => 'held'`)
    expect(next).not.toBe(holder.id)
    expect(await ph.add('greet', {}, { key: 'held' })).toMatchObject({ id: next, inserted: false })
  })

  it('is counted, and its queue is known', async () => {
    const rows = await onPostgres(
      `select ${schema}.add_job('counted', '{}', queue => 'new one', delay => case when n > 2 then interval '1 hour' end)
       from generate_series(1, 5) as n`.replace('new one', 'new-one'),
    )
    expect(rows).toHaveLength(5)
    const counts = (await ph.engine.counts()).filter(({ queue }) => queue === 'new-one')
    expect(counts.map(({ state, count }) => [state, count]).sort()).toEqual([
      ['ready', 2],
      ['scheduled', 3],
    ])
    expect((await ph.engine.queues()).map(({ queue }) => queue)).toContain('new-one')
  })

  it('has an id that sorts behind those before it', async () => {
    const client = await newClient()
    const { rows } = await client.query(`select ${schema}.new_id() as id from generate_series(1, 300)`)
    const ids = rows.map(({ id }) => id as string)
    expect(ids.every(isId)).toBe(true)
    expect(new Set(ids).size).toBe(300)
    const added: string[] = []
    for (let n = 0; n < 50; n++) added.push((await client.query(call(`'tick'`))).rows[0]?.add_job)
    expect(added).toEqual([...added].sort())
    expect(
      Math.abs(Number.parseInt((added[0] ?? '').replaceAll('-', '').slice(0, 12), 16) - Date.now()),
    ).toBeLessThan(60_000)
  })

  it.each([
    ['task', `''`],
    ['task', `null`],
    ['task', `'no name'`],
    ['task', `'${'x'.repeat(129)}'`],
    ['queue', `'x', queue => 'a b'`],
    ['group', `'x', "group" => E'a\\nb'`],
    ['priority', `'x', priority => 10`],
    ['priority', `'x', priority => -1`],
    ['delay', `'x', delay => '-1 second'`],
    ['delay', `'x', delay => '11 years'`],
    ['delay', `'x', delay => '1 second', run_at => now()`],
    ['run_at', `'x', run_at => 'infinity'`],
    ['key', `'x', key => ''`],
    ['key', `'x', key => repeat('k', 257)`],
    ['ref', `'x', ref => E'\\x7f'`],
    ['max_retries', `'x', max_retries => 1001`],
    ['tag', `'x', tags => '{a,null}'`],
    ['tags', `'x', tags => array(select n::text from generate_series(1, 21) as n)`],
    ['id', `'x', id => gen_random_uuid()`],
    ['payload', `'x', '{'`],
    ['payload', `'x', ''`],
    ['payload', `'x', '"\\ud800"'`],
    ['payload', `'x', '"\\u0000"'::json`],
    ['payload', `'x', '{"id": 9007199254740993}'`],
    ['payload', `'x', '[{"constructor": 1}]'`],
    ['payload', `'x', repeat('[', 33) || repeat(']', 33)`],
    ['payload', `'x', repeat('[', 50000)`],
    ['payload', `'x', to_json(repeat('x', 262143))`],
    ['payload', `'x', (select jsonb_object_agg(n, 1) from generate_series(1, 10001) as n)`],
  ])('is refused for its %s: %s', async (field, args) => {
    const before = (await ph.stats()).total
    const failing = onPostgres(call(args))
    await expect(failing).rejects.toMatchObject({ code: '22023' })
    await expect(failing).rejects.toThrow(new RegExp(`^add_job: (a )?${field} `))
    expect((await ph.stats()).total).toBe(before)
  })

  it('may be as large, as deep and as long as one of the library', async () => {
    const deep = `${'['.repeat(32)}${']'.repeat(32)}`
    const large = JSON.stringify('x'.repeat(262_142))
    for (const text of [deep, large, '9007199254740991', '"__proto__"']) {
      const id = await addBySql(`'x', '${text}'`)
      expect((await recordOf(id)).payload).toBe(text)
      await ph.add('x', JSON.parse(text), { delay: '1h' })
    }
    const id = await addBySql(
      `'${'x'.repeat(128)}', '{}', key => repeat('k', 256), tags => array(select n::text from generate_series(1, 20) as n)`,
    )
    expect((await ph.get(id))?.tags).toHaveLength(20)
  })
})

describe('a trigger on a table of the user', () => {
  it('adds a job with the row, which a worker runs; and none without the row', async () => {
    const client = await newClient()
    await client.query(`
      create table ${schema}.users (id int primary key, name text);
      create function ${schema}.welcome() returns trigger language plpgsql as $$
      begin
        perform ${schema}.add_job('greet', to_jsonb(new), queue => 'triggered', key => 'welcome ' || new.id);
        return new;
      end
      $$;
      create trigger welcome after insert on ${schema}.users for each row execute function ${schema}.welcome()`)
    const heard: Hint[] = []
    const listening = await ph.engine.listen((hint) => heard.push(hint))

    await client.query(`begin; insert into ${schema}.users values (1, 'Grace'); rollback`)
    expect((await ph.list({ queue: 'triggered' })).jobs).toEqual([])
    expect(heard).toEqual([])

    await client.query(`begin; insert into ${schema}.users values (1, 'Ada'), (2, 'Alan'), (3, 'Edsger')`)
    expect((await ph.list({ queue: 'triggered' })).jobs).toEqual([])
    const worker = ph.work({ queues: ['triggered'], concurrency: 1 })
    await client.query('commit')
    await until(() => heard.includes('ready'))
    await until(() => ran.length === 3)
    expect(ran).toEqual([
      { id: 1, name: 'Ada' },
      { id: 2, name: 'Alan' },
      { id: 3, name: 'Edsger' },
    ])
    await worker.stop()
    await listening.close()
  })
})

describe('transactions that do both', () => {
  it('may add a new kind of job by SQL, then by the library', async () => {
    const client = await newClient()
    await client.query('begin')
    await client.query(call(`'brand-new', '{}', queue => 'brand-new'`))
    const added = await ph.add('brand-new', {}, { queue: 'brand-new', tx: client })
    await client.query('commit')
    expect((await ph.get(added.id))?.state).toBe('ready')
  })

  it('do not hold up others that add a new kind of job by the library', async () => {
    const client = await newClient()
    await client.query('begin')
    await ph.add('newer', {}, { queue: 'newer', tx: client })
    expect((await ph.add('newer', {}, { queue: 'newer' })).state).toBe('ready')
    await client.query('rollback')
  })

  it('wait no longer for a rival than their own lock_timeout says, and leave it as it was', async () => {
    const [rival, client] = [await newClient(), await newClient()]
    await rival.query('begin')
    await rival.query(call(`'greet', '{}', key => 'contested'`))
    await client.query(`begin; set local lock_timeout = '20ms'; savepoint mine`)
    await expect(client.query(call(`'greet', '{}', key => 'contested'`))).rejects.toMatchObject({
      code: '55P03',
    })
    await client.query('rollback to savepoint mine')
    const busy = ph.add('greet', {}, { key: 'contested', tx: client })
    // Those that were called at the same time are not drawn into it.
    const beside = ph.add('greet', {}, { tx: client, delay: '1h' })
    await expect(busy).rejects.toMatchObject({ code: 'E_STORE_BUSY', field: 'tx' })
    expect((await beside).inserted).toBe(true)
    expect((await client.query('show lock_timeout')).rows).toEqual([{ lock_timeout: '20ms' }])
    await rival.query('rollback')
    await client.query(`set local lock_timeout = 0`)
    expect((await ph.add('greet', {}, { key: 'contested', tx: client })).inserted).toBe(true)
    expect((await client.query('show lock_timeout')).rows).toEqual([{ lock_timeout: '0' }])
    await client.query('rollback')
  })

  it('with a snapshot from before are told to begin anew', async () => {
    const client = await newClient()
    await client.query('begin isolation level repeatable read; select 1')
    await client.query(`select count(*) from ${schema}.jobs`)
    await ph.add('greet', {}, { key: 'seen too late', delay: '1h' })
    const late = ph.add('greet', {}, { key: 'seen too late', tx: client })
    await expect(late).rejects.toMatchObject({ code: 'E_TX_ABORTED', field: 'tx' })
    await client.query('rollback')
  })
})

describe('a role with the rights that the documentation lists', () => {
  it('adds jobs by SQL and by the library, and reads none', async () => {
    const doc = await readFile(
      fileURLToPath(new URL('../../../docs/transactions.md', import.meta.url)),
      'utf8',
    )
    const grants = /```sql\n(grant usage on schema posthaste to app;[^`]*)```/.exec(doc)?.[1] ?? ''
    const role = `app_${schema}`
    await onPostgres(`create role ${role} login`)
    onTestFinished(async () => void (await onPostgres(`drop owned by ${role}; drop role ${role}`)))
    await onPostgres(grants.replaceAll(/\bposthaste\b/g, schema).replaceAll(/\bto app\b/g, `to ${role}`))
    const client = await newClient(role)
    await client.query('begin')
    const { rows } = await client.query(call(`'granted', '{}', key => 'granted', delay => '1 hour'`))
    expect(await ph.add('granted', {}, { tx: client, key: 'granted' })).toMatchObject({
      id: rows[0].add_job,
      inserted: false,
    })
    const own = await ph.add('granted', {}, { tx: client })
    await client.query('commit')
    expect((await ph.get(own.id))?.state).toBe('ready')
    for (const what of ['payload from jobs', '* from finished', '* from logs']) {
      const [column, table] = what.split(' from ')
      await expect(client.query(`select ${column} from ${schema}.${table}`)).rejects.toMatchObject({
        code: '42501',
      })
    }
    await expect(client.query(`delete from ${schema}.ready`)).rejects.toMatchObject({ code: '42501' })
  })

  it('without them is told so', async () => {
    const role = `stranger_${schema}`
    await onPostgres(`create role ${role} login; grant usage on schema ${schema} to ${role}`)
    onTestFinished(async () => void (await onPostgres(`drop owned by ${role}; drop role ${role}`)))
    const client = await newClient(role)
    await client.query('begin')
    const refused = ph.add('granted', {}, { tx: client })
    await expect(refused).rejects.toMatchObject({ code: 'E_STORE_READ_ONLY', field: 'tx' })
    await client.query('rollback')
  })
})

it('a schema of any name has its functions', async () => {
  const odd = `odd "name" ${schema}`
  const other = await posthaste({ engine: `${await postgresUrl()}?schema=${encodeURIComponent(odd)}` })
  const quoted = `"${odd.replaceAll('"', '""')}"`
  const heard: Hint[] = []
  await other.engine.listen((hint) => heard.push(hint))
  const [[id] = []] = await onPostgres(`select ${quoted}.add_job('greet', '{"n":1}')`)
  expect((await other.get(id as string))?.payload).toEqual({ n: 1 })
  await until(() => heard.includes('ready'))
  await other.close()
  await onPostgres(`drop schema ${quoted} cascade`)
})
