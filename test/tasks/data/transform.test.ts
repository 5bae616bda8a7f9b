import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { BOUNDS } from '../../../src/tasks/data/limits.ts'
import { dataSchema, type Streaming } from '../../../src/tasks/data/payload.ts'
import { runStream } from '../../../src/tasks/data/stream.ts'

let dir = ''
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'posthaste-transform-'))
})
afterAll(async () => await rm(dir, { recursive: true, force: true }))

let runs = 0
const run = async (csv: string | Buffer, given: object, isFile = false) => {
  runs += 1
  const path = join(dir, `in-${runs}.csv`)
  await writeFile(path, csv)
  const payload = dataSchema.parse({
    transform: {},
    input: { file: 'x.csv', ...('input' in given ? (given.input as object) : {}) },
    output: { format: isFile ? 'csv' : 'rows' },
    ...Object.fromEntries(Object.entries(given).filter(([name]) => name !== 'input')),
  }) as Streaming
  const target = isFile ? join(dir, `out-${runs}`) : null
  const result = await runStream({
    ...BOUNDS,
    ...{ payload, path, target, signal: AbortSignal.timeout(20_000) },
    onProgress: () => undefined,
  })
  return { ...result, written: target === null ? '' : await readFile(target, 'utf8') }
}
const rows = async (csv: string, transform: object, more: object = {}) =>
  (await run(csv, { transform, ...more })).rows

const SHOP = 'id,who,amount\n1, Ada ,10.5\n2,Bob,3\n3,Ada,-1\n4,,7\n'

describe('transforms of a CSV', () => {
  test('nothing asked for: all as it is', async () => {
    expect(await run(SHOP, {})).toMatchObject({
      columns: ['id', 'who', 'amount'],
      rowsIn: 4,
      rowsOut: 4,
      badLines: 0,
    })
    expect((await run(SHOP, {}, true)).written).toBe(
      'id,who,amount\r\n1, Ada ,10.5\r\n2,Bob,3\r\n3,Ada,-1\r\n4,,7\r\n',
    )
  })

  test.each([
    [{ column: 'who', is: 'equal', value: 'Bob' }, '2'],
    [{ column: 'amount', is: 'equal', value: 3 }, '2'],
    [{ column: 'who', is: 'not', value: 'Bob' }, '134'],
    [{ column: 'who', is: 'containing', value: 'da' }, '13'],
    [{ column: 'who', is: 'beginning', value: 'A' }, '3'],
    [{ column: 'amount', is: 'above', value: 3 }, '14'],
    [{ column: 'amount', is: 'below', value: 3 }, '3'],
    [{ column: 'id', is: 'above', value: '2' }, '34'],
    [{ column: 'who', is: 'empty' }, '4'],
    [{ column: 'who', is: 'present' }, '123'],
  ])('%j', async (condition, ids) => {
    expect((await rows(SHOP, { where: [condition], columns: ['id'] }))?.map(({ id }) => id).join('')).toBe(
      ids,
    )
  })

  test('columns are picked, named and changed', async () => {
    const columns = [
      { name: 'name', from: 'who', as: 'trimmed', default: 'nobody' },
      { name: 'loud', from: 'who', as: 'upper' },
      { name: 'amount', as: 'number' },
    ]
    expect(await rows(SHOP, { columns })).toEqual([
      { name: 'Ada', loud: ' ADA ', amount: '10.5' },
      { name: 'Bob', loud: 'BOB', amount: '3' },
      { name: 'Ada', loud: 'ADA', amount: '-1' },
      { name: 'nobody', loud: '', amount: '7' },
    ])
  })

  test('lines are added up by group', async () => {
    const columns = [{ name: 'who', as: 'trimmed' }, 'amount']
    const values = {
      n: 'count',
      total: { sum: 'amount' },
      least: { min: 'amount' },
      most: { max: 'amount' },
      mean: { average: 'amount' },
    }
    expect(await rows(SHOP, { columns, aggregate: { by: ['who'], values } })).toEqual([
      { who: 'Ada', n: '2', total: '9.5', least: '-1', most: '10.5', mean: '4.75' },
      { who: 'Bob', n: '1', total: '3', least: '3', most: '3', mean: '3' },
      { who: '', n: '1', total: '7', least: '7', most: '7', mean: '7' },
    ])
    expect(await rows('a\n', { aggregate: { values: { n: 'count' } } })).toEqual([])
  })

  test('cents stay cents', async () => {
    const csv = `amount\n${'0.1\n'.repeat(10_000)}`
    expect(await rows(csv, { aggregate: { values: { total: { sum: 'amount' } } } })).toEqual([
      { total: '1000' },
    ])
  })

  test('any text comes through a file and back', async () => {
    const cell = fc.string({ unit: 'grapheme', maxLength: 20 }).map((text) => text.replaceAll('\0', ''))
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(cell, cell), { maxLength: 20 }), async (lines) => {
        const csv = [['a', 'b'], ...lines]
          .map((line) => line.map((text) => `"${text.replaceAll('"', '""')}"`).join(','))
          .join('\n')
        const { written } = await run(csv, { output: { format: 'csv', formulas: 'keep' } }, true)
        // A line of one empty value cannot be told from an empty line; ours have two.
        expect(parse(written, { relax_column_count: true })).toEqual([['a', 'b'], ...lines])
      }),
      { numRuns: 50 },
    )
  })

  test('text that a spreadsheet would run is made harmless', async () => {
    const { written } = await run('a,b\n=1+1,-5\n@x,+49 123\n-1e3,\tx\n', {}, true)
    expect(parse(written).slice(1)).toEqual([
      ["'=1+1", '-5'],
      ["'@x", "'+49 123"],
      ['-1e3', "'\tx"],
    ])
  })

  test('another delimiter, no header, a byte order mark', async () => {
    const input = { delimiter: ';', header: false }
    expect(await rows('\uFEFF1;x\n2;y\n', { columns: ['column2'] }, { input })).toEqual([
      { column2: 'x' },
      { column2: 'y' },
    ])
  })

  test('lines that are no good CSV fail the job, or are left out and counted', async () => {
    const csv = 'a,b\n1,2\n3\n4,5\n'
    await expect(run(csv, {})).rejects.toMatchObject({
      code: 'E_DATA',
      message: expect.stringMatching(/badLines/),
    })
    expect(await run(csv, { badLines: 'skip' })).toMatchObject({ rowsIn: 2, badLines: 1 })
  })

  test.each([
    [{ where: [{ column: 'x', is: 'empty' }] }, 'where', /no column "x".*"id", "who", "amount"/],
    [{ columns: ['x'] }, 'columns', /no column "x"/],
    [{ columns: ['id', 'id'] }, 'columns', /Two columns/],
    [{ aggregate: { by: ['x'], values: { n: 'count' } } }, 'aggregate.by', /no column/],
    [{ columns: [{ name: 'who', as: 'number' }] }, 'columns', /Line 1: who is no number: " Ada "/],
    [{ aggregate: { values: { s: { sum: 'who' } } } }, 'aggregate.values', /Line 1: s cannot count/],
  ])('%j is refused', async (transform, field, words) => {
    await expect(run(SHOP, { transform })).rejects.toMatchObject({
      ...{ code: 'E_DATA', field: `payload.transform.${field}`, message: expect.stringMatching(words) },
    })
  })

  test.each([
    ['', /empty/],
    ['a,a\n1,2\n', /Two columns/],
    [`a\n"${'x'.repeat(2 * 1024 * 1024)}\n`, /CSV/],
    [`${'a,'.repeat(1_001)}\n`, /1,000 are possible|Two columns/],
  ])('a file that cannot be read is refused', async (csv, words) => {
    await expect(run(csv, {})).rejects.toMatchObject({
      code: 'E_DATA',
      message: expect.stringMatching(words),
    })
  })

  test('too many groups are refused before they fill the memory', async () => {
    const csv = `a\n${Array.from({ length: 100_001 }, (_, i) => i).join('\n')}\n`
    await expect(
      run(csv, { transform: { aggregate: { by: ['a'], values: { n: 'count' } } } }),
    ).rejects.toThrow(/100,000 groups/)
  })

  test.each([
    [{ input: { file: 'x' }, transform: { where: [{ column: 'a', is: 'equal' }] } }, 'needs a value'],
    [
      { input: { file: 'x' }, transform: { where: [{ column: 'a', is: 'empty', value: 1 }] } },
      'takes no value',
    ],
    [{ input: { file: 'x', format: 'parquet' }, transform: {} }, 'reads CSV'],
    [{ input: { file: 'x' }, transform: {}, output: { format: 'parquet' } }, 'Parquet comes from a query'],
  ])('%j is refused', (given, words) => {
    expect(JSON.stringify(dataSchema.safeParse(given).error?.issues)).toContain(words)
  })
})
