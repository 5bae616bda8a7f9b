/**
 * `npm test`: everything, from a fresh clone. Installs, builds, checks style, types and dead code, then runs every
 * suite. `--quick`, for the inner loop, runs in about a minute what needs neither a server nor a browser nor a build, on
 * memory and SQLite. Other arguments go to Vitest (`npm test -- test/core`).
 *
 * The last line is always `N passed, N failed, N skipped`; the exit code is 0 only when nothing failed.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findChromium } from './lib/chromium.js'
import { install, isInstalled } from './lib/install.js'
import { followParent } from './lib/parent.js'
import { inSeconds, ROOT, requireNode, run } from './lib/run.js'

/** The whole run has to fit in 20 minutes on two cores; what hangs for longer than this is stopped and has failed. */
const SUITES_TIMEOUT_MS = 25 * 60_000
const CHECK_TIMEOUT_MS = 5 * 60_000

const total = { passed: 0, failed: 0, skipped: 0 }

/**
 * Runs one check that counts as one test. Its output is shown only when it fails.
 *
 * @param {string} name
 * @param {Promise<import('./lib/run.js').RunResult>} result
 */
async function check(name, result) {
  const { ok, output, seconds } = await result
  console.log(`${ok ? '✓' : '✗'} ${name} (${inSeconds(seconds)})`)
  if (!ok && output !== '') console.log(`${output}\n`)
  total[ok ? 'passed' : 'failed'] += 1
  return ok
}

const limit = { timeoutMs: CHECK_TIMEOUT_MS }

/** @param {...string} path */
const installed = (...path) => join(ROOT, 'node_modules', ...path)

/** @param {string} project @param {boolean} quick  Only what changed since the last time is looked at again. */
const typesOf = (project, quick) => {
  const known = installed('.cache', `types-${project === '.' ? 'all' : project}.tsbuildinfo`)
  const again = quick ? ['--incremental', '--tsBuildInfoFile', known] : []
  return run([installed('typescript', 'bin', 'tsc'), '-p', project, '--pretty', 'false', ...again], limit)
}

/**
 * @param {readonly string[]} args  For Vitest: projects and file filters.
 * @param {Readonly<Record<string, string>>} env
 */
async function runSuites(args, env) {
  const folder = mkdtempSync(join(tmpdir(), 'posthaste-test-'))
  const file = join(folder, 'counts.json')
  try {
    const reporters = ['--reporter=default', '--reporter=./scripts/lib/count-reporter.js']
    const { ok } = await run([installed('vitest', 'vitest.mjs'), 'run', ...reporters, ...args], {
      show: true,
      timeoutMs: SUITES_TIMEOUT_MS,
      env: { ...process.env, TEST_COUNTS_FILE: file, ...env },
    })
    const counts = JSON.parse(readFileSync(file, 'utf8'))
    total.passed += counts.passed
    total.skipped += counts.skipped
    // Vitest has reasons of its own to fail (no test found, a worker that crashed): never report those as success.
    total.failed += ok ? counts.failed : Math.max(1, counts.failed)
  } catch {
    console.log('✗ the suites ended without a result')
    total.failed += 1
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function finish() {
  console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`)
  process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0
}

async function main() {
  requireNode()
  followParent()
  const quick = process.argv.includes('--quick')
  const filters = process.argv.slice(2).filter((argument) => argument !== '--quick')

  if (!isInstalled() && !(await check('packages installed', install()))) return
  // The build comes before the types: programs under test/ run from dist/.
  await check('build', run([join(ROOT, 'scripts', 'build.js')], { timeoutMs: CHECK_TIMEOUT_MS }))
  await Promise.all([
    check(
      'style (biome)',
      run([installed('@biomejs', 'biome', 'bin', 'biome'), 'check', '--error-on-warnings', '.'], limit),
    ),
    check('types (tsc)', typesOf('.', quick)),
    check('types of the page (tsc)', typesOf('dashboard', quick)),
  ])
  if (quick) return runSuites(['--project', 'suites', ...filters], { TEST_QUICK: '1' })
  await check('dead code (knip)', run([installed('knip', 'bin', 'knip.js'), '--no-progress'], limit))
  // What cannot be had is said by the tests that need it.
  await findChromium().catch(() => {})
  await runSuites(filters, {})
}

await main()
finish()
