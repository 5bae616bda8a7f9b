import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { rolldown } from 'rolldown'
import { ROOT } from './run.js'

/** What begins by itself, beside what the package exports: the command line, threads, children and their modules. */
const PROGRAMS = [
  'cli/main',
  'engines/sqlite/thread-main',
  'runtime/isolate/child/main',
  'runtime/isolate/child/watch',
  'tasks/data/task',
  'tasks/image/task',
]

/** Paths below src/ without extension of all modules that get a file of their own. */
const entries = () => {
  const { exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  const exported = Object.values(exports).flatMap((/** @type {string | { default: string }} */ target) => {
    const [, path] = /^\.\/dist\/(.*)\.js$/.exec(typeof target === 'string' ? target : target.default) ?? []
    return path === undefined ? [] : [path]
  })
  return [...exported, ...PROGRAMS]
}

/**
 * Joins the modules into few files, those that are shared into `chunks/`. Node.js needs a millisecond for each file of a
 * program: with one file a module, every command would take three times as long to begin. Nothing is renamed or left
 * out for size, and dependencies stay where they are.
 *
 * @param {string} folder
 * @returns {Promise<string[]>} the files, relative to the folder
 */
export async function bundle(folder) {
  const made = await rolldown({
    cwd: ROOT,
    input: Object.fromEntries(entries().map((path) => [path, `src/${path}.ts`])),
    platform: 'node',
    external: /^[a-z@]/,
    logLevel: 'warn',
  })
  const { output } = await made.write({
    dir: folder,
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: 'chunks/[name]-[hash].js',
  })
  await made.close()
  return output.map(({ fileName }) => fileName)
}
