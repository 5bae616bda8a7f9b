import { spawn } from 'node:child_process'
import process from 'node:process'
import type { Duplex, Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { PosthasteError } from '../../core/errors.ts'
import { childEnvironment } from './environment.ts'
import { newFolder, removeFolder } from './folder.ts'
import type { ChildSpec } from './spec.ts'
import { type Ending, entryOf, heapMb, LAST_WORDS_MS, type Vessel, type VesselEvents } from './vessel.ts'
import { Lines, MESSAGE_LENGTH_MAX } from './wire.ts'

/** What V8 writes when its heap is full, before it aborts. */
const HEAP_FULL = /heap out of memory|Allocation failed/
/** The end of standard error is kept to find that. */
const TAIL_LENGTH = 4_000

/**
 * Starts a child process: an environment without the store's credentials, an empty folder of its own as working
 * directory, pipes of our own as channel. Not Node's channel, whose messages a broken child can spoil so that they
 * throw in the parent.
 * @throws when the temporary folder cannot be made
 */
export const startProcess = (spec: ChildSpec, events: VesselEvents): Vessel => {
  const folder = newFolder()
  const child = spawn(
    process.execPath,
    [`--max-old-space-size=${heapMb(spec.memoryMb)}`, fileURLToPath(entryOf('main'))],
    {
      cwd: folder,
      env: childEnvironment(spec.env),
      // Nothing to read; what it prints; what it says (TO_WORKER_FD); what it is told (FROM_WORKER_FD).
      stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
      // A group of its own: a Ctrl-C is for the worker alone, and what it starts itself can be ended with it.
      detached: process.platform !== 'win32',
      windowsHide: true,
    },
  )
  if (child.stdio === undefined) {
    // Without file descriptors there are not even pipes.
    child.on('error', () => {})
    removeFolder(folder)
    throw new PosthasteError('E_CHILD_START', 'No more files can be opened.')
  }
  const [, stdout, stderr, words, orders] = child.stdio as unknown as [
    null,
    Readable,
    Readable,
    Readable,
    Duplex,
  ]
  let tail = ''
  let failure: unknown
  let isGone = false
  let isKilled = false

  const gone = (code: number | null, signal: string | null): void => {
    if (isGone) return
    isGone = true
    clearTimeout(timer)
    for (const stream of [stdout, stderr, words, orders]) stream.destroy()
    removeFolder(folder)
    events.gone(endingOf(code, signal, failure, tail))
  }
  const killGroup = (): void => {
    try {
      // posix: what it started goes with it; elsewhere the child alone is ended
      if (process.platform !== 'win32' && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
    } catch {
      // Nobody is left.
    }
  }
  let timer: NodeJS.Timeout | undefined
  child.on('error', (error) => {
    failure = error
    if (child.pid === undefined) setImmediate(gone, null, null)
  })
  child.on('exit', (code, signal) => {
    killGroup()
    // A process that left the group may hold the pipes open.
    timer = setTimeout(gone, LAST_WORDS_MS, code, signal)
  })
  child.on('close', gone)

  // The handler's thread speaks by one pipe, the one that watches it by the other.
  for (const pipe of [words, orders]) {
    const inbox = new Lines(MESSAGE_LENGTH_MAX)
    listen(pipe, (text) => {
      for (const line of inbox.push(text)) if (!isKilled) events.text(line)
    })
  }
  listen(stdout, (text) => events.output('stdout', text))
  listen(stderr, (text) => {
    tail = (tail + text).slice(-TAIL_LENGTH)
    events.output('stderr', text)
  })
  // Children keep no program alive: the worker does, as long as it works.
  child.unref()
  for (const stream of [stdout, stderr, words, orders]) (stream as Readable & { unref?(): void }).unref?.()

  return {
    name: `process ${child.pid ?? '(none)'}`,
    folder,
    say: (text) => send(orders, text),
    end: () => orders.end(),
    kill() {
      if (isGone || isKilled) return
      isKilled = true
      killGroup()
      child.kill('SIGKILL')
    },
  }
}

const listen = (stream: Readable, heard: (text: string) => void): void => {
  // Its other end may go at any time.
  stream.on('error', () => {})
  stream.setEncoding('utf8').on('data', heard)
}

const send = (stream: Writable, text: string): void => {
  if (stream.writable) stream.write(`${text}\n`)
}

const endingOf = (code: number | null, signal: string | null, error: unknown, tail: string): Ending => {
  if (HEAP_FULL.test(tail)) return { kind: 'memory', what: 'its heap was full' }
  if (signal !== null) return { kind: 'signal', signal }
  if (code !== null) return { kind: 'exit', code }
  return { kind: 'error', error }
}
