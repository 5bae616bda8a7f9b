import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { DuckDBInstance, type Json } from '@duckdb/node-api'
import { parse } from 'csv-parse/sync'
import type { DataInput, DataJobOutput } from 'posthaste/tasks/data'
import { expect, test } from 'vitest'
import { installation } from './installation.ts'

/** What jobs write is read by others: by an engine of its own without the task's settings, and line by line. */

const LINES = 1_000
const NOTES = ['plain', 'with, a comma', 'with "quotes"', 'on two\nlines', 'Zürich 🦆', "it's", ' spaces ']
interface Line {
  readonly id: number
  readonly cents: number
  readonly note: string
}
const INPUT: readonly Line[] = Array.from({ length: LINES }, (_, id) => ({
  ...{ id, cents: ((id * 7_919) % 20_011) - 10_000 },
  note: `${NOTES[id % NOTES.length]} ${id}`,
}))
const AS_CSV = `id,cents,note\n${INPUT.map((one) => `${one.id},${one.cents},"${one.note.replaceAll('"', '""')}"\n`).join('')}`
const wanted = INPUT.filter(({ cents }) => cents > 0)
/** One figure for a whole column of texts. */
const digest = (texts: readonly string[]) => createHash('sha256').update(texts.join('\0')).digest('hex')
const truth = (lines: readonly Line[]) => ({
  rows: lines.length,
  cents: lines.reduce((sum, { cents }) => sum + cents, 0),
  notes: digest(lines.map(({ note }) => note)),
})

/** The answer of an engine that nothing has been told. */
const askedBare = async (path: string, reader: string) => {
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  try {
    const sql = `SELECT id, cents, note FROM ${reader}('${path.replaceAll("'", "''")}') ORDER BY id::INT`
    const rows = (await connection.runAndReadAll(sql)).getRowsJson() as [Json, Json, string][]
    return truth(rows.map(([id, cents, note]) => ({ id: Number(id), cents: Number(cents), note })))
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}
const asLines = (rows: readonly Record<string, unknown>[]): readonly Line[] =>
  rows.map((row) => ({ id: Number(row['id']), cents: Number(row['cents']), note: String(row['note']) }))
/** What a reader without an engine finds; Parquet has none here but its frame. */
const readPlainly = (bytes: Buffer, format: string) => {
  if (format === 'csv') return asLines(parse(bytes, { columns: true }))
  return asLines(
    bytes
      .toString()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)),
  )
}

const query = (output: DataInput['output'], file: string): DataInput => ({
  ...{ sql: 'SELECT id, cents, note FROM t WHERE cents > 0 ORDER BY id', inputs: { t: { file } }, output },
})
const transform = (output: DataInput['output'], file: string): DataInput => ({
  ...{ input: { file }, transform: { where: [{ column: 'cents', is: 'above', value: 0 }] }, output },
})
const READERS = { csv: 'read_csv', ndjson: 'read_json', parquet: 'read_parquet' }

test('what jobs write is what others read, and what its output says', async () => {
  const { ph, files, run } = await installation()
  await writeFile(join(files, 'in.csv'), AS_CSV)
  await writeFile(join(files, 'in.csv.gz'), gzipSync(AS_CSV))
  const expected = truth(wanted)
  for (const [make, input, format, file] of [
    [query, 'in.csv', 'csv', 'q.csv'],
    [query, 'in.csv.gz', 'ndjson', 'q.ndjson.gz'],
    [query, 'in.csv.gz', 'csv', null],
    [query, 'in.csv', 'parquet', null],
    [transform, 'in.csv.gz', 'csv', 't.csv.gz'],
    [transform, 'in.csv', 'ndjson', null],
  ] as const) {
    const what = `${input} to ${format}, ${file}`
    const job = await run(make(file === null ? { format } : { format, file }, input))
    expect([what, job.state, job.lastError]).toEqual([what, 'completed', null])
    const { blob, bytes, rowsOut } = job.output as DataJobOutput
    const content =
      file === null ? await ph.blobs.bytes(blob?.$blob as string) : await readFile(join(files, file))
    expect([what, content.length, rowsOut]).toEqual([what, bytes, expected.rows])
    if (blob !== undefined) {
      const hash = createHash('sha256').update(content).digest('hex')
      expect([blob.$blob, blob.name]).toEqual([`sha256:${hash}`, `result.${format}`])
    }
    const path = join(files, file ?? `copy.${format}`)
    if (file === null) await writeFile(path, content)

    expect([what, await askedBare(path, READERS[format])]).toEqual([what, expected])
    if (format === 'parquet') continue
    const plain = path.endsWith('.gz') ? gunzipSync(content) : content
    expect([what, truth(readPlainly(plain, format))]).toEqual([what, expected])
  }
}, 60_000)
