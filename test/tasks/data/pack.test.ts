import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { DataInput, DataJobOutput } from 'posthaste/tasks/data'
import { expect, test } from 'vitest'
import { installation } from './installation.ts'

const BY_COUNTRY = 'SELECT country, sum(amount)::INT AS total FROM orders GROUP BY country ORDER BY country'
const ORDERS = { orders: { file: 'orders.csv' } }

test('a query answers with rows', async () => {
  const { run } = await installation()
  const job = await run({ sql: BY_COUNTRY, inputs: ORDERS })
  expect(job).toMatchObject({
    state: 'completed',
    output: {
      rows: [
        { country: 'DE', total: 11 },
        { country: 'FR', total: 5 },
      ],
      rowsOut: 2,
      truncated: false,
    },
  })
})

test('a query writes a file, and a blob that another query reads', async () => {
  const { files, run, ph } = await installation()
  const written = await run({
    sql: BY_COUNTRY,
    inputs: ORDERS,
    output: { format: 'csv', file: 'out/by-country.csv' },
  })
  expect(written.output).toMatchObject({ rowsOut: 2, bytes: 25, file: 'out/by-country.csv' })
  expect(await readFile(join(files, 'out/by-country.csv'), 'utf8')).toBe('country,total\nDE,11\nFR,5\n')
  const kept = (await run({ sql: BY_COUNTRY, inputs: ORDERS, output: { format: 'parquet' } }))
    .output as DataJobOutput
  expect(kept.blob).toMatchObject({ name: 'result.parquet' })
  expect((await ph.blobs.info(kept.blob?.$blob as string))?.size).toBe(kept.bytes)
  const t = { $blob: kept.blob?.$blob as string, format: 'parquet' as const }
  expect((await run({ sql: 'SELECT sum(total)::INT AS s FROM t', inputs: { t } })).output).toMatchObject({
    rows: [{ s: 16 }],
  })
})

test('a transform writes a file', async () => {
  const { files, run } = await installation()
  const aggregate = { by: ['country'], values: { total: { sum: 'amount' } } }
  const job = await run({
    input: { file: 'orders.csv' },
    transform: { aggregate },
    output: { format: 'csv', file: 'totals.csv' },
  })
  expect(job.output).toMatchObject({ rowsIn: 3, rowsOut: 2, badLines: 0, file: 'totals.csv' })
  expect(await readFile(join(files, 'totals.csv'), 'utf8')).toBe('country,total\r\nDE,11\r\nFR,5\r\n')
})

test.each([
  [{ sql: 'SELEKT 1' }, 'E_DATA'],
  [{ sql: 'FROM t', inputs: { t: { file: '../jobs.db', format: 'csv' } } }, 'E_FILE'],
  [{ sql: 'FROM t', inputs: { t: { file: 'orders.csv', format: 'parquet' } } }, 'E_DATA'],
  [{ sql: 'FROM t', inputs: { t: { file: 'orders' } } }, 'E_FILE'],
  [{ input: { file: 'orders.csv' }, transform: { columns: ['x'] } }, 'E_DATA'],
] satisfies [DataInput, string][])('%j ends dead with %s', async (payload, code) => {
  const { run } = await installation()
  const job = await run(payload)
  expect([job.state, job.lastError?.code]).toEqual(['dead', code])
})

test('a cancelled job stops its query', async () => {
  const { ph } = await installation()
  const { id } = await ph.add('data', {
    sql: 'SELECT count(*) FROM range(1000000000000) t(i) WHERE i % 7 = 3',
  })
  await expect.poll(async () => (await ph.get(id))?.state, { timeout: 15_000 }).toBe('running')
  await ph.cancel(id)
  expect((await ph.waitFor(id, { timeout: '15s' })).state).toBe('cancelled')
})
