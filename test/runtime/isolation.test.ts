import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Job, type Posthaste, posthaste, task } from 'posthaste'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { CRASH_CAP } from '../../src/core/limits.ts'
import { ensureBuilt } from '../cli/program.ts'
import { tasksIn } from './isolated/ordinary.mjs'
import { newFolder, opened, until } from './open.ts'
import { openLab, withMethods } from './worker-lab.ts'

/** Handlers in children, and what passes between them and the worker. The children run the built files. */

const ISOLATIONS = ['process', 'thread'] as const
const module = (name: string): string => new URL(`isolated/${name}`, import.meta.url).href

beforeAll(ensureBuilt, 150_000)

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

let folder: string
beforeEach(async () => {
  folder = await newFolder()
})
/** The process that says in this file that it began. */
const begun = async (file: string): Promise<number> => {
  await until(() => existsSync(file) && readFileSync(file, 'utf8') !== '', 30_000)
  return Number(readFileSync(file, 'utf8'))
}

const finished = async (ph: Posthaste, name: string, payload: unknown = {}): Promise<Job> => {
  const { id } = await ph.add(name, payload)
  return ph.waitFor(id, { timeout: '45s' })
}

describe.each(ISOLATIONS)('a handler in a %s', (isolate) => {
  const open = (concurrency = 2) =>
    opened('sqlite', { tasks: tasksIn(isolate) }).then((ph) => {
      ph.work({ concurrency })
      return ph as unknown as Posthaste
    })

  it('is given its job, and what it reports and adds is the job’s', async () => {
    const ph = await open()
    const job = await finished(ph, 'context')
    expect(job).toMatchObject({
      state: 'completed',
      attempt: 1,
      progress: { done: 0.5 },
      checkpoint: { attempt: 1 },
    })
    const output = job.output as Record<string, unknown>
    expect(output).toMatchObject({ attempt: 1, fence: job.fence, before: null, kept: { attempt: 1 } })
    expect(output['job']).toMatchObject({
      id: job.id,
      task: 'context',
      queue: 'default',
      tags: [],
      createdAt: true,
    })
    expect(await ph.get(String(output['id']))).toMatchObject({
      task: 'where',
      payload: { n: 1 },
      state: 'scheduled',
    })
    const lines = (await ph.logs(job.id)).map(({ level, message }) => `${level} ${message}`)
    expect(lines.sort()).toEqual(['info printed', 'warn complained', 'warn said'])
  })

  it('keeps its checkpoint across attempts, and fails like any other', async () => {
    const ph = await open()
    expect(await finished(ph, 'keeps')).toMatchObject({
      state: 'completed',
      attempt: 2,
      output: { written: 'in the first run' },
      errors: [{ message: 'once more' }],
    })
    expect(await finished(ph, 'fail')).toMatchObject({
      state: 'dead',
      reason: 'exhausted',
      attempt: 4,
      lastError: {
        name: 'TypeError',
        message: 'It does not fit.',
        stack: expect.stringContaining('ordinary.mjs'),
      },
    })
  })

  it('prints into its own log alone, however much it is', async () => {
    const ph = await open(1)
    expect(await finished(ph, 'floods')).toMatchObject({ state: 'completed', attempt: 1 })
    const next = await finished(ph, 'where')
    expect(next).toMatchObject({ state: 'completed', attempt: 1 })
    expect(await ph.logs(next.id)).toEqual([])
  })

  it('is replaced when its output was closed', async () => {
    const ph = await open(1)
    expect(await finished(ph, 'closesOutput')).toMatchObject({ state: 'completed', attempt: 1 })
    const next = await finished(ph, 'context')
    expect(next).toMatchObject({ state: 'completed', attempt: 1 })
    expect((await ph.logs(next.id)).map(({ message }) => message)).toContain('printed')
  })

  it('has its payload checked, and transformed, where it runs', async () => {
    const ph = await open()
    expect(await finished(ph, 'dated', { at: '2030-01-01' })).toMatchObject({
      output: { isDate: true, year: 2030 },
    })
  })

  it('hears why an add is refused', async () => {
    const ph = await open()
    const { output } = await finished(ph, 'addsBadly')
    expect(output).toMatchObject({ code: 'E_PAYLOAD', message: expect.stringContaining('no date') })
  })

  it('is given payloads of older versions as today’s', async () => {
    const ph = await open()
    const old = task({ name: 'dated', run: () => null })
    const { id } = await ph.add(old, { when: '2029-01-01' })
    expect(await ph.waitFor(id, { timeout: '45s' })).toMatchObject({ output: { isDate: true, year: 2029 } })
  })

  it('keeps the results of its steps, also when it crashes in one', async () => {
    const ph = await open()
    const file = join(folder, 'steps')
    const job = await finished(ph, 'steps', { file })
    const at = new Date(0).toISOString()
    expect(job).toMatchObject({
      state: 'completed',
      attempt: 2,
      output: {
        failed: 'not this',
        first: { name: 'first', at },
        second: { name: 'second', at },
        nothing: true,
        twice: 'E_STEP',
      },
    })
    expect(job.steps.map(({ name, attempt }) => `${name} ${attempt}`)).toEqual([
      'first 1',
      'second 2',
      'nothing 2',
    ])
    expect(readFileSync(file, 'utf8')).toBe('first second ')
    expect(await finished(ph, 'addsWithinStep')).toMatchObject({ output: 'E_STEP' })
  })

  it('reads and stores blobs', async () => {
    const ph = await open()
    const { hash } = await ph.blobs.put('some bytes')
    const { output } = await finished(ph, 'blobs', { hash })
    const { stored, ...rest } = output as { stored: string }
    expect(rest).toEqual({
      text: 'some bytes',
      streamed: 'some bytes',
      read: 'some bytes',
      size: 10,
      isDate: true,
      none: null,
      missing: 'E_BLOB_MISSING',
      large: 'E_TOO_LARGE',
    })
    expect((await ph.blobs.bytes(stored)).toString()).toBe('SOME BYTES')
  })

  it('reads its parents', async () => {
    const ph = await open()
    const { child } = await ph.flow({
      one: { task: 'dated', payload: { at: '2031-01-01' } },
      child: { task: 'parents', payload: {}, after: ['one'] },
    })
    const { output } = await ph.waitFor(child.id, { timeout: '45s' })
    expect(output).toMatchObject({ one: { state: 'completed', output: { year: 2031 } } })
  })

  it('snoozes, discards and asks for a later time', async () => {
    const ph = await open()
    expect(await finished(ph, 'discards')).toMatchObject({ state: 'cancelled', reason: 'discarded' })
    for (const [name, state] of [
      ['snoozes', 'scheduled'],
      ['retriesLater', 'retrying'],
    ] as const) {
      const { id } = await ph.add(name, {})
      await until(async () => (await ph.get(id))?.state === state, 30_000)
      const job = await ph.get(id)
      expect((job?.runAt.getTime() ?? 0) - Date.now()).toBeGreaterThan(3_500_000)
    }
  })

  it('is cancelled by its signal', async () => {
    const ph = await open()
    const began = join(folder, 'began')
    const { id } = await ph.add('obeys', { began })
    await begun(began)
    await ph.cancel(id, { reason: 'enough' })
    expect(await ph.waitFor(id, { timeout: '30s' })).toMatchObject({
      state: 'cancelled',
      reason: 'cancelled',
    })
  })

  it('is ended when it ignores its timeout, and the next job runs', async () => {
    const ph = await open(1)
    const began = join(folder, 'began')
    const { id } = await ph.add('ignores', { began }, { timeout: '100ms', maxRetries: 0 })
    const pid = await begun(began)
    expect(await ph.waitFor(id, { timeout: '30s' })).toMatchObject({
      state: 'dead',
      reason: 'exhausted',
      lastError: { code: 'E_JOB_TIMEOUT' },
    })
    expect(await finished(ph, 'where')).toMatchObject({ state: 'completed' })
    if (isolate === 'process') expect(isAlive(pid)).toBe(false)
  })

  it('is given back when the worker stops, without a charge', async () => {
    const ph = await open()
    const began = join(folder, 'began')
    const { id } = await ph.add('ignores', { began })
    const pid = await begun(began)
    await ph.localWorkers()[0]?.stop({ grace: 0 })
    expect(await ph.get(id)).toMatchObject({ state: 'ready', attempt: 0 })
    if (isolate === 'process') await until(() => !isAlive(pid))
  })

  it('is ended when its lease is lost', async () => {
    let isCut = false
    const lab = await openLab({
      tasks: tasksIn(isolate),
      settings: { leaseMs: 1_500 },
      wrap: (engine) =>
        withMethods(engine, {
          exchange: (request) =>
            isCut ? Promise.reject(new Error('the store cannot be reached')) : engine.exchange(request),
        }),
    })
    const worker = lab.work({ concurrency: 1 })
    const began = join(folder, 'began')
    await lab.add('ignores', { began })
    const pid = await begun(began)
    isCut = true
    // Its slot is free when the child is gone.
    await until(() => worker.stats().running === 0, 10_000)
    expect(lab.lines.map(({ message }) => message)).toContain('the lease of a job was lost')
    if (isolate === 'process') expect(isAlive(pid)).toBe(false)
    isCut = false
  })

  it(`makes its job dead after ${CRASH_CAP} crashes in a row, whatever retries are left`, async () => {
    const ph = await open()
    const [crashing, neighbour] = await Promise.all([
      finished(ph, 'exit', { times: 10 }),
      finished(ph, 'where'),
    ])
    expect(neighbour).toMatchObject({ state: 'completed', attempt: 1 })
    expect(crashing).toMatchObject({
      state: 'dead',
      reason: 'crashed',
      attempt: CRASH_CAP,
      lastError: {
        code: 'E_CHILD_CRASHED',
        message: expect.stringContaining(`The ${isolate} that ran the job ended by itself with exit code 3.`),
      },
    })
    expect(crashing.errors).toHaveLength(CRASH_CAP)
    expect(await finished(ph, 'exit', { times: CRASH_CAP - 1 })).toMatchObject({
      state: 'completed',
      attempt: CRASH_CAP,
    })
  })
})

describe('a child process', () => {
  const open = async (concurrency: number, retention = {}) => {
    const ph = await opened('sqlite', { tasks: tasksIn('process'), ...retention })
    ph.work({ concurrency })
    return ph as unknown as Posthaste
  }
  const before = process.env['TMPDIR']
  afterEach(() => {
    for (const name of ['ISOLATION_TEST', 'ISOLATION_OTHER', 'POSTHASTE_ENGINE', 'TMPDIR'])
      delete process.env[name]
    if (before !== undefined) process.env['TMPDIR'] = before
  })

  it('sees an empty folder of its own, and of the environment what it is given', async () => {
    process.env['ISOLATION_TEST'] = 'passed'
    process.env['ISOLATION_OTHER'] = 'kept back'
    process.env['TMPDIR'] = folder
    const ph = await open(1)
    const { output } = await finished(ph, 'where')
    const { cwd, env, argv } = output as { cwd: string; env: string[]; argv: string[] }
    expect(cwd.startsWith(folder)).toBe(true)
    expect(env).toContain('ISOLATION_TEST')
    expect(env).not.toContain('ISOLATION_OTHER')
    expect(argv).toHaveLength(2)
    await ph.close()
    await until(() => readdirSync(folder).every((name) => !name.startsWith('posthaste-child-')))
  })

  it('is used again, and there are no more than handlers', async () => {
    const ph = await open(2)
    const pids = new Set<unknown>()
    for (let n = 0; n < 5; n++) {
      pids.add(((await finished(ph, 'where')).output as { pid: number }).pid)
    }
    expect(pids.size).toBe(1)
    const file = join(folder, 'go')
    const jobs = await ph.addMany(Array.from({ length: 6 }, () => ({ task: 'waitsFor', payload: { file } })))
    writeFileSync(file, '')
    for (const { id } of jobs) pids.add((await ph.waitFor(id, { timeout: '45s' })).output)
    expect(pids.size).toBeLessThanOrEqual(2)
  })

  it('gives a job that crashed before one that nobody has used', async () => {
    const ph = await open(1)
    const { pid } = (await finished(ph, 'where')).output as { pid: number }
    const crashed = await finished(ph, 'exit', { times: 1 })
    expect(crashed).toMatchObject({ state: 'completed', attempt: 2 })
    const fresh = (crashed.output as { pid: number }).pid
    expect(fresh).not.toBe(pid)
  })

  it.each([
    ['in a loop', 'ignores'],
    ['with the programs that it has started', 'startsAnother'],
  ])('ends with its worker, even %s, when that is killed', async (_, name) => {
    const database = join(folder, 'jobs.db')
    const began = join(folder, 'began')
    const program = fileURLToPath(module('worker.mjs'))
    const worker = spawn(process.execPath, [program, database], {
      stdio: 'ignore',
      env: { ...process.env, TMPDIR: folder },
    })
    try {
      const ph = await opened('sqlite', { engine: `sqlite:${database}` })
      await ph.add(name, { began })
      const pid = await begun(began)
      worker.kill('SIGKILL')
      await until(() => !isAlive(pid), 15_000)
      await until(() => readdirSync(folder).every((name) => !name.startsWith('posthaste-child-')))
    } finally {
      worker.kill('SIGKILL')
    }
  })
})

describe('the module of a task', () => {
  const isolated = (name: string, file: string) =>
    task({ name, isolate: 'process', module: module(file), memoryMb: 128, run: () => null })

  it('may be a function that is called with settings', async () => {
    const greet = task({
      name: 'greet',
      isolate: 'thread',
      module: { url: module('with-settings.mjs'), settings: { greeting: 'Good morning' } },
      run: () => '',
    })
    const ph = await opened('memory', { tasks: [greet] })
    ph.work()
    expect((await finished(ph as unknown as Posthaste, 'greet', { name: 'Ada' })).output).toBe(
      'Good morning, Ada!',
    )
  })

  it.each([
    ['does not exist', 'missing.mjs', /does not exist/],
    ['cannot be imported', 'broken.mjs', /The library is not installed/],
    ['exports no such task', 'ordinary.mjs', /exports no task named wanted; it exports where, /],
    ['opens an installation', 'opens.mjs', /opens an installation/],
    ['needs settings', 'with-settings.mjs', /exports no task named wanted; it exports no task at all/],
  ])('that %s: is told of at the start, and its jobs wait', async (_, file, says) => {
    const errors: Error[] = []
    const ph = await opened('memory', { tasks: [isolated('wanted', file)] })
    ph.on('error', (error) => errors.push(error))
    ph.work()
    await until(() => errors.length > 0, 30_000)
    expect(errors[0]).toMatchObject({ code: 'E_CHILD_START', message: expect.stringMatching(says) })
    const { id } = await ph.add('wanted', {})
    await until(async () => (await ph.get(id))?.state === 'retrying', 30_000)
    const job = await ph.get(id)
    expect(job).toMatchObject({
      attempt: 0,
      lastError: { code: 'E_CHILD_START', message: expect.stringMatching(says) },
    })
  })

  it('must be given with isolate, by the time the task is used', async () => {
    const without = task({ name: 'without', isolate: 'process', run: () => null })
    await expect(posthaste({ engine: 'memory:', tasks: [without] })).rejects.toMatchObject({
      code: 'E_ARGUMENT',
      message: expect.stringContaining('module: import.meta.url'),
    })
  })

  it.each([
    [{ isolate: 'fork' }, /isolate is "fork", not none, thread or process/],
    [{ module: 'https://example.com/tasks.js' }, /module is .*, not the URL of a file/],
    [{ module: './tasks.js' }, /module is .*, not the URL of a file/],
    [{ module: { url: module('ordinary.mjs'), setting: {} } }, /module\.setting is not known/],
    [{ module: { url: module('ordinary.mjs'), settings: () => 1 } }, /settings is a function/],
    [{ memoryMb: 4 }, /memoryMb is 4, not a whole number from 128/],
    [{ env: 'PATH' }, /env is "PATH", not an array/],
    [{ env: ['POSTHASTE_ENGINE'] }, /env names "POSTHASTE_ENGINE", which is no variable/],
    [{ env: ['NODE_OPTIONS'] }, /env names "NODE_OPTIONS"/],
  ])('and the rest are checked: %j', (wrong, says) => {
    expect(() => task({ name: 'a', run: () => null, ...wrong } as Parameters<typeof task>[0])).toThrow(says)
  })
})
