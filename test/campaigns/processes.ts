import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { machineNow } from './ledger.mjs'

/** A process that has not said that it is ready by then has failed. */
const READY_MS = 20_000
const STOP_MS = 30_000

export interface Actor {
  readonly name: string
  readonly child: ChildProcess
  /** The first line that it printed: `ready`, or an address. */
  readonly greeting: string
  /** Resolves with the machine's time of its end, however it came. */
  readonly ended: Promise<number>
  alive: boolean
}

/** Starts one of the programs in processes/ and resolves when it has printed its first line. */
export const startActor = async (
  program: 'worker' | 'adder' | 'server' | 'ticker',
  name: string,
  settings: Readonly<Record<string, unknown>>,
): Promise<Actor> => {
  const script = fileURLToPath(new URL(`processes/${program}.mjs`, import.meta.url))
  const child = spawn(process.execPath, [script, JSON.stringify({ ...settings, actor: name })], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = new Promise<number>((resolve) => child.once('exit', () => resolve(machineNow())))
  const printed = new Promise<string>((resolve) => {
    child.stdout?.once('data', (data: Buffer) => resolve(data.toString().trim()))
  })
  const greeting = await within(READY_MS, `${name} to be ready`, [printed, ended.then(() => '')])
  const actor: Actor = {
    name,
    child,
    greeting,
    ended,
    alive: child.exitCode === null && child.signalCode === null,
  }
  void ended.then(() => {
    actor.alive = false
  })
  return actor
}

/** Ends a process without warning. Its death is certain when this resolves, with the time of it. */
export const killActor = async (actor: Actor): Promise<number> => {
  actor.child.kill('SIGKILL')
  return actor.ended
}

/** Ends a process in order. */
export const stopActor = async (actor: Actor): Promise<void> => {
  actor.child.kill('SIGTERM')
  await within(STOP_MS, `${actor.name} to stop`, [actor.ended])
}

/** The first of `events`, or an error that says what was waited for. */
const within = async <T>(ms: number, what: string, events: readonly Promise<T>[]): Promise<T> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${ms} ms in vain for ${what}`)), ms)
  })
  try {
    return await Promise.race([...events, late])
  } finally {
    clearTimeout(timer)
  }
}
