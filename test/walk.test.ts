import { execFile, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'

/**
 * The walk of the README, as it is written there: the commands are read from the page and run by a shell against the real
 * program. Only the address and the database are others, so that the test disturbs nothing on the machine.
 */
const root = fileURLToPath(new URL('..', import.meta.url))
const run = promisify(execFile)
const READY_MS = 30_000
const COMMAND_MS = 30_000

let folder = ''
let url = ''
let server: ReturnType<typeof spawn>

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'posthaste-walk-'))
  const program = [
    join(root, 'bin/posthaste.js'),
    'start',
    '--addr',
    '127.0.0.1:0',
    '--database',
    `${folder}/jobs.db`,
  ]
  server = spawn(process.execPath, program, { stdio: ['ignore', 'pipe', 'inherit'] })
  url = await new Promise((resolve, reject) => {
    let said = ''
    const late = setTimeout(() => reject(new Error(`not ready: ${said}`)), READY_MS)
    server.stdout?.on('data', (data: Buffer) => {
      said += data.toString()
      const found = /http:\/\/127\.0\.0\.1:\d+/.exec(said)?.[0]
      if (found === undefined) return
      clearTimeout(late)
      resolve(found)
    })
  })
})
afterAll(async () => {
  const ended = new Promise((resolve) => server.once('exit', resolve))
  server.kill('SIGTERM')
  await ended
  rmSync(folder, { recursive: true, force: true })
})

const section = (): string => {
  const page = readFileSync(join(root, 'README.md'), 'utf8')
  const from = page.indexOf('## One job, three doors')
  return page.slice(from, page.indexOf('\n## ', from + 1))
}

test('the walk of the README runs as it is written', async () => {
  const blocks = [...section().matchAll(/```sh\n([\s\S]*?)```/g)].map((match) => match[1] ?? '')
  expect(blocks).toHaveLength(2)
  const said: string[] = []
  for (const block of blocks) {
    const script = block.replaceAll('http://127.0.0.1:8080', url)
    const { stdout } = await run('sh', ['-e', '-c', script], {
      cwd: root,
      timeout: COMMAND_MS,
      env: { ...process.env, POSTHASTE_ENGINE: `sqlite:${folder}/jobs.db` },
    })
    said.push(stdout)
  }
  const [byHttp = '', byCommand = ''] = said
  expect(byHttp).toContain('"task":"echo"')
  expect(byHttp.match(/"ref":"my-first"/g)?.length).toBeGreaterThanOrEqual(2)
  expect(byCommand).toContain('completed')
  expect(byCommand).toContain('hello again')
  expect(byCommand).toContain('The payload asked to fail')
  expect(byCommand).toMatch(/dead\s+1/)
})
