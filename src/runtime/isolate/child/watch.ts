import { rmSync, writeSync } from 'node:fs'
import { Socket } from 'node:net'
import process from 'node:process'
import { workerData } from 'node:worker_threads'
import { BUSY, FROM_WORKER_FD, INBOX, type Start } from '../vessel.ts'
import { Lines, MESSAGE_LENGTH_MAX, type ToChild } from '../wire.ts'
import { killGroup } from './leave.ts'

/**
 * A thread in every child process that goes on when the handler blocks the main one: it hands on what the worker says,
 * measures the memory of the whole process, and ends the process when the worker is gone.
 */
const RSS_EVERY_MS = 50
/** The worker closed the channel: the main thread may end in order for this long. */
const END_GRACE_MS = 1_000

const { port, shared, folder } = workerData as Start & { readonly folder: string }
const words = new Int32Array(shared)
let memoryMb = Number.POSITIVE_INFINITY
let measuring: NodeJS.Timeout | undefined

const hand = (text: string): void => {
  port.postMessage(text)
  Atomics.add(words, INBOX, 1)
  Atomics.notify(words, INBOX)
}

const kill = (): void => {
  killGroup()
  process.kill(process.pid, 'SIGKILL')
}

const measure = (): void => {
  const rssMb = Math.round(process.memoryUsage.rss() / (1024 * 1024))
  if (rssMb > memoryMb) {
    try {
      // Back on the worker's own pipe: the other one may be in the middle of a message of the main thread.
      writeSync(FROM_WORKER_FD, `${JSON.stringify({ type: 'memory', rssMb })}\n`)
    } catch {
      // The signal says enough.
    }
    kill()
  }
  if (Atomics.load(words, BUSY) !== 0) return
  clearInterval(measuring)
  measuring = undefined
}

const socket = new Socket({ fd: FROM_WORKER_FD, readable: true, writable: false })
const inbox = new Lines(MESSAGE_LENGTH_MAX)
socket.setEncoding('utf8').on('data', (text: string) => {
  for (const line of inbox.push(text)) {
    const message = JSON.parse(line) as ToChild
    if (message.type === 'load') memoryMb = message.memoryMb
    if (message.type === 'run') {
      Atomics.store(words, BUSY, 1)
      measuring ??= setInterval(measure, RSS_EVERY_MS)
    }
    hand(line)
  }
})

let isOver = false
const over = (): void => {
  if (isOver) return
  isOver = true
  hand('{"type":"end"}')
  setTimeout(() => {
    // A worker that was killed cannot tidy up.
    rmSync(folder, { recursive: true, force: true })
    kill()
  }, END_GRACE_MS)
}
socket.on('error', over)
socket.on('close', over)
