/**
 * `npm run test:corpus -- DIR`: the checks that need real data of others (photos, Parquet files, addresses, hostile
 * strings), over a folder of it. Prints scores. The folder can also be named by TEST_DATA.
 */
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { findChromium } from './lib/chromium.js'
import { install, isInstalled } from './lib/install.js'
import { followParent } from './lib/parent.js'
import { ROOT, requireNode, run } from './lib/run.js'

const CORPUS_TIMEOUT_MS = 5 * 60_000

/**
 * @param {string} what
 * @returns {never}
 */
function refuse(what) {
  console.error(`${what} Usage: npm run test:corpus -- DIR`)
  process.exit(2)
}

requireNode()
followParent()
const given = process.argv[2] ?? process.env.TEST_DATA
if (given === undefined) refuse('Say where the data is.')
const folder = resolve(given)
if (!existsSync(folder)) refuse(`There is no folder ${folder}.`)

if (!isInstalled() && !(await install()).ok) {
  console.error('The packages could not be installed: npm ci')
  process.exit(1)
}
// What cannot be had is said by the test that needs it.
await findChromium().catch(() => {})
const vitest = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs')
const { ok } = await run([vitest, 'run', '--config', join(ROOT, 'vitest.corpus.config.ts')], {
  show: true,
  timeoutMs: CORPUS_TIMEOUT_MS,
  env: { ...process.env, TEST_DATA: folder },
})
process.exitCode = ok ? 0 : 1
