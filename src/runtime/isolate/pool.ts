import type { Clock, Timer } from '../../core/clock.ts'
import type { Logger } from '../logger.ts'
import { Child, startError } from './child.ts'
import type { ChildSpec } from './spec.ts'

/** A child without work is ended after this. */
const CHILD_IDLE_MS = 60_000
/** A child is replaced after this many runs: what leaks slowly in a library does not grow for ever. */
const CHILD_RUNS_MAX = 1_000

/** Children that are ended while the pool is closed are waited for this long. */
const CLOSE_TIMEOUT_MS = 5_000

interface Idle {
  readonly child: Child
  /** Whether it can take a run, known when it has tidied up after the last one. */
  readonly isFit: Promise<boolean>
  readonly timer: Timer
}

export interface PoolOptions {
  /** Children at the same time: as many as handlers. */
  readonly max: number
  readonly clock: Clock
  readonly logger: Logger
}

/** The children of one worker, kept warm between runs. */
export class Pool {
  readonly #options: PoolOptions
  readonly #all = new Set<Child>()
  readonly #runs = new Map<Child, number>()
  /** The one used last is at the end. */
  #idle: Idle[] = []
  #isClosed = false

  constructor(options: PoolOptions) {
    this.#options = options
  }

  /**
   * Starts a child ahead of the first job, as far as there is room.
   * @throws E_CHILD_START when it cannot be, or does not find one of the tasks
   */
  async warm(spec: ChildSpec, tasks: readonly string[]): Promise<void> {
    if (this.#all.size >= this.#options.max) return
    const child = this.#start(spec)
    this.#keep(child, Promise.resolve(true))
    try {
      await child.loaded
    } catch (error) {
      // It had to make room for another, or the worker stops.
      if (child.isEnding || this.#isClosed) return
      throw error
    }
    for (const task of tasks) checkExported(child, task)
  }

  /**
   * A child that can run the task. Whoever gets it gives it back or kills it.
   * @param fresh one that has run nothing before: for a job that is suspected of bringing its child down
   * @throws E_CHILD_START
   */
  async take(spec: ChildSpec, task: string, fresh: boolean): Promise<Child> {
    const child = (await this.#reuse(spec, fresh)) ?? this.#start(spec)
    await child.loaded
    try {
      checkExported(child, task)
    } catch (error) {
      this.#keep(child, Promise.resolve(true))
      throw error
    }
    return child
  }

  /** After a run. */
  giveBack(child: Child, isFit: Promise<boolean>): void {
    const runs = (this.#runs.get(child) ?? 0) + 1
    this.#runs.set(child, runs)
    if (this.#isClosed || runs >= CHILD_RUNS_MAX) child.end()
    else if (!child.isGone) this.#keep(child, isFit)
  }

  /** Ends all children, those with work too. */
  async close(): Promise<void> {
    this.#isClosed = true
    for (const { timer } of this.#idle.splice(0)) timer.cancel()
    const left = [...this.#all]
    for (const child of left) child.kill()
    let timer: Timer | undefined
    const late = new Promise<void>((resolve) => {
      timer = this.#options.clock.setTimer(resolve, CLOSE_TIMEOUT_MS)
    })
    await Promise.race([Promise.all(left.map(({ gone }) => gone)), late])
    timer?.cancel()
  }

  async #reuse(spec: ChildSpec, fresh: boolean): Promise<Child | null> {
    for (;;) {
      const index = this.#idle.findLastIndex(
        ({ child }) => child.spec.key === spec.key && !(fresh && this.#runs.has(child)),
      )
      const [idle] = index === -1 ? [] : this.#idle.splice(index, 1)
      if (idle === undefined) return null
      idle.timer.cancel()
      if ((await idle.isFit) && !idle.child.isGone) return idle.child
    }
  }

  #start(spec: ChildSpec): Child {
    // There are no more children than handlers may run at the same time: one that waits for other work makes room.
    if (this.#all.size >= this.#options.max) this.#idle[0]?.child.end()
    const child = new Child(spec, this.#options)
    this.#all.add(child)
    void child.gone.then(() => {
      this.#all.delete(child)
      this.#runs.delete(child)
      this.#forget(child)
    })
    if (this.#isClosed) child.kill()
    return child
  }

  #keep(child: Child, isFit: Promise<boolean>): void {
    const timer = this.#options.clock.setTimer(() => this.#retire(child), CHILD_IDLE_MS, { unref: true })
    this.#idle.push({ child, isFit, timer })
    void isFit.then((fit) => {
      if (!fit) this.#retire(child)
    })
  }

  #retire(child: Child): void {
    this.#forget(child)
    child.end()
  }

  #forget(child: Child): void {
    for (const { timer } of this.#idle.filter((idle) => idle.child === child)) timer.cancel()
    this.#idle = this.#idle.filter((idle) => idle.child !== child)
  }
}

const checkExported = ({ spec, tasks }: Child, task: string): void => {
  if (tasks.has(task)) return
  const names = tasks.size === 0 ? 'no task at all' : [...tasks].join(', ')
  throw startError(spec, `Its module exports no task named ${task}; it exports ${names}.`)
}
