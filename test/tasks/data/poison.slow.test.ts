import { readdirSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { DuckDBInstance } from '@duckdb/node-api'
import type { Job } from 'posthaste'
import type { DataInput } from 'posthaste/tasks/data'
import { expect, onTestFinished, test } from 'vitest'
import { ensureBuilt } from '../../cli/program.ts'
import { installation } from './installation.ts'

/** Tables and queries that loop, swell, lie and reach out: each through the task, beside jobs of others. */

const PATIENCE_MS = 60_000
const EXPANDED_BYTES_MAX = 8_000_000
const OUTPUT_BYTES_MAX = 8_000_000
/** A neighbour for every so many poisons. */
const POISONS_A_NEIGHBOUR = 4
const HANGS = { timeout: 500 }

interface Poison {
  readonly payload: DataInput
  readonly options?: typeof HANGS
  /** How it ends: done, or dead with a code and words for people. */
  readonly ends: 'completed' | readonly [code: string, says: RegExp]
}

const sql = (text: string, ends: Poison['ends'], more: Partial<Poison> = {}): Poison => ({
  ...{ payload: { sql: text, inputs: { orders: { file: 'orders.csv' } } }, ends, ...more },
})
const read = (file: string, ends: Poison['ends'], text = 'SELECT count(*) AS n FROM t'): Poison => ({
  ...{ payload: { sql: text, inputs: { t: { file } } }, ends },
})
const stream = (file: string, ends: Poison['ends'], output: DataInput['output'] = { format: 'rows' }) => ({
  ...{ payload: { input: { file }, transform: {}, output }, ends },
})

const ENDLESS = 'SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE (a.range * b.range) % 7 = 3'
const READS_ONLY = ['E_DATA', /one SELECT|query failed/] as const
const SHUT = [
  'E_DATA',
  /query failed: .*(?:disabled|not allowed|permission|locked|exist|extension|auto)/i,
] as const

const poisons = (port: number): Record<string, Poison> => ({
  'a join without an end': sql(ENDLESS, ['E_JOB_TIMEOUT', /500 ms/], { options: HANGS }),
  'a recursion without an end': sql(
    'WITH RECURSIVE r AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM r) SELECT count(*) FROM r',
    ['E_JOB_TIMEOUT', /500 ms/],
    { options: HANGS },
  ),
  'a text larger than memory': sql("SELECT length(string_agg(repeat('x', 1000000), '')) FROM range(2000)", [
    'E_DATA',
    /memory|too large|size/i,
  ]),
  'a list larger than memory': sql('SELECT list(i) FROM range(1000000000) t(i)', ['E_DATA', /memory/i]),
  'brackets without an end': sql(`SELECT ${'('.repeat(30_000)}1${')'.repeat(30_000)}`, READS_ONLY),
  'a file without an end': {
    payload: { sql: "SELECT repeat('x', 1000) FROM range(1000000000000)", output: { format: 'csv' } },
    ends: ['E_DATA', /larger than 8,000,000 bytes/],
  },
  COPY: sql("COPY orders TO 'x.csv'", READS_ONLY),
  ATTACH: sql("ATTACH '../jobs.db'", READS_ONLY),
  INSTALL: sql('INSTALL httpfs', READS_ONLY),
  LOAD: sql('LOAD httpfs', READS_ONLY),
  SET: sql("SET memory_limit = '100GB'", READS_ONLY),
  PRAGMA: sql("PRAGMA memory_limit = '100GB'", READS_ONLY),
  'another file': sql("SELECT * FROM read_text('/etc/passwd')", SHUT),
  'the environment': sql("SELECT getenv('HOME')", ['E_DATA', /getenv/]),
  http: sql(`SELECT * FROM read_csv('http://127.0.0.1:${port}/a.csv')`, SHUT),
  https: sql(`SELECT * FROM read_parquet('https://127.0.0.1:${port}/a.parquet')`, SHUT),
  s3: sql("SELECT * FROM read_parquet('s3://bucket/a.parquet')", SHUT),
  'a Parquet cut off': read('cut.parquet', ['E_DATA', /magic bytes/]),
  'a Parquet of noise': read('noise.parquet', ['E_DATA', /query failed/]),
  'a Parquet with noise inside': read(
    'holes.parquet',
    ['E_DATA', /query failed/],
    'SELECT sum(i), max(s) FROM t',
  ),
  'a line of 100 MB': read('long.csv', ['E_DATA', /query failed: .*CSV/]),
  'a line of 100 MB, streamed': stream('long.csv', ['E_DATA', /no good CSV/]),
  'a quote never closed': read('quote.csv', ['E_DATA', /query failed/]),
  'a quote never closed, streamed': stream('quote.csv', ['E_DATA', /no good CSV/]),
  '100,000 columns': read('wide.csv', ['E_DATA', /query failed/]),
  '100,000 columns, streamed': stream('wide.csv', ['E_DATA', /100,000 columns/]),
  'NUL bytes': read('zero-bytes.csv', 'completed', 'FROM t'),
  'NUL bytes, streamed': stream('zero-bytes.csv', 'completed'),
  'no UTF-8': read('latin.csv', ['E_DATA', /utf-?8|unicode/i]),
  'no UTF-8, streamed': stream('latin.csv', ['E_DATA', /UTF-8/]),
  'no UTF-8 in NDJSON': read('latin.ndjson', ['E_DATA', /UTF-8/]),
  // The engine follows the brackets until its stack is full; what the process is for.
  'JSON of a million brackets': read('deep.ndjson', ['E_CHILD_CRASHED', /SIGSEGV/]),
  'a bomb of lines': read('bomb.csv.gz', ['E_DATA', /more than 8,000,000 bytes/]),
  'a bomb of lines, streamed': stream('bomb.csv.gz', ['E_DATA', /more than 8,000,000 bytes/]),
  'a bomb of zeros': read('zeros.csv.gz', ['E_DATA', /more than 8,000,000 bytes/]),
  'a bomb of zeros, streamed': stream('zeros.csv.gz', ['E_DATA', /no good CSV|more than/]),
  'a bomb of NDJSON': read('bomb.ndjson.gz', ['E_DATA', /more than 8,000,000 bytes/]),
})

/** A sound Parquet, made by an engine that nothing has been told. */
const writeParquet = async (path: string) => {
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  const rows = "SELECT i, 'text ' || hash(i) AS s FROM range(20000) t(i)"
  await connection.run(`COPY (${rows}) TO '${path}' (FORMAT parquet)`)
  connection.closeSync()
  instance.closeSync()
}

const writeTables = async (files: string) => {
  const write = (name: string, content: string | Buffer) => writeFile(join(files, name), content)
  await writeParquet(join(files, 'good.parquet'))
  const parquet = await readFile(join(files, 'good.parquet'))
  await write('cut.parquet', parquet.subarray(0, parquet.length >> 1))
  const noise = Buffer.from(Array.from({ length: 4_096 }, (_, i) => (i * 7_919) % 251))
  await write(
    'noise.parquet',
    Buffer.concat([Buffer.from('PAR1'), noise, Buffer.from([200, 8, 0, 0]), Buffer.from('PAR1')]),
  )
  noise.copy(parquet, 1_000)
  await write('holes.parquet', parquet)
  await write('long.csv', Buffer.concat([Buffer.from('a,b\n1,2\n'), Buffer.alloc(100_000_000, 'x')]))
  await write('quote.csv', `a,b\n1,"${'2\n3,4\n'.repeat(2_000_000)}`)
  const wide = (cell: (n: number) => string) => Array.from({ length: 100_000 }, (_, n) => cell(n)).join(',')
  await write('wide.csv', `${wide((n) => `c${n}`)}\n${wide(() => '1')}\n`)
  await write('zero-bytes.csv', 'a,b\nx\0y,1\n\0,2\n')
  await write('latin.csv', Buffer.from('a,b\nMünchen,1\n', 'latin1'))
  await write('latin.ndjson', Buffer.from('{"a":"München"}\n', 'latin1'))
  await write('deep.ndjson', `${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}\n`)
  await write('bomb.csv.gz', gzipSync(`a,b\n${'123456,a line like any other\n'.repeat(1_000_000)}`))
  await write('zeros.csv.gz', gzipSync(Buffer.alloc(100_000_000)))
  await write('bomb.ndjson.gz', gzipSync('{"a":123456}\n'.repeat(1_000_000)))
}

test('no table and no query harms anybody else', async () => {
  await ensureBuilt()
  const before = process.env['TMPDIR']
  const temporary = await mkdtemp(join(tmpdir(), 'posthaste-poison-'))
  onTestFinished(async () => {
    if (before === undefined) delete process.env['TMPDIR']
    else process.env['TMPDIR'] = before
    await rm(temporary, { recursive: true, force: true })
  })
  let knocks = 0
  const listener = createServer((socket) => {
    knocks += 1
    socket.destroy()
  })
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void listener.close())

  // Children get their folders here, and keep what they write in them.
  process.env['TMPDIR'] = temporary
  const { ph, worker, files } = await installation({
    expandedBytesMax: EXPANDED_BYTES_MAX,
    outputBytesMax: OUTPUT_BYTES_MAX,
  })
  await writeTables(files)

  const jobs: { name: string; id: string; ends: Poison['ends'] }[] = []
  const neighbours: string[] = []
  const all = Object.entries(poisons((listener.address() as AddressInfo).port))
  for (const [name, { payload, options, ends }] of all) {
    jobs.push({ name, ends, id: (await ph.add('data', payload, { maxRetries: 0, ...options })).id })
    if (jobs.length % POISONS_A_NEIGHBOUR !== 0) continue
    const sum = { sql: 'SELECT sum(amount)::INT AS s FROM t', inputs: { t: { file: 'orders.csv' } } }
    neighbours.push((await ph.add('data', sum)).id)
  }

  const wrong: string[] = []
  const told = (job: Job) =>
    `${job.state} ${job.reason} ${job.lastError?.code}: ${job.lastError?.message.slice(0, 400)}`
  for (const { name, ends, id } of jobs) {
    const job = await ph.waitFor(id, { timeout: PATIENCE_MS })
    const { code = '', message = '' } = job.lastError ?? {}
    const isAsSaid =
      ends === 'completed'
        ? job.state === 'completed'
        : job.state === 'dead' && code === ends[0] && ends[1].test(message) && !message.includes(files)
    if (!isAsSaid) wrong.push(`${name}: ${told(job)}`)
  }
  expect(wrong).toEqual([])

  for (const id of neighbours) {
    const job = await ph.waitFor(id, { timeout: PATIENCE_MS })
    expect([job.state, job.attempt, job.output]).toMatchObject(['completed', 1, { rows: [{ s: 16 }] }])
  }
  expect(worker.mode).toBe('running')
  expect(knocks).toBe(0)
  await ph.close()
  // What they wrote is gone with their children.
  const left = () => readdirSync(temporary).filter((name) => /^(posthaste-child|data)-/.test(name))
  await expect.poll(left, { timeout: PATIENCE_MS }).toEqual([])
}, 240_000)
