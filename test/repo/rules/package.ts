import type { Rule, Tree } from '../tree.ts'

interface Manifest {
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>
  readonly bin: Readonly<Record<string, string>>
  readonly types: string
}

/** Every file that package.json promises. */
function promised(tree: Tree): string[] {
  const manifest = JSON.parse(tree.get('package.json') ?? '{}') as Partial<Manifest>
  const targets = Object.values(manifest.exports ?? {}).flatMap((target) =>
    typeof target === 'string' ? [target] : Object.values(target),
  )
  return [...targets, ...Object.values(manifest.bin ?? {}), manifest.types ?? './package.json']
}

/** The build makes one .js and one .d.ts of every source, so a promise is kept when its source is there. */
export const exportsExist: Rule = {
  name: 'package.json points to files that the build makes',
  check: (tree) =>
    [...new Set(promised(tree))]
      .map((target) => ({ target, path: target.replace(/^\.\//, '') }))
      .map(({ target, path }) => ({
        target,
        source: path.replace(/^dist\/(.*?)(\.d\.ts|\.js)$/, 'src/$1.ts'),
      }))
      .filter(({ source }) => !tree.has(source))
      .map(({ target, source }) => `package.json: ${target} has no ${source}`),
  broken: {
    'package.json': JSON.stringify({
      exports: { '.': { types: './dist/index.d.ts', default: './dist/index.js' } },
      bin: { x: './bin/x.js' },
    }),
    'src/main.ts': '',
  },
  complaints: 3,
  right: {
    'package.json': JSON.stringify({
      exports: { '.': './dist/index.js', './package.json': './package.json' },
      bin: { x: './bin/x.js' },
    }),
    'src/index.ts': '',
    'bin/x.js': '',
  },
}

/** Whoever changes something says so in the same commit. */
export const changelog: Rule = {
  name: 'CHANGELOG.md has a place for what is not yet released',
  check: (tree) =>
    /^## \[?Unreleased\]?/m.test(tree.get('CHANGELOG.md') ?? '')
      ? []
      : ['CHANGELOG.md: no Unreleased section'],
  broken: { 'CHANGELOG.md': '## 0.1.0' },
  complaints: 1,
  right: { 'CHANGELOG.md': '# Changelog\n\n## [Unreleased]\n' },
}

/** Other people's install scripts never run, so no dependency of a user may need one; the SQLite binary is prebuilt. */
export const installScripts: Rule = {
  name: 'no dependency but the prebuilt SQLite has an install script',
  check(tree) {
    const lock = JSON.parse(tree.get('package-lock.json') ?? '{}') as {
      packages?: Record<string, { hasInstallScript?: boolean; dev?: boolean }>
    }
    return Object.entries(lock.packages ?? {})
      .filter(
        ([path, entry]) =>
          entry.hasInstallScript === true &&
          entry.dev !== true &&
          path !== 'node_modules/@photostructure/sqlite',
      )
      .map(([path]) => `package-lock.json: ${path} runs a script at install`)
  },
  broken: {
    'package-lock.json': JSON.stringify({ packages: { 'node_modules/heavy': { hasInstallScript: true } } }),
  },
  complaints: 1,
  right: {
    'package-lock.json': JSON.stringify({
      packages: { 'node_modules/@photostructure/sqlite': { hasInstallScript: true } },
    }),
  },
}
