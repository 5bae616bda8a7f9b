import type { Clock, Timer } from '../../core/clock.ts'
import { PosthasteError } from '../../core/errors.ts'
import type { JobError } from '../../core/job.ts'
import type { Logger } from '../logger.ts'
import { crashError } from './endings.ts'
import { startProcess } from './process.ts'
import type { ChildSpec } from './spec.ts'
import { startThread } from './thread.ts'
import type { Ending, Vessel } from './vessel.ts'
import { readError, readSaid, type Said, type ToChild } from './wire.ts'

/** A child that has not imported its module by then is ended. */
const START_TIMEOUT_MS = 30_000
/** After a run: a child that has not said by then that it is fit for another is ended. */
const CALM_TIMEOUT_MS = 2_000
/** A child that was asked to end and has not is ended. */
const END_TIMEOUT_MS = 2_000
/** Of what a child prints while it starts, for the error when it does not. */
const STARTING_OUTPUT_LENGTH = 2_000

const WHY_LENGTH_MAX = 200

/** What hears about one run. */
export interface RunListener {
  readonly said: (message: Said) => void
  readonly output: (stream: 'stdout' | 'stderr', text: string) => void
  /** The child ended under the run. */
  readonly crashed: (error: JobError) => void
}

export interface ChildServices {
  readonly clock: Clock
  readonly logger: Logger
}

/** One child process or thread: it loads a module and runs one job at a time. */
export class Child {
  readonly spec: ChildSpec
  /** Resolves when it can run jobs. @throws E_CHILD_START */
  readonly loaded: Promise<void>
  /** Resolves when it is no more. */
  readonly gone: Promise<void>
  /** Names of the tasks that its module exports. */
  tasks: ReadonlySet<string> = new Set()
  isGone = false
  /** It was told to end. */
  isEnding = false

  readonly #vessel: Vessel
  readonly #services: ChildServices
  #hearLoaded!: { resolve: () => void; reject: (error: unknown) => void }
  #hearGone!: () => void
  #starting = ''
  #startTimer: Timer
  #run = 0
  /** Of the newest run. */
  #listener: RunListener | null = null
  #isOver = true
  /** Whether it can take another run; settled when it has tidied up after the last one. */
  #calm: { readonly promise: Promise<boolean>; readonly resolve: (isFit: boolean) => void } | null = null
  /** What is known about its end before it came. */
  #cause: JobError | null = null

  constructor(spec: ChildSpec, services: ChildServices) {
    this.spec = spec
    this.#services = services
    this.loaded = new Promise<void>((resolve, reject) => {
      this.#hearLoaded = { resolve, reject }
    })
    // Whoever started it ahead of time may not be asking.
    this.loaded.catch(() => {})
    this.gone = new Promise((resolve) => {
      this.#hearGone = resolve
    })
    const start = spec.kind === 'process' ? startProcess : startThread
    this.#vessel = start(spec, {
      text: (text) => this.#heard(text),
      output: (stream, text) => this.#printed(stream, text),
      gone: (ending) => this.#ended(ending),
    })
    const { url, settings, memoryMb } = spec
    this.#say({ type: 'load', url, settings, memoryMb, folder: this.folder })
    this.#startTimer = services.clock.setTimer(
      () => {
        this.#notStarted(`It was not ready after ${START_TIMEOUT_MS} ms.`)
      },
      START_TIMEOUT_MS,
      { unref: true },
    )
  }

  get folder(): string {
    return this.#vessel.folder
  }

  /** Begins a run. Answers its number, which every message about it carries. */
  begin(listener: RunListener, message: (run: number) => ToChild): number {
    this.#listener = listener
    this.#isOver = false
    this.#say(message(++this.#run))
    // It may have ended between two runs, which nobody hears any more.
    if (this.isGone)
      queueMicrotask(() => listener.crashed(crashError({ kind: 'exit', code: 0 }, this.spec.kind)))
    return this.#run
  }

  say(message: ToChild): void {
    this.#say(message)
  }

  /**
   * The run is over for the worker: what the child still says about it is not heard, only what it has printed. Answers
   * whether it can take another.
   */
  over(): Promise<boolean> {
    this.#isOver = true
    if (this.isGone) return Promise.resolve(false)
    let resolve!: (isFit: boolean) => void
    const promise = new Promise<boolean>((heard) => {
      resolve = heard
    })
    const timer = this.#services.clock.setTimer(
      () => {
        this.#services.logger.debug({ child: this.#vessel.name }, 'a child did not come to rest after a run')
        this.kill()
      },
      CALM_TIMEOUT_MS,
      { unref: true },
    )
    this.#calm = {
      promise,
      resolve: (isFit) => {
        timer.cancel()
        this.#calm = null
        resolve(isFit)
      },
    }
    return promise
  }

  /** Asks it to end; sees to it that it does. */
  end(): void {
    if (this.isGone) return
    this.isEnding = true
    this.#vessel.end()
    const timer = this.#services.clock.setTimer(() => this.#vessel.kill(), END_TIMEOUT_MS, { unref: true })
    void this.gone.then(() => timer.cancel())
  }

  kill(): void {
    this.#vessel.kill()
  }

  #say(message: ToChild): void {
    this.#vessel.say(JSON.stringify(message))
  }

  #heard(text: unknown): void {
    try {
      this.#take(readSaid(text))
    } catch {
      // A field of a kind that nobody thought of: nothing that a child says may throw in the worker.
      this.confused()
    }
  }

  #take(message: Said | null): void {
    switch (message?.type) {
      case 'loaded':
        this.tasks = new Set(Array.isArray(message.tasks) ? message.tasks.map(String) : [])
        this.#startTimer.cancel()
        this.#hearLoaded.resolve()
        break
      case 'failed':
        this.#notStarted(readError(message.error).message)
        break
      case 'memory': {
        const what = `it took ${Number(message.rssMb)} MiB of ${this.spec.memoryMb}`
        this.#cause ??= crashError({ kind: 'memory', what }, this.spec.kind)
        break
      }
      case 'thrown': {
        const error = readError(message.error)
        this.#cause ??= { ...error, message: `Thrown where nobody waited for it: ${error.message}` }
        // It ends by itself; unless what has just failed keeps it from that.
        this.#vessel.kill()
        break
      }
      case 'ready':
      case 'retire':
        if (message.run === this.#run) this.#rested(message)
        break
      case 'notes':
      case 'call':
      case 'done':
        if (typeof message.run !== 'number' || message.run > this.#run) this.confused()
        // Of an earlier run: it is over.
        else if (message.run === this.#run && !this.#isOver) this.#listener?.said(message)
        break
      default:
        this.confused()
    }
  }

  #rested({ type, why }: Said): void {
    const isFit = type === 'ready'
    if (!isFit) {
      const reason = String(why).slice(0, WHY_LENGTH_MAX)
      this.#services.logger.debug({ child: this.#vessel.name, why: reason }, 'a child is not used again')
    }
    this.#calm?.resolve(isFit)
  }

  /** What it says is not what a child of ours says: it is ended. */
  confused(): void {
    this.#cause ??= {
      name: 'PosthasteError',
      code: 'E_CHILD_CRASHED',
      message: `The ${this.spec.kind} that ran the job wrote to its channel what is no message, and was ended.`,
    }
    this.#vessel.kill()
  }

  #printed(stream: 'stdout' | 'stderr', text: string): void {
    if (this.#listener !== null) this.#listener.output(stream, text)
    else this.#starting = (this.#starting + text).slice(-STARTING_OUTPUT_LENGTH)
  }

  #notStarted(why: string): void {
    this.#hearLoaded.reject(startError(this.spec, why))
    this.#vessel.kill()
  }

  #ended(ending: Ending): void {
    this.isGone = true
    this.#startTimer.cancel()
    const error = this.#cause ?? crashError(ending, this.spec.kind)
    this.#hearLoaded.reject(startError(this.spec, `${error.message} ${this.#starting.trim()}`.trim()))
    if (!this.#isOver) this.#listener?.crashed(error)
    this.#listener = null
    this.#calm?.resolve(false)
    this.#hearGone()
  }
}

export const startError = ({ kind, url }: ChildSpec, why: string): PosthasteError =>
  new PosthasteError('E_CHILD_START', `A ${kind} for ${url} could not be started. ${why}`)
