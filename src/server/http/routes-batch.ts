import type { Context } from 'hono'
import { z } from 'zod'
import { ERRORS, isPosthasteError, PosthasteError } from '../../core/errors.ts'
import { ENGINE_BATCH_MAX } from '../../core/limits.ts'
import type { AddItem } from '../../runtime/types.ts'
import { readJson } from './body.ts'
import type { ServerDeps } from './deps.ts'
import type { Routes } from './routes.ts'
import { addBody, check } from './schemas.ts'

/** The jobs are checked one by one, so that an error names the first one that is wrong. */
const batchBody = z.strictObject({ jobs: z.array(z.unknown()) })

/**
 * `POST /v1/jobs/batch`: up to 1,000 jobs in one step. All are checked before the first is stored, and all are stored
 * or none. Answers their ids in the order of the request.
 */
export const batchRoutes = ({ posthaste }: ServerDeps): Routes =>
  new Map([
    [
      '/v1/jobs/batch',
      {
        async POST(context: Context) {
          const { jobs } = check(batchBody, await readJson(context.req.raw), 'body')
          if (jobs.length > ENGINE_BATCH_MAX) {
            throw new PosthasteError(
              'E_BATCH_TOO_LARGE',
              `jobs has ${jobs.length} jobs; ${ENGINE_BATCH_MAX} is the most.`,
              { field: 'jobs', data: { limit: ENGINE_BATCH_MAX } },
            )
          }
          const items = jobs.map((job, index) => check(addBody, job, `jobs[${index}]`) as AddItem<string>)
          const added = await posthaste.addMany(items).catch((error: unknown) => {
            throw namedAsHere(error)
          })
          return context.json({ jobs: added }, 201)
        },
      },
    ],
  ])

/** The library calls them items. */
const namedAsHere = (error: unknown): unknown => {
  if (!isPosthasteError(error) || error.field?.startsWith('items[') !== true) return error
  const rename = (text: string): string => text.replaceAll('items[', 'jobs[')
  const { code, field, data, message } = error
  return new PosthasteError(code, rename(message).replace(` ${ERRORS[code].remedy}`, ''), {
    field: rename(field),
    cause: error,
    ...(data === undefined ? {} : { data: JSON.parse(rename(JSON.stringify(data))) }),
  })
}
