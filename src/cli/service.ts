import type { Config } from '../core/config.ts'
import { durationMs, formatDuration } from '../core/durations.ts'
import { SHUTDOWN_GRACE_MS } from '../core/limits.ts'
import type { Logger } from '../runtime/logger.ts'
import type { Posthaste } from '../runtime/posthaste.ts'
import type { Worker } from '../runtime/worker/worker.ts'
import type { HttpServer } from '../server/http/server.ts'
import { blobOptions, readConfig } from './config.ts'
import { EXIT } from './exit.ts'
import { createLog } from './logger.ts'
import { type Banner, printBanner } from './output/banner.ts'
import type { Terminal } from './output/terminal.ts'
import { count } from './output/text.ts'
import type { ServiceOptions } from './service-options.ts'
import { type StopSignals, stopSignals } from './signals.ts'
import { builtInPacks, loadWork, type Work, withDefaults } from './tasks.ts'
import { packageVersion } from './version.ts'

/** What a process that stays consists of. */
export interface Parts {
  readonly http: boolean
  /** Jobs at the same time when no setting says how many; 0: this process runs none. */
  readonly workers: number
}

/** A second request to stop gives jobs back if the store answers within this time, and then ends the process. */
const AT_ONCE_MS = 1_000
/** Whatever a handler left behind (a socket, a timer) cannot keep the process alive longer than this. */
const LINGER_MS = 500

/** Runs the parts in this process until it is told to stop. Answers the exit code. */
export const runService = async (
  terminal: Terminal,
  options: ServiceOptions,
  parts: Parts,
): Promise<number> => {
  // Heard from the very beginning: whoever stops us while the store is opened gets an orderly end, too.
  const signals = stopSignals()
  // A log collector that dies must not take the running jobs with it.
  terminal.outliveClosedPipes()
  try {
    const service = await startService(terminal, options, parts)
    await signals.first
    await service.stop(signals)
    return EXIT.ok
  } finally {
    signals.close()
  }
}

interface Service {
  stop(signals: StopSignals): Promise<void>
}

const startService = async (terminal: Terminal, options: ServiceOptions, parts: Parts): Promise<Service> => {
  const config = await readConfig(options, {
    addr: options.addr,
    workers: options.workers,
    logLevel: options.log,
    ageing: options.ageing,
  })
  const graceMs = options.grace === undefined ? SHUTDOWN_GRACE_MS : durationMs(options.grace, '--grace')
  if (parts.http) await refuseOpenBind(config, options)
  const work = await loadAll(config, options)
  const logger = await createLog(config.logLevel, terminal.json)
  const { posthaste: open } = await import('../runtime/posthaste.ts')
  const posthaste = await open({
    engine: config.engine,
    archive: config.archive,
    archiveAfter: config.archiveAfter,
    blobs: blobOptions(config),
    ...(config.ageing === null ? {} : { ageing: config.ageing }),
    ...work,
    logger,
  })
  let server: HttpServer | null = null
  let worker: Worker | null = null
  try {
    const isNew = options.welcome === true && (await posthaste.stats()).total === 0
    if (parts.http) server = await openServer(posthaste, config, options, logger)
    const url = server === null ? null : await server.start(config.addr)
    if (parts.workers > 0) worker = posthaste.work(workerSettings(config, options, parts))
    printBanner(terminal, await bannerOf({ posthaste, config, url, worker, options, graceMs }))
    if (isNew && url !== null && config.smtpUrl === null) {
      const { sendWelcome } = await import('./welcome.ts')
      void sendWelcome(terminal, posthaste, url)
    }
  } catch (error) {
    await server?.stop()
    await posthaste.close({ grace: 0 })
    throw error
  }
  return { stop: (signals) => stopService({ terminal, posthaste, server, worker, graceMs }, signals) }
}

/** Before anything is opened or created. */
const refuseOpenBind = async (config: Config, { insecureHttp = false }: ServiceOptions): Promise<void> => {
  const { checkBind } = await import('../server/http/address.ts')
  checkBind(config.addr, { token: config.token, insecureHttp })
}

/** The packs of the program and the user's own; every task with this installation's defaults. */
const loadAll = async (config: Config, { tasks: file, isolate }: ServiceOptions): Promise<Work> => {
  const own = file === undefined ? { packs: [], tasks: [] } : await loadWork(file, isolate)
  const packs = [...(await builtInPacks(config)), ...own.packs].map((pack) => ({
    ...pack,
    tasks: pack.tasks.map((task) => withDefaults(task, config)),
  }))
  return { packs, tasks: own.tasks.map((task) => withDefaults(task, config)) }
}

const openServer = async (
  posthaste: Posthaste,
  { token }: Config,
  { host: hosts = [], insecureHttp = false }: ServiceOptions,
  logger: Logger,
): Promise<HttpServer> => {
  const { createServer } = await import('../server/http/server.ts')
  return createServer({ posthaste, packs: posthaste.packs, logger, token, hosts, insecureHttp })
}

const workerSettings = (config: Config, { queues }: ServiceOptions, { workers }: Parts) => ({
  concurrency: config.sources.workers === 'default' ? workers : config.workers,
  ...(queues === undefined ? {} : { queues }),
})

const bannerOf = async (parts: {
  readonly posthaste: Posthaste
  readonly config: Config
  readonly url: string | null
  readonly worker: Worker | null
  readonly options: ServiceOptions
  readonly graceMs: number
}): Promise<Banner> => {
  const { posthaste, config, url, worker, options, graceMs } = parts
  const before = Date.now()
  const clockOffsetMs = (await posthaste.engine.now()) - before
  return {
    version: packageVersion(),
    config,
    engine: posthaste.engine.info(),
    archive: posthaste.archive(),
    clockOffsetMs,
    url,
    // Without a server there is no page to point to.
    greetings: url === null ? [] : posthaste.packs.flatMap((pack) => pack.greet?.(url) ?? []),
    workers:
      worker === null ? null : { concurrency: worker.stats().concurrency, queues: options.queues ?? null },
    tasks: [...posthaste.tasks.keys()],
    graceMs,
  }
}

interface Running {
  readonly terminal: Terminal
  readonly posthaste: Posthaste
  readonly server: HttpServer | null
  readonly worker: Worker | null
  readonly graceMs: number
}

const stopService = async (running: Running, signals: StopSignals): Promise<void> => {
  const { terminal, worker, graceMs } = running
  const ended = endAll(running)
  const jobs = worker?.stats().running ?? 0
  terminal.note(
    jobs === 0
      ? 'Stopping.'
      : `Stopping: ${count(jobs, 'job')} may run on for ${formatDuration(graceMs)}. Press Ctrl-C again to stop at once.`,
  )
  const isAtOnce = await Promise.race([ended.then(() => false), signals.second.then(() => true)])
  if (isAtOnce) {
    await Promise.race([
      worker?.stop({ grace: 0 }),
      new Promise((resolve) => setTimeout(resolve, AT_ONCE_MS)),
    ])
    terminal.note('Stopped at once. What was running is given back, or runs again when its lease ends.')
    process.exit(EXIT.ok)
  }
  terminal.note('Stopped.')
  setTimeout(() => process.exit(EXIT.ok), LINGER_MS).unref()
}

/** No new requests and no new jobs from this moment; then everything in the order in which it is used. */
const endAll = async ({ posthaste, server, worker, graceMs }: Running): Promise<void> => {
  await Promise.all([server?.stop(), worker?.stop({ grace: graceMs })])
  await posthaste.close()
}
