/**
 * `npm start`: from a fresh clone to a running Posthaste. Installs and builds only what is missing or out of date,
 * then becomes `posthaste start` in this same process, so that signals and the exit code need no forwarding.
 * Arguments are passed on: `npm start -- --addr 127.0.0.1:9000`.
 */
import { join } from 'node:path'
import { install, isInstalled } from './lib/install.js'
import { followParent } from './lib/parent.js'
import { inSeconds, ROOT, requireNode, run } from './lib/run.js'
import { DASHBOARD, isBuilt } from './lib/stamp.js'

/**
 * @param {string} what
 * @param {() => Promise<import('./lib/run.js').RunResult>} work
 */
async function step(what, work) {
  console.log(`${what} …`)
  const { ok, output, seconds } = await work()
  if (!ok) {
    console.error(`${output}\n${what} failed.`)
    process.exit(1)
  }
  console.log(`  done in ${inSeconds(seconds)}`)
}

requireNode()
followParent()
if (!isInstalled()) await step('Installing packages', install)
if (!isBuilt() || !isBuilt(DASHBOARD)) await step('Building', () => run([join(ROOT, 'scripts', 'build.js')]))

// --welcome sends a first mail when the database is new.
const program = join(ROOT, 'bin', 'posthaste.js')
process.argv = [process.execPath, program, 'start', '--welcome', ...process.argv.slice(2)]
await import('../bin/posthaste.js')
