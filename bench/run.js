/**
 * npm run bench -- [--engine sqlite,postgres,redis,tasks] [--only drain-1,add-one] [--systems posthaste,bullmq] [--rounds 3]
 *                  [--scale 1] [--history 1000000] [--note TEXT] [--out FOLDER] [--smoke]
 *
 * Every case runs each system in turn (ours, peer, ours, peer …), each time in processes of its own on an empty store,
 * and takes the median. Speed is a ratio to the peer of the same run, on the same machine: the absolute figures say
 * little elsewhere. Writes raw rows, a table and charts to bench/results/.
 */
import { rmSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { followParent } from '../scripts/lib/parent.js'
import { ROOT, run } from '../scripts/lib/run.js'
import { isBuilt } from '../scripts/lib/stamp.js'
import { CASES } from './cases/index.js'
import { measure, stopMeasuring } from './lib/measure.js'
import { installPeers } from './lib/peers.js'
import { machineOf, writeResults } from './lib/results.js'
import { STORES } from './lib/stores.js'
import { ENGINES, isEngine, systemOf } from './lib/systems.js'

/** @param {string} what @returns {never} */
const refuse = (what) => {
  console.error(`${what}\nUsage: npm run bench -- ${USAGE}`)
  process.exit(2)
}
const USAGE =
  '[--engine sqlite,postgres,redis,tasks] [--only drain-1,add-one] [--systems posthaste,bullmq] [--rounds 3] ' +
  '[--scale 1] [--history 1000000] [--note TEXT] [--out FOLDER] [--smoke]'

const options = () => {
  try {
    const { values } = parseArgs({
      options: {
        engine: { type: 'string', default: ENGINES.join(',') },
        only: { type: 'string' },
        systems: { type: 'string' },
        rounds: { type: 'string' },
        scale: { type: 'string', default: '1' },
        history: { type: 'string', default: '1000000' },
        note: { type: 'string', default: '' },
        out: { type: 'string' },
        smoke: { type: 'boolean', default: false },
      },
    })
    return values
  } catch (error) {
    return refuse(/** @type {Error} */ (error).message)
  }
}
const values = options()

/** @param {string} text @param {string} what @param {readonly string[]} known */
const listOf = (text, what, known) => {
  const list = text.split(',')
  for (const one of list) {
    if (!known.includes(one)) refuse(`There is no ${what} "${one}". There are: ${known.join(', ')}.`)
  }
  return list
}
/** @param {string} text @param {string} flag */
const positive = (text, flag) => {
  const number = Number(text)
  return number > 0 && Number.isFinite(number)
    ? number
    : refuse(`${flag} has to be a number above 0, not "${text}".`)
}

const names = CASES.map(({ name }) => name)
const only = listOf(values.only ?? names.join(','), 'case', names)
// No server is started for cases that do not run on it.
const engines = listOf(values.engine, 'engine', ENGINES)
  .filter(isEngine)
  .filter((engine) => CASES.some(({ name, systems }) => only.includes(name) && systems[engine] !== undefined))
const wanted = values.systems?.split(',')
const rounds = Math.round(positive(values.rounds ?? (values.smoke ? '1' : '3'), '--rounds'))
const scale = positive(values.scale, '--scale')
const history = Math.round(positive(values.history, '--history'))
const smokeFolder = join(tmpdir(), `posthaste-bench-smoke-${process.pid}`)
const out = values.out ?? (values.smoke ? smokeFolder : fileURLToPath(new URL('results/', import.meta.url)))

/** What runs now, or is being started. @type {Promise<import('./lib/stores.js').Stores> | undefined} */
let stores
/** @type {Promise<void> | undefined} */
let stopping
const stopAll = async () => {
  stopMeasuring()
  await (await stores?.catch(() => undefined))?.stop()
}
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) {
  process.on(signal, () => {
    stopping ??= stopAll().finally(() => process.exit(signal === 'SIGINT' ? 130 : 143))
  })
}
followParent()

/** @param {readonly number[]} list */
const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? Number.NaN

/**
 * How many jobs.
 *
 * @param {import('./lib/types.js').BenchCase} benchCase
 * @param {string} engine
 * @param {string} system
 */
const sizeOf = ({ name, unit, size, sizes, smokeSize }, engine, system) => {
  if (values.smoke) return smokeSize
  if (name === 'history') return history
  return unit === 'CPU s'
    ? size
    : Math.max(1, Math.round((sizes?.[system] ?? sizes?.[engine] ?? size) * scale))
}

/** A folder with what the measurements of a case read. @param {import('./lib/types.js').BenchCase} benchCase @param {number} size @param {import('./lib/stores.js').Stores} on */
const prepare = async (benchCase, size, on) => {
  if (benchCase.prepare === undefined) return undefined
  const input = await on.fresh('usual')
  await benchCase.prepare(input.folder, size)
  return input
}

/**
 * @param {import('./lib/types.js').EngineName} engine
 * @param {import('./lib/types.js').BenchCase} benchCase
 * @param {readonly string[]} systems
 * @param {import('./lib/stores.js').Stores} on
 * @returns {Promise<import('./lib/types.js').Row>}
 */
const measureCase = async (engine, benchCase, systems, on) => {
  const { name, unit, better } = benchCase
  const size = sizeOf(benchCase, engine, systems[0] ?? '')
  const title = benchCase.title.replace('{size}', size.toLocaleString('en-US'))
  process.stdout.write(`${engine}, ${title}\n`)
  /** @type {Map<string, import('./lib/types.js').Measured[]>} */
  const measured = new Map(systems.map((system) => [system, []]))
  const input = await prepare(benchCase, size, on)
  for (let round = 0; round < rounds; round++) {
    for (const system of systems) {
      const place = await on.fresh(systemOf(engine, system).server)
      try {
        const size = sizeOf(benchCase, engine, system)
        const result = await measure(engine, name, system, size, { ...place, prepared: input?.folder ?? '' })
        measured.get(system)?.push(result)
        process.stdout.write(`  ${system.padEnd(22)} ${JSON.stringify(result)}\n`)
      } finally {
        if (stopping === undefined) await place.discard()
      }
    }
  }
  await input?.discard()
  return {
    case: name,
    title,
    unit,
    better,
    at: new Date().toISOString(),
    rounds,
    load: loadavg()[0] ?? 0,
    size,
    systems: [...measured].map(([system, list]) => {
      const value = median(list.map((one) => one.value))
      return {
        system,
        durability: systemOf(engine, system).durability,
        size: sizeOf(benchCase, engine, system),
        value,
        all: list.map((one) => one.value),
        more: list.find((one) => one.value === value)?.more ?? {},
      }
    }),
  }
}

if (!isBuilt()) {
  const { ok } = await run([join(ROOT, 'scripts', 'build.js')], { show: true })
  if (!ok) process.exit(1)
}
if (engines.some((engine) => engine !== 'tasks')) installPeers(engines)

for (const engine of engines) {
  stores = STORES[engine]()
  /** @type {import('./lib/stores.js').Stores} */
  let on
  try {
    on = await stores
  } catch (error) {
    // The other engines can be measured all the same.
    console.error(`${engine} is not measured. ${/** @type {Error} */ (error).message}`)
    process.exitCode = 1
    continue
  }
  try {
    for (const benchCase of CASES) {
      const systems = (benchCase.systems[engine] ?? []).filter((one) => wanted?.includes(one) ?? true)
      if (!only.includes(benchCase.name) || systems.length === 0) continue
      const row = await measureCase(engine, benchCase, systems, on)
      // Written after every case: a run that is broken off keeps what it has.
      const machine = machineOf(engine, on.about, values.note)
      writeResults(out, { engine, machine, rows: [row] })
    }
    if (values.smoke) continue
    const machine = machineOf(engine, on.about, values.note)
    process.stdout.write(`\n${writeResults(out, { engine, machine, rows: [] })}\n`)
  } finally {
    // When it is being stopped, that stops the server, too, and ends this process.
    if (stopping === undefined) await on.stop()
    else await stopping
  }
}
if (values.smoke && values.out === undefined) rmSync(smokeFolder, { recursive: true, force: true })
if (values.smoke)
  process.stdout.write(process.exitCode === 1 ? 'Not all engines ran.\n' : 'Every case ran.\n')
else process.stdout.write(`Raw rows, tables and charts: ${out}\n`)
