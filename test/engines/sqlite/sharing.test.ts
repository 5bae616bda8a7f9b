import { type ChildProcess, spawn } from 'node:child_process'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { Hint } from '../../../src/engines/engine.ts'
import type { SqliteEngineOptions } from '../../../src/engines/sqlite/index.ts'
import { WAL_BYTES_MAX } from '../../../src/engines/sqlite/wal.ts'
import { buildEngine, removeBuild } from './built.ts'
import {
  CLAIM,
  completion,
  integrityOf,
  newFolder,
  newJob,
  newJobs,
  openEngine,
  openHandle,
  until,
} from './lab.ts'

/** Several processes, and several engines, on one file. */

let module = ''
beforeAll(() => {
  module = buildEngine()
})
afterAll(() => removeBuild(module))

/** A process of its own with an open engine on the file; what it writes to its output is the answer. */
const start = (
  path: string,
  work: string,
  options: Partial<SqliteEngineOptions> = {},
): { readonly child: ChildProcess; readonly said: Promise<string> } => {
  const script = `
    const { createSqliteEngine } = await import(${JSON.stringify(module)})
    const { newId } = await import(${JSON.stringify(new URL('../../core/ids.js', module).href)})
    const engine = createSqliteEngine(${JSON.stringify({ path, ...options })})
    const job = (payload = '{}') => ({
      id: newId(), task: 'greet', queue: 'default', group: null, priority: 5, payload, delayMs: 0, runAt: null,
      blocked: null, maxRetries: null, leaseMs: null, options: null, key: null, ref: null, tags: null, ties: null,
    })
    const completion = ({ id, fence }) => ({
      id, fence, to: 'completed', attempt: 1, retries: 0, crashes: 0, solo: false, startedAt: 0, reason: null,
      output: null, error: null, history: null, unlessCancelled: false,
    })
    const claim = ${JSON.stringify(CLAIM)}
    await engine.open()
    ${work}
    await engine.close()`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const said = new Promise<string>((resolve, reject) => {
    let out = ''
    let complaint = ''
    child.stdout?.on('data', (data) => {
      out += data
    })
    child.stderr?.on('data', (data) => {
      complaint += data
    })
    child.on('exit', (code) => (code === 0 ? resolve(out) : reject(new Error(complaint || `exit ${code}`))))
  })
  said.catch(() => {})
  return { child, said }
}

const DRAIN = `
  const done = []
  let settle = []
  const worker = newId()
  for (;;) {
    const { jobs, settled } = await engine.exchange({ worker, settle, claim })
    if (settled.some((verdict) => verdict !== 'ok')) throw new Error(settled.join())
    if (jobs.length === 0) break
    done.push(...jobs.map(({ id }) => id))
    settle = jobs.map(completion)
  }
  process.stdout.write(JSON.stringify(done))`

describe('processes that share a file', () => {
  it('run every job once between them, and leave the file whole', async () => {
    const path = join(newFolder(), 'jobs.db')
    const engine = await openEngine({ path, thread: false })
    const jobs = [...newJobs(1_000), ...newJobs(1_000, { group: 'tenant' }), ...newJobs(500, { key: null })]
    for (let i = 0; i < jobs.length; i += 500) await engine.insert(jobs.slice(i, i + 500))
    const drains = [start(path, DRAIN), start(path, DRAIN), start(path, DRAIN)]
    const done = (await Promise.all(drains.map(({ said }) => said))).flatMap(
      (said) => JSON.parse(said) as string[],
    )
    expect(done.sort()).toEqual(jobs.map(({ id }) => id).sort())
    expect(await engine.counts()).toEqual([
      { queue: 'default', task: 'greet', state: 'completed', count: jobs.length },
    ])
    expect(integrityOf(await openHandle(path))).toBe('ok')
  })

  it('all get to write: none of three busy writers waits for long', async () => {
    const path = join(newFolder(), 'jobs.db')
    await openEngine({ path, thread: false })
    const add = `
      let worst = 0
      let count = 0
      for (const end = Date.now() + 1500; Date.now() < end; count++) {
        const before = performance.now()
        await engine.insert(Array.from({ length: 50 }, () => job()))
        worst = Math.max(worst, performance.now() - before)
      }
      process.stdout.write(JSON.stringify({ worst, count }))`
    const writers = [start(path, add), start(path, add), start(path, add)]
    const results = (await Promise.all(writers.map(({ said }) => said))).map(
      (said) => JSON.parse(said) as { worst: number; count: number },
    )
    // No one starves: a share of a third each would be even.
    const total = results.reduce((sum, { count }) => sum + count, 0)
    for (const { count } of results) expect(count / total).toBeGreaterThan(0.05)
  })

  it('a process that is killed in the middle leaves whole transactions behind', async () => {
    const path = join(newFolder(), 'jobs.db')
    const engine = await openEngine({ path, thread: false })
    for (let round = 0; round < 5; round++) {
      const adder = start(path, 'for (;;) await engine.insert([job(), job(), job()])')
      const before = (await engine.counts())[0]?.count ?? 0
      await until(async () => ((await engine.counts())[0]?.count ?? 0) > before + 30)
      adder.child.kill('SIGKILL')
      await adder.said.catch(() => {})
    }
    const database = await openHandle(path)
    expect(integrityOf(database)).toBe('ok')
    const { number } = database.prepare('select count(*) as number from jobs').get() as { number: number }
    expect(number % 3).toBe(0)
    expect((await engine.counts())[0]?.count).toBe(number)
  })

  it('hear of each other: new jobs ring in another process', async () => {
    const path = join(newFolder(), 'jobs.db')
    const engine = await openEngine({ path, thread: false })
    const hints: Hint[] = []
    await engine.listen((hint) => hints.push(hint))
    const adder = start(path, 'await engine.insert([job()])')
    await adder.said
    await until(() => hints.includes('ready') && hints.includes('changed'))
    expect(await engine.counts()).toEqual([{ queue: 'default', task: 'greet', state: 'ready', count: 1 }])
  })

  it('keep the write-ahead log bounded while three of them write without a pause', async () => {
    const path = join(newFolder(), 'jobs.db')
    await openEngine({ path, thread: false })
    const add = `
      const payload = JSON.stringify('x'.repeat(10_000))
      for (let n = 0; n < 2_700; n++) await engine.insert([job(payload), job(payload)])`
    // Without syncs there is hardly a moment when none of them writes, in which the log could begin anew by itself.
    const writers = [1, 2, 3].map(() => start(path, add, { synchronous: 'normal' }))
    let largest = 0
    const watch = setInterval(() => {
      largest = Math.max(largest, statSync(`${path}-wal`).size)
    }, 20)
    await Promise.all(writers.map(({ said }) => said))
    clearInterval(watch)
    expect(statSync(path).size).toBeGreaterThan(2 * WAL_BYTES_MAX)
    // What is written between two looks at the size comes on top.
    expect(largest).toBeLessThan(1.5 * WAL_BYTES_MAX)
  }, 60_000)
})

it('a long reader holds the log up, and no longer than it reads', async () => {
  const path = join(newFolder(), 'jobs.db')
  const engine = await openEngine({ path, thread: false })
  const reader = await openHandle(path)
  reader.exec('begin; select * from store')
  const payload = JSON.stringify('x'.repeat(200_000))
  const size = () => statSync(`${path}-wal`).size
  while (size() <= WAL_BYTES_MAX) await engine.insert(newJobs(20, { payload }))
  reader.exec('commit')
  await until(async () => {
    await engine.insert([newJob()])
    return size() <= WAL_BYTES_MAX
  })
}, 60_000)

it('two engines of one process share a file as well', async () => {
  const path = join(newFolder(), 'jobs.db')
  const one = await openEngine({ path, thread: false })
  const two = await openEngine({ path, thread: false })
  await one.insert(newJobs(200))
  const worker = 'worker'
  const claims = await Promise.all(
    [one, two, one, two].map((engine) => engine.exchange({ worker, claim: { ...CLAIM, limit: 50 } })),
  )
  const jobs = claims.flatMap((claim) => claim.jobs)
  expect(new Set(jobs.map(({ id }) => id)).size).toBe(200)
  await Promise.all([
    one.exchange({ worker, settle: jobs.slice(0, 100).map(completion) }),
    two.exchange({ worker, settle: jobs.slice(100).map(completion) }),
  ])
  expect(await two.counts()).toEqual([{ queue: 'default', task: 'greet', state: 'completed', count: 200 }])
})
