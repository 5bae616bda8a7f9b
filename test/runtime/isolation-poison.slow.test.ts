import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Job } from 'posthaste'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { ensureBuilt } from '../cli/program.ts'
import { POISONS, tasks } from './isolated/poison.mjs'
import { newFolder, opened, until } from './open.ts'

/** Handlers that loop, crash, lie and spoil: each in a child beside jobs of others, on one worker that must live. */

/** The timeout of those that hang; they are ended five seconds later. */
const HANGS_MS = 200
const PATIENCE_MS = 60_000
const CONCURRENCY = 8
const NEIGHBOURS_A_POISON = 2

beforeAll(ensureBuilt, 150_000)

/** Where children get their folders. */
const before = process.env['TMPDIR']
afterEach(() => {
  if (before === undefined) delete process.env['TMPDIR']
  else process.env['TMPDIR'] = before
})

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

describe.each(['process', 'thread'] as const)('poison in a %s', (kind) => {
  const poisons = Object.entries(POISONS).filter(([, { only = kind }]) => only === kind)

  it('is a set of sixty at least', () => {
    expect(poisons.length).toBeGreaterThanOrEqual(60)
  })

  it('harms nobody else', async () => {
    const file = join(await newFolder(), 'pids')
    const folder = await newFolder()
    const ph = await opened('sqlite', { tasks })
    process.env['TMPDIR'] = folder
    const worker = ph.work({ concurrency: CONCURRENCY })
    const jobs: { name: string; id: string }[] = []
    const neighbours: string[] = []
    for (const [name, { hangs }] of poisons) {
      const options = hangs === true ? { timeout: HANGS_MS } : {}
      const job = await ph.add(`poison.${kind}`, { poison: name, file }, options)
      jobs.push({ name, id: job.id })
      for (let n = 0; n < NEIGHBOURS_A_POISON; n++) {
        neighbours.push((await ph.add(`neighbour.${kind}`, { n })).id)
      }
    }

    const wrong: string[] = []
    for (const { name, id } of jobs) {
      const { ends, says } = POISONS[name] as (typeof POISONS)[string]
      const job = await ph.waitFor(id, { timeout: PATIENCE_MS })
      const error = job.lastError?.message ?? ''
      const isAsSaid =
        ends.includes(job.state) && (job.state !== 'dead' || (error !== '' && (says?.test(error) ?? true)))
      if (!isAsSaid) wrong.push(`${name}: ${job.state} ${job.reason} ${error.slice(0, 300)}`)
    }
    expect(wrong).toEqual([])

    const harmed: Job[] = []
    for (const id of neighbours) {
      const job = await ph.waitFor(id, { timeout: PATIENCE_MS })
      const { list, admin } = (job.output ?? {}) as { list?: number[]; admin?: boolean }
      if (job.state !== 'completed' || job.attempt !== 1 || list?.length !== 3 || admin !== false)
        harmed.push(job)
    }
    expect(harmed).toEqual([])
    expect(worker.mode).toBe('running')
    expect(worker.stats()).toMatchObject({ waiting: 0, settling: 0 })

    await ph.close()
    // Nothing is left: no folder of a child, and no program that a handler has started.
    await until(() => readdirSync(folder).length === 0)
    const pids = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').map(Number) : []
    expect(pids).toHaveLength(kind === 'process' ? 2 : 0)
    await until(() => !pids.some(isAlive))
  })
})
