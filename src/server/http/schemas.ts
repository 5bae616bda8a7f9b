import { z } from 'zod'
import { PosthasteError } from '../../core/errors.ts'

/**
 * What requests look like, in one place. These schemas check shapes and refuse what they do not know; whether a name,
 * a duration or a payload is right is decided by the same rules as in the library.
 */

const text = z.string()
export const duration = z.union([z.string(), z.int()])
export const instant = z.union([z.string(), z.int()])
const backoff = z.union([
  z.string(),
  z.strictObject({
    base: duration.optional(),
    factor: z.number().optional(),
    cap: duration.optional(),
    jitter: z.number().optional(),
  }),
])

/** A job that another one waits for. */
const edge = z.union([
  text,
  z.strictObject({
    id: text,
    name: text.optional(),
    onParentFailure: z.enum(['cancel', 'run', 'hold']).optional(),
  }),
])

/** Body of `POST /v1/jobs`. */
export const addBody = z.strictObject({
  task: text,
  payload: z.unknown().optional(),
  id: text.optional(),
  queue: text.optional(),
  priority: z.union([z.string(), z.int()]).optional(),
  delay: duration.optional(),
  runAt: instant.optional(),
  at: instant.optional(),
  maxRetries: z.int().optional(),
  backoff: backoff.optional(),
  whenExhausted: z.enum(['dead', 'discard']).optional(),
  timeout: duration.optional(),
  version: z.int().optional(),
  lease: duration.optional(),
  expiresAt: instant.optional(),
  expiresIn: duration.optional(),
  deadline: duration.optional(),
  key: z
    .union([
      text,
      z.strictObject({
        key: text,
        scope: z.enum(['all', 'task', 'queue', 'group']).optional(),
        while: z.enum(['waiting', 'unfinished']).optional(),
        until: duration.optional(),
        window: duration.optional(),
        onConflict: z.enum(['keep', 'reject', 'replace', 'reschedule', 'runAfter']).optional(),
      }),
    ])
    .optional(),
  after: z.union([edge, z.array(edge)]).optional(),
  batch: text.optional(),
  ref: text.optional(),
  group: text.optional(),
  limit: text.optional(),
  tags: z.array(text).optional(),
  metadata: z.record(text, z.unknown()).optional(),
})

/** Body of `POST /v1/jobs/:id/cancel`. */
export const cancelBody = z.strictObject({ reason: text.optional() })
/** Body of `POST /v1/jobs/:id/resolve`. */
export const resolveBody = z.strictObject({ to: text, reason: text.optional() })
/** Body of `POST /v1/jobs/:id/priority`. */
export const priorityBody = z.strictObject({ priority: z.union([z.string(), z.int()]) })

/** Body of `PATCH /v1/schedules/:name`. */
export const scheduleChangeBody = z.strictObject({
  cron: text.optional(),
  timeZone: text.optional(),
  every: duration.optional(),
  task: text.optional(),
  payload: z.unknown().optional(),
  jitter: duration.optional(),
  startAt: instant.nullable().optional(),
  endAt: instant.nullable().optional(),
  overlap: text.optional(),
  catchUp: text.optional(),
  queue: text.optional(),
  priority: z.union([z.string(), z.int()]).optional(),
  maxRetries: z.int().optional(),
  backoff: backoff.optional(),
  whenExhausted: z.enum(['dead', 'discard']).optional(),
  timeout: duration.optional(),
  deadline: duration.optional(),
  version: z.int().optional(),
  lease: duration.optional(),
  group: text.optional(),
  limit: text.optional(),
  tags: z.array(text).optional(),
  metadata: z.record(text, z.unknown()).optional(),
  ref: text.optional(),
})
/** Body of `PUT /v1/schedules/:name`. */
export const scheduleBody = scheduleChangeBody.extend({ task: text })
/** Body of `POST /v1/schedules`. */
export const newScheduleBody = scheduleBody.extend({ name: text })
/** Query of `GET /v1/schedules`. */
export const scheduleListQuery = z.strictObject({ after: text.optional() })

/** Body of `POST /v1/limits/pause`, `/resume` and `/reset`: what is bounded or stopped. */
export const limitTargetBody = z.strictObject({
  queue: text.optional(),
  group: text.optional(),
  groups: z.boolean().optional(),
  task: text.optional(),
  key: text.optional(),
})
/** Body of `DELETE /v1/limits`. */
export const limitRemovalBody = limitTargetBody.extend({ version: z.int().optional() })
/** Body of `PUT /v1/limits`. */
export const limitBody = limitRemovalBody.extend({
  concurrency: z.int().nullable().optional(),
  rate: z.strictObject({ max: z.int(), per: duration }).nullable().optional(),
  weight: z.int().nullable().optional(),
})

/** Query of an upload. */
export const blobQuery = z.strictObject({ keep: text.optional() })

/** Body of an action that has nothing to say. */
export const emptyBody = z.strictObject({})

/** 'ready,retrying' or several parameters of one name. */
export const listOf = <Item extends z.ZodType>(item: Item) =>
  z.preprocess((value) => (typeof value === 'string' ? value.split(',') : value), z.array(item).max(100))

/** Digits are epoch milliseconds; anything else is read as ISO 8601. */
export const instantParameter = z.preprocess(
  (value) => (/^\d+$/.test(String(value)) ? Number(value) : value),
  instant,
)

/** Query of `GET /v1/jobs`. */
export const listQuery = z.strictObject({
  state: listOf(text).optional(),
  queue: listOf(text).optional(),
  task: listOf(text).optional(),
  group: text.optional(),
  key: text.optional(),
  ref: text.optional(),
  parent: text.optional(),
  batch: text.optional(),
  tag: text.optional(),
  worker: text.optional(),
  createdAfter: instantParameter.optional(),
  createdBefore: instantParameter.optional(),
  search: text.optional(),
  sort: text.optional(),
  cursor: text.optional(),
  limit: z.coerce.number().optional(),
  /** 'row': without what can be large (payload, output, history, …). */
  view: z.enum(['full', 'row']).optional(),
})

/** Query of `GET /v1/jobs/:id/logs`. */
export const logQuery = z.strictObject({
  after: text.optional(),
  limit: z.coerce.number().optional(),
})

/**
 * The value as its schema describes it.
 * @param where 'body' or 'query': names the field in the error together with its path
 * @throws E_ARGUMENT naming the first field that is wrong
 */
export const check = <Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  where: string,
): z.output<Schema> => {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys[0] : undefined
  const field = [where, ...(issue?.path ?? []), ...(unknown === undefined ? [] : [unknown])].join('.')
  const why = unknown === undefined ? lowerFirst(issue?.message ?? 'is not valid') : 'not known here'
  throw new PosthasteError('E_ARGUMENT', `${field}: ${why}.`, { field })
}

const lowerFirst = (message: string): string => message.charAt(0).toLowerCase() + message.slice(1)
