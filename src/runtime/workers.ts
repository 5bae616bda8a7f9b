import { taskName, taskVersion } from '../core/task-name.ts'
import type { WorkerRow } from '../engines/engine.ts'

/** A live worker, as it describes itself with every beat. */
export interface WorkerInfo {
  readonly id: string
  readonly host: string | null
  readonly pid: number | null
  readonly version: string | null
  /** Null: every queue. */
  readonly queues: readonly string[] | null
  /** Null: any task. */
  readonly tasks: readonly string[] | null
  /** The versions of payloads that it runs, of each of its tasks that has others than the first. */
  readonly versions: Readonly<Record<string, readonly number[]>>
  readonly concurrency: number | null
  readonly running: number | null
  readonly firstSeenAt: Date
  readonly lastSeenAt: Date
}

/** What a worker says of itself comes from another program, perhaps of another version: nothing of it is taken for granted. */
export const toWorkerInfo = ({ id, about, firstSeenAt, lastSeenAt }: WorkerRow): WorkerInfo => {
  const said = object(about)
  const names = texts(said['tasks'])
  return {
    id,
    host: typeof said['host'] === 'string' ? said['host'] : null,
    pid: typeof said['pid'] === 'number' ? said['pid'] : null,
    version: typeof said['version'] === 'string' ? said['version'] : null,
    queues: texts(said['queues']),
    tasks: names === null ? null : [...new Set(names.map(taskName))],
    versions: versionsOf(names ?? []),
    concurrency: typeof said['concurrency'] === 'number' ? said['concurrency'] : null,
    running: typeof said['running'] === 'number' ? said['running'] : null,
    firstSeenAt: new Date(firstSeenAt),
    lastSeenAt: new Date(lastSeenAt),
  }
}

export const servesQueue = ({ queues }: WorkerInfo, queue: string): boolean => queues?.includes(queue) ?? true

/** @param stored the task's name as it is stored with a job, that is, with the version of its payload */
export const knowsTask = (worker: WorkerInfo, stored: string): boolean => {
  const { name, version } = taskVersion(stored)
  return worker.tasks === null || versionsKnown(worker, name).includes(version)
}

/** The versions of the task's payload that it runs. */
export const versionsKnown = ({ tasks, versions }: WorkerInfo, name: string): readonly number[] => {
  if (!tasks?.includes(name)) return []
  return (Object.hasOwn(versions, name) ? versions[name] : undefined) ?? FIRST
}
const FIRST: readonly number[] = [1]

const versionsOf = (names: readonly string[]): Record<string, number[]> => {
  const versions = new Map<string, number[]>()
  for (const stored of names) {
    const { name, version } = taskVersion(stored)
    versions.set(
      name,
      [...(versions.get(name) ?? []), version].sort((a, b) => a - b),
    )
  }
  return Object.fromEntries([...versions].filter(([, list]) => list.some((one) => one > 1)))
}

const object = (text: string): Readonly<Record<string, unknown>> => {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

const texts = (value: unknown): string[] | null =>
  Array.isArray(value) ? value.filter((item) => typeof item === 'string') : null
