import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './run.js'

const STAMP = join(ROOT, 'dist', '.stamp')

/** Everything that decides what the build makes. */
const INPUTS = ['src', 'scripts', 'package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json']

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

/** A hash over the contents: times differ after every clone and say nothing. */
function inputsHash() {
  const hash = createHash('sha256')
  for (const file of INPUTS.flatMap(filesUnder)) {
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(ROOT, file)))
      .update('\0')
  }
  return hash.digest('hex')
}

/** Whether dist/ was built from exactly these sources. */
export function isBuilt() {
  try {
    return readFileSync(STAMP, 'utf8') === inputsHash()
  } catch {
    return false
  }
}

export function stampBuild() {
  writeFileSync(STAMP, inputsHash())
}
