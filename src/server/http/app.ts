import { Hono } from 'hono'
import { PosthasteError } from '../../core/errors.ts'
import type { ServerDeps } from './deps.ts'
import { allowHosts, limitTime, limitUrl, refuseForeignPages, requireToken } from './guard.ts'
import { secureHeaders } from './headers.ts'
import { heritageRoutes } from './heritage/index.ts'
import { problemResponse } from './problem.ts'
import { addRoutes, mergeRoutes, type Routes } from './routes.ts'
import { batchRoutes } from './routes-batch.ts'
import { blobRoutes } from './routes-blobs.ts'
import { bulkRoutes } from './routes-bulk.ts'
import { dashboardRoutes, isDashboardPath } from './routes-dashboard.ts'
import { eventRoutes } from './routes-events.ts'
import { flowRoutes } from './routes-flows.ts'
import { healthRoutes } from './routes-health.ts'
import { homeRoutes } from './routes-home.ts'
import { jobActionRoutes } from './routes-job-actions.ts'
import { jobRoutes } from './routes-jobs.ts'
import { limitRoutes } from './routes-limits.ts'
import { loginRoutes } from './routes-login.ts'
import { metricsRoutes } from './routes-metrics.ts'
import { operatingRoutes } from './routes-operating.ts'
import { packRoutes } from './routes-packs.ts'
import { queueRoutes } from './routes-queues.ts'
import { scheduleRoutes } from './routes-schedules.ts'
import { taskRoutes } from './routes-tasks.ts'
import { workerRoutes } from './routes-workers.ts'

/** Probes have no token, and what they are told is no secret. The page of the dashboard holds no data of its own. */
const OPEN_PATHS: ReadonlySet<string> = new Set(['/healthz', '/readyz'])
const isOpen = (path: string): boolean => OPEN_PATHS.has(path) || isDashboardPath(path)

/**
 * Every route there is. What is named first is matched first.
 * @param stopping ends what goes on by itself: event streams, counting
 */
export const routeTable = (deps: ServerDeps, stopping: AbortSignal): Routes =>
  mergeRoutes([
    homeRoutes(deps),
    healthRoutes(deps),
    metricsRoutes(deps, stopping),
    batchRoutes(deps),
    bulkRoutes(deps),
    jobRoutes(deps),
    jobActionRoutes(deps),
    flowRoutes(deps),
    queueRoutes(deps),
    limitRoutes(deps),
    scheduleRoutes(deps),
    operatingRoutes(deps),
    workerRoutes(deps),
    taskRoutes(deps),
    blobRoutes(deps),
    eventRoutes(deps, stopping),
    heritageRoutes(deps),
    loginRoutes(deps),
    dashboardRoutes(),
    packRoutes(deps),
  ])

/** All routes behind all guards. Pure request → response: it listens to nothing. */
export const createApp = (deps: ServerDeps, hosts: readonly string[], stopping: AbortSignal): Hono => {
  const app = new Hono()
  app.onError((error) => problemResponse(error, deps.logger))
  app.notFound((context) => {
    const error = new PosthasteError('E_NOT_FOUND', `There is nothing at ${context.req.path.slice(0, 200)}.`)
    return problemResponse(error, deps.logger)
  })
  app.use(secureHeaders, limitTime(), limitUrl, allowHosts(hosts), refuseForeignPages)
  if (deps.token !== null) app.use(requireToken(deps.token, isOpen))
  addRoutes(app, routeTable(deps, stopping))
  return app
}
