import type { Context } from 'hono'
import { PosthasteError } from '../../core/errors.ts'
import type { CancelOptions } from '../../runtime/control.ts'
import type { AddOptions } from '../../runtime/options.ts'
import type { ListOptions } from '../../runtime/query.ts'
import { readJson } from './body.ts'
import type { ServerDeps } from './deps.ts'
import { jobRow } from './job-row.ts'
import { jobView } from './job-view.ts'
import { queryOf, type Routes } from './routes.ts'
import { addBody, cancelBody, check, emptyBody, listQuery } from './schemas.ts'
import { createSearches } from './searches.ts'
import { whoOf } from './who.ts'

/** What proxies log for a client that did not wait. */
const CLIENT_GONE = 499

/** `/v1/jobs` and `/v1/stats`: the library's verbs over HTTP. */
export const jobRoutes = ({ posthaste }: ServerDeps): Routes => {
  const searches = createSearches()
  const idOf = (context: Context): string => context.req.param('id') ?? ''

  return new Map([
    [
      '/v1/jobs',
      {
        async POST(context: Context) {
          const { task, payload, ...options } = check(addBody, await readJson(context.req.raw), 'body')
          const job = await posthaste.add(task, payload ?? null, options as AddOptions)
          const { inserted, ...rest } = job
          if (inserted) context.header('location', `/v1/jobs/${job.id}`)
          // Another unfinished job has the key: the answer is that one, and nothing was created.
          return context.json(jobView(rest), inserted ? 201 : 200)
        },
        async GET(context: Context) {
          const { view, ...filters } = check(listQuery, queryOf(context), 'query')
          const list = () => posthaste.list(filters as ListOptions)
          const page = await (filters.search !== undefined
            ? searches.inTurn(context.req.raw.signal, list)
            : list())
          // Nobody reads this.
          if (page === null) return new Response(null, { status: CLIENT_GONE })
          return context.json({ ...page, jobs: page.jobs.map(view === 'row' ? jobRow : jobView) })
        },
      },
    ],
    [
      '/v1/jobs/:id',
      {
        async GET(context: Context) {
          const id = idOf(context)
          const job = await posthaste.get(id)
          if (job === null)
            throw new PosthasteError('E_JOB_MISSING', `There is no job ${id}.`, { field: 'id' })
          return context.json(jobView(job))
        },
      },
    ],
    [
      '/v1/jobs/:id/retry',
      {
        async POST(context: Context) {
          check(emptyBody, await readJson(context.req.raw), 'body')
          return context.json(jobView(await posthaste.retry(idOf(context), { by: whoOf(context) })))
        },
      },
    ],
    [
      '/v1/jobs/:id/cancel',
      {
        async POST(context: Context) {
          const body = check(cancelBody, await readJson(context.req.raw), 'body')
          return context.json(
            jobView(await posthaste.cancel(idOf(context), { ...body, by: whoOf(context) } as CancelOptions)),
          )
        },
      },
    ],
    [
      '/v1/stats',
      {
        async GET(context: Context) {
          check(emptyBody, queryOf(context), 'query')
          return context.json(await posthaste.stats())
        },
      },
    ],
  ])
}
