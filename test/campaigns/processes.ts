import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { machineNow } from './ledger.mjs'

/** A process that has not said that it is ready by then has failed. */
const READY_MS = 60_000
const STOP_MS = 30_000

export interface Actor {
  readonly name: string
  readonly child: ChildProcess
  /** The first line that it printed: `ready`, or an address. */
  readonly greeting: string
  /** Resolves with the machine's time of its end, however it came. */
  readonly ended: Promise<number>
  alive: boolean
  /** It was told to end, or killed: its end is no surprise. */
  expected: boolean
  /** The file with what it logged, when it was started with a `logLevel`. */
  readonly log: string
}

/** Starts one of the programs in processes/ and resolves when it has printed its first line. */
export const startActor = async (
  program: 'worker' | 'busy-worker' | 'adder' | 'server' | 'ticker',
  name: string,
  settings: Readonly<Record<string, unknown>>,
): Promise<Actor> => {
  const script = fileURLToPath(new URL(`processes/${program}.mjs`, import.meta.url))
  const log = join(String(settings['ledgerFolder']), `${name}.log`)
  const stderr = settings['logLevel'] === undefined ? 'inherit' : openSync(log, 'a')
  const child = spawn(process.execPath, [script, JSON.stringify({ ...settings, actor: name })], {
    stdio: ['pipe', 'pipe', stderr],
  })
  if (typeof stderr === 'number') closeSync(stderr)
  const ended = new Promise<number>((resolve) => child.once('exit', () => resolve(machineNow())))
  const printed = new Promise<string>((resolve) => {
    child.stdout?.once('data', (data: Buffer) => resolve(data.toString().trim()))
  })
  const greeting = await within(READY_MS, `${name} to be ready`, [printed, ended.then(() => '')]).catch(
    (error) => {
      child.kill('SIGKILL')
      throw error
    },
  )
  const actor: Actor = {
    name,
    child,
    greeting,
    ended,
    alive: child.exitCode === null && child.signalCode === null,
    expected: false,
    log,
  }
  void ended.then(() => {
    actor.alive = false
  })
  return actor
}

/** Ends a process without warning. Its death is certain when this resolves, with the time of it. */
export const killActor = async (actor: Actor): Promise<number> => {
  actor.expected = true
  actor.child.kill('SIGKILL')
  return actor.ended
}

/** Ends a process in order. */
export const stopActor = async (actor: Actor): Promise<void> => {
  actor.expected = true
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
