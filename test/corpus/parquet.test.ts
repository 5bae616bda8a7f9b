import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { BOUNDS } from '../../src/tasks/data/limits.ts'
import { dataSchema, type Query } from '../../src/tasks/data/payload.ts'
import { runQuery } from '../../src/tasks/data/sql.ts'
import { corpusNames, corpusPath, score } from './corpus.ts'

const BAD = ['ARROW-GH-41321.parquet', 'PARQUET-1481.parquet']

const query = async (name: string) => {
  const workDir = await mkdtemp(join(tmpdir(), 'posthaste-corpus-'))
  onTestFinished(() => rm(workDir, { recursive: true, force: true }))
  const payload = dataSchema.parse({ sql: 'FROM t', inputs: { t: { file: name } } }) as Query
  const source = payload.inputs['t'] as NonNullable<(typeof payload.inputs)[string]>
  return await runQuery({
    ...BOUNDS,
    ...{ payload, workDir, target: null, signal: AbortSignal.timeout(30_000), onProgress: () => undefined },
    inputs: [{ name: 't', path: corpusPath('parquet', name), format: 'parquet', source }],
  })
}

describe('Parquet files', () => {
  test('are read, and bad ones fail with words', async () => {
    const names = await corpusNames('parquet')
    let good = 0
    for (const name of names) {
      if (BAD.includes(name)) {
        await expect(query(name), name).rejects.toMatchObject({ code: 'E_DATA', field: 'payload.sql' })
      } else {
        const { rows, columns } = await query(name)
        expect(rows?.length, name).toBeGreaterThan(0)
        expect(columns.length, name).toBeGreaterThan(1)
      }
      good += 1
    }
    score('Parquet files read, or refused with a reason', good, names.length)
    expect(names).toEqual(expect.arrayContaining(BAD))
  })
})
