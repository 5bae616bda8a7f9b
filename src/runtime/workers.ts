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
  readonly concurrency: number | null
  readonly running: number | null
  readonly firstSeenAt: Date
  readonly lastSeenAt: Date
}

/** What a worker says of itself comes from another program, perhaps of another version: nothing of it is taken for granted. */
export const toWorkerInfo = ({ id, about, firstSeenAt, lastSeenAt }: WorkerRow): WorkerInfo => {
  const said = object(about)
  return {
    id,
    host: typeof said['host'] === 'string' ? said['host'] : null,
    pid: typeof said['pid'] === 'number' ? said['pid'] : null,
    version: typeof said['version'] === 'string' ? said['version'] : null,
    queues: texts(said['queues']),
    tasks: texts(said['tasks']),
    concurrency: typeof said['concurrency'] === 'number' ? said['concurrency'] : null,
    running: typeof said['running'] === 'number' ? said['running'] : null,
    firstSeenAt: new Date(firstSeenAt),
    lastSeenAt: new Date(lastSeenAt),
  }
}

export const servesQueue = ({ queues }: WorkerInfo, queue: string): boolean => queues?.includes(queue) ?? true
export const knowsTask = ({ tasks }: WorkerInfo, task: string): boolean => tasks?.includes(task) ?? true

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
