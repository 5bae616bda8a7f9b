import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach } from 'vitest'
import { systemClock } from '../../../src/core/clock.ts'
import { newId } from '../../../src/core/ids.ts'
import type { JobRecord, NewJob, Settlement } from '../../../src/core/job.ts'
import { createArchived } from '../../../src/engines/archive/index.ts'
import type { ArchivedEngine } from '../../../src/engines/archived.ts'
import type { CountRow, Engine, ListQuery } from '../../../src/engines/engine.ts'
import { openEngine } from '../../../src/engines/open.ts'
import { type FaultyEngine, faultyEngine } from '../../../src/testing/faulty.ts'
import { dropSchemas, emptySchemaUrl } from '../../servers/postgres.ts'
import { newRedisUrl } from '../../servers/redis.ts'

const folder = mkdtempSync(join(tmpdir(), 'posthaste-archive-'))
let files = 0
const sqlite = async () => `sqlite:${join(folder, `${++files}.db`)}`

/** Engine and archive, by their URLs, each on an empty store. */
export const PAIRS: { readonly [name: string]: () => Promise<readonly [engine: string, archive: string]> } = {
  'sqlite → sqlite': async () => [await sqlite(), await sqlite()],
  'redis → postgres': async () => [newRedisUrl(), await emptySchemaUrl('archive')],
  'postgres → sqlite': async () => [await emptySchemaUrl('archived'), await sqlite()],
}

const toClose: Engine[] = []
afterEach(async () => {
  await Promise.all(toClose.splice(0).map((engine) => engine.close()))
})
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  await dropSchemas()
})

/** Two stores, and what misbehaves on demand between them and whoever uses them. */
export interface Lab {
  readonly engine: FaultyEngine
  readonly archive: FaultyEngine
  /** Another process with the same two stores: it remembers nothing of the others. */
  process(options?: { readonly afterMs?: number; readonly faulty?: boolean }): ArchivedEngine
  add(given?: Partial<NewJob>): Promise<string>
  /** Claims all that is ready and ends it. */
  finish(to?: Settlement['to'], given?: Partial<Settlement>): Promise<JobRecord[]>
}

export const openLab = async (pair: keyof typeof PAIRS): Promise<Lab> => {
  const urls = await (PAIRS[pair] as (typeof PAIRS)[string])()
  const [sound, kept] = await Promise.all(urls.map((url) => openEngine(url)))
  const [engine, archive] = [sound as Engine, kept as Engine]
  toClose.push(engine, archive)
  const faulty = { engine: faultyEngine(engine), archive: faultyEngine(archive) }
  return {
    ...faulty,
    process: ({ afterMs = 0, faulty: isFaulty = false } = {}) =>
      createArchived({
        ...(isFaulty ? faulty : { engine, archive }),
        clock: systemClock,
        afterMs,
        newKey: () => newId(),
      }),
    async add(given = {}) {
      const job = newJob(given)
      await engine.insert([job])
      return job.id
    },
    async finish(to = 'completed', given = {}) {
      const claim = { limit: 1_000, queues: null, tasks: null, order: 'merged', leaseMs: 60_000 } as const
      const { jobs, now } = await engine.exchange({ worker: 'w', claim })
      const log = [{ seq: 1, at: now, level: 'info' as const, message: 'ran' }]
      await engine.report(jobs.map(({ id, fence }) => ({ id, fence, log, checkpoint: '{"step":1}' })))
      await engine.exchange({ worker: 'w', settle: jobs.map((job) => settlement(job, to, given)) })
      return (await engine.get(jobs.map(({ id }) => id))).flatMap((job) => job ?? [])
    },
  }
}

export const newJob = (given: Partial<NewJob> = {}): NewJob => ({
  ...{ id: newId(), task: 'greet', queue: 'default', group: null, priority: 5, payload: '{"a": 1}' },
  ...{ delayMs: 0, runAt: null, blocked: null, maxRetries: null, leaseMs: null, options: null },
  ...{ key: null, ref: null, tags: null, ties: null },
  ...given,
})

const settlement = (job: JobRecord, to: Settlement['to'], given: Partial<Settlement>): Settlement => ({
  ...{
    id: job.id,
    fence: job.fence,
    to,
    attempt: job.attempt + 1,
    retries: job.retries,
    crashes: 0,
    solo: false,
  },
  ...{ startedAt: job.runAt, reason: to === 'dead' ? 'exhausted' : null, output: '{"ok":true}', error: null },
  ...{ history: job.history, unlessCancelled: false },
  ...given,
})

export const page = (given: Partial<ListQuery> = {}): ListQuery => ({
  ...{ sort: { field: 'id', descending: false }, after: null, limit: 200 },
  ...given,
})

/** Every job of a list, page by page. */
export const everyJob = async (engine: Engine, given: Partial<ListQuery> = {}): Promise<JobRecord[]> => {
  const jobs: JobRecord[] = []
  let { after } = page(given)
  for (;;) {
    const answer = await engine.list(page({ ...given, after }))
    jobs.push(...answer.jobs)
    const last = answer.jobs.at(-1)
    if (!answer.more || last === undefined) return jobs
    after = { id: last.id, value: last[page(given).sort.field] }
  }
}

/** How many there are of each state. */
export const tally = (rows: readonly CountRow[]): Record<string, number> => {
  const states: Record<string, number> = {}
  for (const { state, count } of rows) states[state] = (states[state] ?? 0) + count
  return states
}

export const idsOf = (jobs: readonly JobRecord[]): string[] => jobs.map(({ id }) => id)
