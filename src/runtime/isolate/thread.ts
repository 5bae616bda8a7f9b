import { MessageChannel, Worker } from 'node:worker_threads'
import { childEnvironment } from './environment.ts'
import { newFolder, removeFolder } from './folder.ts'
import type { ChildSpec } from './spec.ts'
import {
  type Ending,
  entryOf,
  heapMb,
  INBOX,
  LAST_WORDS_MS,
  SHARED_BYTES,
  type Start,
  type Vessel,
  type VesselEvents,
} from './vessel.ts'

/** Values that live shortly; small, because there may be many threads. */
const YOUNG_GENERATION_MB = 32

/** Starts a thread of this process, with a heap and an environment of its own. */
export const startThread = (spec: ChildSpec, events: VesselEvents): Vessel => {
  const { port1: port, port2 } = new MessageChannel()
  const shared = new SharedArrayBuffer(SHARED_BYTES)
  const inbox = new Int32Array(shared)
  const folder = newFolder()
  const worker = new Worker(entryOf('main'), {
    workerData: { port: port2, shared } satisfies Start,
    transferList: [port2],
    env: childEnvironment(spec.env),
    argv: [],
    // What the program was started with (code to evaluate, loaders) is not for it.
    execArgv: [],
    stdout: true,
    stderr: true,
    resourceLimits: {
      maxOldGenerationSizeMb: heapMb(spec.memoryMb),
      maxYoungGenerationSizeMb: YOUNG_GENERATION_MB,
    },
  })
  let failure: unknown
  let isGone = false
  let isClosed = false
  let isKilled = false
  let code: number | null = null

  const gone = (): void => {
    if (isGone) return
    isGone = true
    port.close()
    removeFolder(folder)
    events.gone(endingOf(code ?? 0, failure))
  }
  port.on('message', (text: unknown) => {
    if (!isGone && !isKilled) events.text(text)
  })
  port.on('close', () => {
    isClosed = true
    if (code !== null) gone()
  })
  worker.on('error', (error) => {
    failure = error
  })
  worker.on('exit', (exitCode) => {
    code = exitCode
    // What it said before is still on its way.
    if (isClosed) gone()
    else setTimeout(gone, LAST_WORDS_MS)
  })
  for (const stream of ['stdout', 'stderr'] as const) {
    worker[stream].setEncoding('utf8').on('data', (text: string) => events.output(stream, text))
  }
  // Children keep no program alive: the worker does, as long as it works.
  worker.unref()
  port.unref()

  const say = (text: string): void => {
    if (isGone) return
    port.postMessage(text)
    Atomics.add(inbox, INBOX, 1)
    Atomics.notify(inbox, INBOX)
  }
  return {
    name: `thread ${worker.threadId}`,
    folder,
    say,
    end: () => say('{"type":"end"}'),
    kill() {
      if (isKilled) return
      isKilled = true
      void worker.terminate()
    },
  }
}

const endingOf = (code: number, failure: unknown): Ending => {
  if (failure === undefined) return { kind: 'exit', code }
  const { code: name } = Object(failure) as { readonly code?: unknown }
  return name === 'ERR_WORKER_OUT_OF_MEMORY'
    ? { kind: 'memory', what: 'its heap was full' }
    : { kind: 'error', error: failure }
}
