import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import ts from 'typescript'

/**
 * The sources as a build has them. The thread of the engine, and the processes that tests start, read JavaScript; a
 * build of its own for each test file is never an old one, and takes a second.
 */
const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

const OPTIONS: ts.TranspileOptions = {
  compilerOptions: {
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.ESNext,
    verbatimModuleSyntax: true,
    rewriteRelativeImportExtensions: true,
  },
}

/** Builds `core` and `engines`, and answers where the sqlite engine's module is. */
export const buildEngine = (): string => {
  // Below node_modules, so that the built files find their packages.
  const out = join(ROOT, 'node_modules', '.cache', 'posthaste', 'built-for-tests', String(process.pid))
  for (const folder of ['core', 'engines']) {
    for (const entry of readdirSync(join(ROOT, 'src', folder), { recursive: true, encoding: 'utf8' })) {
      if (!entry.endsWith('.ts')) continue
      const source = readFileSync(join(ROOT, 'src', folder, entry), 'utf8')
      const target = join(out, 'dist', folder, entry.replace(/\.ts$/, '.js'))
      mkdirSync(dirname(target), { recursive: true })
      writeFileSync(target, ts.transpileModule(source, { ...OPTIONS, fileName: entry }).outputText)
    }
  }
  writeFileSync(join(out, 'package.json'), '{"type":"module"}')
  return pathToFileURL(join(out, 'dist', 'engines', 'sqlite', 'index.js')).href
}

/** To be called when the tests are over. */
export const removeBuild = (module: string): void =>
  rmSync(fileURLToPath(new URL('../../../', module)), { recursive: true })
