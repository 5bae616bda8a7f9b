import { PosthasteError } from '../../core/errors.ts'
import type { NewJob } from '../../core/job.ts'
import { ENGINE_BATCH_MAX } from '../../core/limits.ts'
import type { InsertAnswer } from '../engine.ts'

/** Scripts that may be under way at the same time: while Redis works on one, the next is written. */
const FLIGHTS_MAX = 2

interface Waiting {
  readonly jobs: readonly NewJob[]
  readonly resolve: (answer: InsertAnswer) => void
  readonly reject: (error: unknown) => void
  readonly timer: NodeJS.Timeout
}

/**
 * Group commit without a timer: inserts that come in one turn, and those that come while others are under way, share a
 * script. One that comes alone goes at once.
 */
export class Gatherer {
  private readonly insert: (jobs: readonly NewJob[]) => Promise<InsertAnswer>
  private readonly callTimeoutMs: number
  private waiting: Waiting[] = []
  private flights = 0
  private isStarting = false
  private whenIdle: (() => void) | undefined

  constructor(insert: (jobs: readonly NewJob[]) => Promise<InsertAnswer>, callTimeoutMs: number) {
    this.insert = insert
    this.callTimeoutMs = callTimeoutMs
  }

  add(jobs: readonly NewJob[]): Promise<InsertAnswer> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.waiting = this.waiting.filter((one) => one !== call)
        const what = `Redis did not answer within ${this.callTimeoutMs} ms.`
        reject(new PosthasteError('E_STORE_TIMEOUT', what))
      }, this.callTimeoutMs)
      const call: Waiting = { jobs, resolve, reject, timer }
      this.waiting.push(call)
      this.start()
    })
  }

  /** Waits until no insert is waiting or under way. */
  async close(): Promise<void> {
    if (this.waiting.length === 0 && this.flights === 0) return
    await new Promise<void>((resolve) => {
      this.whenIdle = resolve
    })
  }

  private start(): void {
    if (this.isStarting || this.flights >= FLIGHTS_MAX || this.waiting.length === 0) return
    this.isStarting = true
    queueMicrotask(() => {
      this.isStarting = false
      const calls = this.take()
      if (calls.length > 0) void this.fly(calls)
      this.start()
    })
  }

  /** The calls that come first, as many as one script may have jobs. */
  private take(): Waiting[] {
    let jobs = 0
    let count = 0
    for (const call of this.waiting) {
      jobs += call.jobs.length
      if (count > 0 && jobs > ENGINE_BATCH_MAX) break
      count++
    }
    return this.waiting.splice(0, count)
  }

  private async fly(calls: readonly Waiting[]): Promise<void> {
    this.flights++
    try {
      const [only] = calls
      const jobs = calls.length === 1 && only !== undefined ? only.jobs : calls.flatMap((call) => call.jobs)
      const { now, verdicts, recordsOk, changed } = await this.insert(jobs)
      let at = 0
      for (const call of calls) {
        call.resolve({ now, verdicts: verdicts.slice(at, at + call.jobs.length), recordsOk, changed })
        at += call.jobs.length
      }
    } catch (error) {
      for (const { reject } of calls) reject(error)
    }
    for (const { timer } of calls) clearTimeout(timer)
    this.flights--
    this.start()
    if (this.flights === 0 && this.waiting.length === 0) this.whenIdle?.()
  }
}
