import type { Context } from 'hono'
import { z } from 'zod'
import { PosthasteError } from '../../core/errors.ts'
import type { BulkRequest } from '../../runtime/bulk/bulk.ts'
import type { BulkPreview } from '../../runtime/bulk/preview.ts'
import { readJson } from './body.ts'
import type { ServerDeps } from './deps.ts'
import { jobRow } from './job-row.ts'
import type { Routes } from './routes.ts'
import { check, duration, emptyBody, instant } from './schemas.ts'
import { whoOf } from './who.ts'

const text = z.string()
const texts = z.union([text, z.array(text)])

/** Body of `POST /v1/jobs/bulk`. */
const bulkBody = z.strictObject({
  action: text,
  filter: z
    .strictObject({
      state: texts.optional(),
      queue: texts.optional(),
      task: texts.optional(),
      group: text.optional(),
      key: text.optional(),
      ref: text.optional(),
      parent: text.optional(),
      batch: text.optional(),
      tag: text.optional(),
      worker: text.optional(),
      search: text.optional(),
      fingerprint: text.optional(),
      olderThan: duration.optional(),
      createdAfter: instant.optional(),
      createdBefore: instant.optional(),
    })
    .optional(),
  all: z.boolean().optional(),
  reason: text.optional(),
  priority: z.union([text, z.int()]).optional(),
  canary: z
    .union([
      z.boolean(),
      z.int(),
      z.strictObject({
        jobs: z.int().optional(),
        failureShare: z.number().optional(),
        timeout: duration.optional(),
      }),
    ])
    .optional(),
  dryRun: z.boolean().optional(),
})
const pageQuery = z.strictObject({ after: text.optional(), limit: z.coerce.number().optional() })

/** `/v1/jobs/bulk` and `/v1/bulk`: one thing done to many jobs, in steps that anyone may carry on. */
export const bulkRoutes = ({ posthaste }: ServerDeps): Routes => {
  const idOf = (context: Context): string => context.req.param('id') ?? ''
  const existing = async (id: string) => {
    const run = await posthaste.bulks.get(id)
    if (run === null)
      throw new PosthasteError('E_BULK_MISSING', `There is no bulk run ${id}.`, { field: 'id' })
    return run
  }
  const started = async (context: Context, id: string): Promise<Response> => {
    context.header('location', `/v1/bulk/${id}`)
    return context.json(await existing(id), 202)
  }

  return new Map([
    [
      '/v1/jobs/bulk',
      {
        /** With `dryRun` what it would do; else the run, which goes on by itself. */
        async POST(context: Context) {
          const { dryRun = false, ...body } = check(bulkBody, await readJson(context.req.raw), 'body')
          const request = { ...body, by: whoOf(context) } as BulkRequest
          if (dryRun) return context.json(previewView(await posthaste.bulk({ ...request, dryRun })))
          return await started(context, (await posthaste.bulk(request)).id)
        },
      },
    ],
    [
      '/v1/bulk',
      {
        async GET(context: Context) {
          const query = check(pageQuery, context.req.query(), 'query')
          return context.json({ runs: await posthaste.bulks.list(query as { limit?: number }) })
        },
      },
    ],
    ['/v1/bulk/:id', { GET: async (context: Context) => context.json(await existing(idOf(context))) }],
    [
      '/v1/bulk/:id/stop',
      {
        async POST(context: Context) {
          check(emptyBody, await readJson(context.req.raw), 'body')
          return context.json(await posthaste.bulks.stop(idOf(context), { by: whoOf(context) }))
        },
      },
    ],
    [
      '/v1/bulk/:id/undo',
      {
        async POST(context: Context) {
          check(emptyBody, await readJson(context.req.raw), 'body')
          return await started(context, (await posthaste.undo(idOf(context), { by: whoOf(context) })).id)
        },
      },
    ],
  ])
}

/** Of the jobs of a sample, what a table shows. */
const previewView = ({ sample, ...rest }: BulkPreview): object => ({ ...rest, sample: sample.map(jobRow) })
