import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ensureBuilt, exists, run, temporaryFolder } from './program.ts'

const UNKNOWN = '01890a5d-ac96-774b-bcce-b302099a8057'

let folder: ReturnType<typeof temporaryFolder>
let cwd: string
beforeAll(async () => {
  await ensureBuilt()
  folder = temporaryFolder()
  cwd = folder.path
}, 150_000)
afterAll(() => folder.remove())

interface Case {
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly code: number
  readonly says: RegExp
}

const CASES: readonly Case[] = [
  { args: ['frobnicate'], code: 2, says: /Unknown command 'frobnicate'/ },
  { args: ['stat'], code: 2, says: /Did you mean one of start, stats|Did you mean/ },
  { args: ['submit'], code: 2, says: /--payload/ },
  { args: ['submit', '--payload', 'x', '--frobnicate'], code: 2, says: /Unknown option '--frobnicate'/ },
  { args: ['submit', '--payload', 'x', '--payload-file', 'y'], code: 2, says: /one of/ },
  { args: ['submit', '--payload', 'x', 'y'], code: 2, says: /Too many arguments/ },
  { args: ['submit', '--payload-file', 'missing'], code: 2, says: /Cannot read "missing"/ },
  {
    args: ['submit', '--payload', 'x', '--priority', 'urgent'],
    code: 2,
    says: /critical, high, normal, low/,
  },
  { args: ['submit', '--payload', 'x', '--delay', '5 parsecs'], code: 2, says: /"30s"/ },
  { args: ['submit', '--payload', 'x', '--max-retries', '-1'], code: 2, says: /--max-retries is "-1"/ },
  { args: ['submit', '--payload', 'x', '--task', 'no name'], code: 2, says: /E_NAME/ },
  { args: ['submit', '--lines', '-', '--key', 'k'], code: 2, says: /--key is for one job/ },
  { args: ['worker', '--workers', '0'], code: 2, says: /--workers is "0"/ },
  { args: ['worker', '--grace', 'soon'], code: 2, says: /--grace/ },
  { args: ['status'], code: 2, says: /--job-id/ },
  { args: ['status', 'not-an-id'], code: 2, says: /E_ARGUMENT/ },
  { args: ['stats', '--engine', 'sqlite:a', '--database', 'b'], code: 2, says: /cannot be used with/ },
  { args: ['list', '--state', 'done'], code: 2, says: /completed/ },
  { args: ['pause'], code: 2, says: /Pause what\?/ },
  { args: ['status', UNKNOWN], code: 1, says: /There is no job/ },
  { args: ['explain', UNKNOWN], code: 1, says: /There is no job/ },
  { args: ['stats', '--engine', 'mysql://localhost'], code: 78, says: /E_CONFIG/ },
  {
    args: ['stats'],
    env: { POSTHASTE_ENGINE: 'mysql://root:hunter2@db' },
    code: 78,
    says: /POSTHASTE_ENGINE/,
  },
  { args: ['stats'], env: { POSTHASTE_ENGIN: 'x' }, code: 78, says: /POSTHASTE_ENGIN is no setting/ },
  { args: ['start'], env: { APIADDR: 'nonsense' }, code: 78, says: /APIADDR/ },
  { args: ['start'], env: { WORKERCOUNT: 'many' }, code: 78, says: /WORKERCOUNT/ },
  { args: ['start'], env: { SMTP_URL: 'smtp://user:hunter2@:nowhere' }, code: 78, says: /SMTP_URL/ },
  {
    args: ['start', '--addr', '0.0.0.0:0'],
    code: 78,
    says: /POSTHASTE_TOKEN is not set and --insecure-http/,
  },
  {
    args: ['serve', '--addr', '0.0.0.0:0'],
    env: { POSTHASTE_TOKEN: 'a-token-of-enough-length' },
    code: 78,
    says: /--insecure-http is not given/,
  },
  { args: ['worker', '--tasks', 'missing.js'], code: 78, says: /"missing.js" does not exist/ },
]

describe('what is wrong is told in one line, and nothing is started', () => {
  it.each(CASES)('$args → $code', async ({ args, env = {}, code, says }) => {
    const { path: cwd, remove } = temporaryFolder()
    const [plain, machine] = await Promise.all([
      run(args, { cwd, env }),
      run([...args, '--json'], { cwd, env }),
    ])
    expect(plain).toMatchObject({ code, stdout: '' })
    const lines = plain.stderr
      .trimEnd()
      .split('\n')
      .filter((line) => !line.startsWith('There is no database'))
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(/^posthaste: .+\(E_[A-Z_]+\)$/)
    expect(lines[0]).toMatch(says)
    expect(plain.stderr).not.toContain('hunter2')

    expect(machine).toMatchObject({ code, stdout: '' })
    const { error } = JSON.parse(machine.stderr) as { error: { code: string; message: string } }
    expect(error.code).toMatch(/^E_/)
    expect(machine.stderr.trimEnd().split('\n')).toHaveLength(1)
    // Where the configuration is refused, nothing is opened or created.
    if (code === 78) expect(exists(cwd, 'posthaste.db')).toBe(false)
    remove()
  })
})

describe('a configuration file', () => {
  it('is read from the working directory, and refused when it is wrong', async () => {
    const own = temporaryFolder()
    const at = { cwd: own.path }
    writeFileSync(`${own.path}/posthaste.config.json`, '{"engine":"sqlite:./from-file.db"}')
    expect((await run(['submit', '--payload', 'x'], at)).code).toBe(0)
    expect(exists(own.path, 'from-file.db')).toBe(true)
    const other = await run(['submit', '--payload', 'x', '--database', 'flag.db'], at)
    expect([other.code, exists(own.path, 'flag.db')]).toEqual([0, true])

    writeFileSync(`${own.path}/posthaste.config.json`, '{"engin":"sqlite:x"}')
    expect(await run(['stats'], at)).toMatchObject({ code: 78, stderr: expect.stringContaining('"engin"') })
    writeFileSync(`${own.path}/posthaste.config.json`, '{')
    expect(await run(['stats'], at)).toMatchObject({ code: 78 })
    own.remove()
  })
})

describe('help', () => {
  it.each([[['--help']], [['help']], [['help', 'submit']], [['submit', '--help']]])('%j', async (args) => {
    const { code, stdout, stderr } = await run(args, { cwd })
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/Usage: posthaste/)
  })

  it('is shown when nothing is asked for, which is a mistake all the same', async () => {
    const { code, stdout } = await run([], { cwd })
    expect(code).toBe(2)
    for (const command of [
      'start',
      'serve',
      'worker',
      'submit',
      'status',
      'stats',
      'list',
      'explain',
      'retry',
      'cancel',
      'remove',
      'pause',
      'resume',
      'doctor',
    ]) {
      expect(stdout).toMatch(new RegExp(`^  ${command} `, 'm'))
    }
  })

  it('knows the version of the package', async () => {
    expect(await run(['--version'], { cwd })).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    })
  })
})
