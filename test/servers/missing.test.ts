import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { ROOT } from '../../scripts/lib/run.js'

const empty = mkdtempSync(join(tmpdir(), 'posthaste-no-servers-'))
afterAll(() => rmSync(empty, { recursive: true, force: true }))

const LIMIT_MS = 50_000
/** One file whose tests need both servers, among others that need none. */
const FILE = join('test', 'engines', 'open.test.ts')

/** Runs tests in a process of their own, on a machine that seems to have no servers. */
const runTests = async (): Promise<{ readonly code: number | null; readonly said: string }> => {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(VITEST|TEST_|NODE_OPTIONS)/.test(name)),
  )
  const child = spawn(
    process.execPath,
    [join(ROOT, 'node_modules', 'vitest', 'vitest.mjs'), 'run', FILE, '--reporter=verbose'],
    { cwd: ROOT, env: { ...env, NO_COLOR: '1', PATH: empty, TEST_SERVER_PROGRAMS: empty } },
  )
  const timer = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS)
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
  }
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  clearTimeout(timer)
  return { code, said }
}

it('without PostgreSQL or Redis a run fails, says what it tried and how to help it, and runs the rest', async () => {
  const { code, said } = await runTests()
  expect(code).toBe(1)
  expect(said).toMatch(/There is no PostgreSQL\. Looked for initdb and postgres in .*no-servers/)
  expect(said).toMatch(/There is no Redis \(redis-server is not in .*no-servers/)
  for (const help of [
    /apt-get install postgresql/,
    /TEST_POSTGRES_URL/,
    /brew install redis/,
    /TEST_REDIS_URL/,
  ]) {
    expect(said).toMatch(help)
  }
  expect(said).toMatch(/✓ .*opens the memory engine for memory:/)
  expect(said).toMatch(/Tests +2 failed \| \d\d passed/)
})
