import { Hono } from 'hono'
import { PosthasteError } from '../../core/errors.ts'
import type { ServerDeps } from './deps.ts'
import { allowHosts, limitTime, limitUrl, refuseForeignPages, requireToken } from './guard.ts'
import { secureHeaders } from './headers.ts'
import { heritageRoutes } from './heritage/index.ts'
import { problemResponse } from './problem.ts'
import { addRoutes, mergeRoutes, type Routes } from './routes.ts'
import { batchRoutes } from './routes-batch.ts'
import { healthRoutes } from './routes-health.ts'
import { homeRoutes } from './routes-home.ts'
import { jobRoutes } from './routes-jobs.ts'
import { packRoutes } from './routes-packs.ts'

/** Probes have no token; what they are told is no secret. */
const OPEN_PATHS: ReadonlySet<string> = new Set(['/healthz', '/readyz'])

/** Every route there is. What is named first is matched first. */
export const routeTable = (deps: ServerDeps): Routes =>
  mergeRoutes([
    homeRoutes(deps),
    healthRoutes(deps),
    batchRoutes(deps),
    jobRoutes(deps),
    heritageRoutes(deps),
    packRoutes(deps),
  ])

/** All routes behind all guards. Pure request → response: it listens to nothing. */
export const createApp = (deps: ServerDeps, hosts: readonly string[]): Hono => {
  const app = new Hono()
  app.onError((error) => problemResponse(error, deps.logger))
  app.notFound((context) => {
    const error = new PosthasteError('E_NOT_FOUND', `There is nothing at ${context.req.path.slice(0, 200)}.`)
    return problemResponse(error, deps.logger)
  })
  app.use(secureHeaders, limitTime(), limitUrl, allowHosts(hosts), refuseForeignPages)
  if (deps.token !== null) app.use(requireToken(deps.token, OPEN_PATHS))
  addRoutes(app, routeTable(deps))
  return app
}
