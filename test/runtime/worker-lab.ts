import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach } from 'vitest'
import { blobStore } from '../../src/blobs/open.ts'
import { type Clock, systemClock } from '../../src/core/clock.ts'
import { newId } from '../../src/core/ids.ts'
import type { CancelRequest, JobRecord, NewJob } from '../../src/core/job.ts'
import { RETENTION } from '../../src/core/limits.ts'
import type { Engine } from '../../src/engines/engine.ts'
import { openEngine } from '../../src/engines/open.ts'
import type { RuntimeDeps, RuntimeSettings } from '../../src/runtime/deps.ts'
import { createEvents } from '../../src/runtime/events.ts'
import { type Logger, silentLogger } from '../../src/runtime/logger.ts'
import type { Maintained } from '../../src/runtime/maintainer.ts'
import type { AddOptions } from '../../src/runtime/options.ts'
import { createPreparer } from '../../src/runtime/prepare.ts'
import type { AnyTask } from '../../src/runtime/task.ts'
import { createWorker, type Worker, type WorkerOptions } from '../../src/runtime/worker/worker.ts'

export type EngineKind = 'memory' | 'sqlite'

/** Workers on a store of their own, without the client around them: what a worker does is seen on the store. */
export interface Lab {
  readonly engine: Engine
  readonly deps: RuntimeDeps
  /** Lines that were logged: level, message, fields. */
  readonly lines: { level: string; message: string; fields: Record<string, unknown> }[]
  work(options?: WorkerOptions): Worker
  add(task: string, payload?: unknown, options?: AddOptions): Promise<string>
  addMany(task: string, count: number, options?: AddOptions): Promise<string[]>
  job(id: string): Promise<JobRecord>
  /** The job once it is in one of these states. */
  became(id: string, ...states: JobRecord['state'][]): Promise<JobRecord>
  cancel(id: string, request?: Partial<CancelRequest>): Promise<void>
}

export interface LabOptions {
  readonly kind?: EngineKind
  readonly tasks: readonly AnyTask[]
  readonly clock?: Clock
  readonly settings?: Partial<RuntimeSettings>
  /** What stands between the workers and the store. */
  readonly wrap?: (engine: Engine) => Engine
}

const toStop: Worker[] = []
const toClose: Engine[] = []
const folders: string[] = []

afterEach(async () => {
  await Promise.all(toStop.splice(0).map((worker) => worker.stop({ grace: 0 })))
  await Promise.all(toClose.splice(0).map((engine) => engine.close()))
  await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true, force: true })))
})

export const openLab = async ({
  kind = 'memory',
  tasks,
  clock = systemClock,
  settings = {},
  wrap,
}: LabOptions) => {
  const engine = await openEngine(await urlOf(kind), { clock })
  toClose.push(engine)
  const lines: Lab['lines'] = []
  const line =
    (level: string) =>
    (fields: object, message = ''): void => {
      lines.push({ level, message, fields: fields as Record<string, unknown> })
    }
  const logger: Logger = {
    ...silentLogger,
    debug: line('debug'),
    info: line('info'),
    warn: line('warn'),
    error: line('error'),
    isLevelEnabled: () => true,
  }
  const byName = new Map(tasks.map((task) => [task.name, task]))
  const nextId = () => newId(clock)
  const { prepareNow } = createPreparer(byName, nextId)
  const deps: RuntimeDeps = {
    archiver: null,
    blobs: blobStore('temporary:'),
    engine: wrap === undefined ? engine : wrap(engine),
    tasks: byName,
    clock,
    logger,
    events: createEvents(logger),
    breaker: { failed: () => {}, resume: async () => {}, resumes: false },
    settings: {
      leaseMs: 30_000,
      heartbeatMs: 10_000,
      sweepMs: 5_000,
      promoteMs: 500,
      pruneMs: 60_000,
      archiveSweepMs: 5_000,
      archiveAfterMs: 60_000,
      ageing: null,
      retention: RETENTION,
      ...settings,
    },
    random: Math.random,
    newId: nextId,
    prepareAdd: prepareNow,
  }
  const insert = async (jobs: readonly NewJob[]): Promise<string[]> => {
    for (let from = 0; from < jobs.length; from += 1_000) await engine.insert(jobs.slice(from, from + 1_000))
    return jobs.map(({ id }) => id)
  }
  const lab: Lab = {
    engine,
    deps,
    lines,
    work(options) {
      const worker = createWorker(deps, options)
      toStop.push(worker)
      return worker
    },
    async add(task, payload = {}, options) {
      const [id] = await insert([prepareNow(task, payload, options)])
      return id as string
    },
    addMany: (task, count, options) =>
      insert(Array.from({ length: count }, (_, n) => prepareNow(task, { n }, options))),
    async job(id) {
      const [job] = await engine.get([id])
      if (job === null || job === undefined) throw new Error(`no job ${id}`)
      return job
    },
    async became(id, ...states) {
      const end = performance.now() + 15_000
      for (;;) {
        const job = await lab.job(id)
        if (states.includes(job.state)) return job
        if (performance.now() > end) throw new Error(`job is ${job.state}, not ${states.join(' or ')}`)
        await new Promise((resolve) => setTimeout(resolve, 3))
      }
    },
    async cancel(id, request = {}) {
      await engine.requestCancel([{ id, request: { at: 1, by: 'tester', reason: null, ...request } }])
    },
  }
  return lab
}

const urlOf = async (kind: EngineKind): Promise<string> => {
  if (kind === 'memory') return 'memory:'
  const folder = await mkdtemp(join(tmpdir(), 'posthaste-worker-'))
  folders.push(folder)
  return `sqlite:${join(folder, 'jobs.db')}`
}

/** A promise that is kept or broken from outside. */
export const gate = <T = void>() => {
  let open!: (value: T) => void
  let fail!: (error: unknown) => void
  const passed = new Promise<T>((resolve, reject) => {
    open = resolve
    fail = reject
  })
  return { passed, open, fail }
}

/** An engine with some methods replaced. */
export const withMethods = (engine: Engine, methods: Partial<Engine>): Engine =>
  new Proxy(engine, {
    get: (target, name) => {
      const replaced = methods[name as keyof Engine]
      if (replaced !== undefined) return replaced
      const value = target[name as keyof Engine]
      return typeof value === 'function' ? value.bind(target) : value
    },
  })

/** Waits until `condition` holds; fails after `timeoutMs`. */
export const until = async (
  condition: () => boolean | Promise<boolean>,
  timeoutMs = 10_000,
): Promise<void> => {
  const end = performance.now() + timeoutMs
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`not so within ${timeoutMs} ms: ${condition}`)
    await new Promise((resolve) => setTimeout(resolve, 3))
  }
}

/** For a maintainer in a lab where there are jobs and nothing else. */
export const nothingElse: Maintained = {
  batches: { decide: async () => {}, prune: async () => {} },
  bulk: { sweep: async () => {} },
  audit: { prune: async () => {} },
}
