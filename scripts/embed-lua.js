/**
 * Part of `npm run generate`: makes `src/engines/<engine>/lua.generated.ts` from the scripts in
 * `src/engines/<engine>/lua/`, one command a file, so that no file is read at run time.
 *
 * - `lua/list-records.lua` becomes `LUA.listRecords`; its leading `--` comment becomes the doc comment.
 * - Lines `-- include NAME` behind that comment name what of `lua/include/` the script needs, in its order.
 * - A line `-- flags NAME…` behind it gives the flags of the function that a server makes of the script.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { camelCase, docComment, literal } from './embed-sql.js'
import { ROOT } from './lib/run.js'
import { filesUnder } from './lib/stamp.js'

const ENGINES = 'src/engines'
const INCLUDE = /^-- include ([\w-]+)$/gm
const FLAGS = /^-- flags ([\w- ]+)$/gm
const isDirective = (/** @type {string} */ line) => line.match(INCLUDE) !== null || line.match(FLAGS) !== null

/** @param {string} text */
const clean = (text) => text.replaceAll('\r\n', '\n').trim()

/**
 * Splits a file into the comment at its head and the script. Without includes, the comment ends at a blank line.
 *
 * @param {string} text
 */
function splitLua(text) {
  const lines = text.split('\n')
  const end = lines.findIndex((line) => isDirective(line) || !line.startsWith('--'))
  const head = lines.slice(0, end < 0 ? lines.length : end).map((line) => line.replace(/^-- ?/, '').trimEnd())
  const rest = end < 0 ? [] : lines.slice(end).filter((line) => !isDirective(line))
  return { header: head.join('\n').trim(), script: rest.join('\n').trim() }
}

/**
 * All includes, each behind those that some script names before it.
 *
 * @param {string[]} names
 * @param {string[][]} lists
 */
function inOrder(names, lists) {
  /** @type {string[]} */
  const order = []
  const rest = new Set(names)
  while (rest.size > 0) {
    const isFree = (/** @type {string} */ name) =>
      lists.every((list) => list.slice(0, Math.max(0, list.indexOf(name))).every((one) => !rest.has(one)))
    const next = [...rest].find(isFree)
    if (next === undefined) throw new Error(`These are included in no one order: ${[...rest].join(', ')}`)
    order.push(next)
    rest.delete(next)
  }
  return order
}

/**
 * The generated module of one engine.
 *
 * @param {Record<string, string>} files  Path below `lua/` → contents.
 */
export function renderLua(files) {
  const paths = Object.keys(files).sort()
  const included = paths.filter((path) => path.startsWith('include/'))
  const commands = paths.filter((path) => !path.includes('/'))
  const unknown = paths.filter((path) => !included.includes(path) && !commands.includes(path))
  if (unknown.length > 0) throw new Error(`Only include/ may be a folder under lua/: ${unknown.join(', ')}`)

  const names = included.map((path) => basename(path, '.lua'))
  /** @type {string[][]} */
  const lists = []
  const entries = commands.map((path) => {
    const text = clean(files[path] ?? '')
    const wanted = [...text.matchAll(INCLUDE)].map(([, name = '']) => name)
    lists.push(wanted)
    const missing = wanted.filter((name) => !names.includes(name))
    if (missing.length > 0) throw new Error(`${path} includes what is not there: ${missing.join(', ')}`)
    const { header, script } = splitLua(text)
    if (script === '') throw new Error(`${path} holds no script.`)
    const flags = [...text.matchAll(FLAGS)].flatMap(([, list = '']) => list.split(' '))
    const fields = [`includes: ${listOf(wanted)}`, `flags: ${listOf(flags)}`, `text: ${literal(script)}`]
    return `${docComment(header)}  ${camelCase(path, '.lua')}: {\n    ${fields.join(',\n    ')},\n  },`
  })
  const pieces = inOrder(names, lists).map(
    (name) =>
      `  ${/^\w+$/.test(name) ? name : `'${name}'`}: ${literal(`${clean(files[`include/${name}.lua`] ?? '')}\n`)},`,
  )
  return `${[
    '// Generated from the files in lua/ by `npm run generate`. Do not edit.',
    `/** What scripts share, each piece behind those that it needs. */\nexport const INCLUDES = {\n${pieces.join('\n')}\n} as const`,
    `export const LUA = {\n${entries.join('\n')}\n} as const`,
  ].join('\n\n')}\n`
}

/** @param {string[]} names */
const listOf = (names) => `[${names.map((name) => `'${name}'`).join(', ')}]`

/**
 * Every generated module of scripts: its path in the checkout and what it should hold.
 *
 * @returns {{ path: string, text: string }[]}
 */
export function luaModules() {
  if (!existsSync(join(ROOT, ENGINES))) return []
  return readdirSync(join(ROOT, ENGINES)).flatMap((engine) => {
    const folder = `${ENGINES}/${engine}/lua`
    const files = filesUnder(folder).filter((file) => file.endsWith('.lua'))
    if (files.length === 0) return []
    const texts = files.map((file) => [file.slice(folder.length + 1), readFileSync(join(ROOT, file), 'utf8')])
    return [{ path: `${ENGINES}/${engine}/lua.generated.ts`, text: renderLua(Object.fromEntries(texts)) }]
  })
}
