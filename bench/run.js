// npm run bench [-- --only drain-1,add-one] [--rounds 3] [--scale 1] [--out FOLDER]
//
// Every case runs each system in turn (ours, peer, ours, peer …), each time in a process of its own on a new store, and
// takes the median. Speed is a ratio to the peer of the same run, on the same machine: the absolute figures say little
// elsewhere. Writes raw rows, a table and charts to bench/results/.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { CASES } from './cases/index.js'
import { drawChart } from './lib/chart.js'
import { judge, toMarkdown } from './lib/table.js'

/** A measurement that takes longer than this is given up. */
const CASE_TIMEOUT_MS = 15 * 60_000

const here = fileURLToPath(new URL('.', import.meta.url))
const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    scale: { type: 'string', default: '1' },
    out: { type: 'string', default: join(here, 'results') },
  },
})
const only = values.only?.split(',')
const rounds = Number(values.rounds)
const scale = Number(values.scale)

const peers = join(here, 'peers')
if (!existsSync(join(peers, 'node_modules', 'plainjob'))) {
  process.stdout.write(
    'Installing the peers into bench/peers/ (better-sqlite3 may be compiled, about two minutes) …\n',
  )
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--no-package-lock'], {
    cwd: peers,
    stdio: 'inherit',
  })
}

/** @param {number[]} list */
const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? Number.NaN

/** @type {import('./lib/table.js').Row[]} */
const rows = []
for (const benchCase of CASES) {
  if (only !== undefined && !only.includes(benchCase.name)) continue
  process.stdout.write(`${benchCase.title}\n`)
  /** @type {Map<string, { value: number, more?: Record<string, number> }[]>} */
  const measured = new Map(benchCase.systems.map((system) => [system, []]))
  for (let round = 0; round < rounds; round++) {
    for (const system of benchCase.systems) {
      const size = system === 'posthaste' ? benchCase.size : (benchCase.peerSize ?? benchCase.size)
      const scaled = benchCase.unit === 'CPU s' ? size : Math.max(1, Math.round(size * scale))
      const child = spawnSync(
        process.execPath,
        [join(here, 'lib', 'measure-process.js'), benchCase.name, system, String(scaled)],
        { encoding: 'utf8', timeout: CASE_TIMEOUT_MS, stdio: ['ignore', 'pipe', 'inherit'] },
      )
      const line = child.stdout.trim().split('\n').at(-1) ?? ''
      if (child.status !== 0)
        throw new Error(`${benchCase.name} of ${system} failed with ${child.status ?? child.signal}`)
      const result = JSON.parse(line)
      measured.get(system)?.push(result)
      process.stdout.write(`  ${system.padEnd(14)} ${JSON.stringify(result)}\n`)
    }
  }
  rows.push({
    case: benchCase.name,
    title: benchCase.title,
    unit: benchCase.unit,
    better: benchCase.better,
    goal: benchCase.goal,
    systems: [...measured].map(([system, list]) => {
      const value = median(list.map((one) => one.value))
      const chosen = list.find((one) => one.value === value)
      return { system, value, all: list.map((one) => one.value), more: chosen?.more ?? {} }
    }),
  })
}

const machine = {
  at: new Date().toISOString(),
  cores: cpus().length,
  model: cpus()[0]?.model ?? '',
  memoryGb: Math.round(totalmem() / 2 ** 30),
  node: process.version,
  rounds,
  scale,
}
const verdicts = judge(rows)
mkdirSync(values.out, { recursive: true })
writeFileSync(join(values.out, 'sqlite.json'), `${JSON.stringify({ machine, rows }, null, 2)}\n`)
writeFileSync(join(values.out, 'sqlite.md'), toMarkdown(machine, rows, verdicts))
for (const row of rows) writeFileSync(join(values.out, `sqlite-${row.case}.svg`), drawChart(row))
process.stdout.write(`\n${toMarkdown(machine, rows, verdicts)}\nRaw rows, table and charts: ${values.out}\n`)
