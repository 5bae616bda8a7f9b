/**
 * Where the package's own files are. A module cannot say so by its own address: built, several of them share one file,
 * below `dist/`; in a checkout they are where they were written, below `src/`.
 */
const HERE = import.meta.url
const BASE = HERE.slice(0, Math.max(HERE.lastIndexOf('/src/'), HERE.lastIndexOf('/dist/')) + 1)

/** Node.js 22.18 and newer; older type libraries do not know the field. */
export const readsTypeScript = Boolean((process.features as { typescript?: unknown }).typescript)

/** Whether these are the sources, which a test runner reads, and no build of them. */
export const isSource = HERE.endsWith('.ts')

/** The URL of a file of the package, such as `package.json`. */
export const packageFile = (path: string): URL => new URL(path, BASE)

/**
 * The URL of a module with which a thread or a child begins, by its path without an extension, such as `cli/main`.
 * The build makes a file of its own for each of them (scripts/lib/bundle.js). A Node.js that cannot read the sources of
 * a checkout is given the built one.
 */
export const moduleFile = (path: string): URL =>
  packageFile(isSource && readsTypeScript ? `src/${path}.ts` : `dist/${path}.js`)
