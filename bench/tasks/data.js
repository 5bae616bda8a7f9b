// The data task, by a worker with its child, beside bare DuckDB in one process: the same query over the same file. And the
// memory of a transform as its file grows.
import { createWriteStream, readdirSync, readFileSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { DuckDBInstance } from '@duckdb/node-api'
import { posthaste } from 'posthaste'
import { dataPack } from 'posthaste/tasks/data'
import { secondsSince, until } from '../lib/work.js'

const DEADLINE_MS = 15 * 60_000
const LOOK_EVERY_MS = 2
const COUNTRIES = ['DE', 'FR', 'IT', 'US', 'JP', 'BR', 'IN']
const FILE = 'orders.csv'
const LINES_SMALL = 2_000
const LINES_A_BLOCK = 1_000
const QUERY =
  'SELECT country, count(*) AS n, sum(cents)::BIGINT AS total FROM t GROUP BY country ORDER BY country'

/** @param {number} line */
const countryOf = (line) => /** @type {string} */ (COUNTRIES[line % COUNTRIES.length])
/** @param {number} line */
const centsOf = (line) => (line * 7_919) % 100_003

/** @param {number} from @param {number} to */
function* linesOf(from, to) {
  for (let at = from; at < to; at += LINES_A_BLOCK) {
    const count = Math.min(LINES_A_BLOCK, to - at)
    yield Array.from({ length: count }, (_, i) => {
      const n = at + i
      return `${n},${countryOf(n)},${centsOf(n)},"a note, in quotes, about ${n}"\n`
    }).join('')
  }
}

/** @param {string} path @param {number} lines */
const write = (path, lines) => {
  const text = function* () {
    yield 'id,country,cents,note\n'
    yield* linesOf(0, lines)
  }
  return pipeline(Readable.from(text()), createWriteStream(path))
}

/** What the query has to answer. @param {number} lines */
const truthOf = (lines) => {
  const rows = COUNTRIES.map((country) => ({ country, n: 0, total: 0 }))
  for (let line = 0; line < lines; line++) {
    const row = /** @type {{ n: number, total: number }} */ (rows[line % COUNTRIES.length])
    row.n += 1
    row.total += centsOf(line)
  }
  return JSON.stringify(rows.sort((a, b) => (a.country < b.country ? -1 : 1)))
}

/** @param {unknown} rows @param {string} truth */
const check = (rows, truth) => {
  if (JSON.stringify(rows) !== truth) throw new Error(`wrong rows: ${JSON.stringify(rows)}`)
}

/** @typedef {() => Promise<unknown>} Ask  Runs the query once and answers its rows. */

/** @param {string} url @param {string} files @param {(ph: import('posthaste').Posthaste) => Promise<import('../lib/types.js').Measured>} use */
const withWorker = async (url, files, use) => {
  const ph = await posthaste({ engine: url, packs: [dataPack({ files })], logLevel: 'error' })
  const worker = ph.work({ concurrency: 1 })
  try {
    return await use(ph)
  } finally {
    await worker.stop()
    await ph.close()
  }
}

/**
 * One query first, so that the child and the library are loaded; then as many as are measured, one after the other.
 *
 * @param {number} queries
 * @param {string} truth
 * @param {(count: number) => Promise<readonly unknown[]>} ask  Answers the rows of each.
 * @returns {Promise<import('../lib/types.js').Measured>}
 */
const measured = async (queries, truth, ask) => {
  check((await ask(1))[0], truth)
  const from = performance.now()
  const answers = await ask(queries)
  const value = (secondsSince(from) * 1_000) / queries
  for (const rows of answers) check(rows, truth)
  return { value, more: {} }
}

/** @param {import('../lib/types.js').CaseContext} context @param {number} queries @param {string} truth */
const byTask = ({ place: { url, prepared } }, queries, truth) =>
  withWorker(url, prepared, async (ph) => {
    let completed = 0
    return await measured(queries, truth, async (count) => {
      const payload = { sql: QUERY, inputs: { t: { file: FILE } } }
      const jobs = await ph.addMany(Array.from({ length: count }, () => ({ task: 'data', payload })))
      completed += count
      await until(async () => (await ph.stats()).states.completed >= completed, LOOK_EVERY_MS, DEADLINE_MS)
      const outputs = await Promise.all(jobs.map(async ({ id }) => (await ph.get(id))?.output))
      return outputs.map(
        (output) => /** @type {import('posthaste/tasks/data').DataJobOutput} */ (output).rows,
      )
    })
  })

/** The task's memory and thread, nothing else of its settings. */
const openBare = async () => {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1', memory_limit: '512MiB' })
  return { instance, connection: await instance.connect() }
}

/** @param {import('../lib/types.js').CaseContext} context @param {number} queries @param {string} truth */
const byDuckDb = async ({ system, place: { prepared } }, queries, truth) => {
  const sql = QUERY.replace('FROM t', `FROM read_csv('${join(prepared, FILE)}', header = true)`)
  let open = await openBare()
  const shut = () => {
    open.connection.closeSync()
    open.instance.closeSync()
  }
  return await measured(queries, truth, async (count) => {
    const answers = []
    for (let i = 0; i < count; i++) {
      if (system === 'duckdb-fresh') {
        shut()
        open = await openBare()
      }
      const rows = (await open.connection.runAndReadAll(sql)).getRowObjectsJson()
      answers.push(rows.map(({ country, n, total }) => ({ country, n: Number(n), total: Number(total) })))
    }
    return answers
  }).finally(shut)
}

/** @param {import('../lib/types.js').CaseContext} context @param {number} queries @param {number} lines */
const ask = (context, queries, lines) =>
  (context.system === 'posthaste' ? byTask : byDuckDb)(context, queries, truthOf(lines))

/** The most memory that any child of this process has taken so far, MB. */
const childrenPeakMb = () => {
  let most = 0
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8')
      if (Number(/^PPid:\s*(\d+)/m.exec(status)?.[1]) !== process.pid) continue
      most = Math.max(most, Number(/^VmHWM:\s*(\d+)/m.exec(status)?.[1] ?? 0) / 1_024)
    } catch {
      // It has ended meanwhile.
    }
  }
  return most
}

/** Parts of the whole file at which memory is looked at; the last is the whole. */
const PARTS = [0.1, 0.2, 0.4, 1]

/**
 * The peak memory of the child that transforms a file of 500 MB, 1, 2 and 5 GB: each time another child.
 *
 * @type {import('../lib/types.js').BenchCase['run']}
 */
const memoryCurve = async ({ size, place: { url, folder } }) => {
  const path = join(folder, FILE)
  await write(path, 0)
  let lines = 0
  /** @type {Record<string, number>} */
  const more = {}
  let value = Number.NaN
  for (const part of PARTS) {
    const wanted = part * size * 1e6
    const rest = function* () {
      for (let bytes = 0; bytes < wanted - begun; lines += LINES_A_BLOCK) {
        const text = linesOf(lines, lines + LINES_A_BLOCK).next().value ?? ''
        bytes += Buffer.byteLength(text)
        yield text
      }
    }
    const begun = (await stat(path)).size
    await pipeline(Readable.from(rest()), createWriteStream(path, { flags: 'a' }))
    let peak = 0
    const watch = setInterval(() => {
      peak = Math.max(peak, childrenPeakMb())
    }, 250)
    const from = performance.now()
    await withWorker(url, folder, async (ph) => {
      const aggregate = { by: ['country'], values: { n: 'count', total: { sum: 'cents' } } }
      const output = { format: 'rows' }
      const { id } = await ph.add('data', { input: { file: FILE }, transform: { aggregate }, output })
      const job = await ph.waitFor(id, { timeout: DEADLINE_MS })
      if (job.state !== 'completed') throw new Error(JSON.stringify(job.lastError))
      const { rows = [] } = /** @type {import('posthaste/tasks/data').DataJobOutput} */ (job.output)
      const found = rows.map(({ country, n, total }) => ({ country, n: Number(n), total: Number(total) }))
      check(
        found.sort((a, b) => (String(a.country) < String(b.country) ? -1 : 1)),
        truthOf(lines),
      )
      peak = Math.max(peak, childrenPeakMb())
      return { value: 0, more: {} }
    }).finally(() => clearInterval(watch))
    const mb = Math.round((await stat(path)).size / 1e6)
    more[`rssAt${mb}Mb`] = peak
    more[`mbPerSecAt${mb}Mb`] = mb / secondsSince(from)
    value = peak
  }
  return { value, more }
}

/** @type {import('../lib/types.js').BenchCase[]} */
export const dataCases = [
  {
    name: 'data-small',
    title: `{size} queries over a CSV of ${LINES_SMALL.toLocaleString('en-US')} lines, one at a time: time of each`,
    unit: 'ms',
    better: 'less',
    systems: { tasks: ['posthaste', 'duckdb-fresh', 'duckdb'] },
    size: 100,
    smokeSize: 2,
    prepare: (folder) => write(join(folder, FILE), LINES_SMALL),
    run: (context) => ask(context, context.size, LINES_SMALL),
  },
  {
    name: 'data-large',
    title: 'one query over a CSV of {size} lines',
    unit: 'ms',
    better: 'less',
    systems: { tasks: ['posthaste', 'duckdb-fresh', 'duckdb'] },
    size: 12_000_000,
    smokeSize: 1_000,
    prepare: (folder, size) => write(join(folder, FILE), size),
    run: (context) => ask(context, 1, context.size),
  },
  {
    name: 'data-memory',
    title: 'peak memory of the child that transforms a CSV of {size} MB',
    unit: 'MB',
    better: 'less',
    systems: { tasks: ['posthaste'] },
    size: 5_000,
    smokeSize: 2,
    run: memoryCurve,
  },
]
