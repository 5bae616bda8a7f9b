import type { Outcome } from '../../core/decide.ts'
import { toJobError } from '../../core/job-error.ts'
import type { RuntimeDeps } from '../deps.ts'
import type { TaskContext } from '../task.ts'
import { type Held, signalOf } from '../worker/held.ts'
import type { KnownTask } from '../worker/known.ts'
import { outcomeOfAbort, unlessAborted } from '../worker/outcome.ts'
import type { Child } from './child.ts'
import { Pool } from './pool.ts'
import { runInChild } from './run.ts'
import type { ChildSpec } from './spec.ts'

export interface IsolationOptions {
  readonly deps: RuntimeDeps
  /** Handlers at the same time. */
  readonly concurrency: number
}

/** Runs the handlers of one worker that are not to run in the worker. */
export class Isolation {
  readonly #deps: RuntimeDeps
  readonly #pool: Pool

  constructor({ deps, concurrency }: IsolationOptions) {
    this.#deps = deps
    this.#pool = new Pool({ max: concurrency, clock: deps.clock, logger: deps.logger })
  }

  /** Starts one child of each kind, so that a module that is wrong is told of before the first job. */
  warm(known: readonly KnownTask[]): void {
    const { logger, events } = this.#deps
    const names = new Map<ChildSpec, string[]>()
    const specs = new Map<string, ChildSpec>()
    for (const { task, child } of known) {
      if (child === null) continue
      const spec = specs.get(child.key) ?? child
      specs.set(spec.key, spec)
      names.set(spec, [...(names.get(spec) ?? []), task.name])
    }
    for (const [spec, tasks] of names) {
      this.#pool.warm(spec, tasks).catch((error: unknown) => {
        logger.error({ err: error }, 'a child could not be started; the jobs of its tasks will fail')
        if (events.has('error'))
          events.emit('error', error instanceof Error ? error : new Error(String(error)))
      })
    }
  }

  /**
   * Runs a job in a child. Never rejects.
   * @param began called when the handler begins; the wait for a child is not part of the run
   * @returns what became of it, or null when nobody asks any more
   */
  async run(held: Held, context: TaskContext, began: () => void): Promise<Outcome | null> {
    const { known, job } = held
    const spec = known.child
    if (spec === null) return null
    let child: Child | null
    try {
      child = await this.#child(held, spec)
    } catch (error) {
      // Nothing has run: a failure before the handler started spends no retry.
      return unlessAborted(held, { kind: 'failed', error: toJobError(error), retriable: true })
    }
    if (child === null) return held.aborted === null ? null : outcomeOfAbort(held, held.aborted)

    began()
    held.kill = () => child.kill()
    const { payload } = job
    const run = runInChild({ child, task: known.task.name, payload, context })
    const outcome = await run.outcome
    held.kill = null
    const isFit = run.isFit()
    if (isFit === null) await child.gone
    else this.#pool.giveBack(child, isFit)
    return unlessAborted(held, outcome)
  }

  /** A child for the job; null when the job was told to stop meanwhile. */
  async #child(held: Held, spec: ChildSpec): Promise<Child | null> {
    const signal = signalOf(held)
    if (signal.aborted) return null
    const taking = this.#pool.take(spec, held.known.task.name, held.job.crashes > 0)
    const stopped = new Promise<null>((resolve) =>
      signal.addEventListener('abort', () => resolve(null), { once: true }),
    )
    const child = await Promise.race([taking, stopped])
    if (child !== null && !held.over && !signal.aborted) return child
    taking.then(
      (late) => this.#pool.giveBack(late, Promise.resolve(true)),
      () => {},
    )
    return null
  }

  close(): Promise<void> {
    return this.#pool.close()
  }
}
