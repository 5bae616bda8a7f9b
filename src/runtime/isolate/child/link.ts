import { writeSync } from 'node:fs'
import process from 'node:process'
import {
  isMainThread,
  MessageChannel,
  type MessagePort,
  receiveMessageOnPort,
  Worker,
  workerData,
} from 'node:worker_threads'
import { entryOf, INBOX, SHARED_BYTES, type Start, TO_WORKER_FD } from '../vessel.ts'
import type { FromChild, ToChild } from '../wire.ts'

// Kept from before any handler's code runs: one that spoils these can still be reported.
const { parse, stringify } = JSON

/** The child's end of the channel: the same for a thread and for a process. */
export interface Link {
  readonly shared: Int32Array
  /** Returns when the message is out: what is said before a crash is heard. */
  say(message: FromChild): void
  listen(heard: (message: ToChild) => void): void
  /** Sleeps until the message that is wanted comes, and hands on the others in their order; null: not in time. */
  waitFor<Wanted extends ToChild>(
    isWanted: (message: ToChild) => message is Wanted,
    timeoutMs: number,
  ): Wanted | null
}

const YOUNG_GENERATION_MB = 4

/** In a process, a thread beside this one hands on what the worker says. */
const startOfProcess = (): Start => {
  const { port1, port2 } = new MessageChannel()
  const shared = new SharedArrayBuffer(SHARED_BYTES)
  const watch = new Worker(entryOf('watch'), {
    workerData: { port: port2, shared, folder: process.cwd() },
    transferList: [port2],
    env: {},
    argv: [],
    execArgv: [],
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
  })
  // Without it nobody would end this process when the worker is gone.
  watch.on('exit', () => process.exit(1))
  watch.unref()
  return { port: port1, shared }
}

const writeAll = (text: string): void => {
  let left = Buffer.from(text)
  while (left.length > 0) left = left.subarray(writeSync(TO_WORKER_FD, left))
}

export const openLink = (): Link => {
  const { port, shared } = isMainThread ? startOfProcess() : (workerData as Start)
  const words = new Int32Array(shared)
  const send: (text: string) => void = isMainThread
    ? (text) => writeAll(`${text}\n`)
    : (text) => port.postMessage(text)
  let heard: (message: ToChild) => void = () => {}
  return {
    shared: words,
    say: (message) => send(stringify(message)),
    listen(listener) {
      heard = listener
      port.on('message', (text: string) => heard(parse(text) as ToChild))
    },
    waitFor(isWanted, timeoutMs) {
      const endsAt = performance.now() + timeoutMs
      const others: ToChild[] = []
      try {
        for (;;) {
          const seen = Atomics.load(words, INBOX)
          const message = receive(port)
          if (message !== null) {
            if (isWanted(message)) return message
            others.push(message)
            continue
          }
          const leftMs = endsAt - performance.now()
          if (leftMs <= 0) return null
          Atomics.wait(words, INBOX, seen, leftMs)
        }
      } finally {
        for (const message of others) queueMicrotask(() => heard(message))
      }
    },
  }
}

const receive = (port: MessagePort): ToChild | null => {
  const received = receiveMessageOnPort(port)
  return received === undefined ? null : (parse(received.message as string) as ToChild)
}
