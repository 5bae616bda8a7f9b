import type { Context } from 'hono'
import { z } from 'zod'
import type { JobError, JobOptions, JobRecord } from '../../../core/job.ts'
import { JsonText } from '../../../core/json.ts'
import { PAYLOAD_BYTES_MAX } from '../../../core/limits.ts'
import { PRIORITIES, priorityNumber } from '../../../core/priority.ts'
import { STATES } from '../../../core/states.ts'
import { taskName } from '../../../core/task-name.ts'
import type { ServerDeps } from '../deps.ts'
import type { Routes } from '../routes.ts'
import { check } from '../schemas.ts'
import { oldDoor, readOldJson } from './door.ts'
import { numberedJobs } from './numbered-jobs.ts'
import { taskOfType } from './types.ts'

const queryBody = z.strictObject({
  job_type: z.string(),
  /** Text with JSON inside. */
  payload: z.string(),
  priority: z.union([z.string(), z.int()]).optional(),
})

/** The requests of Background Processing System: `POST /api/process_query` and `GET /api/job/status/{id}`. */
export const backgroundRoutes = (deps: ServerDeps): Routes => {
  const jobs = numberedJobs(deps.posthaste, 'query')
  const answer = (message: string, number: number, record: QueryRecord): object => ({
    message,
    query_id: number,
    data: queryData(number, record),
  })

  const process = oldDoor(deps, async (context: Context) => {
    const body = check(queryBody, await readOldJson(context), 'body')
    const task = taskOfType(deps, body.job_type, 'job_type')
    const payload = new JsonText(body.payload, 'payload', PAYLOAD_BYTES_MAX)
    const priority = priorityNumber(body.priority ?? 'normal', 'priority')
    const options = { priority, metadata: { job_type: body.job_type } }
    const { number, job } = await jobs.add(task, payload, options, 'payload')
    const record: QueryRecord = {
      ...NEW,
      task,
      payload: payload.text,
      priority,
      state: job.state,
      createdAt: job.createdAt.getTime(),
      options: JSON.stringify({ metadata: job.metadata }),
    }
    return context.json(answer('Query processed successfully', number, record))
  })

  const status = oldDoor(deps, async (context: Context) => {
    const { number, record } = await jobs.find(context.req.param('id') ?? '')
    return context.json(answer('Job logs retrieved successfully', number, record))
  })

  return new Map([
    ['/api/process_query', { POST: process }],
    ['/api/job/status/:id', { GET: status }],
  ])
}

type QueryRecord = Pick<
  JobRecord,
  | 'task'
  | 'payload'
  | 'priority'
  | 'state'
  | 'createdAt'
  | 'startedAt'
  | 'finishedAt'
  | 'retries'
  | 'error'
  | 'options'
>
/** What has not happened to a job that was added just now. */
const NEW = { startedAt: null, finishedAt: null, retries: 0, error: null } as const

const queryData = (id: number, record: QueryRecord): object => {
  const { metadata }: JobOptions = record.options === null ? {} : JSON.parse(record.options)
  return {
    id,
    job_type: metadata?.['job_type'] ?? taskName(record.task),
    payload: record.payload,
    priority: record.priority <= PRIORITIES.high ? 'high' : 'low',
    created_at: seconds(record.createdAt),
    picked_at: seconds(record.startedAt),
    completed_at: seconds(record.finishedAt),
    status: STATES[record.state].heritage.backgroundProcessing,
    retry_count: record.retries,
    last_error: record.error === null ? null : (JSON.parse(record.error) as JobError).message,
  }
}

/** Unix time with its fraction. */
const seconds = (ms: number | null): number | null => (ms === null ? null : ms / 1_000)
