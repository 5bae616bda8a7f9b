import process from 'node:process'
import { Writable } from 'node:stream'
import { clearTimeout, setTimeout } from 'node:timers'

/**
 * What handlers print on its way to the worker. Node.js keeps what a pipe does not take at once, however much it is: it
 * belongs to the run that printed it, and must be out before the next one begins.
 */
export class Printed {
  readonly #streams: readonly Writable[] = [process.stdout, process.stderr]
  #isClosed = false

  constructor() {
    // A stream of these that was ended calls itself writable again, and takes nothing any more.
    for (const stream of this.#streams) {
      stream.once('finish', () => {
        this.#isClosed = true
      })
    }
  }

  /** Resolves when all is out, or after this time. */
  async out(limitMs: number): Promise<void> {
    const waiting = this.#streams.filter(({ writable, writableLength }) => writable && writableLength > 0)
    if (waiting.length === 0) return
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, limitMs)
    })
    await Promise.race([Promise.all(waiting.map(written)), late])
    clearTimeout(timer)
  }

  /** Why the next run could not print, or null. */
  find(): string | null {
    if (this.#isClosed || this.#streams.some(({ writableEnded }) => writableEnded))
      return 'its output was closed'
    return this.#streams.some(({ writableLength }) => writableLength > 0) ? 'its output is not out' : null
  }
}

/** Not by the stream's own `write`, which a handler may have replaced. */
const written = (stream: Writable): Promise<void> =>
  new Promise((resolve) => {
    Writable.prototype.write.call(stream, '', 'utf8', () => resolve())
  })
