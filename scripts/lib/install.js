import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { ROOT, run } from './run.js'

/** A cold package cache on a slow line; a warm one needs a few seconds. */
const INSTALL_TIMEOUT_MS = 600_000

/**
 * Whether node_modules holds what package-lock.json asks for. npm keeps a lock of what it installed inside
 * node_modules; packages that this platform does not need are missing there, and that is right.
 */
export function isInstalled() {
  /** @param {string} file */
  const packages = (file) => JSON.parse(readFileSync(join(ROOT, file), 'utf8')).packages
  try {
    const wanted = packages('package-lock.json')
    const present = packages(join('node_modules', '.package-lock.json'))
    return Object.entries(wanted).every(
      ([path, entry]) => path === '' || entry.optional || present[path]?.integrity === entry.integrity,
    )
  } catch {
    return false
  }
}

/**
 * Installs what the lock names. Install scripts stay off (.npmrc): no dependency needs one, and the SQLite binary
 * comes prebuilt.
 */
export function install() {
  const args = ['ci', '--ignore-scripts', '--include=dev', '--include=optional', '--no-audit', '--no-fund']
  const quiet = ['--loglevel=error', '--prefer-offline']
  const npm = process.env.npm_execpath
  // Inside `npm test` npm names itself; otherwise the one on the PATH is used, a batch file on Windows.
  return npm && basename(npm).startsWith('npm-cli')
    ? run([npm, ...args, ...quiet], { timeoutMs: INSTALL_TIMEOUT_MS })
    : run([...args, ...quiet], {
        program: 'npm',
        shell: process.platform === 'win32',
        timeoutMs: INSTALL_TIMEOUT_MS,
      })
}
