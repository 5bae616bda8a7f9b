import type { Blobs } from '../blobs/blob.ts'
import { blobStore, defaultBlobUrl, isBlobs } from '../blobs/open.ts'
import { type Clock, systemClock } from '../core/clock.ts'
import { durationMs } from '../core/durations.ts'
import { PosthasteError } from '../core/errors.ts'
import { newId } from '../core/ids.ts'
import type { JobRecord } from '../core/job.ts'
import { ENGINE_CALL_TIMEOUT_MS } from '../core/limits.ts'
import { taskName } from '../core/task-name.ts'
import { shown } from '../core/text.ts'
import { type Job, toJob } from '../core/view.ts'
import { asArchived } from '../engines/archived.ts'
import type { Engine } from '../engines/engine.ts'
import { type EngineConnection, openArchived, openEngine } from '../engines/open.ts'
import type { Posthaste, PosthasteOptions } from './api.ts'
import { refuse, refuseUnknown } from './arguments.ts'
import { createAudit } from './audit.ts'
import { auditControl, auditLimits, auditSchedules } from './audited.ts'
import { createBatches } from './batches.ts'
import { createBreaker } from './breaker.ts'
import { type BulkRequest, createBulk } from './bulk/bulk.ts'
import { createClient } from './client.ts'
import { createControl } from './control.ts'
import { deadLetters } from './dead-letters.ts'
import { Decider } from './decider.ts'
import { taskMap } from './define.ts'
import type { RuntimeDeps, RuntimeSettings } from './deps.ts'
import { createEvents } from './events.ts'
import { explain } from './explain.ts'
import { explainQueue } from './explain-queue.ts'
import { addFlow } from './flow.ts'
import { declaredLimits } from './limit-options.ts'
import { createLimits } from './limits.ts'
import { createLogger } from './logger.ts'
import { createMaintainer } from './maintainer.ts'
import type { Pack } from './pack.ts'
import { createPreparer } from './prepare.ts'
import { createQuery } from './query.ts'
import { createSchedules } from './schedules.ts'
import { toSettings } from './settings.ts'
import { readStats } from './stats.ts'
import type { AnyTask } from './task.ts'
import { createWaits } from './wait.ts'
import { createWorker, type Worker } from './worker/worker.ts'
import { toWorkerInfo } from './workers.ts'

export type { Posthaste, PosthasteOptions } from './api.ts'

const OPTIONS: { readonly [Name in keyof PosthasteOptions]-?: true } = {
  engine: true,
  archive: true,
  archiveAfter: true,
  blobs: true,
  tasks: true,
  packs: true,
  lease: true,
  heartbeat: true,
  sweep: true,
  maintain: true,
  retention: true,
  limits: true,
  ageing: true,
  logger: true,
  logLevel: true,
  clock: true,
  random: true,
}
const OPTION_NAMES: ReadonlySet<string> = new Set(Object.keys(OPTIONS))

/** Set while a child that runs isolated handlers imports its module (isolate/child/find.ts). */
const CHILD_LOADING = Symbol.for('posthaste.child.loading')

const ENGINE_DEFAULT = 'sqlite:./posthaste.db'

/**
 * Opens an installation. When this fails, nothing is left open.
 * @throws E_ARGUMENT, E_NAME, E_DURATION for bad options (naming them), E_ENGINE_UNKNOWN, E_STORE… when the store
 * cannot be opened, and whatever the start of a pack throws
 */
export const posthaste = async <const Tasks extends AnyTask = AnyTask>(
  options: PosthasteOptions<Tasks> = {},
): Promise<Posthaste<Tasks>> => {
  if (typeof options !== 'object' || options === null) refuse('options', 'is not an object')
  refuseUnknown(options, OPTION_NAMES, 'options')
  if ((globalThis as Readonly<Record<symbol, unknown>>)[CHILD_LOADING] === true) {
    const what =
      'A module that a child imports opens an installation, and so would each of its children again.'
    throw new PosthasteError('E_CHILD_START', what)
  }
  const { packs = [], clock = systemClock, random = Math.random } = options
  const tasks = taskMap([...(options.tasks ?? []), ...packs.flatMap((pack) => pack.tasks)])
  const settings = toSettings(options)
  const declared = declaredLimits(options.limits, tasks)
  const logger = await createLogger(options.logger, options.logLevel)
  const blobs = openBlobs(options)
  const engine = await open(options, settings, clock)
  const archiver = asArchived(engine)?.archiver ?? null

  const nextId = () => newId(clock)
  const { prepare, prepareNow } = createPreparer(tasks, nextId)
  const events = createEvents(logger)
  const { declare: declareLimits, setPaused, ...limits } = createLimits({ engine, logger })
  const breaker = createBreaker({ engine, logger, events, tasks, limits: { setPaused } })
  const deps: RuntimeDeps = {
    engine,
    archiver,
    blobs,
    tasks,
    clock,
    logger,
    events,
    breaker,
    settings,
    random,
    newId: nextId,
    prepareAdd: prepareNow,
  }
  const maxRetriesOf = (task: string): number | undefined => tasks.get(taskName(task))?.retry?.maxRetries
  const view = (record: JobRecord): Job => toJob(record, maxRetriesOf(record.task))

  const client = createClient({
    ...deps,
    prepare,
    view,
    maxRetriesOf,
    checkBatch: (id) => batches.checkOpen(id),
  })
  const batches = createBatches({ ...deps, prepare, client })
  const { declare, ...schedules } = createSchedules({ ...deps, prepare, maxRetriesOf })
  const query = createQuery(engine, view)
  const audit = createAudit(deps)
  const control = auditControl(
    createControl({ ...deps, view, limits: { setPaused }, forgetFailures: breaker.forget }),
    audit,
  )
  const decider = new Decider({
    ...{ deps, callTimeoutMs: ENGINE_CALL_TIMEOUT_MS, decideBatches: batches.decide },
  })
  const decideJobs: Decider['decideJobs'] = (ids, at) => decider.decideJobs(ids, at)
  const bulk = createBulk({ ...deps, view, audit, decideJobs })
  const waits = createWaits({ ...deps, view })
  const maintainer = createMaintainer(deps, { batches, bulk, audit })
  const workers = new Set<Worker>()
  const started: Pack[] = []
  let isMaintained = false
  let closing: Promise<void> | null = null

  const maintain = (): void => {
    if (!isMaintained) maintainer.start()
    isMaintained = true
  }

  /** One part that fails to close must not keep the others open; the first failure is told at the end. */
  const closeAll = async (graceMs: number | undefined): Promise<void> => {
    const stop = graceMs === undefined ? {} : { grace: graceMs }
    const steps = [
      () => Promise.all([...workers].map((worker) => worker.stop(stop))),
      () => (isMaintained ? maintainer.stop() : undefined),
      () => bulk.close(),
      () => waits.close(),
      ...started.map((pack) => () => pack.close?.()).reverse(),
      () => breaker.close(),
      () => engine.close(),
      () => blobs.close(),
    ]
    const failures: unknown[] = []
    for (const step of steps) {
      try {
        await step()
      } catch (error) {
        failures.push(error)
        logger.error({ err: error }, 'a part did not close')
      }
    }
    logger.info({}, 'closed')
    if (failures.length > 0) throw failures[0]
  }

  const ph: Posthaste = {
    add: client.add as Posthaste['add'],
    addMany: client.addMany as Posthaste['addMany'],
    flow: ((jobs) => addFlow({ ...deps, prepare }, jobs)) as Posthaste['flow'],
    batch: batches.create,
    batches: { get: batches.get, close: batches.close, list: batches.list },
    schedule: declare as Posthaste['schedule'],
    schedules: auditSchedules(schedules, audit),
    limits: auditLimits(limits, audit),
    work(workerOptions) {
      if (closing !== null) throw new PosthasteError('E_STORE_CLOSED')
      for (const one of workers) if (one.mode === 'stopped') workers.delete(one)
      const worker = createWorker(deps, workerOptions)
      workers.add(worker)
      maintain()
      return worker
    },
    localWorkers: () => [...workers].filter(({ mode }) => mode !== 'stopped'),
    ...query,
    ...control,
    bulk: ((request: BulkRequest & { readonly dryRun?: boolean }) =>
      request?.dryRun === true
        ? bulk.preview({ ...request, dryRun: true })
        : bulk.start(request)) as Posthaste['bulk'],
    bulks: { get: bulk.get, list: bulk.list, stop: bulk.stop },
    undo: bulk.undo,
    deadLetters: (about) => deadLetters(engine, about),
    audit: audit.list,
    stats: () => readStats(engine),
    workers: async () => (await engine.workers()).map(toWorkerInfo),
    explain: (id) => explain(engine, id),
    explainQueue: (queue) => explainQueue(engine, queue),
    archive: () => archiver?.status() ?? null,
    waitFor: waits.waitFor,
    on: events.on,
    async close({ grace } = {}) {
      // Checked first: a bad argument must not leave half of it closed.
      const graceMs = grace === undefined ? undefined : durationMs(grace, 'grace')
      if (closing !== null && graceMs === 0) for (const worker of workers) void worker.stop({ grace: 0 })
      closing ??= closeAll(graceMs)
      return closing
    },
    blobs,
    engine,
    tasks,
    packs,
    clock,
    logger,
  }

  try {
    await declareLimits(declared)
    for (const pack of packs) {
      started.push(pack)
      await pack.start?.(ph)
    }
  } catch (error) {
    await ph.close({ grace: 0 }).catch(() => undefined)
    throw error
  }
  if (options.maintain === true) maintain()
  const { kind, location, durability } = engine.info()
  const kept = archiver === null ? {} : { archive: archiver.status().location }
  logger.info({ engine: kind, location, durability, ...kept, tasks: tasks.size, packs: packs.length }, 'open')
  // The types of tasks exist only for callers; inside, every payload is unknown.
  return ph as unknown as Posthaste<Tasks>
}

const openBlobs = ({ blobs, engine }: PosthasteOptions): Blobs => {
  if (isBlobs(blobs)) return blobs
  const isDescription = typeof blobs === 'object' && blobs !== null && typeof blobs.url === 'string'
  if (blobs !== undefined && typeof blobs !== 'string' && !isDescription) {
    refuse('blobs', `is ${shown(blobs)}, neither a URL, { url, … } nor a store`)
  }
  if (blobs !== undefined) return blobStore(blobs)
  const store = engine ?? (process.env['POSTHASTE_ENGINE'] || ENGINE_DEFAULT)
  return blobStore(process.env['POSTHASTE_BLOBS'] || defaultBlobUrl(store))
}

const open = async (
  options: PosthasteOptions,
  { archiveAfterMs }: RuntimeSettings,
  clock: Clock,
): Promise<Engine> => {
  const from = checkStore(options.engine ?? (process.env['POSTHASTE_ENGINE'] || ENGINE_DEFAULT), 'engine')
  const archive = options.archive === undefined ? process.env['POSTHASTE_ARCHIVE'] || null : options.archive
  if (archive === null) return openEngine(from, { clock })
  const to = checkStore(archive, 'archive')
  return openArchived(from, { clock, archive: to, archiveAfterMs, newKey: () => newId(clock) })
}

const checkStore = (given: unknown, field: string): string | Engine | EngineConnection => {
  const { open, insert, sqlite, postgres } = Object(given) as Readonly<Record<string, unknown>>
  // A bare database handle has a method `open`, too.
  const isEngine = typeof open === 'function' && typeof insert === 'function'
  const isConnection =
    [sqlite, postgres].filter((one) => typeof one === 'object' && one !== null).length === 1
  if (typeof given !== 'string' && !isEngine && !isConnection) {
    refuse(field, `is ${shown(given)}, neither a URL, an engine, { sqlite: database } nor { postgres: pool }`)
  }
  return given as string | Engine | EngineConnection
}
