import type { Context } from 'hono'
import { PosthasteError } from '../../core/errors.ts'
import type { LimitBounds, LimitTarget } from '../../runtime/limit-options.ts'
import { readJson } from './body.ts'
import type { ServerDeps } from './deps.ts'
import type { Routes } from './routes.ts'
import { check, emptyBody, limitBody, limitRemovalBody, limitTargetBody } from './schemas.ts'

const BY = 'http'

/** `/v1/limits`: what bounds queues, tasks, groups and limit keys, and what is stopped of them. */
export const limitRoutes = ({ posthaste }: ServerDeps): Routes => {
  const { limits } = posthaste
  const setPaused =
    (verb: 'pause' | 'resume') =>
    async (context: Context): Promise<Response> => {
      const target = check(limitTargetBody, await readJson(context.req.raw), 'body') as LimitTarget
      await posthaste[verb](target, { by: BY })
      return context.json({ ...target, paused: verb === 'pause' })
    }

  return new Map([
    [
      '/v1/limits',
      {
        async GET(context: Context) {
          check(emptyBody, context.req.query(), 'query')
          return context.json({ limits: await limits.list() })
        },
        async PUT(context: Context) {
          const body = check(limitBody, await readJson(context.req.raw), 'body')
          const { concurrency, rate, weight, version, ...target } = body
          const bounds = { concurrency, rate, weight } as LimitBounds
          return context.json(await limits.set(target as LimitTarget, bounds, { by: BY, version }))
        },
        async DELETE(context: Context) {
          const body = check(limitRemovalBody, await readJson(context.req.raw), 'body')
          const { version, ...target } = body
          if (!(await limits.remove(target as LimitTarget, { by: BY, version })))
            throw new PosthasteError('E_LIMIT_MISSING', 'Nothing bounds this.')
          return context.body(null, 204)
        },
      },
    ],
    ['/v1/limits/pause', { POST: setPaused('pause') }],
    ['/v1/limits/resume', { POST: setPaused('resume') }],
    [
      '/v1/limits/reset',
      {
        async POST(context: Context) {
          const target = check(limitTargetBody, await readJson(context.req.raw), 'body')
          return context.json(await limits.reset(target as LimitTarget, { by: BY }))
        },
      },
    ],
  ])
}
