import type { RetryPolicy } from '../../core/decide.ts'
import { durationMs } from '../../core/durations.ts'
import { TIMEOUT_MS } from '../../core/limits.ts'
import { type ChildSpec, childSpec } from '../isolate/spec.ts'
import type { AnyTask } from '../task.ts'

/** A registered task with what a worker asks of it per job, computed once. */
export interface KnownTask {
  readonly task: AnyTask
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

  get(name: string): KnownTask | undefined {
    const known = this.#known.get(name)
    if (known !== undefined) return known
    const task = this.#registered.get(name)
    if (task === undefined) return undefined
    const made = knownTask(task)
    this.#known.set(name, made)
    return made
  }

  /** Names for a claim. Tasks that were registered since the last one are among them. */
  names(): readonly string[] {
    if (this.#only !== null) return this.#only
    if (this.#namesOf !== this.#registered.size) {
      this.#names = [...this.#registered.keys()]
      this.#namesOf = this.#registered.size
    }
    return this.#names
  }
}

const knownTask = (task: AnyTask): KnownTask => ({
  task,
  timeoutMs: task.timeout === undefined ? TIMEOUT_MS : durationMs(task.timeout, 'timeout', { min: 1 }),
  retry: task.retry ?? {},
  child: childSpec(task),
})
