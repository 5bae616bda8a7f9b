import { programName } from '../program-name.ts'
import { type Colors, colorsFor } from './colors.ts'

/** Narrower than this nothing fits; a terminal that claims less is treated as this wide. */
const WIDTH_MIN = 40
/** Unlimited lines are hard to read on very wide screens; tables may use all of it, prose and details stop here. */
export const PROSE_WIDTH = 100

/**
 * Where a command writes. What was asked for goes to standard output; errors, hints, progress and logs go to standard
 * error, so that a pipe carries only the answer.
 */
export interface Terminal {
  readonly json: boolean
  /** How the program is called here, for hints that can be copied. */
  readonly program: string
  /** Colours for standard output. */
  readonly colors: Colors
  readonly errColors: Colors
  /** Columns of the terminal behind standard output; null when there is none. */
  readonly width: number | null
  /** Columns of the terminal behind standard error; null when there is none. */
  readonly errWidth: number | null
  /** A line of the answer. */
  print(line?: string): void
  /** One JSON value of the answer, indented when a person reads it. */
  printJson(value: unknown): void
  /** A line beside the answer: a hint, a warning. Silent with --json. */
  note(line: string): void
  /** Rewrites the progress line on standard error; does nothing without a terminal. */
  status(line: string): void
  /** From here on, output that nobody reads is dropped instead of ending the process: for those that have work to do. */
  outliveClosedPipes(): void
}

const widthOf = (stream: NodeJS.WriteStream): number | null =>
  stream.isTTY ? Math.max(WIDTH_MIN, stream.columns ?? 80) : null

/** The terminal of this process. */
export const processTerminal = (options: { readonly json: boolean }): Terminal => {
  const { stdout, stderr, env } = process
  // `posthaste list | head` closes our output early. That is no error: nobody wants the rest.
  let onClosedPipe = (): void => process.exit(0)
  const onError = (error: NodeJS.ErrnoException): void => {
    if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_DESTROYED') throw error
    onClosedPipe()
  }
  stdout.on('error', onError)
  stderr.on('error', onError)
  let statusShown = false
  const clearStatus = (): void => {
    if (statusShown) stderr.write('\r\u001b[2K')
    statusShown = false
  }
  return {
    json: options.json,
    program: programName(),
    colors: colorsFor(stdout.isTTY === true, env),
    errColors: colorsFor(stderr.isTTY === true, env),
    width: widthOf(stdout),
    errWidth: widthOf(stderr),
    print(line = '') {
      clearStatus()
      stdout.write(`${line}\n`)
    },
    printJson(value) {
      clearStatus()
      stdout.write(`${JSON.stringify(value, null, stdout.isTTY ? 2 : undefined)}\n`)
    },
    note(line) {
      clearStatus()
      if (!options.json) stderr.write(`${line}\n`)
    },
    status(line) {
      if (!stderr.isTTY || options.json) return
      stderr.write(`\r\u001b[2K${line}`)
      statusShown = line !== ''
    },
    outliveClosedPipes() {
      onClosedPipe = () => undefined
    },
  }
}
