import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ROOT } from '../../scripts/lib/run.js'
import { ENGINES } from '../servers/engines.ts'
import { folder } from './place.ts'
import { ensureBuilt, json, launch, run, type Service, stopAll, temporaryFolder } from './program.ts'

const ANY_PORT = ['--addr', '127.0.0.1:0']
const TOKEN = 'a-token-of-enough-length'

let own: ReturnType<typeof temporaryFolder>
let cwd: string

beforeAll(ensureBuilt, 150_000)
beforeEach(() => {
  own = temporaryFolder()
  cwd = own.path
})
afterEach(async () => {
  await stopAll()
  own.remove()
})

const urlOf = async (service: Service): Promise<string> =>
  (await service.match(/API +(http:\/\/\S+)/))[1] ?? ''

/** A task that says when it began, and ends when its file says so, or never. */
const TASKS = `
import { existsSync, writeFileSync } from 'node:fs'
const run = async (payload, { signal }) => {
  writeFileSync(payload.began, '')
  while (!existsSync(payload.end)) {
    if (signal.aborted && payload.obedient) throw signal.reason
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return 'ended'
}
export default [{ name: 'wait', run }]
`

const until = async (condition: () => boolean | Promise<boolean>, what: string): Promise<void> => {
  const deadline = Date.now() + 10_000
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`Not in time: ${what}`)
    await sleep(20)
  }
}

describe.each(ENGINES)('npm start on %s', (kind) => {
  const place = folder(kind)
  /** What `npm start -- --engine URL` runs. */
  const npmStart = (): Service => {
    const args = ['--engine', place.env['POSTHASTE_ENGINE'] ?? '', ...ANY_PORT]
    return launch(args, { cwd: place.cwd, program: join(ROOT, 'scripts', 'start.js') })
  }

  it('sends a first mail to a new installation, shows it, stops in order, and still has its jobs afterwards', async () => {
    const first = npmStart()
    const url = await urlOf(first)
    expect((await first.match(/Mailbox +(\S+)/))[1]).toBe(`${url}/mailbox`)
    await first.match(/First mail delivered in .* Read it: http:\S+\/mailbox/)
    const rows = [...first.output.stdout.matchAll(/^ {2}([A-Z]\w+) /gm)].map(([, label]) => label)
    expect(rows).toEqual(['API', 'Dashboard', 'Mailbox', 'Store', 'Workers', 'Tasks', 'Settings'])
    expect(first.output.stdout).toMatch(new RegExp(`Store +${kind} `))
    const { messages } = (await (await fetch(`${url}/mailbox.json`)).json()) as {
      messages: { id: string; subject: string }[]
    }
    expect(messages).toMatchObject([{ subject: expect.stringContaining('first job') }])
    const page = await fetch(`${url}/mailbox/${messages[0]?.id}`)
    expect(page.status).toBe(200)
    expect(await page.text()).toContain('first job')
    expect(await first.stop('SIGINT')).toBe(0)
    expect(first.output.stderr).toMatch(/Stopping\.[\s\S]*Stopped\.\n/)

    const second = npmStart()
    const again = await urlOf(second)
    const { jobs } = (await (await fetch(`${again}/v1/jobs`)).json()) as { jobs: object[] }
    expect(jobs).toMatchObject([{ task: 'email', state: 'completed', key: 'welcome' }])
    const shown = (await (await fetch(`${again}/mailbox.json`)).json()) as { messages: object[] }
    expect(shown.messages).toHaveLength(1)
    expect(await second.stop('SIGTERM')).toBe(0)
    // It is greeted once.
    expect(second.output.stdout).not.toMatch(/First mail/)
  })

  it('takes jobs over HTTP and runs them, waits for one that runs when it is stopped, and is healthy', async () => {
    writeFileSync(join(place.cwd, 'tasks.mjs'), TASKS)
    const service = launch(['start', '--tasks', 'tasks.mjs', ...ANY_PORT], place)
    const url = await urlOf(service)
    const add = async (body: object): Promise<string> => {
      const response = await fetch(`${url}/v1/jobs`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
      expect(response.status).toBe(201)
      return ((await response.json()) as { id: string }).id
    }
    const id = await add({ task: 'echo', payload: 'over HTTP' })
    await service.match(new RegExp(`${id}[^\n]*job completed`))
    expect(await json(['status', id], place)).toMatchObject({ state: 'completed', output: 'over HTTP' })
    const health = (await (await fetch(`${url}/healthz`)).json()) as object
    // The Redis of the tests keeps nothing on its disk, and says so.
    const durability = kind === 'redis' ? 'none' : 'system'
    expect(health).toMatchObject({ status: 'ok', engine: { kind, durability } })

    const [began, end] = [join(place.cwd, 'began'), join(place.cwd, 'end')]
    const running = await add({ task: 'wait', payload: { began, end, obedient: true } })
    await until(() => existsSync(began), 'the job begins')
    service.child.kill('SIGINT')
    await service.match(/Stopping: 1 job may run on/)
    writeFileSync(end, '')
    expect(await service.ended).toBe(0)
    expect(await json(['status', running], place)).toMatchObject({ state: 'completed', output: 'ended' })
  })
})

describe('start', () => {
  it('honours the settings of the old systems', async () => {
    const env = { APIADDR: '127.0.0.1:0', WORKERCOUNT: '3', MAXRETRIES: '0', WORKERTIMEOUT: '1' }
    writeFileSync(`${cwd}/tasks.mjs`, TASKS)
    const service = launch(['start', '--tasks', 'tasks.mjs'], { cwd, env })
    await service.match(/3 jobs at a time/)
    const failed = await run(['submit', '--payload', 'fail', '--wait', '10s', '--json'], { cwd, env })
    expect(JSON.parse(failed.stdout)).toMatchObject({ state: 'dead', attempt: 1 })
    const payload = JSON.stringify({ began: `${cwd}/began`, end: `${cwd}/never`, obedient: true })
    const slow = await run(['submit', '--task', 'wait', '--payload', payload, '--wait', '10s', '--json'], {
      cwd,
      env,
    })
    expect(JSON.parse(slow.stdout)).toMatchObject({ state: 'dead', lastError: { code: 'E_JOB_TIMEOUT' } })
    expect(await service.stop()).toBe(0)
  })

  it('says in one line that its address is taken', async () => {
    const first = launch(['start', ...ANY_PORT], { cwd })
    const { host } = new URL(await urlOf(first))
    const second = await run(['start', '--addr', host], { cwd })
    expect(second).toMatchObject({ code: 1, stdout: '' })
    const lines = second.stderr
      .trimEnd()
      .split('\n')
      .filter((line) => !line.startsWith('{'))
    expect(lines).toEqual([expect.stringMatching(/^posthaste: .*in use.*--addr.*\(E_ADDRESS_IN_USE\)$/)])
    expect(await first.stop()).toBe(0)
  })

  it('prints its banner and its mail as JSON for machines, without secrets', async () => {
    const env = { POSTHASTE_TOKEN: TOKEN }
    const service = launch(['start', '--welcome', '--json', ...ANY_PORT], { cwd, env })
    await service.match(/"event":"delivered"/)
    const [started, delivered] = service.output.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(started).toMatchObject({
      event: 'started',
      engine: { kind: 'sqlite' },
      workers: { concurrency: 10 },
    })
    expect(delivered).toMatchObject({ event: 'delivered' })
    expect(service.output.stdout + service.output.stderr).not.toContain(TOKEN)
    expect((await fetch(`${started.url}/v1/jobs`)).status).toBe(401)
    const headers = { authorization: `Bearer ${TOKEN}` }
    expect((await fetch(`${started.url}/v1/jobs`, { headers })).status).toBe(200)
    expect(await service.stop()).toBe(0)
  })
})

describe('a worker whose output nobody reads', () => {
  it('goes on', async () => {
    const worker = launch(['worker'], { cwd })
    worker.child.stdout?.destroy()
    worker.child.stderr?.destroy()
    for (const payload of ['one', 'two']) {
      const job = await json(['submit', '--payload', payload, '--wait', '10s'], { cwd })
      expect(job).toMatchObject({ state: 'completed' })
    }
    expect(await worker.stop()).toBe(0)
  })
})

describe('serve', () => {
  it('takes jobs and runs none', async () => {
    const service = launch(['serve', ...ANY_PORT], { cwd })
    await service.match(/none in this process/)
    const url = await urlOf(service)
    const { id } = await json(['submit', '--payload', 'x'], { cwd })
    const worker = launch(['worker'], { cwd })
    await worker.match(new RegExp(`${id}[^\n]*job completed`))
    expect(service.output.stderr).not.toContain('job completed')
    expect(await (await fetch(`${url}/v1/jobs/${id}`)).json()).toMatchObject({ state: 'completed' })
    expect(await Promise.all([service.stop(), worker.stop()])).toEqual([0, 0])
  })
})

describe('worker --tasks', () => {
  it.each([
    ['a task', 'tasks.mjs', "export default { name: 'mine', run: (p) => p + 1 }"],
    ['a pack', 'tasks.mjs', "export default { name: 'own', tasks: [{ name: 'mine', run: (p) => p + 1 }] }"],
    [
      'TypeScript',
      'tasks.ts',
      "export default [{ name: 'mine' as string, run: (p: number): number => p + 1 }]",
    ],
  ])('loads %s', async (_, file, source) => {
    writeFileSync(`${cwd}/${file}`, source)
    // TypeScript needs this loader beside the user's file on a Node.js that cannot read it.
    const { mkdirSync, symlinkSync } = await import('node:fs')
    const { fileURLToPath } = await import('node:url')
    mkdirSync(`${cwd}/node_modules`)
    symlinkSync(
      fileURLToPath(new URL('../../node_modules/jiti', import.meta.url)),
      `${cwd}/node_modules/jiti`,
    )
    for (const isolate of [[], ['--isolate', 'process'], ['--isolate', 'thread']]) {
      const worker = launch(['worker', '--tasks', file, ...isolate], { cwd })
      await worker.match(/Tasks .*mine/)
      const job = await json(['submit', '--task', 'mine', '--payload', '41', '--wait', '30s'], { cwd })
      expect(job).toMatchObject({ state: 'completed', output: 42 })
      expect(await worker.stop()).toBe(0)
    }
  })

  it('runs them in processes that see nothing of the store, with --isolate process', async () => {
    const source = `
      const run = () => ({ pid: process.pid, cwd: process.cwd(), env: Object.keys(process.env) })
      export default [{ name: 'apart', run }, { name: 'here', isolate: 'none', run }]`
    writeFileSync(`${cwd}/tasks.mjs`, source)
    const env = { POSTHASTE_ENGINE: `sqlite:${cwd}/secret.db`, POSTHASTE_TOKEN: TOKEN }
    const worker = launch(['worker', '--tasks', 'tasks.mjs', '--isolate', 'process'], { cwd, env })
    const seen = async (task: string) =>
      (await json(['submit', '--task', task, '--payload', '1', '--wait', '30s'], { cwd, env })).output
    const here = await seen('here')
    expect(here).toMatchObject({ pid: worker.child.pid })
    expect(here.env).toContain('POSTHASTE_ENGINE')
    const apart = await seen('apart')
    expect(apart.pid).not.toBe(worker.child.pid)
    expect(apart.cwd).not.toBe(here.cwd)
    expect(apart.env).toContain('PATH')
    expect(apart.env.filter((name: string) => name.startsWith('POSTHASTE_'))).toEqual([])
    expect(await worker.stop()).toBe(0)
    expect(existsSync(apart.cwd)).toBe(false)
  })

  it.each([
    ['export default 5', /must export as default/],
    ['export const task = {}', /must export as default/],
    ["export default { name: 'a b', run() {} }", /E_NAME/],
    ["throw new Error('no luck')", /cannot be loaded: no luck/],
  ])('refuses %j', async (source, says) => {
    writeFileSync(`${cwd}/tasks.mjs`, source)
    const { code, stderr } = await run(['worker', '--tasks', 'tasks.mjs'], { cwd })
    expect([2, 78]).toContain(code)
    expect(stderr).toMatch(says)
  })
})

describe('stopping while a job runs', () => {
  let service: Service
  let id: string
  const path = (name: string): string => `${cwd}/${name}`

  const begin = async (args: readonly string[], obedient: boolean): Promise<void> => {
    writeFileSync(path('tasks.mjs'), TASKS)
    service = launch(['worker', '--tasks', 'tasks.mjs', ...args], { cwd })
    const payload = JSON.stringify({ began: path('began'), end: path('end'), obedient })
    id = (await json(['submit', '--task', 'wait', '--payload', payload], { cwd })).id
    await until(() => existsSync(path('began')), 'the job begins')
  }
  const job = () => json(['status', id], { cwd })

  it('waits for it, says so, and takes no other', async () => {
    await begin([], true)
    service.child.kill('SIGTERM')
    await service.match(/Stopping: 1 job may run on for 25s\. Press Ctrl-C again to stop at once\./)
    const other = (await json(['submit', '--payload', 'later'], { cwd })).id
    writeFileSync(path('end'), '')
    expect(await service.ended).toBe(0)
    expect(await job()).toMatchObject({ state: 'completed', output: 'ended' })
    expect(await json(['status', other], { cwd })).toMatchObject({ state: 'ready', attempt: 0 })
  })

  it('gives it back without a charge when the grace is over', async () => {
    await begin(['--grace', '100ms'], true)
    expect(await service.stop('SIGTERM')).toBe(0)
    expect(await job()).toMatchObject({ state: 'ready', attempt: 0 })
  })

  it('stops at once at the second signal, whatever the job does', async () => {
    await begin([], false)
    service.child.kill('SIGINT')
    await service.match(/Press Ctrl-C again/)
    // Signals that come close to the first one are taken for the same Ctrl-C.
    await until(() => !service.child.kill('SIGINT'), 'it ends')
    expect(await service.ended).toBe(0)
    expect(service.output.stderr).toMatch(/Stopped at once/)
  })
})
