import type { Context } from 'hono'
import { z } from 'zod'
import type { JobError, JobRecord } from '../../../core/job.ts'
import { MAX_RETRIES } from '../../../core/limits.ts'
import { STATES } from '../../../core/states.ts'
import { taskName } from '../../../core/task-name.ts'
import type { ServerDeps } from '../deps.ts'
import type { Routes } from '../routes.ts'
import { check } from '../schemas.ts'
import { oldDoor, readOldJson } from './door.ts'
import { numberedJobs } from './numbered-jobs.ts'

/** The body is the mail itself: `{"To": …, "subject": …, "body": …}`. */
const taskBody = z.looseObject({})

/** The requests of Task Queue Processor: `POST /task/` and `GET /task/{id}`. */
export const taskQueueRoutes = (deps: ServerDeps): Routes => {
  const { posthaste } = deps
  const jobs = numberedJobs(posthaste, 'task')

  const create = oldDoor(deps, async (context: Context) => {
    const mail = check(taskBody, await readOldJson(context), 'body')
    const { number } = await jobs.add('email', mail, {}, 'body')
    context.header('location', `/task/${number}`)
    return context.json({ message: 'Task Created', id: number }, 201)
  })

  const status = oldDoor(deps, async (context: Context) => {
    const { number, record } = await jobs.find(context.req.param('id') ?? '')
    const task = posthaste.tasks.get(taskName(record.task))
    return context.json(taskStatus(number, record, task?.retry?.maxRetries ?? MAX_RETRIES))
  })

  return new Map([
    ['/task', { POST: create }],
    ['/task/', { POST: create }],
    ['/task/:id', { GET: status }],
  ])
}

const taskStatus = (id: number, record: JobRecord, maxRetries: number): object => ({
  id,
  status: STATES[record.state].heritage.taskQueueProcessor,
  type: taskName(record.task),
  attempts: record.attempt,
  max_retries: record.maxRetries ?? maxRetries,
  last_error: record.error === null ? null : (JSON.parse(record.error) as JobError).message,
  created_at: new Date(record.createdAt),
  finished_at: record.finishedAt === null ? null : new Date(record.finishedAt),
})
