import type { Context } from 'hono'
import { PosthasteError } from '../../core/errors.ts'
import type { ScheduleChange, ScheduleOptions } from '../../runtime/schedule-options.ts'
import type { Schedule } from '../../runtime/schedule-view.ts'
import { readJson } from './body.ts'
import type { ServerDeps } from './deps.ts'
import { jobView } from './job-view.ts'
import type { Routes } from './routes.ts'
import {
  check,
  emptyBody,
  newScheduleBody,
  scheduleBody,
  scheduleChangeBody,
  scheduleListQuery,
} from './schemas.ts'
import { whoOf } from './who.ts'

/** `/v1/schedules`: when jobs are added by themselves. */
export const scheduleRoutes = ({ posthaste: { schedules } }: ServerDeps): Routes => {
  const nameOf = (context: Context): string => context.req.param('name') ?? ''
  const missing = (name: string): PosthasteError =>
    new PosthasteError('E_SCHEDULE_MISSING', `There is no schedule ${name}.`, { field: 'name' })
  const act =
    (verb: 'pause' | 'resume' | 'reset') =>
    async (context: Context): Promise<Response> => {
      check(emptyBody, await readJson(context.req.raw), 'body')
      return context.json<Schedule>(await schedules[verb](nameOf(context), { by: whoOf(context) }))
    }

  return new Map([
    [
      '/v1/schedules',
      {
        async GET(context: Context) {
          const { after } = check(scheduleListQuery, context.req.query(), 'query')
          return context.json({ schedules: await schedules.list(after === undefined ? {} : { after }) })
        },
        async POST(context: Context) {
          const { name, ...options } = check(newScheduleBody, await readJson(context.req.raw), 'body')
          const created = await schedules.create(name, options as ScheduleOptions, { by: whoOf(context) })
          context.header('location', `/v1/schedules/${name}`)
          return context.json(created, 201)
        },
      },
    ],
    [
      '/v1/schedules/:name',
      {
        async GET(context: Context) {
          const name = nameOf(context)
          const schedule = await schedules.get(name)
          if (schedule === null) throw missing(name)
          return context.json(schedule)
        },
        async PUT(context: Context) {
          const options = check(scheduleBody, await readJson(context.req.raw), 'body')
          return context.json(
            await schedules.put(nameOf(context), options as ScheduleOptions, { by: whoOf(context) }),
          )
        },
        async PATCH(context: Context) {
          const change = check(scheduleChangeBody, await readJson(context.req.raw), 'body')
          return context.json(
            await schedules.update(nameOf(context), change as ScheduleChange, { by: whoOf(context) }),
          )
        },
        async DELETE(context: Context) {
          check(emptyBody, await readJson(context.req.raw), 'body')
          const name = nameOf(context)
          if (!(await schedules.remove(name, { by: whoOf(context) }))) throw missing(name)
          return context.body(null, 204)
        },
      },
    ],
    ['/v1/schedules/:name/pause', { POST: act('pause') }],
    ['/v1/schedules/:name/resume', { POST: act('resume') }],
    ['/v1/schedules/:name/reset', { POST: act('reset') }],
    [
      '/v1/schedules/:name/run',
      {
        async POST(context: Context) {
          check(emptyBody, await readJson(context.req.raw), 'body')
          const { inserted: _, ...job } = await schedules.run(nameOf(context), { by: whoOf(context) })
          return context.json(jobView(job), 201)
        },
      },
    ],
  ])
}
