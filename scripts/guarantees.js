/**
 * `npm run guarantees`: runs the conformance suite on every engine, keeps what it showed in docs/guarantees.json, and
 * writes docs/guarantees.md from it. `npm run docs` writes the page alone. A run of the suite compares what it shows with
 * the file, so neither can say what is not so.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT, run } from './lib/run.js'

/** @typedef {{ name: string, promises: readonly string[], means: string }} Guarantee */
/** @typedef {{ cases: number, digest: string }} Proof */
/**
 * @typedef {object} Results
 * @property {Record<string, { callerTransactions: boolean, proved: Record<string, Proof> }>} engines
 * @property {Record<string, { engine: string, durability: string, lossMs?: number }>} survival
 */

export const RESULTS = join(ROOT, 'docs', 'guarantees.json')
const SUITES_TIMEOUT_MS = 10 * 60_000
/** The columns, and who can share one store. */
const SHARED_BY = {
  memory: 'one process',
  sqlite: 'processes of one machine',
  postgres: 'any number of machines',
  redis: 'any number of machines',
}
const KINDS = /** @type {(keyof typeof SHARED_BY)[]} */ (Object.keys(SHARED_BY))

/** @returns {Results} */
export const readResults = () => JSON.parse(readFileSync(RESULTS, 'utf8'))

/** @param {readonly (readonly string[])[]} rows  The first one is the head. */
const table = ([head = [], ...rows]) => {
  /** @param {readonly string[]} cells */
  const line = (cells) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

/**
 * What was shown of all that there is to show.
 *
 * @param {Proof | undefined} shown
 * @param {Proof | undefined} whole
 */
const cell = (shown, whole) => {
  if (shown === undefined) return '–'
  return shown.digest === whole?.digest ? `✓ ${shown.cases}` : `${shown.cases} of ${whole?.cases ?? 0}`
}

/** @param {{ durability: string, lossMs?: number }} survival */
const survives = ({ durability, lossMs }) => [
  durability === 'none' ? 'no' : 'yes',
  durability === 'system' ? 'yes' : lossMs === undefined ? 'no' : `all but the last ${lossMs / 1_000} s`,
]

/**
 * docs/guarantees.md.
 *
 * @param {readonly Guarantee[]} guarantees
 * @param {Results} results
 */
export function renderGuarantees(guarantees, { engines, survival }) {
  const whole = engines['memory']?.proved ?? {}
  const known = new Set(guarantees.map(({ name }) => name))
  // A subject of which the table does not speak yet has a row by its name.
  const others = Object.keys(whole).filter((name) => !known.has(name))
  const all = [...guarantees, ...others.map((name) => ({ name, promises: [], means: '' }))]
  const number = Object.values(whole).reduce((sum, { cases }) => sum + cases, 0)
  return `<!-- Generated from docs/guarantees.json by \`npm run docs\`; \`npm run guarantees\` makes both anew. Do not edit. -->

# What each engine guarantees

The rules of Posthaste are the same on every engine, because one suite of ${number} cases stands behind all of them. This table is
written from the results of that suite: a tick with the number of cases that were green on the engine. A run of the tests
fails when it shows anything else than what is written here. [reliability.md](reliability.md) explains the promises (I1,
I2 …), [engines.md](engines.md) helps to choose.

${table([
  ['Guarantee', 'Promise', 'What it means', ...KINDS],
  ...all.map(({ name, promises, means }) => [
    name,
    promises.join(', '),
    means,
    ...KINDS.map((kind) => cell(engines[kind]?.proved[name], whole[name])),
  ]),
  [
    'Caller’s transactions',
    '',
    '`add(…, { tx })` is committed or rolled back with the caller’s own writes ([how](transactions.md)); on SQLite, when the engine is given the caller’s handle.',
    ...KINDS.map((kind) => (engines[kind]?.callerTransactions === true ? '✓' : '–')),
  ],
  ['Shared by', '', 'Who may open one store at the same time.', ...KINDS.map((kind) => SHARED_BY[kind])],
])}

Besides, random programs run on all engines at once and have to get the same answers and leave the same store behind; and
mistakes planted in an engine have to turn the suite red.

## What survives

An add that was answered survives what its store survives. The engine reads from its store how that is set up, and says
so at the start, in \`posthaste doctor\` and under \`/healthz\`.

${table([
  ['Store', 'Survives a killed process', 'Survives a power failure'],
  ...Object.entries(survival).map(([name, found]) => [
    name,
    // What the server loses by a crash of its own is not lost when one of ours is killed.
    ...survives(found),
  ]),
])}

“Process” is the one that keeps the data: the program itself for memory and SQLite, the server for PostgreSQL and Redis.
A worker that is killed loses nothing on any shared store. After a fail-over to a replica that had not received everything,
what it lacks is gone: PostgreSQL needs a synchronous standby to rule that out, Redis cannot rule it out.
`
}

if (process.argv[1] === import.meta.filename) {
  const vitest = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs')
  const files = ['conformance', 'survival'].map((name) => join('test', 'engines', `${name}.test.ts`))
  const { ok } = await run([vitest, 'run', '--no-file-parallelism', ...files], {
    show: true,
    timeoutMs: SUITES_TIMEOUT_MS,
    env: { ...process.env, GUARANTEES: 'write' },
  })
  if (!ok) process.exit(1)
  for (const script of ['build.js', 'docs.js']) {
    const written = await run([join(ROOT, 'scripts', script)], { show: true })
    if (!written.ok) process.exit(1)
  }
}
