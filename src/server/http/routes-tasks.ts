import type { Context } from 'hono'
import { inputSchemaOf } from '../../core/standard-schema.ts'
import type { ServerDeps } from './deps.ts'
import type { Routes } from './routes.ts'
import { check, emptyBody } from './schemas.ts'

/** `/v1/tasks`: the tasks that this process knows, with what their payloads look like where their schema can say so. */
export const taskRoutes = ({ posthaste }: ServerDeps): Routes =>
  new Map([
    [
      '/v1/tasks',
      {
        GET(context: Context) {
          check(emptyBody, context.req.query(), 'query')
          const tasks = [...posthaste.tasks.values()].map(({ name, queue = 'default', payload }) => ({
            name,
            queue,
            schema: payload === undefined ? null : inputSchemaOf(payload),
          }))
          return context.json({ tasks })
        },
      },
    ],
  ])
