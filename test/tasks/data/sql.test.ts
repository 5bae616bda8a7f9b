import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { BOUNDS } from '../../../src/tasks/data/limits.ts'
import { dataSchema, type Query } from '../../../src/tasks/data/payload.ts'
import { type QueryInput, runQuery } from '../../../src/tasks/data/sql.ts'

let dir = ''
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'posthaste-data-'))
  await writeFile(join(dir, 'orders.csv'), 'id,who,amount\n1,ada,10.50\n2,bob,3\n3,ada,-1\n')
  await writeFile(join(dir, 'people.ndjson'), '{"who":"ada","town":"Ulm"}\n{"who":"bob","town":"=cmd()"}\n')
  await writeFile(join(dir, 'secret.txt'), 'a secret')
})
afterAll(async () => await rm(dir, { recursive: true, force: true }))

let runs = 0
/** Runs a query as the task does: in an empty folder of its own. */
const run = async (given: unknown, target: string | null = null, signal = AbortSignal.timeout(20_000)) => {
  const payload = dataSchema.parse(given) as Query
  const inputs = Object.entries(payload.inputs).map(
    ([name, source]): QueryInput => ({
      ...{ name, source, path: join(dir, 'file' in source ? source.file : '') },
      format:
        source.format ?? (('file' in source ? source.file.split('.').at(-1) : 'csv') as QueryInput['format']),
    }),
  )
  runs += 1
  const workDir = join(dir, `work-${runs}`)
  await mkdir(workDir)
  const path = target === null ? null : join(workDir, target)
  const result = await runQuery({
    ...BOUNDS,
    payload,
    inputs,
    target: path,
    workDir,
    signal,
    onProgress: () => undefined,
  })
  return { ...result, path: path ?? '' }
}

const ORDERS = { orders: { file: 'orders.csv' } }
const fails = async (given: unknown, words: RegExp) =>
  await expect(run(given)).rejects.toMatchObject({ code: 'E_DATA', message: expect.stringMatching(words) })

describe('queries over files', () => {
  test('rows come back with the types of their columns', async () => {
    const sql = 'SELECT who, count(*) AS orders, sum(amount) AS total FROM orders GROUP BY who ORDER BY who'
    expect(await run({ sql, inputs: ORDERS })).toMatchObject({
      columns: [
        { name: 'who', type: 'VARCHAR' },
        { name: 'orders', type: 'BIGINT' },
        { name: 'total', type: 'DOUBLE' },
      ],
      rowsOut: 2,
      rows: [
        { who: 'ada', orders: 2, total: 9.5 },
        { who: 'bob', orders: 1, total: 3 },
      ],
      truncated: false,
    })
  })

  test('files of several formats are joined', async () => {
    const inputs = { ...ORDERS, people: { file: 'people.ndjson' } }
    const sql = 'SELECT DISTINCT town FROM orders JOIN people USING (who) ORDER BY 1 DESC'
    expect((await run({ sql, inputs })).rows).toEqual([{ town: 'Ulm' }, { town: '=cmd()' }])
  })

  test('parameters are values, whatever is in them', async () => {
    const [one, two] = ["x' OR 1=1 --", 'ada']
    const sql = 'SELECT $1 AS given, count(*) AS n FROM orders WHERE who = $2'
    expect((await run({ sql, inputs: ORDERS, parameters: [one, two] })).rows).toEqual([{ given: one, n: 2 }])
    const named = { sql: 'SELECT $who AS given', parameters: { who: 'ö' } }
    expect((await run(named)).rows).toEqual([{ given: 'ö' }])
  })

  test('numbers that JavaScript does not know exactly stay text', async () => {
    const sql =
      "SELECT 9007199254740993 AS large, 7::BIGINT AS small, 0.10::DECIMAL(9,2) AS price, DATE '2030-01-31' AS day, [1, NULL] AS list"
    expect((await run({ sql })).rows).toEqual([
      { large: '9007199254740993', small: 7, price: '0.10', day: '2030-01-31', list: [1, null] },
    ])
  })

  test('more rows than are kept are told', async () => {
    const { rows, truncated } = await run({ sql: 'SELECT * FROM range(50)', output: { limit: 3 } })
    expect([rows?.length, truncated]).toEqual([3, true])
    const long = await run({ sql: "SELECT repeat('x', 1000) FROM range(900)" })
    expect([long.truncated, (long.rows?.length ?? 0) < 900]).toEqual([true, true])
  })

  test.each([
    ['csv', 'who,n\nada,2\nbob,1\n'],
    ['ndjson', '{"who":"ada","n":2}\n{"who":"bob","n":1}\n'],
  ] as const)('a result is written as %s', async (format, written) => {
    const sql = 'SELECT who, count(*) AS n FROM orders GROUP BY who ORDER BY who -- of all'
    const { path, rowsOut, rows } = await run({ sql, inputs: ORDERS, output: { format } }, `out.${format}`)
    expect([await readFile(path, 'utf8'), rowsOut, rows]).toEqual([written, 2, undefined])
  })

  test('a result is written as Parquet, and read again', async () => {
    const { path } = await run({ sql: 'FROM range(1000) t(i)', output: { format: 'parquet' } }, 'out.parquet')
    expect((await readFile(path)).subarray(0, 4).toString()).toBe('PAR1')
    const again = { t: { file: path.slice(dir.length + 1) } }
    expect((await run({ sql: 'SELECT sum(i)::BIGINT AS s FROM t', inputs: again })).rows).toEqual([
      { s: 499_500 },
    ])
  })

  test('text that a spreadsheet would run is made harmless, numbers are not', async () => {
    const sql = "SELECT * FROM (VALUES ('=1+1', -5), ('@x', 2), ('-2', 0), ('ok', 1), (NULL, NULL)) t(a, b)"
    const { path } = await run({ sql, output: { format: 'csv' } }, 'safe.csv')
    expect(parse(await readFile(path, 'utf8'))).toEqual([
      ...[
        ['a', 'b'],
        ["'=1+1", '-5'],
        ["'@x", '2'],
        ["'-2", '0'],
        ['ok', '1'],
        ['', ''],
      ],
    ])
    const kept = await run({ sql, output: { format: 'csv', formulas: 'keep' } }, 'kept.csv')
    expect(parse(await readFile(kept.path, 'utf8'))[1]).toEqual(['=1+1', '-5'])
  })

  test('an aborted query ends at once', async () => {
    const stop = new AbortController()
    const running = run(
      { sql: 'SELECT count(*) FROM range(100000000000) t(i) WHERE i % 7 = 3' },
      null,
      stop.signal,
    )
    stop.abort(new Error('stop'))
    await expect(running).rejects.toThrow('stop')
  })

  test('what does not fit into memory goes to the folder, or says so', async () => {
    const sql = 'SELECT count(*)::BIGINT AS n FROM (SELECT DISTINCT hash(i) FROM range(3000000) t(i))'
    expect((await run({ sql })).rows).toEqual([{ n: 3_000_000 }])
  })
})

describe('queries that must not be trusted', () => {
  test.each([
    'SELECT 1; SELECT 2',
    'CREATE TABLE t AS SELECT 1',
    'DROP VIEW orders',
    "COPY orders TO 'x.csv'",
    "ATTACH 'x.db'",
    'INSTALL httpfs',
    'LOAD httpfs',
    'SET threads = 9',
    'EXPLAIN ANALYZE SELECT 1',
    'CALL pragma_version()',
    '',
    '-- nothing',
  ])('%j is refused', async (sql) => {
    await fails({ sql: sql === '' ? ' ' : sql, inputs: ORDERS }, /one SELECT|query failed/)
  })

  test.each([
    "SELECT * FROM read_text('DIR/secret.txt')",
    "SELECT * FROM read_text('DIR/work-0/../secret.txt')",
    "SELECT * FROM 'DIR/*.csv'",
    "SELECT * FROM glob('DIR/*')",
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM read_csv('https://127.0.0.1/x.csv')",
    "SELECT * FROM read_parquet('s3://bucket/x')",
    "SELECT * FROM sqlite_scan('DIR/secret.txt', 't')",
    "SELECT * FROM read_blob('/proc/self/environ')",
    "SELECT getenv('HOME')",
    "SELECT * FROM query('SELECT * FROM read_text(''DIR/secret.txt'')')",
  ])('%s reads nothing', async (sql) => {
    const seen = await run({ sql: sql.replaceAll('DIR', dir), inputs: ORDERS }).catch(
      (error: Error & { code?: string }) => error,
    )
    if (seen instanceof Error) expect(seen).toMatchObject({ code: 'E_DATA' })
    else expect(seen.rows).toEqual([])
    expect(JSON.stringify(seen)).not.toContain('a secret')
  })

  test('errors name inputs as the payload does, not where they lie', async () => {
    await writeFile(join(dir, 'bad.parquet'), 'this is no parquet')
    const error = await run({ sql: 'FROM t', inputs: { t: { file: 'bad.parquet' } } }).catch(
      (thrown: Error) => thrown,
    )
    expect(error).toMatchObject({ code: 'E_DATA' })
    expect(String(error)).not.toContain(dir)
  })

  test.each([
    [{ sql: '' }, 'sql'],
    [{ sql: 'SELECT 1', inputs: { 'a"b': { file: 'x' } } }, 'inputs'],
    [{ sql: 'SELECT 1', inputs: { a: { file: 'x', url: 'https://x.example/' } } }, 'inputs'],
    [{ sql: 'SELECT 1', output: { format: 'xls' } }, 'output'],
    [{ sql: 'SELECT 1', transform: {} }, ''],
    [{}, ''],
  ])('%j is refused', (given, where) => {
    const { error } = dataSchema.safeParse(given)
    expect(JSON.stringify(error?.issues)).toContain(where)
    expect(error).toBeDefined()
  })
})
