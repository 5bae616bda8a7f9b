/**
 * Part of `npm run generate`: makes `src/engines/<engine>/sql.generated.ts` from the statements in
 * `src/engines/<engine>/sql/`, so that no file is read at run time and a bundler needs to know nothing about SQL.
 *
 * - `sql/claim-ready.sql` becomes `SQL.claimReady`; its leading `--` comment becomes the doc comment.
 * - `sql/migrations/0001_schema.sql` becomes an element of `MIGRATIONS`, in the order of the file names, whole.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { ROOT } from './lib/run.js'
import { filesUnder } from './lib/stamp.js'

const ENGINES = 'src/engines'

/** @param {string} text */
export const literal = (text) => `\`${text.replaceAll(/[\\`]|\$\{/g, '\\$&')}\``

/** @param {string} file @param {string} extension */
export const camelCase = (file, extension = '.sql') =>
  basename(file, extension).replaceAll(/[-_]+(\w)/g, (_, letter) => letter.toUpperCase())

/**
 * Splits a file into the comment at its head and the statement.
 *
 * @param {string} text
 */
function split(text) {
  const lines = text.replaceAll('\r\n', '\n').trim().split('\n')
  const first = lines.findIndex((line) => !line.startsWith('--') && line.trim() !== '')
  const start = first < 0 ? lines.length : first
  const head = lines.slice(0, start).map((line) => line.replace(/^-- ?/, '').trimEnd())
  return { header: head.join('\n').trim(), statement: lines.slice(start).join('\n') }
}

/** @param {string} header */
export function docComment(header) {
  if (header === '') return ''
  const lines = header.replaceAll('*/', '* /').split('\n')
  return `  /**\n${lines.map((line) => `   * ${line}`.trimEnd()).join('\n')}\n   */\n`
}

/**
 * The generated module of one engine.
 *
 * @param {Record<string, string>} files  Path below `sql/` → contents.
 */
export function renderSql(files) {
  const paths = Object.keys(files).sort()
  const migrations = paths.filter((path) => path.startsWith('migrations/'))
  const statements = paths.filter((path) => !path.includes('/'))
  const unknown = paths.filter((path) => !migrations.includes(path) && !statements.includes(path))
  if (unknown.length > 0)
    throw new Error(`Only migrations/ may be a folder under sql/: ${unknown.join(', ')}`)
  const names = statements.map((path) => camelCase(path))
  const twice = names.filter((name, index) => names.indexOf(name) !== index)
  if (twice.length > 0) throw new Error(`Two files have the same name in code: ${twice.join(', ')}`)

  const parts = ['// Generated from the files in sql/ by `npm run generate`. Do not edit.']
  if (statements.length > 0) {
    const entries = statements.map((path) => {
      const { header, statement } = split(files[path] ?? '')
      if (statement === '') throw new Error(`${path} holds no statement.`)
      return `${docComment(header)}  ${camelCase(path)}: ${literal(statement)},`
    })
    parts.push(`export const SQL = {\n${entries.join('\n')}\n} as const`)
  }
  if (migrations.length > 0) {
    const entries = migrations.map(
      (path) => `  { name: '${basename(path, '.sql')}', sql: ${literal((files[path] ?? '').trim())} },`,
    )
    parts.push(`export const MIGRATIONS = [\n${entries.join('\n')}\n] as const`)
  }
  return `${parts.join('\n\n')}\n`
}

/**
 * Every generated module: its path in the checkout and what it should hold.
 *
 * @returns {{ path: string, text: string }[]}
 */
export function sqlModules() {
  if (!existsSync(join(ROOT, ENGINES))) return []
  return readdirSync(join(ROOT, ENGINES)).flatMap((engine) => {
    const folder = `${ENGINES}/${engine}/sql`
    const files = filesUnder(folder).filter((file) => file.endsWith('.sql'))
    if (files.length === 0) return []
    const texts = files.map((file) => [file.slice(folder.length + 1), readFileSync(join(ROOT, file), 'utf8')])
    return [{ path: `${ENGINES}/${engine}/sql.generated.ts`, text: renderSql(Object.fromEntries(texts)) }]
  })
}

/**
 * Writes files whose contents changed and leaves the others alone, so that incremental builds stay incremental.
 *
 * @param {{ path: string, text: string }[]} files
 * @returns {string[]} The paths written.
 */
export function writeChanged(files) {
  const changed = files.filter(({ path, text }) => {
    const full = join(ROOT, path)
    return !existsSync(full) || readFileSync(full, 'utf8') !== text
  })
  for (const { path, text } of changed) writeFileSync(join(ROOT, path), text)
  return changed.map(({ path }) => path)
}
