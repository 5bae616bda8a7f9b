// The peers have packages of their own in bench/peers/, installed when they are first needed.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('../peers/', import.meta.url))

/** Whether what the lock names is there. */
const isInstalled = () => {
  /** @param {string} file */
  const packages = (file) => JSON.parse(readFileSync(join(folder, file), 'utf8')).packages
  try {
    const present = packages('node_modules/.package-lock.json')
    return Object.entries(packages('package-lock.json')).every(
      ([path, entry]) => path === '' || entry.optional || present[path]?.integrity === entry.integrity,
    )
  } catch {
    return false
  }
}

/** @param {readonly string[]} args */
const npm = (args) =>
  execFileSync('npm', args, { cwd: folder, stdio: 'inherit', shell: process.platform === 'win32' })

/** @param {readonly string[]} engines */
export const installPeers = (engines) => {
  if (!isInstalled()) {
    process.stdout.write('Installing the peers into bench/peers/ …\n')
    npm(['ci', '--ignore-scripts', '--no-audit', '--no-fund'])
  }
  // The only peer with a binary; the others wait for no compiler.
  const binary = join(folder, 'node_modules/better-sqlite3/build/Release/better_sqlite3.node')
  if (engines.includes('sqlite') && !existsSync(binary)) {
    process.stdout.write(
      'Building better-sqlite3 for plainjob (up to two minutes where there is no prebuilt one) …\n',
    )
    // Posthaste itself needs no install scripts and allows none, which npm hands on to what it runs.
    npm(['rebuild', 'better-sqlite3', '--ignore-scripts=false'])
  }
}
