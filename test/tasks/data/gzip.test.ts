import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { BOUNDS } from '../../../src/tasks/data/limits.ts'
import { dataSchema, type Query, type Streaming } from '../../../src/tasks/data/payload.ts'
import { runQuery } from '../../../src/tasks/data/sql.ts'
import { runStream } from '../../../src/tasks/data/stream.ts'

let dir = ''
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'posthaste-gzip-'))
})
afterAll(async () => await rm(dir, { recursive: true, force: true }))

const LINES = 2_000
const AS_CSV = `id,amount\n${Array.from({ length: LINES }, (_, id) => `${id},${(id * 7) % 100}\n`).join('')}`
const AS_NDJSON = Array.from({ length: LINES }, (_, id) => `{"id":${id},"amount":${(id * 7) % 100}}\n`).join(
  '',
)
const TOTAL = Array.from({ length: LINES }, (_, id) => (id * 7) % 100).reduce((sum, one) => sum + one, 0)
const TOTALS = 'SELECT count(*) AS n, sum(amount)::BIGINT AS total FROM t'

let runs = 0
const paths = async (bytes: Buffer) => {
  runs += 1
  const [path, workDir] = [join(dir, `in-${runs}`), join(dir, `work-${runs}`)]
  await writeFile(path, bytes)
  await mkdir(workDir)
  return { path, workDir, target: join(workDir, 'out') }
}
const common = { ...BOUNDS, signal: AbortSignal.timeout(30_000), onProgress: () => undefined }

type Format = 'csv' | 'ndjson' | 'json'
const query = async (bytes: Buffer, format: Format = 'csv', bounds = {}, output: object | null = null) => {
  const { path, workDir, target } = await paths(bytes)
  const sql = output === null ? TOTALS : 'SELECT id, amount FROM t ORDER BY id'
  const source = { file: 'x', format }
  const payload = dataSchema.parse({ sql, inputs: { t: source }, output: output ?? {} }) as Query
  const inputs = [{ name: 't', path, format, source: { ...source, header: true } }]
  const to = output === null ? null : target
  const result = await runQuery({ ...common, ...bounds, payload, inputs, workDir, target: to })
  return { ...result, target }
}
const transform = async (bytes: Buffer, bounds = {}, output: object | null = null, more = {}) => {
  const { path, target } = await paths(bytes)
  const aggregate = { values: { n: 'count', total: { sum: 'amount' } } }
  const payload = dataSchema.parse({
    ...{ input: { file: 'x' }, transform: output === null ? { aggregate } : {} },
    ...{ output: output ?? { format: 'rows' }, ...more },
  }) as Streaming
  const result = await runStream({
    ...common,
    ...bounds,
    payload,
    path,
    target: output === null ? null : target,
  })
  return { ...result, target }
}

const PACKED = gzipSync(AS_CSV)
const half = (bytes: Buffer) => bytes.subarray(0, bytes.length >> 1)
/** The last bytes are a checksum and a length. */
const withWrongSum = (bytes: Buffer) => {
  const copy = Buffer.from(bytes)
  copy[copy.length - 6] = (copy[copy.length - 6] as number) ^ 1
  return copy
}

describe('compressed inputs', () => {
  test.each([
    ['csv', AS_CSV],
    ['ndjson', AS_NDJSON],
    ['json', `[${AS_NDJSON.trim().replaceAll('\n', ',')}]`],
  ] as const)('a query reads %s', async (format, text) => {
    expect((await query(gzipSync(text), format)).rows).toEqual([{ n: LINES, total: TOTAL }])
  })

  test('a transform reads CSV, and progress is a share of the file', async () => {
    const shares: number[] = []
    const onProgress = (share: number) => void shares.push(share)
    const { rows, rowsIn } = await transform(PACKED, { onProgress })
    expect([rows, rowsIn]).toEqual([[{ n: String(LINES), total: String(TOTAL) }], LINES])
    expect(shares.at(-1)).toBe(1)
  })

  test('a file of several parts, as log rotation makes them, is one file', async () => {
    const [first, rest] = [AS_CSV.slice(0, 5_000), AS_CSV.slice(5_000)]
    const parts = Buffer.concat([gzipSync(first), gzipSync(rest)])
    expect((await query(parts)).rows).toEqual([{ n: LINES, total: TOTAL }])
    expect((await transform(parts)).rows).toEqual([{ n: String(LINES), total: String(TOTAL) }])
  })

  // The query engine itself answers the first half of the lines, and does not look at the checksum.
  test.each([
    ['cut off', half(PACKED)],
    ['cut off before the checksum', PACKED.subarray(0, -8)],
    ['of a wrong checksum', withWrongSum(PACKED)],
    ['of two bytes', PACKED.subarray(0, 2)],
  ])('one that is %s is refused, not half read', async (_, bytes) => {
    const error = { code: 'E_DATA', message: expect.stringMatching(/no good gzip/) }
    await expect(query(bytes)).rejects.toMatchObject({ ...error, field: 'payload.inputs.t' })
    await expect(transform(bytes)).rejects.toMatchObject({ ...error, field: 'payload.input' })
    await expect(transform(bytes, {}, null, { badLines: 'skip' })).rejects.toMatchObject(error)
  })

  test('NDJSON that is cut off between two lines is refused', async () => {
    const cut = half(gzipSync('{"amount":1}\n'.repeat(100_000)))
    await expect(query(cut, 'ndjson')).rejects.toMatchObject({
      message: expect.stringMatching(/no good gzip/),
    })
  })

  test('one that holds more than is allowed is refused', async () => {
    const error = { code: 'E_DATA', message: expect.stringMatching(/more than 10,000 bytes/) }
    await expect(query(PACKED, 'csv', { expandedBytesMax: 10_000 })).rejects.toMatchObject(error)
    await expect(transform(PACKED, { expandedBytesMax: 10_000 })).rejects.toMatchObject(error)
    const exactly = { expandedBytesMax: Buffer.byteLength(AS_CSV) }
    expect((await query(PACKED, 'csv', exactly)).rowsOut).toBe(1)
    expect((await transform(PACKED, exactly)).rowsOut).toBe(1)
  })

  test('one that is stopped ends with the reason', async () => {
    const signal = AbortSignal.abort(new Error('stop'))
    await expect(query(PACKED, 'csv', { signal })).rejects.toThrow('stop')
    await expect(transform(PACKED, { signal })).rejects.toThrow('stop')
  })
})

describe('compressed outputs', () => {
  test.each([
    ['csv', { file: 'a.csv.gz' }],
    ['csv', { compression: 'gzip' }],
    ['ndjson', { file: 'a.ndjson.gz' }],
  ] as const)('%s by %j', async (format, more) => {
    const output = { format, ...more }
    const text = format === 'csv' ? AS_CSV : AS_NDJSON
    const queried = await query(Buffer.from(AS_CSV), 'csv', {}, output)
    expect(gunzipSync(await readFile(queried.target)).toString()).toBe(text)
    const transformed = await transform(Buffer.from(AS_CSV), {}, output)
    const written = gunzipSync(await readFile(transformed.target)).toString()
    expect(written.replaceAll('\r\n', '\n')).toBe(text.replace(/:(\d+)/g, format === 'csv' ? ':$1' : ':"$1"'))
  })

  test('a name that ends in .gz need not be compressed, and Parquet never is', async () => {
    const plain = await transform(PACKED, {}, { format: 'csv', file: 'a.gz', compression: 'none' })
    expect((await readFile(plain.target, 'utf8')).slice(0, 9)).toBe('id,amount')
    const parquet = await query(PACKED, 'csv', {}, { format: 'parquet', file: 'a.gz' })
    expect((await readFile(parquet.target)).subarray(0, 4).toString()).toBe('PAR1')
    const refused = dataSchema.safeParse({
      sql: 'SELECT 1',
      output: { format: 'parquet', compression: 'gzip' },
    })
    expect(JSON.stringify(refused.error?.issues)).toContain('Parquet packs itself')
  })

  test.each([{}, { compression: 'gzip' }])('a file larger than is allowed is refused: %j', async (more) => {
    const output = { format: 'csv', ...more } as const
    const error = { code: 'E_DATA', message: expect.stringMatching(/larger than 2,000 bytes/) }
    await expect(query(PACKED, 'csv', { outputBytesMax: 2_000 }, output)).rejects.toMatchObject(error)
    await expect(transform(PACKED, { outputBytesMax: 2_000 }, output)).rejects.toMatchObject(error)
  })
})

describe('text that is no UTF-8', () => {
  const LATIN = Buffer.from('id,amount\nMünchen,1\n', 'latin1')
  test.each([
    ['Latin-1', LATIN],
    ['UTF-16', Buffer.from('\uFEFFid,amount\n1,1\n', 'utf16le')],
    ['cut off within a letter', Buffer.from('id,amount\n1,ü').subarray(0, -1)],
  ])('%s is refused', async (_, bytes) => {
    const error = { code: 'E_DATA', message: expect.stringMatching(/UTF-8/i) }
    await expect(transform(bytes)).rejects.toMatchObject(error)
    await expect(transform(gzipSync(bytes))).rejects.toMatchObject(error)
  })

  test('letters of several bytes may lie across two reads', async () => {
    // Reads are of 256 KiB: letters of four bytes lie across their ends, whatever stands before them.
    for (const before of ['', 'x', 'xy', 'xyz']) {
      const text = `id,amount\n${before}${'🦆,1\n€,1\n'.repeat(25_000)}`
      expect((await transform(Buffer.from(text))).rows).toEqual([{ n: '50000', total: '50000' }])
    }
  })
})
