import type { Context } from 'hono'
import { z } from 'zod'
import type { AuditOptions } from '../../runtime/audit.ts'
import type { DeadLettersOptions } from '../../runtime/dead-letters.ts'
import type { ServerDeps } from './deps.ts'
import { queryOf, type Routes } from './routes.ts'
import { check, instantParameter, listOf } from './schemas.ts'

const text = z.string()

/** Query of `GET /v1/dead-letters`. */
const deadLettersQuery = z.strictObject({
  state: listOf(text).optional(),
  queue: listOf(text).optional(),
  task: listOf(text).optional(),
  group: text.optional(),
  tag: text.optional(),
  batch: text.optional(),
  limit: z.coerce.number().optional(),
})

/** Query of `GET /v1/audit`. */
const auditQuery = z.strictObject({
  by: text.optional(),
  action: text.optional(),
  job: text.optional(),
  queue: text.optional(),
  schedule: text.optional(),
  bulk: text.optional(),
  since: instantParameter.optional(),
  limit: z.coerce.number().optional(),
  cursor: text.optional(),
})

/** What went wrong, by its kind; and who did what about it. */
export const operatingRoutes = ({ posthaste }: ServerDeps): Routes =>
  new Map([
    [
      '/v1/dead-letters',
      {
        async GET(context: Context) {
          const options = check(deadLettersQuery, queryOf(context), 'query')
          return context.json(await posthaste.deadLetters(options as DeadLettersOptions))
        },
      },
    ],
    [
      '/v1/audit',
      {
        async GET(context: Context) {
          const options = check(auditQuery, queryOf(context), 'query')
          return context.json(await posthaste.audit(options as AuditOptions))
        },
      },
    ],
  ])
