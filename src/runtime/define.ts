import { parseBackoff } from '../core/backoff.ts'
import { durationMs } from '../core/durations.ts'
import { PosthasteError } from '../core/errors.ts'
import { LEASE_MAX_MS, LEASE_MIN_MS, MAX_RETRIES_LIMIT } from '../core/limits.ts'
import { checkName } from '../core/names.ts'
import { priorityNumber } from '../core/priority.ts'
import type { StandardSchemaV1 } from '../core/standard-schema.ts'
import { checkVersion, checkWhole, refuse, refuseUnknown } from './arguments.ts'
import { checkIsolation, childSpec } from './isolate/spec.ts'
import type { AnyTask, RetryOptions, Task, TaskOptions } from './task.ts'
import { checkVersions } from './versions.ts'

const FIELDS: ReadonlySet<string> = new Set<keyof AnyTask>([
  'name',
  'payload',
  'version',
  'upgrade',
  'queue',
  'priority',
  'timeout',
  'deadline',
  'lease',
  'retry',
  'isolate',
  'module',
  'memoryMb',
  'env',
  'run',
])
const RETRY_FIELDS = new Set(['maxRetries', 'backoff', 'whenExhausted'])

/**
 * Defines a task: a named handler with a payload schema. The types of payload and output follow from the schema and
 * from `run`. Nothing is registered: give the task to `posthaste({ tasks: [...] })`.
 * @throws E_ARGUMENT, E_NAME, E_DURATION or E_PRIORITY naming the field that is wrong
 */
// biome-ignore lint/suspicious/noExplicitAny: without a schema a payload is what JSON.parse gives, and typed like it.
export const task = <const Name extends string, Payload = any, Output = unknown, Input = Payload>(
  definition: TaskOptions<Payload, Output, Input, Name>,
): Task<Payload, Output, Input, Name> => {
  checkTask(definition)
  return Object.freeze({ ...definition })
}

/** Also for what did not come from `task()`: a task file in JavaScript may export plain objects. */
export const checkTask = (definition: AnyTask): void => {
  if (typeof definition !== 'object' || definition === null) refuse('task', 'is not an object')
  refuseUnknown(definition, FIELDS, 'task')
  const name = checkName(definition.name, 'task.name')
  const of = (field: string): string => `task ${name}: ${field}`
  if (typeof definition.run !== 'function') refuse(of('run'), 'is not a function')
  if (definition.payload !== undefined && !isSchema(definition.payload)) {
    refuse(of('payload'), 'is not a Standard Schema (zod, valibot, arktype …)')
  }
  if (definition.version !== undefined) checkVersion(definition.version, of('version'))
  checkVersions(definition, of)
  if (definition.queue !== undefined) checkName(definition.queue, of('queue'))
  if (definition.priority !== undefined) priorityNumber(definition.priority, of('priority'))
  if (definition.timeout !== undefined) durationMs(definition.timeout, of('timeout'), { min: 1 })
  if (definition.deadline !== undefined) durationMs(definition.deadline, of('deadline'), { min: 1 })
  if (definition.lease !== undefined) {
    durationMs(definition.lease, of('lease'), { min: LEASE_MIN_MS, max: LEASE_MAX_MS })
  }
  if (definition.retry !== undefined) checkRetry(definition.retry, of('retry'))
  checkIsolation(definition, of)
}

const checkRetry = (retry: RetryOptions, field: string): void => {
  if (typeof retry !== 'object' || retry === null) refuse(field, 'is not an object')
  refuseUnknown(retry, RETRY_FIELDS, field)
  if (retry.maxRetries !== undefined)
    checkWhole(retry.maxRetries, `${field}.maxRetries`, 0, MAX_RETRIES_LIMIT)
  if (retry.backoff !== undefined && typeof retry.backoff !== 'function') {
    parseBackoff(retry.backoff, `${field}.backoff`)
  }
  if (retry.whenExhausted !== undefined) checkWhenExhausted(retry.whenExhausted, `${field}.whenExhausted`)
}

export const checkWhenExhausted = (value: unknown, field: string): 'dead' | 'discard' =>
  value === 'dead' || value === 'discard' ? value : refuse(field, "is neither 'dead' nor 'discard'")

const isSchema = (value: unknown): value is StandardSchemaV1 => {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false
  const standard = (value as Partial<StandardSchemaV1>)['~standard']
  return typeof standard === 'object' && standard !== null && typeof standard.validate === 'function'
}

/** Tasks by name. @throws E_ARGUMENT when two tasks have one name, or an isolated one has no module */
export const taskMap = (tasks: readonly AnyTask[]): Map<string, AnyTask> => {
  const map = new Map<string, AnyTask>()
  for (const one of tasks) {
    checkTask(one)
    // Asked here and not when the task is defined: whoever loads a task file may know better than the file where it is.
    childSpec(one)
    const other = map.get(one.name)
    if (other !== undefined && other !== one) {
      throw new PosthasteError('E_ARGUMENT', `tasks has two tasks named ${one.name}.`, { field: 'tasks' })
    }
    map.set(one.name, one)
  }
  return map
}
