import { LOG_LINE_LENGTH_MAX, LOG_LINES_MAX } from '../../../core/limits.ts'
import type { LogLine } from '../../../engines/engine.ts'
import { LOG_LINES_A_MESSAGE, type WireLine } from '../wire.ts'
import type { Link } from './link.ts'

/**
 * Messages of one run that go out at once, and how fast that number grows again. Within it, what was noted before a
 * crash is heard; beyond it notes are gathered, so that a handler that reports in a loop does not bury the worker.
 */
const BURST = 100
const PER_SECOND = 20
const WAIT_MS = 1_000 / PER_SECOND

/** Progress and log lines of one run on their way to the worker: the newest progress, the newest lines. */
export class Notes {
  readonly #link: Link
  readonly #run: number
  #progress: string | undefined
  #log: WireLine[] = []
  #tokens = BURST
  #filledAt = performance.now()
  #timer: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(link: Link, run: number) {
    this.#link = link
    this.#run = run
  }

  progress(text: string): void {
    if (this.#isClosed) return
    this.#progress = text
    this.#offer()
  }

  log(message: string, level: LogLine['level']): void {
    if (this.#isClosed) return
    this.#log.push([message.slice(0, LOG_LINE_LENGTH_MAX), level])
    // No more than a store keeps. Cut in larger steps: shifting at every line would be slow.
    if (this.#log.length >= 2 * LOG_LINES_MAX) this.#log.splice(0, this.#log.length - LOG_LINES_MAX)
    this.#offer()
  }

  /** Sends what is left; nothing is taken from now on. */
  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
    this.#flush()
  }

  #offer(): void {
    const now = performance.now()
    this.#tokens = Math.min(BURST, this.#tokens + ((now - this.#filledAt) * PER_SECOND) / 1_000)
    this.#filledAt = now
    if (this.#tokens >= 1) {
      this.#tokens--
      this.#flush()
    } else if (this.#timer === undefined) {
      this.#timer = setTimeout(() => {
        this.#timer = undefined
        this.#offer()
      }, WAIT_MS)
    }
  }

  /** Sends what was gathered. */
  #flush(): void {
    const lines = this.#log.slice(-LOG_LINES_MAX)
    this.#log = []
    const text = this.#progress
    this.#progress = undefined
    if (text !== undefined) {
      const progress = { value: JSON.parse(text) as unknown }
      this.#link.say({ type: 'notes', run: this.#run, progress, log: [] })
    }
    for (let from = 0; from < lines.length; from += LOG_LINES_A_MESSAGE) {
      const log = lines.slice(from, from + LOG_LINES_A_MESSAGE)
      this.#link.say({ type: 'notes', run: this.#run, log })
    }
  }
}
