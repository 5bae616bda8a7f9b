// Raw rows (JSON), a table and charts of an engine. Rows that were not measured this time stay from the last one; each
// says when it was measured.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { join } from 'node:path'
import { CASES } from '../cases/index.js'
import { drawChart } from './chart.js'
import { toMarkdown } from './table.js'

/**
 * @typedef {object} Machine
 * @property {string} title
 * @property {string} about
 * @property {string} note  What else was going on.
 * @property {number} cores
 * @property {string} model
 * @property {number} memoryGb
 * @property {string} node
 */
/**
 * @typedef {object} Results
 * @property {string} engine
 * @property {Machine} machine
 * @property {readonly import('./types.js').Row[]} rows
 */

const TITLES = /** @type {Record<string, string>} */ ({
  sqlite: 'SQLite',
  postgres: 'PostgreSQL',
  redis: 'Redis',
  tasks: 'Tasks',
})

/** @param {string} engine @param {string} about @param {string} note @returns {Machine} */
export const machineOf = (engine, about, note) => ({
  title: TITLES[engine] ?? engine,
  about,
  note,
  cores: cpus().length,
  model: cpus()[0]?.model ?? '',
  memoryGb: Math.round(totalmem() / 2 ** 30),
  node: process.version,
})

/** Histories of several lengths stand beside each other. @param {import('./types.js').Row} row */
const keyOf = ({ case: name, size }) => (name === 'history' ? `${name}-${size}` : name)

/** @param {string} file @returns {readonly import('./types.js').Row[]} */
const oldRows = (file) => {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).rows
  } catch {
    return []
  }
}

/**
 * @param {string} folder
 * @param {Results} results
 * @returns {string} The table.
 */
export const writeResults = (folder, { engine, machine, rows }) => {
  const file = join(folder, `${engine}.json`)
  const known = new Map([...oldRows(file), ...rows].map((row) => [keyOf(row), row]))
  const order = CASES.map(({ name }) => name)
  const all = [...known.values()]
    .filter((row) => order.includes(row.case))
    .sort((a, b) => order.indexOf(a.case) - order.indexOf(b.case) || a.size - b.size)
  const results = { engine, machine, rows: all }
  const table = toMarkdown(results)
  mkdirSync(folder, { recursive: true })
  writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`)
  writeFileSync(join(folder, `${engine}.md`), table)
  for (const row of all) writeFileSync(join(folder, `${engine}-${keyOf(row)}.svg`), drawChart(row))
  return table
}
