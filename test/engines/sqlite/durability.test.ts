import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildEngine, removeBuild } from './built.ts'
import { newFolder } from './lab.ts'

/** Syncs are counted where they happen, in the system calls: what a pragma answers is not believed. */

let module = ''
beforeAll(() => {
  module = buildEngine()
})
afterAll(() => removeBuild(module))

/** How many syncs a process makes from the moment when the store is open. */
const syncsOf = (work: string, options: object): number => {
  const folder = newFolder()
  const script = `
    import { openSync, writeSync } from 'node:fs'
    const { createSqliteEngine } = await import(${JSON.stringify(module)})
    const { newId } = await import(${JSON.stringify(new URL('../../core/ids.js', module).href)})
    const engine = createSqliteEngine({ path: ${JSON.stringify(join(folder, 'jobs.db'))}, ...${JSON.stringify(options)} })
    await engine.open()
    const job = () => ({
      id: newId(), task: 'greet', queue: 'default', group: null, priority: 5, payload: '{}', delayMs: 0, runAt: null,
      blocked: null, maxRetries: null, leaseMs: null, options: null, key: null, ref: null, tags: null, ties: null,
    })
    const mark = openSync(${JSON.stringify(join(folder, 'mark'))}, 'w')
    writeSync(mark, 'work begins')
    ${work}
    writeSync(mark, 'work ends')
    await engine.close()`
  const trace = join(folder, 'trace')
  const node = [process.execPath, '--input-type=module', '-e', script]
  const run = spawnSync('strace', ['-f', '-o', trace, '-e', 'trace=fsync,fdatasync,write', ...node], {
    encoding: 'utf8',
    timeout: 60_000,
  })
  if (run.error !== undefined) {
    throw new Error('strace is needed to count syncs; on Debian: apt-get install strace', {
      cause: run.error,
    })
  }
  if (run.status !== 0) throw new Error(run.stderr)
  const lines = readFileSync(trace, 'utf8').split('\n')
  const from = lines.findIndex((line) => line.includes('work begins'))
  const to = lines.findIndex((line) => line.includes('work ends'))
  return lines.slice(from, to).filter((line) => /\b(fsync|fdatasync)\(/.test(line)).length
}

const ONE_BY_ONE = 'for (let i = 0; i < 50; i++) await engine.insert([job()])'
const IN_FLIGHT = 'await Promise.all(Array.from({ length: 100 }, () => engine.insert([job()])))'

describe.each([{ thread: true }, { thread: false }])('syncs with %o', (options) => {
  it('every awaited add is synced by itself', () => {
    expect(syncsOf(ONE_BY_ONE, options)).toBeGreaterThanOrEqual(50)
  })

  it('a hundred adds in flight share their syncs', () => {
    const syncs = syncsOf(IN_FLIGHT, options)
    expect(syncs).toBeGreaterThanOrEqual(1)
    expect(syncs).toBeLessThanOrEqual(10)
  })

  it('an idle worker that polls syncs nothing', () => {
    const claim = "{ limit: 10, queues: null, tasks: null, order: 'merged', leaseMs: 1000 }"
    const poll = `for (let i = 0; i < 20; i++) await engine.exchange({ worker: 'w', claim: ${claim} })`
    expect(syncsOf(poll, options)).toBe(0)
  })
})

it('at synchronous=normal, adds are not synced: what was asked for is what is done', () => {
  expect(syncsOf(ONE_BY_ONE, { synchronous: 'normal', thread: false })).toBeLessThan(10)
})
