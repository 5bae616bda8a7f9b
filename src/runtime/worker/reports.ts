import type { Clock } from '../../core/clock.ts'
import { isPosthasteError, PosthasteError } from '../../core/errors.ts'
import { ENGINE_BATCH_MAX, LOG_LINES_MAX } from '../../core/limits.ts'
import type { Engine, LeaseVerdict, LogLine, Report } from '../../engines/engine.ts'
import { within } from '../deadline.ts'
import type { Held } from './held.ts'

/** Progress and log lines of one worker are written at most this often; a checkpoint never waits for it. */
const REPORT_EVERY_MS = 100
const RETRY_MS = 250

/** What a run wants written and the store does not have yet. */
interface Draft {
  progress: string | undefined
  checkpoint: string | undefined
  log: LogLine[]
  waiting: { resolve: () => void; reject: (error: unknown) => void }[]
}

export interface ReporterOptions {
  readonly engine: Engine
  readonly clock: Clock
  readonly callTimeoutMs: number
  /** The store refused a write of this run: its lease is gone. */
  readonly lost: (held: Held) => void
  readonly failed: (error: unknown) => void
}

/**
 * Writes progress, log lines and checkpoints of running jobs, fenced: one call at a time for all of a worker's jobs, so
 * that a thousand calls of `progress` in a second cost ten writes. After a failure the drafts stay and are sent again.
 */
export class Reporter {
  #options: ReporterOptions
  #drafts = new Map<Held, Draft>()
  /** What is under way to the store, and when it has been answered. */
  #flight: { readonly of: ReadonlySet<Held>; readonly over: Promise<unknown> } | null = null
  #urgent = false
  #writing: Promise<void> | null = null
  /** Cuts the pause between two writes short. */
  #hurry: (() => void) | null = null

  constructor(options: ReporterOptions) {
    this.#options = options
  }

  progress(held: Held, text: string): void {
    held.progress = text
    this.#draft(held).progress = text
    this.#start()
  }

  log(held: Held, line: LogLine): void {
    const { log } = this.#draft(held)
    log.push(line)
    // The store keeps the newest lines only, so no more are kept here while it is slow. Cut in larger steps: shifting
    // the array at every line would make a runaway log expensive.
    if (log.length >= 2 * LOG_LINES_MAX) log.splice(0, log.length - LOG_LINES_MAX)
    this.#start()
  }

  /** Resolves when the value is durable. */
  checkpoint(held: Held, text: string): Promise<void> {
    const draft = this.#draft(held)
    draft.checkpoint = text
    const written = new Promise<void>((resolve, reject) => draft.waiting.push({ resolve, reject }))
    this.#rush()
    return written.then(() => {
      held.checkpoint = text
    })
  }

  /** Whether something of this run is not written yet, or not answered: a settlement that overtook it would cut it off. */
  has(held: Held): boolean {
    return this.#drafts.has(held) || this.#flight?.of.has(held) === true
  }

  /** Resolves when everything that the run reported is written, or cannot be. */
  written(held: Held): Promise<void> {
    if (!this.#drafts.has(held)) {
      const over = this.#flight?.of.has(held) === true ? this.#flight.over : Promise.resolve()
      // What failed is a draft again.
      return over.then(() => (this.#drafts.has(held) ? this.written(held) : undefined))
    }
    const written = new Promise<void>((resolve) =>
      this.#draft(held).waiting.push({ resolve, reject: () => resolve() }),
    )
    this.#rush()
    return written
  }

  /** Forgets what the run reported: nobody would accept it. */
  drop(held: Held, error: unknown): void {
    const draft = this.#drafts.get(held)
    if (draft === undefined) return
    this.#drafts.delete(held)
    for (const { reject } of draft.waiting) reject(error)
  }

  /** Forgets everything. */
  close(error: unknown): void {
    for (const held of [...this.#drafts.keys()]) this.drop(held, error)
    this.#hurry?.()
  }

  #draft(held: Held): Draft {
    let draft = this.#drafts.get(held)
    if (draft === undefined) {
      draft = { progress: undefined, checkpoint: undefined, log: [], waiting: [] }
      this.#drafts.set(held, draft)
    }
    return draft
  }

  #rush(): void {
    this.#urgent = true
    this.#hurry?.()
    this.#start()
  }

  #start(): void {
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = null
      if (this.#drafts.size > 0) this.#start()
    })
  }

  /** Writes until nothing is left. A pause follows every write, so that reports in a loop come together. */
  async #writeAll(): Promise<void> {
    // Lets the calls of one turn come together.
    await Promise.resolve()
    while (this.#drafts.size > 0) {
      this.#urgent = false
      const wrote = await this.#writeSome()
      if (!this.#urgent) await this.#pause(wrote ? REPORT_EVERY_MS : RETRY_MS)
    }
  }

  async #writeSome(): Promise<boolean> {
    const { engine, clock, callTimeoutMs, lost, failed } = this.#options
    const taken = [...this.#drafts].slice(0, ENGINE_BATCH_MAX)
    for (const [held] of taken) this.#drafts.delete(held)
    let verdicts: LeaseVerdict[]
    const answer = within(clock, callTimeoutMs, () => engine.report(taken.map(reportOf)))
    this.#flight = { of: new Set(taken.map(([held]) => held)), over: answer.catch(() => undefined) }
    try {
      verdicts = await answer
    } catch (error) {
      this.#flight = null
      failed(error)
      // What no store could carry out is not tried again; everything else stays.
      if (isPosthasteError(error) && !error.retriable) {
        for (const [, { waiting }] of taken) for (const { reject } of waiting) reject(error)
      } else {
        for (const [held, draft] of taken) this.#putBack(held, draft)
      }
      return false
    }
    this.#flight = null
    taken.forEach(([held, { waiting }], index) => {
      if (verdicts[index] === 'ok') {
        for (const { resolve } of waiting) resolve()
        return
      }
      const error = new PosthasteError('E_STALE_LEASE', `This worker no longer holds job ${held.job.id}.`)
      for (const { reject } of waiting) reject(error)
      lost(held)
    })
    return true
  }

  /** The newer draft wins, in every part that it has. */
  #putBack(held: Held, older: Draft): void {
    if (held.over && older.waiting.length === 0) return
    const newer = this.#drafts.get(held)
    if (newer === undefined) {
      this.#drafts.set(held, older)
      return
    }
    newer.progress ??= older.progress
    newer.checkpoint ??= older.checkpoint
    newer.log = [...older.log, ...newer.log].slice(-LOG_LINES_MAX)
    newer.waiting = [...older.waiting, ...newer.waiting]
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        timer.cancel()
        this.#hurry = null
        resolve()
      }
      const timer = this.#options.clock.setTimer(done, ms, { unref: true })
      this.#hurry = done
    })
  }
}

const reportOf = ([held, draft]: [Held, Draft]): Report => ({
  id: held.job.id,
  fence: held.job.fence,
  ...(draft.checkpoint === undefined ? {} : { checkpoint: draft.checkpoint }),
  ...(draft.progress === undefined ? {} : { progress: draft.progress }),
  ...(draft.log.length === 0 ? {} : { log: draft.log.slice(-LOG_LINES_MAX) }),
})
