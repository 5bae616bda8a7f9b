import type { RetryPolicy } from '../../core/decide.ts'
import { durationMs } from '../../core/durations.ts'
import { TIMEOUT_MS } from '../../core/limits.ts'
import { taskVersion } from '../../core/task-name.ts'
import { type ChildSpec, childSpec } from '../isolate/spec.ts'
import type { AnyTask } from '../task.ts'
import { oldestVersion, storedTasks, versionOf } from '../versions.ts'

/** A registered task with what a worker asks of it per job, computed once. */
export interface KnownTask {
  readonly task: AnyTask
  /** Version of the payload of the job. */
  readonly version: number
  readonly timeoutMs: number
  readonly retry: Partial<RetryPolicy>
  /** The children that run it; null: it runs in the worker. */
  readonly child: ChildSpec | null
}

/** The tasks that a worker may claim: the registered ones, narrowed by its option. */
export class KnownTasks {
  #registered: ReadonlyMap<string, AnyTask>
  #only: readonly string[] | null
  #known = new Map<string, KnownTask>()
  #names: readonly string[] = []
  #namesOf = -1

  constructor(registered: ReadonlyMap<string, AnyTask>, only: readonly string[] | null) {
    this.#registered = registered
    this.#only = only
  }

  /** @param name as it is stored with a job */
  get(name: string): KnownTask | undefined {
    const known = this.#known.get(name)
    if (known !== undefined) return known
    const { name: plain, version } = taskVersion(name)
    const task = this.#registered.get(plain)
    if (task === undefined || version > versionOf(task) || version < oldestVersion(task)) return undefined
    const made = knownTask(task, version)
    this.#known.set(name, made)
    return made
  }

  /** Names for a claim, of every version that can be run. Tasks that were registered since the last one are among them. */
  names(): readonly string[] {
    if (this.#namesOf !== this.#registered.size) {
      const names = this.#only ?? [...this.#registered.keys()]
      this.#names = names.flatMap((name) => storedTasks(this.#registered.get(name) as AnyTask))
      this.#namesOf = this.#registered.size
    }
    return this.#names
  }
}

const knownTask = (task: AnyTask, version: number): KnownTask => ({
  task,
  version,
  timeoutMs: task.timeout === undefined ? TIMEOUT_MS : durationMs(task.timeout, 'timeout', { min: 1 }),
  retry: task.retry ?? {},
  child: childSpec(task),
})
