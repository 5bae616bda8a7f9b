import type { Clock } from '../../core/clock.ts'
import { PosthasteError } from '../../core/errors.ts'
import { encodeJson } from '../../core/json.ts'
import { CHECKPOINT_BYTES_MAX, STEPS_MAX } from '../../core/limits.ts'
import { checkStepName } from '../../core/names.ts'
import { keptText, readKept, type StepRecord } from '../../core/steps.ts'
import { shown } from '../../core/text.ts'
import { attemptOf, type Held } from './held.ts'
import type { Reporter } from './reports.ts'

/** What a run writes its notes with. */
export interface NotesServices {
  readonly clock: Clock
  readonly reporter: Reporter
  /** The store's clock at a monotonic time. */
  readonly storeTime: (monotonic: number) => number
}

/**
 * What a job keeps across its runs: its handler's own checkpoint and the results of its steps, written as one text. Each
 * write holds everything that is finished by then, so that writes of steps that run side by side may come together.
 */
export class Notes {
  #held: Held
  #services: NotesServices
  #own: string | null
  #steps: Map<string, StepRecord>
  /** Names that this run has asked for. */
  #asked = new Set<string>()
  #open = new Set<Promise<unknown>>()
  /** The part of a step before it first waits is under way. */
  isWithinStep = false

  constructor(held: Held, services: NotesServices) {
    this.#held = held
    this.#services = services
    const { own, steps } = readKept(held.checkpoint)
    this.#own = own
    this.#steps = new Map(steps.map((step) => [step.name, step]))
  }

  /** The checkpoint as the store has it. */
  get own(): unknown {
    const { own } = readKept(this.#held.checkpoint)
    return own === null ? undefined : JSON.parse(own)
  }

  /** Resolves when it is durable. */
  async setOwn(value: unknown): Promise<void> {
    const text = encodeJson(value, 'checkpoint', CHECKPOINT_BYTES_MAX)
    this.#checkLease()
    const before = this.#own
    this.#own = text
    const whole = this.#text()
    if (whole === null) {
      this.#own = before
      throw tooLarge('The checkpoint')
    }
    await this.#services.reporter.checkpoint(this.#held, whole)
  }

  /** The result of the step, be it of an earlier run. */
  async step<Result>(name: string, work: () => Result | Promise<Result>): Promise<Result> {
    checkStepName(name)
    this.#checkLease()
    // Told to stop: what has not begun does not begin.
    if (this.#held.aborted !== null) throw this.#held.aborted
    if (this.#asked.has(name)) throw wrong(`Step ${shown(name)} was asked for twice in one run.`)
    this.#asked.add(name)
    const done = this.#steps.get(name)
    if (done !== undefined) return resultOf(done) as Result
    if (this.#steps.size + this.#open.size >= STEPS_MAX) throw wrong(`A job may have ${STEPS_MAX} steps.`)
    const running = this.#run(name, work)
    this.#open.add(running)
    try {
      return await running
    } finally {
      this.#open.delete(running)
    }
  }

  /** Resolves when no step is under way any more; null: none is. */
  idle(): Promise<void> | null {
    if (this.#open.size === 0) return null
    return Promise.allSettled(this.#open).then(() => this.idle() ?? undefined)
  }

  async #run<Result>(name: string, work: () => Result | Promise<Result>): Promise<Result> {
    const { clock, storeTime } = this.#services
    const began = clock.monotonic()
    let value: Result
    try {
      value = await this.#begin(work)
    } catch (error) {
      // The handler may catch this and try again.
      this.#asked.delete(name)
      throw error
    }
    const output = value === undefined ? null : encodeJson(value, `step ${name}`, CHECKPOINT_BYTES_MAX)
    this.#checkLease()
    const now = clock.monotonic()
    const attempt = attemptOf(this.#held.job)
    const step = { name, at: storeTime(now), ms: Math.round(now - began), attempt, output }
    await this.#keep(step)
    return resultOf(step) as Result
  }

  #begin<Result>(work: () => Result | Promise<Result>): Result | Promise<Result> {
    const outer = this.isWithinStep
    this.isWithinStep = true
    try {
      return work()
    } finally {
      this.isWithinStep = outer
    }
  }

  /** Resolves when the step is durable: what follows it may count on it. */
  #keep(step: StepRecord): Promise<void> {
    this.#steps.set(step.name, step)
    const whole = this.#text()
    if (whole === null) {
      this.#steps.delete(step.name)
      throw tooLarge(`Step ${shown(step.name)}`)
    }
    return this.#services.reporter.checkpoint(this.#held, whole)
  }

  /** Everything as it is stored; null when it is too large. */
  #text(): string | null {
    const text = keptText({ own: this.#own, steps: [...this.#steps.values()] }) ?? 'null'
    return Buffer.byteLength(text) > CHECKPOINT_BYTES_MAX ? null : text
  }

  #checkLease(): void {
    if (!this.#held.over) return
    throw new PosthasteError('E_STALE_LEASE', `The run of job ${this.#held.job.id} is over.`)
  }
}

/** As JSON gives it, in the first run as in every later one. */
const resultOf = ({ output }: StepRecord): unknown => (output === null ? undefined : JSON.parse(output))

const wrong = (what: string): PosthasteError => new PosthasteError('E_STEP', what, { field: 'step' })

const tooLarge = (what: string): PosthasteError => {
  const limit = `the steps of a job and its checkpoint may have ${CHECKPOINT_BYTES_MAX} bytes together`
  return new PosthasteError('E_TOO_LARGE', `${what} is too large: ${limit}.`)
}
