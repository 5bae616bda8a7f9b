import type { Import } from '../imports.ts'
import { sourceImports } from '../imports.ts'
import type { Rule } from '../tree.ts'

interface Place {
  /** A file may import from lower floors, and from its own unit. */
  readonly floor: number
  readonly unit: string
}

/** Where a source file stands. Two files of the same floor but different units may not import each other. */
function placeOf(path: string): Place | undefined {
  const [, top = '', second = '', ...rest] = path.split('/')
  const inFolder = rest.length > 0
  if (top === 'core') return { floor: 0, unit: 'core' }
  // Beside the engines: each stands on core alone.
  if (top === 'blobs' || top === 'outbound') return { floor: 1, unit: top }
  if (path === 'src/engines/open.ts') return { floor: 3, unit: 'engines/open.ts' }
  if (top === 'engines')
    return inFolder ? { floor: 2, unit: `engines/${second}` } : { floor: 1, unit: 'engines' }
  if (top === 'runtime') return { floor: 4, unit: 'runtime' }
  if (path === 'src/index.ts') return { floor: 5, unit: 'index.ts' }
  if (top === 'tasks') return { floor: 6, unit: inFolder ? `tasks/${second}` : 'tasks' }
  if (top === 'server' || top === 'testing') return { floor: 6, unit: top }
  if (top === 'cli') return { floor: 7, unit: 'cli' }
  return undefined
}

const isEngineFolder = (path: string): boolean => /^src\/engines\/(?!conformance\/)\w+\//.test(path)

/** Floors: imports go down, or stay inside their own unit. */
export const floors: Rule = {
  name: 'imports go only down: core, engines (and blobs, outbound), runtime, index, tasks/server/testing, cli',
  check(tree) {
    const complaints: string[] = []
    for (const path of tree.keys()) {
      if (path.startsWith('src/') && path.endsWith('.ts') && placeOf(path) === undefined) {
        complaints.push(`${path}: stands on no floor; put it into one of the folders of ARCHITECTURE.md`)
      }
    }
    for (const { from, to, relative } of sourceImports(tree)) {
      if (!relative) continue
      const here = placeOf(from)
      const there = placeOf(to)
      if (here === undefined) continue
      if (there === undefined) complaints.push(`${from}: imports ${to}, which is outside src/`)
      else if (here.unit !== there.unit && there.floor >= here.floor) {
        complaints.push(
          `${from}: imports ${to}, which is ${there.floor > here.floor ? 'above' : 'beside'} it`,
        )
      }
    }
    return complaints
  },
  broken: {
    'src/core/job.ts': "import { open } from '../engines/open.ts'",
    'src/engines/sqlite/claim.ts': "import type { Row } from '../memory/row.ts'",
    'src/server/http.ts': "import { email } from '../tasks/email/index.ts'",
    'src/misc/thing.ts': 'export const thing = 1',
    'src/cli/start.ts': "import { version } from '../../package.ts'",
  },
  complaints: 5,
  right: {
    'src/engines/sqlite/claim.ts':
      "import type { Job } from '../../core/job.ts'\nimport { gather } from '../gather.ts'",
    'src/cli/start.ts': "import { email } from '../tasks/email/index.ts'",
    'src/tasks/email/index.ts': "import { task } from '../../index.ts'\nimport { send } from './send.ts'",
  },
}

/** Concrete engines are named in one place, and loaded only when a URL asks for them. */
export const engineNames: Rule = {
  name: 'only engines/open.ts names a concrete engine, and loads it lazily',
  check: (tree) =>
    sourceImports(tree)
      .filter(({ from, to }) => isEngineFolder(to) && !isEngineFolder(from))
      .filter(({ from, lazy, typeOnly }) => from !== 'src/engines/open.ts' || !(lazy || typeOnly))
      .map(({ from, to }) => `${from}: names ${to}`),
  broken: {
    'src/testing/index.ts': "export { memoryEngine } from '../engines/memory/index.ts'",
    'src/engines/open.ts': "import { sqliteEngine } from './sqlite/index.ts'",
  },
  complaints: 2,
  right: { 'src/engines/open.ts': "const { sqliteEngine } = await import('./sqlite/index.ts')" },
}

/** Whoever imports the package must not pay for engines, servers or tasks that they do not use. */
export const lightIndex: Rule = {
  name: 'importing posthaste loads no engine, server, task or database driver',
  check(tree) {
    const loads = new Map<string, Import[]>()
    for (const edge of sourceImports(tree)) {
      if (edge.typeOnly || edge.lazy) continue
      loads.set(edge.from, [...(loads.get(edge.from) ?? []), edge])
    }
    const seen = new Set(['src/index.ts'])
    const complaints: string[] = []
    for (const path of seen) {
      for (const { from, to, relative } of loads.get(path) ?? []) {
        if (relative) seen.add(to)
        const heavy =
          /^src\/(engines\/\w+\/|server\/|tasks\/|cli\/)|^(hono|@hono|nodemailer|smtp-server|pg|ioredis|@photostructure)/
        if (heavy.test(to)) complaints.push(`${from}: src/index.ts reaches it, so it must load ${to} lazily`)
      }
    }
    return complaints
  },
  broken: {
    'src/index.ts': "export { work } from './runtime/worker.ts'",
    'src/runtime/worker.ts': "import { serve } from 'hono'\nimport { echo } from '../tasks/echo/index.ts'",
  },
  complaints: 2,
  right: {
    'src/index.ts':
      "export type { Serve } from './server/index.ts'\nexport { work } from './runtime/worker.ts'",
    'src/runtime/worker.ts': "const load = () => import('../tasks/echo/index.ts')",
  },
}

const PUBLIC: ReadonlySet<string> = new Set(['src/index.ts', 'src/outbound/index.ts'])

/** The tasks that come along are built as a user would build theirs. */
export const tasksAreUsers: Rule = {
  name: 'tasks use the public API only: src/index.ts, src/outbound/index.ts, and types of core',
  check: (tree) =>
    sourceImports(tree)
      .filter(({ from, relative }) => relative && from.startsWith('src/tasks/'))
      .filter(({ to }) => !PUBLIC.has(to) && !to.startsWith('src/tasks/'))
      .filter(({ to, typeOnly }) => !(typeOnly && to.startsWith('src/core/')))
      .map(
        ({ from, to }) => `${from}: imports ${to}; import it from ../../index.ts, or make it public there`,
      ),
  broken: {
    'src/tasks/echo/index.ts':
      "import { claim } from '../../runtime/fetcher.ts'\nimport { E } from '../../core/errors.ts'",
  },
  complaints: 2,
  right: {
    'src/tasks/echo/index.ts':
      "import { task } from '../../index.ts'\nimport type { Job } from '../../core/job.ts'",
  },
}

/** The rules of the game are pure: they neither read files nor reach a network, and take time and chance as arguments. */
export const pureCore: Rule = {
  name: 'core touches nothing outside itself',
  check: (tree) =>
    sourceImports(tree)
      .filter(({ from, relative }) => from.startsWith('src/core/') && !relative)
      .filter(({ to }) => !/^(node:(crypto|util|buffer)|zod)$/.test(to))
      .map(({ from, to }) => `${from}: imports ${to}`),
  broken: { 'src/core/config.ts': "import { readFileSync } from 'node:fs'" },
  complaints: 1,
  right: { 'src/core/config.ts': "import { z } from 'zod'" },
}

/**
 * Files that load each other can only be understood together, and which one runs first is chance. Types may refer to
 * each other (an installation has packs, a pack is given the installation); they are gone at run time.
 */
export const cycles: Rule = {
  name: 'no file imports itself through others',
  check(tree) {
    const edges = new Map<string, Set<string>>()
    for (const { from, to, relative, lazy, typeOnly } of sourceImports(tree)) {
      if (relative && !lazy && !typeOnly) edges.set(from, (edges.get(from) ?? new Set()).add(to))
    }
    const complaints: string[] = []
    const done = new Set<string>()
    const visit = (path: string, trail: readonly string[]): void => {
      const start = trail.indexOf(path)
      if (start >= 0) complaints.push([...trail.slice(start), path].join(' → '))
      if (start >= 0 || done.has(path)) return
      for (const next of edges.get(path) ?? []) visit(next, [...trail, path])
      done.add(path)
    }
    for (const path of edges.keys()) visit(path, [])
    return complaints
  },
  broken: {
    'src/core/a.ts': "import { b } from './b.ts'",
    'src/core/b.ts': "import { type C, c } from './c.ts'",
    'src/core/c.ts': "export { a } from './a.ts'",
  },
  complaints: 1,
  right: {
    'src/core/a.ts': "import { b } from './b.ts'\nimport { c } from './c.ts'",
    'src/core/b.ts': "import { c } from './c.ts'",
    'src/core/c.ts': "import type { A } from './a.ts'\nimport { type B } from './b.ts'",
  },
}
