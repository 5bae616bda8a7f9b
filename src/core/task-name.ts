import { TASK_VERSION_MAX } from './limits.ts'

/**
 * A payload's version is a part of the name under which its job is stored: `greet` is the first version, `greet@3` the
 * third. Names have no `@` of their own. So a store needs to know nothing of versions: jobs of a version that a worker
 * does not know are to it those of another task, which cost it nothing and wait for someone else.
 */
export interface TaskVersion {
  readonly name: string
  /** Counts from 1. */
  readonly version: number
}

const MARK = '@'

/** The name under which jobs of this version are stored. */
export const storedTask = (name: string, version: number): string =>
  version === 1 ? name : `${name}${MARK}${version}`

/** The name of the task without its version. */
export const taskName = (stored: string): string => {
  const at = stored.lastIndexOf(MARK)
  return at === -1 ? stored : stored.slice(0, at)
}

/** Name and version apart. What another program stored in another way is a name of the first version. */
export const taskVersion = (stored: string): TaskVersion => {
  const name = taskName(stored)
  const version = name === stored ? 1 : Number(stored.slice(name.length + MARK.length))
  return isTaskVersion(version) ? { name, version } : { name: stored, version: 1 }
}

const isTaskVersion = (value: unknown): value is number =>
  Number.isInteger(value) && Number(value) >= 1 && Number(value) <= TASK_VERSION_MAX
