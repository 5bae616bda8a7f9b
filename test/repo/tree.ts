import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The checkout. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** Path in the checkout, with forward slashes → text. */
export type Tree = ReadonlyMap<string, string>

/** What is made or downloaded, and never reviewed. */
const IGNORED = new Set(['node_modules', 'dist', '.git', 'coverage'])
const TEXT =
  /(^|\/)[^.]*$|\.(ts|tsx|js|jsx|mjs|json|md|sql|lua|css|html|svg|yml|yaml|sh|txt)$|^\.[a-z]+$|\.ci\/run$/

/** The rules of this folder: they spell out what they forbid, so that rules about words pass over them. */
export const isRule = (path: string): boolean => path.startsWith('test/repo/')

function walk(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    if (IGNORED.has(entry.name)) return []
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`
    return entry.isDirectory() ? walk(path) : entry.isFile() && TEXT.test(path) ? [path] : []
  })
}

export function readTree(): Tree {
  return new Map(walk('').map((path) => [path, readFileSync(join(ROOT, path), 'utf8')]))
}

export const treeOf = (files: Readonly<Record<string, string>>): Tree => new Map(Object.entries(files))

/** Lines of the files that `where` accepts, each with its place for a message. */
export function* linesOf(
  tree: Tree,
  where: (path: string) => boolean,
): Generator<{ at: string; path: string; line: string }> {
  for (const [path, text] of tree) {
    if (!where(path)) continue
    for (const [index, line] of text.split('\n').entries()) yield { at: `${path}:${index + 1}`, path, line }
  }
}

/**
 * One habit of the repository. A rule that cannot fail guards nothing, so each brings a small tree that breaks it
 * and one beside it that is close but right.
 */
export interface Rule {
  readonly name: string
  /** Complaints, one line each: the place and what to do. None when all is well. */
  check(tree: Tree): readonly string[]
  readonly broken: Readonly<Record<string, string>>
  /** How many complaints the broken tree deserves. */
  readonly complaints: number
  readonly right: Readonly<Record<string, string>>
}
