import type { Context } from 'hono'
import type { ServerDeps } from './deps.ts'
import type { Routes } from './routes.ts'
import { check, emptyBody } from './schemas.ts'

/** `/v1/workers`: who is alive in the whole installation, as they describe themselves. */
export const workerRoutes = ({ posthaste }: ServerDeps): Routes =>
  new Map([
    [
      '/v1/workers',
      {
        async GET(context: Context) {
          check(emptyBody, context.req.query(), 'query')
          const [workers, now] = await Promise.all([posthaste.workers(), posthaste.engine.now()])
          return context.json({ at: new Date(now), workers })
        },
      },
    ],
  ])
