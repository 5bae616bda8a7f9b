import { parseBackoff } from '../core/backoff.ts'
import { durationMs, runAtMs } from '../core/durations.ts'
import { WAITS_FOR_PARENTS } from '../core/flow.ts'
import type { JobOptions, JobTies, NewJob } from '../core/job.ts'
import { encodeJson, JsonText } from '../core/json.ts'
import {
  LEASE_MAX_MS,
  LEASE_MIN_MS,
  MAX_RETRIES_LIMIT,
  METADATA_BYTES_MAX,
  PAYLOAD_BYTES_MAX,
} from '../core/limits.ts'
import { checkName, checkRef, checkTags } from '../core/names.ts'
import { priorityNumber } from '../core/priority.ts'
import { validate } from '../core/standard-schema.ts'
import { storedTask } from '../core/task-name.ts'
import { checkId, checkVersion, checkWhole, refuse, refuseUnknown } from './arguments.ts'
import { checkTask, checkWhenExhausted } from './define.ts'
import type { AddOptions } from './options.ts'
import type { AnyTask } from './task.ts'
import { overdueAfter, tiesOf } from './ties.ts'
import { oldestVersion, upgraded, versionOf } from './versions.ts'

const PRIORITY_DEFAULT = 5
const QUEUE_DEFAULT = 'default'

const OPTIONS: { readonly [Name in keyof AddOptions]-?: true } = {
  delay: true,
  runAt: true,
  at: true,
  priority: true,
  queue: true,
  maxRetries: true,
  backoff: true,
  timeout: true,
  version: true,
  lease: true,
  whenExhausted: true,
  expiresAt: true,
  expiresIn: true,
  deadline: true,
  key: true,
  after: true,
  batch: true,
  ref: true,
  group: true,
  tags: true,
  metadata: true,
  id: true,
  tx: true,
}
const OPTION_NAMES: ReadonlySet<string> = new Set(Object.keys(OPTIONS))
/** An element of addMany says its task and payload beside its options; the transaction is the whole call's. */
const ITEM_NAMES: ReadonlySet<string> = new Set(
  ['task', 'payload', ...OPTION_NAMES].filter((name) => name !== 'tx'),
)

/** What a job takes from its task when its options do not say otherwise. */
interface Defaults {
  /** The name under which its jobs are stored. */
  readonly stored: string
  readonly queue: string
  readonly priority: number
  readonly leaseMs: number | null
  readonly deadlineMs: number | null
  /** Of a job without options of its own. */
  readonly options: string | null
  readonly ties: JobTies | null
}
const NO_DEFAULTS: Defaults = {
  ...{ stored: '', queue: QUEUE_DEFAULT, priority: PRIORITY_DEFAULT },
  ...{ leaseMs: null, deadlineMs: null, options: null, ties: null },
}

const defaultsOf = (task: AnyTask): Defaults => {
  const deadlineMs =
    task.deadline === undefined ? null : durationMs(task.deadline, 'task.deadline', { min: 1 })
  return {
    stored: storedTask(task.name, versionOf(task)),
    queue: task.queue ?? QUEUE_DEFAULT,
    priority: task.priority === undefined ? PRIORITY_DEFAULT : priorityNumber(task.priority, 'task.priority'),
    leaseMs: task.lease === undefined ? null : durationMs(task.lease, 'task.lease'),
    deadlineMs,
    options: deadlineMs === null ? null : JSON.stringify({ deadlineMs }),
    ties: deadlineMs === null ? null : overdueAfter(deadlineMs),
  }
}

/** `field` goes before the names of options in errors: `items[3].`, or nothing. */
export type Prepare = (
  task: string | AnyTask,
  payload: unknown,
  options?: AddOptions,
  field?: string,
) => NewJob | Promise<NewJob>

export interface Preparer {
  /** Answers at once, or a promise when the task's schema validates asynchronously. */
  readonly prepare: Prepare
  /** Always at once: refuses a task whose schema validates asynchronously. */
  readonly prepareNow: (task: string | AnyTask, payload: unknown, options?: AddOptions) => NewJob
}

/**
 * Makes jobs ready to be stored. This is the hot path of every add: what a task says is looked up once, and options
 * that are not given cost nothing.
 */
export const createPreparer = (tasks: ReadonlyMap<string, AnyTask>, newId: () => string): Preparer => {
  const known = new WeakMap<AnyTask, Defaults>()

  const defaults = (task: AnyTask): Defaults => {
    let found = known.get(task)
    if (found === undefined) {
      checkTask(task)
      found = defaultsOf(task)
      known.set(task, found)
    }
    return found
  }

  const prepare: Prepare = (task, payload, options, field = '') => {
    const definition = typeof task === 'string' ? tasks.get(task) : task
    // A name that nobody here knows is fine: its workers may be other programs.
    const given = definition === undefined ? NO_DEFAULTS : defaults(definition)
    const name = definition === undefined ? checkName(task, `${field}task`) : definition.name
    // Encoded before it is validated: what cannot be kept must not be looked at by a schema that would accept it.
    const isText = payload instanceof JsonText
    const value = isText ? payload.value : payload === undefined ? null : payload
    const text = isText ? payload.text : encodeJson(value, `${field}payload`, PAYLOAD_BYTES_MAX)
    const job =
      options === undefined
        ? plainJob(newId(), definition === undefined ? name : given.stored, text, given)
        : optionedJob(name, text, given, options, field, newId)
    if (definition?.payload === undefined) return job
    const version = options?.version ?? versionOf(definition)
    // What this program cannot run is for others to judge.
    if (version > versionOf(definition) || version < oldestVersion(definition)) return job
    const today = version === versionOf(definition) ? value : upgraded(definition, version, JSON.parse(text))
    const valid = validate(definition.payload, today, name, `${field}payload`)
    return valid instanceof Promise ? valid.then(() => job) : job
  }

  const prepareNow: Preparer['prepareNow'] = (task, payload, options) => {
    const job = prepare(task, payload, options)
    if (!(job instanceof Promise)) return job
    // Refused for being asynchronous; what the schema would say no longer matters.
    job.catch(() => undefined)
    return refuse(
      'task',
      `${typeof task === 'string' ? task : task.name} has a schema that validates asynchronously`,
    )
  }

  return { prepare, prepareNow }
}

const plainJob = (
  id: string,
  task: string,
  payload: string,
  { queue, priority, leaseMs, options, ties }: Defaults,
): NewJob => ({
  id,
  task,
  queue,
  group: null,
  priority,
  payload,
  delayMs: 0,
  runAt: null,
  blocked: null,
  maxRetries: null,
  leaseMs,
  options,
  key: null,
  ref: null,
  tags: null,
  ties,
})

const optionedJob = (
  task: string,
  payload: string,
  given: Defaults,
  options: AddOptions,
  field: string,
  newId: () => string,
): NewJob => {
  if (typeof options !== 'object' || options === null) refuse(`${field}options`, 'is not an object')
  refuseUnknown(
    options,
    field === '' ? OPTION_NAMES : ITEM_NAMES,
    field === '' ? 'options' : field.slice(0, -1),
  )
  const { version, delay, runAt, at, priority, queue, maxRetries, lease, ref, group, tags, id } = options
  const due = runAt ?? at
  if (delay !== undefined && due !== undefined) {
    refuse(`${field}delay`, 'is given together with runAt; choose one')
  }
  if (runAt !== undefined && at !== undefined)
    refuse(`${field}at`, 'is given together with runAt; choose one')
  const scope = {
    task,
    queue: queue === undefined ? given.queue : checkName(queue, `${field}queue`),
    group: group === undefined ? null : checkName(group, `${field}group`),
  }
  const deadlineMs =
    options.deadline === undefined
      ? given.deadlineMs
      : durationMs(options.deadline, `${field}deadline`, { min: 1 })
  const { key, ties } = tiesOf(options, scope, field, deadlineMs)
  return {
    id: id === undefined ? newId() : checkId(id, `${field}id`),
    ...scope,
    task:
      version !== undefined
        ? storedTask(task, checkVersion(version, `${field}version`))
        : given.stored || task,
    priority: priority === undefined ? given.priority : priorityNumber(priority, `${field}priority`),
    payload,
    delayMs: delay === undefined ? 0 : durationMs(delay, `${field}delay`),
    runAt: due === undefined ? null : runAtMs(due, `${field}${runAt === undefined ? 'at' : 'runAt'}`),
    blocked: (ties?.parents.length ?? 0) > 0 ? WAITS_FOR_PARENTS : null,
    maxRetries:
      maxRetries === undefined ? null : checkWhole(maxRetries, `${field}maxRetries`, 0, MAX_RETRIES_LIMIT),
    leaseMs:
      lease === undefined
        ? given.leaseMs
        : durationMs(lease, `${field}lease`, { min: LEASE_MIN_MS, max: LEASE_MAX_MS }),
    options: policyText(options, field, deadlineMs),
    key,
    ref: ref === undefined ? null : checkRef(ref, `${field}ref`),
    tags: tags === undefined || tags.length === 0 ? null : JSON.stringify(checkTags(tags, `${field}tags`)),
    ties,
  }
}

/** The options that have no column, as they are stored; null when none is given. */
const policyText = (options: AddOptions, field: string, deadlineMs: number | null): string | null => {
  const { backoff, timeout, whenExhausted, metadata } = options
  if ((backoff ?? timeout ?? whenExhausted ?? metadata) === undefined && deadlineMs === null) return null
  const policy: JobOptions = {
    ...(backoff === undefined ? {} : { backoff: parseBackoff(backoff, `${field}backoff`) }),
    ...(timeout === undefined ? {} : { timeoutMs: durationMs(timeout, `${field}timeout`, { min: 1 }) }),
    ...(deadlineMs === null ? {} : { deadlineMs }),
    ...(whenExhausted === undefined
      ? {}
      : { whenExhausted: checkWhenExhausted(whenExhausted, `${field}whenExhausted`) }),
    ...(metadata === undefined ? {} : { metadata: checkMetadata(metadata, `${field}metadata`) }),
  }
  return JSON.stringify(policy)
}

const checkMetadata = (value: unknown, field: string): Readonly<Record<string, unknown>> => {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return refuse(field, 'is not an object')
  encodeJson(value, field, METADATA_BYTES_MAX)
  return value as Readonly<Record<string, unknown>>
}
