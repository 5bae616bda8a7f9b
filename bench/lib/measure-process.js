// One measurement in a process of its own: `node measure-process.js CASE SYSTEM SIZE` prints one line of JSON.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CASES } from '../cases/index.js'
import { openerOf } from './systems.js'

const [caseName, systemName = '', size] = process.argv.slice(2)
const benchCase = CASES.find(({ name }) => name === caseName)
if (benchCase === undefined) throw new Error(`no case ${caseName}`)
const open = await openerOf(systemName)
const folder = mkdtempSync(join(process.env['BENCH_FOLDER'] ?? tmpdir(), 'posthaste-bench-'))

/** @type {import('./types.js').CaseContext['spawnWorker']} */
const spawnWorker = async ({ concurrency, report = '' }) => {
  const script = fileURLToPath(new URL('worker-process.js', import.meta.url))
  const child = spawn(process.execPath, [script, systemName, folder, String(concurrency), report], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  await Promise.race([
    new Promise((resolve) => child.stdout.once('data', resolve)),
    ended.then(() => Promise.reject(new Error(`the worker of ${systemName} ended before it was ready`))),
  ])
  return {
    pid: child.pid ?? 0,
    stop: async () => {
      child.kill('SIGTERM')
      await ended
    },
  }
}

try {
  const measured = await benchCase.run({ open, folder, size: Number(size), spawnWorker })
  process.stdout.write(`${JSON.stringify(measured)}\n`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
process.exit(0)
