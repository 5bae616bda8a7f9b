import type { Outcome } from '../../core/decide.ts'
import type { JobError } from '../../core/job.ts'
import { LOG_LINE_LENGTH_MAX } from '../../core/limits.ts'
import type { LogLine } from '../../engines/engine.ts'
import type { TaskContext } from '../task.ts'
import type { Child } from './child.ts'
import { Requests, toWireError } from './requests.ts'
import { Lines, readOutcome, type Said, type WireJob } from './wire.ts'

/** Of what a handler prints in one run, this much goes into the job's log. */
const OUTPUT_LENGTH_MAX = 256 * 1024

export interface RunRequest {
  readonly child: Child
  readonly task: string
  readonly payload: string
  /** What the handler would be given in the worker: carries out what is asked in the child, with the same checks. */
  readonly context: TaskContext
}

/** One run in a child, seen from the worker. */
export interface ChildRun {
  /** What became of it: what the child says, or that it ended. */
  readonly outcome: Promise<Outcome>
  /** Whether the child can take another run; null when it ended. */
  readonly isFit: () => Promise<boolean> | null
}

export const runInChild = ({ child, task, payload, context }: RunRequest): ChildRun => {
  const { signal, blobs } = context
  const { location, maxBytes, quotaBytes } = blobs
  const printed = { stdout: new Printed(context.log, 'info'), stderr: new Printed(context.log, 'warn') }
  const requests = new Requests(context, child.folder)
  let isFit: Promise<boolean> | null = null

  const outcome = new Promise<Outcome>((resolve) => {
    const end = (outcome: Outcome): void => {
      signal.removeEventListener('abort', abort)
      printed.stdout.end()
      printed.stderr.end()
      requests.close()
      resolve(outcome)
    }
    const crashed = (error: JobError): void => end({ kind: 'crashed', error })
    const abort = (): void => child.say({ type: 'abort', run, error: toWireError(signal.reason) })
    const said = (message: Said): void => {
      switch (message.type) {
        case 'notes':
          note(context, message)
          break
        case 'call':
          void requests.carryOut(message).then((answer) => child.say(answer))
          break
        case 'done': {
          const outcome = readOutcome(message.outcome)
          if (outcome === null) {
            child.confused()
            break
          }
          isFit = child.over()
          // What it printed came by another pipe, which is read in this turn or the next.
          setImmediate(() => setImmediate(end, outcome))
        }
      }
    }
    const output = (stream: 'stdout' | 'stderr', text: string): void => printed[stream].push(text)
    const run = child.begin({ said, output, crashed }, (run) => {
      const { job, fence } = context
      const wireJob: WireJob = { ...job, createdAt: job.createdAt.getTime(), runAt: job.runAt.getTime() }
      const own = context.checkpoint.get()
      return {
        type: 'run',
        run,
        task,
        payload,
        version: job.version,
        checkpoint: own === undefined ? null : JSON.stringify(own),
        job: wireJob,
        fence,
        blobs: { location, maxBytes, quotaBytes },
      }
    })
    signal.addEventListener('abort', abort)
    if (signal.aborted) abort()
  })
  return { outcome, isFit: () => isFit }
}

const note = (context: TaskContext, { progress, log }: Said): void => {
  try {
    if (progress !== undefined) context.progress((Object(progress) as { readonly value?: unknown }).value)
    if (!Array.isArray(log)) return
    for (const line of log as unknown[]) {
      const [message, level] = Array.isArray(line) ? line : []
      context.log(String(message), level as LogLine['level'])
    }
  } catch {
    // Refused as in the worker. The child has checked it before: whoever wrote this does not wait for an answer.
  }
}

/** Lines that a handler prints, as lines of the job's log. */
class Printed {
  readonly #log: TaskContext['log']
  readonly #level: LogLine['level']
  readonly #lines = new Lines(LOG_LINE_LENGTH_MAX)
  #left = OUTPUT_LENGTH_MAX

  constructor(log: TaskContext['log'], level: LogLine['level']) {
    this.#log = log
    this.#level = level
  }

  push(text: string): void {
    if (this.#left <= 0) return
    for (const line of this.#lines.push(text.slice(0, this.#left))) this.#line(line)
    this.#left -= text.length
    if (this.#left <= 0)
      this.#log(`(what it printed beyond ${OUTPUT_LENGTH_MAX} characters is left out)`, 'warn')
  }

  /** What comes later belongs to no run. */
  end(): void {
    this.#line(this.#lines.take())
    this.#left = 0
  }

  #line(line: string): void {
    if (line.trim() !== '') this.#log(line, this.#level)
  }
}
