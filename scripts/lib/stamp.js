import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './run.js'

/**
 * @typedef {object} Product  Something that the build makes.
 * @property {string} stamp     Where it is written down what it was made of.
 * @property {string[]} inputs  Everything that decides what it becomes.
 */
/** @type {Product} */
export const PACKAGE = {
  stamp: join(ROOT, 'dist', '.stamp'),
  inputs: ['src', 'scripts', 'package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json'],
}
/** The page shares the states and other plain rules with the core. @type {Product} */
export const DASHBOARD = {
  stamp: join(ROOT, 'dashboard', 'dist', '.stamp'),
  inputs: [
    'dashboard/index.html',
    'dashboard/src',
    'dashboard/vite.config.js',
    'scripts/build.js',
    'src/core',
    'package-lock.json',
  ],
}

/**
 * All files under a folder (or the file itself), relative to the checkout, sorted, with forward slashes.
 *
 * @param {string} path
 * @returns {string[]}
 */
export function filesUnder(path) {
  /** @type {import('node:fs').Dirent[]} */
  let entries
  try {
    entries = readdirSync(join(ROOT, path), { withFileTypes: true })
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOTDIR') return [path]
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT') return []
    throw error
  }
  return entries
    .flatMap((entry) =>
      entry.isDirectory() ? filesUnder(`${path}/${entry.name}`) : [`${path}/${entry.name}`],
    )
    .sort()
}

/**
 * A hash over the contents: times differ after every clone and say nothing.
 *
 * @param {Product} product
 */
function inputsHash({ inputs }) {
  const hash = createHash('sha256')
  for (const file of inputs.flatMap(filesUnder)) {
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(ROOT, file)))
      .update('\0')
  }
  return hash.digest('hex')
}

/**
 * Whether it was built from exactly these sources.
 *
 * @param {Product} [product]
 */
export function isBuilt(product = PACKAGE) {
  try {
    return readFileSync(product.stamp, 'utf8') === inputsHash(product)
  } catch {
    return false
  }
}

/** @param {Product} product */
export function stampBuild(product) {
  writeFileSync(product.stamp, inputsHash(product))
}
