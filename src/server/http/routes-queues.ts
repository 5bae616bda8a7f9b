import type { Context } from 'hono'
import { checkName } from '../../core/names.ts'
import type { QueueStats } from '../../runtime/stats.ts'
import { readJson } from './body.ts'
import type { ServerDeps } from './deps.ts'
import type { Routes } from './routes.ts'
import { check, emptyBody } from './schemas.ts'
import { whoOf } from './who.ts'

/** `/v1/queues`: what waits where, and the switch that holds it back. */
export const queueRoutes = ({ posthaste }: ServerDeps): Routes => {
  /** A queue that nobody has used or paused is not in the store; it is empty and open. */
  const queueNamed = async (name: string): Promise<QueueStats | { readonly queue: string }> => {
    const { queues } = await posthaste.stats()
    return queues.find(({ queue }) => queue === name) ?? { queue: name }
  }
  const act =
    (verb: 'pause' | 'resume') =>
    async (context: Context): Promise<Response> => {
      check(emptyBody, await readJson(context.req.raw), 'body')
      const name = checkName(context.req.param('name') ?? '', 'queue')
      await posthaste[verb](name, { by: whoOf(context) })
      return context.json(await queueNamed(name))
    }

  return new Map([
    [
      '/v1/queues',
      {
        async GET(context: Context) {
          check(emptyBody, context.req.query(), 'query')
          const { at, queues } = await posthaste.stats()
          return context.json({ at, queues })
        },
      },
    ],
    [
      '/v1/queues/:name/explain',
      {
        async GET(context: Context) {
          check(emptyBody, context.req.query(), 'query')
          return context.json(await posthaste.explainQueue(context.req.param('name') ?? ''))
        },
      },
    ],
    ['/v1/queues/:name/pause', { POST: act('pause') }],
    ['/v1/queues/:name/resume', { POST: act('resume') }],
  ])
}
