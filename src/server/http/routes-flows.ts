import type { Context } from 'hono'
import { z } from 'zod'
import { PosthasteError } from '../../core/errors.ts'
import type { BatchOptions } from '../../runtime/batches.ts'
import type { FlowItems } from '../../runtime/flow.ts'
import { readJson } from './body.ts'
import type { ServerDeps } from './deps.ts'
import type { Routes } from './routes.ts'
import { addBody, check, emptyBody } from './schemas.ts'

const failure = z.enum(['cancel', 'run', 'hold'])
const flowJob = addBody.omit({ id: true, key: true, after: true }).extend({
  after: z.union([z.string(), z.array(z.string()), z.record(z.string(), failure)]).optional(),
})
const flowBody = z.strictObject({ jobs: z.record(z.string(), flowJob) })

const callback = addBody.omit({ id: true, after: true, batch: true })
const batchBody = z.strictObject({
  description: z.string().optional(),
  parent: z.string().optional(),
  onSuccess: callback.optional(),
  onFinish: callback.optional(),
  onDeath: callback.optional(),
})
const pageQuery = z.strictObject({
  after: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(200).optional(),
})

/** `/v1/flows` and `/v1/batches`: jobs that belong together. */
export const flowRoutes = ({ posthaste }: ServerDeps): Routes => {
  const existing = async (context: Context) => {
    const id = context.req.param('id') ?? ''
    const batch = await posthaste.batches.get(id)
    if (batch === null)
      throw new PosthasteError('E_BATCH_MISSING', `There is no batch ${id}.`, { field: 'id' })
    return batch
  }
  return new Map([
    [
      '/v1/flows',
      {
        async POST(context: Context) {
          const { jobs } = check(flowBody, await readJson(context.req.raw), 'body')
          return context.json({ jobs: await posthaste.flow(jobs as FlowItems) }, 201)
        },
      },
    ],
    [
      '/v1/batches',
      {
        async POST(context: Context) {
          const body = check(batchBody, await readJson(context.req.raw), 'body')
          const { id } = await posthaste.batch(body as BatchOptions)
          context.header('location', `/v1/batches/${id}`)
          return context.json(await posthaste.batches.get(id), 201)
        },
        async GET(context: Context) {
          const query = check(pageQuery, context.req.query(), 'query')
          return context.json({ batches: await posthaste.batches.list(query as { limit?: number }) })
        },
      },
    ],
    ['/v1/batches/:id', { GET: async (context: Context) => context.json(await existing(context)) }],
    [
      '/v1/batches/:id/close',
      {
        async POST(context: Context) {
          check(emptyBody, await readJson(context.req.raw), 'body')
          await existing(context)
          return context.json(await posthaste.batches.close(context.req.param('id') ?? ''))
        },
      },
    ],
  ])
}
