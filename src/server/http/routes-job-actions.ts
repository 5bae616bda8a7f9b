import type { Context } from 'hono'
import { PosthasteError } from '../../core/errors.ts'
import { LOG_LINES_MAX } from '../../core/limits.ts'
import type { ResolveOptions, SetPriorityOptions } from '../../runtime/control.ts'
import { readJson } from './body.ts'
import type { ServerDeps } from './deps.ts'
import { jobView } from './job-view.ts'
import type { Routes } from './routes.ts'
import { check, emptyBody, logQuery, priorityBody, resolveBody } from './schemas.ts'
import { whoOf } from './who.ts'

/** What can be asked of, and done to, one job beside retry and cancel. */
export const jobActionRoutes = ({ posthaste }: ServerDeps): Routes => {
  const idOf = (context: Context): string => context.req.param('id') ?? ''

  return new Map([
    [
      '/v1/jobs/:id',
      {
        /** Answers the job as it was. */
        async DELETE(context: Context) {
          check(emptyBody, await readJson(context.req.raw), 'body')
          return context.json(jobView(await posthaste.remove(idOf(context), { by: whoOf(context) })))
        },
      },
    ],
    [
      '/v1/jobs/:id/run-now',
      {
        async POST(context: Context) {
          check(emptyBody, await readJson(context.req.raw), 'body')
          return context.json(jobView(await posthaste.runNow(idOf(context), { by: whoOf(context) })))
        },
      },
    ],
    [
      '/v1/jobs/:id/priority',
      {
        async POST(context: Context) {
          const body = check(priorityBody, await readJson(context.req.raw), 'body')
          const options = { ...body, by: whoOf(context) } as SetPriorityOptions
          return context.json(jobView(await posthaste.setPriority(idOf(context), options)))
        },
      },
    ],
    [
      '/v1/jobs/:id/resolve',
      {
        async POST(context: Context) {
          const body = check(resolveBody, await readJson(context.req.raw), 'body')
          const options = { ...body, by: whoOf(context) } as ResolveOptions
          return context.json(jobView(await posthaste.resolve(idOf(context), options)))
        },
      },
    ],
    [
      '/v1/jobs/:id/explain',
      {
        async GET(context: Context) {
          check(emptyBody, context.req.query(), 'query')
          return context.json(await posthaste.explain(idOf(context)))
        },
      },
    ],
    [
      '/v1/jobs/:id/logs',
      {
        /** Lines, oldest first. `cursor` of the answer is `after` of the next question, also when nothing new was there. */
        async GET(context: Context) {
          const { after, limit } = check(logQuery, context.req.query(), 'query')
          const from = after === undefined ? null : parseLogCursor(after)
          const lines = await posthaste.logs(idOf(context), { after: from, limit: limit ?? LOG_LINES_MAX })
          const last = lines.at(-1)
          return context.json({
            lines: lines.map((line) => ({ ...line, at: new Date(line.at) })),
            cursor: last === undefined ? (after ?? null) : `${last.fence}.${last.seq}`,
          })
        },
      },
    ],
  ])
}

const parseLogCursor = (text: string): { readonly fence: number; readonly seq: number } => {
  const [fence, seq, ...rest] = text.split('.').map(Number)
  if (rest.length > 0 || !Number.isSafeInteger(fence) || !Number.isSafeInteger(seq)) {
    throw new PosthasteError('E_CURSOR', 'after is no cursor of log lines.', { field: 'after' })
  }
  return { fence: fence as number, seq: seq as number }
}
