import { PosthasteError } from '../core/errors.ts'
import { storedTask } from '../core/task-name.ts'
import { refuse } from './arguments.ts'
import type { AnyTask } from './task.ts'

/** Which versions of payloads a task takes, and how an older one becomes one of today. */

export const versionOf = ({ version }: AnyTask): number => version ?? 1

/** The oldest version that can be brought up to today's. */
export const oldestVersion = (task: AnyTask): number => {
  let oldest = versionOf(task)
  while (oldest > 1 && task.upgrade?.[oldest - 1] !== undefined) oldest--
  return oldest
}

/** Names under which its jobs are stored, today's version first. */
export const storedTasks = (task: AnyTask): string[] => {
  const names: string[] = []
  for (let version = versionOf(task); version >= oldestVersion(task); version--)
    names.push(storedTask(task.name, version))
  return names
}

/**
 * The payload as today's version has it.
 * @throws E_PAYLOAD when one of the functions throws, or answers a promise
 */
export const upgraded = (task: AnyTask, from: number, payload: unknown): unknown => {
  let value = payload
  for (let version = from; version < versionOf(task); version++) {
    value = upgradedOnce(task, version, value)
    if (!(value instanceof Promise)) continue
    // Nobody waits for it; what it says does not matter any more.
    value.catch(() => undefined)
    throw failed(task, version, 'it answers a promise, and must answer the payload')
  }
  return value
}

const upgradedOnce = (task: AnyTask, version: number, payload: unknown): unknown => {
  try {
    return task.upgrade?.[version]?.(payload)
  } catch (error) {
    throw failed(task, version, error instanceof Error ? error.message : String(error), error)
  }
}

const failed = ({ name }: AnyTask, version: number, why: string, cause?: unknown): PosthasteError => {
  const what = `Task ${name} cannot upgrade a payload of version ${version}: ${why}`
  return new PosthasteError('E_PAYLOAD', what, { cause, data: { version } })
}

/** Refuses versions that cannot be: functions must lead to today's version without a gap. */
export const checkVersions = (task: AnyTask, of: (field: string) => string): void => {
  const { upgrade } = task
  if (upgrade === undefined) return
  if (typeof upgrade !== 'object' || upgrade === null) refuse(of('upgrade'), 'is not an object of functions')
  for (const [key, work] of Object.entries(upgrade)) {
    const field = of(`upgrade.${key.slice(0, 20)}`)
    if (typeof work !== 'function') refuse(field, 'is not a function')
    const version = Number(key)
    if (!Number.isInteger(version) || version < 1 || version >= versionOf(task))
      refuse(field, `is no version before ${versionOf(task)}`)
    if (version < oldestVersion(task)) refuse(field, `leads to version ${version + 1}, which leads nowhere`)
  }
}
