import { createWriteStream } from 'node:fs'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { expect, onTestFinished, test } from 'vitest'
import { BOUNDS } from '../../../src/tasks/data/limits.ts'
import { dataSchema, type Streaming } from '../../../src/tasks/data/payload.ts'
import { runStream } from '../../../src/tasks/data/stream.ts'

const BYTES = 1024 ** 3
const LINES_A_BLOCK = 1_000
const NOTE = 'a note with a comma, and "quotes", '.repeat(30)
const COUNTRIES = ['DE', 'FR', 'IT', 'US']

/** Lines of about a kilobyte, one block like the other. */
const BLOCK = Array.from(
  { length: LINES_A_BLOCK },
  (_, i) => `${COUNTRIES[i % 4]},${i / 4},"${NOTE.replaceAll('"', '""')}"\n`,
).join('')

test('a CSV of a gigabyte is added up exactly, in memory that does not grow with it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'posthaste-large-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const path = join(folder, 'large.csv')
  const blocks = Math.ceil(BYTES / BLOCK.length)
  await pipeline(
    Readable.from(
      (function* () {
        yield 'country,amount,note\n'
        for (let n = 0; n < blocks; n++) yield BLOCK
      })(),
    ),
    createWriteStream(path),
  )
  expect((await stat(path)).size).toBeGreaterThanOrEqual(BYTES)

  const aggregate = { by: ['country'], values: { lines: 'count', total: { sum: 'amount' } } } as const
  const payload = dataSchema.parse({
    input: { file: 'large.csv' },
    transform: { aggregate },
    output: { format: 'rows' },
  }) as Streaming
  const before = process.memoryUsage().rss
  let most = 0
  let share = 0
  const { rows, rowsIn } = await runStream({
    ...BOUNDS,
    ...{ payload, path, target: null, signal: AbortSignal.timeout(240_000) },
    onProgress: (now) => {
      expect(now).toBeGreaterThanOrEqual(share)
      share = now
      most = Math.max(most, process.memoryUsage().rss)
    },
  })
  expect(rowsIn).toBe(blocks * LINES_A_BLOCK)
  // Of each block, a country has every fourth amount: 0, 1, 2 … or with ¼, ½ or ¾ more.
  const quarter = LINES_A_BLOCK / 4
  const totals = COUNTRIES.map((_, i) => blocks * ((quarter * (quarter - 1)) / 2 + (quarter * i) / 4))
  expect(rows).toEqual(
    COUNTRIES.map((country, i) => ({ country, lines: String(blocks * quarter), total: String(totals[i]) })),
  )
  // A fifth of the file would show a leak of lines; garbage that waits to be collected is well below it.
  expect(most - before).toBeLessThan(BYTES / 5)
})
