import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { isMainThread } from 'node:worker_threads'

/**
 * Whether a child is fit for the next run: jobs of others must not pay for what a handler has left behind. What is
 * looked at is what handlers leave by mistake; sockets that are kept alive and caches are no reason to start anew.
 */

const GLOBALS: readonly string[] = [
  'Object',
  'Function',
  'Array',
  'String',
  'Number',
  'Boolean',
  'Symbol',
  'BigInt',
  'Math',
  'JSON',
  'Reflect',
  'Promise',
  'Map',
  'Set',
  'WeakMap',
  'WeakSet',
  'Error',
  'TypeError',
  'RangeError',
  'RegExp',
  'Date',
  'Proxy',
  'Uint8Array',
  'ArrayBuffer',
  'Atomics',
  'Buffer',
  'URL',
  'AbortController',
  'AbortSignal',
  'TextEncoder',
  'TextDecoder',
  'setTimeout',
  'clearTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
  'structuredClone',
  'process',
]
const OF_PROCESS: readonly string[] = ['exit', 'kill', 'on', 'emit', 'nextTick', 'cwd', 'chdir', 'abort']
/** Things to come that keep a program alive. */
const PENDING: ReadonlySet<string> = new Set(['Timeout', 'Immediate', 'ProcessWrap'])
/** A child that holds more than this part of its memory between runs would fail the next one without its fault. */
const MEMORY_PART = 0.75

const { ownKeys, getOwnPropertyDescriptor } = Reflect

interface Fingerprint {
  /** What the names above stand for. Read, because some are made when they are first asked for. */
  readonly globals: readonly unknown[]
  /** The functions that they carry, and the accessors. */
  readonly functions: readonly { readonly of: object; readonly key: PropertyKey; readonly value: unknown }[]
}

export class Leftovers {
  readonly #folder = isMainThread ? process.cwd() : null
  readonly #memoryMb: number
  readonly #builtIns: Fingerprint
  readonly #counts: readonly number[]
  readonly #listeners: readonly number[]
  readonly #pending: number

  /** Remembers how everything is now, before the first run. */
  constructor(memoryMb: number) {
    this.#memoryMb = memoryMb
    this.#builtIns = fingerprint()
    this.#counts = counts()
    this.#listeners = listeners()
    this.#pending = pending()
  }

  /** Tidies up; answers what cannot be, or null. */
  find(): string | null {
    const { globals, functions } = this.#builtIns
    const missing = globalValues().findIndex((value, index) => value !== globals[index])
    if (missing !== -1) return `${GLOBALS[missing]} was changed`
    for (const { of, key, value } of functions) {
      const found = getOwnPropertyDescriptor(of, key)
      if ((found?.get ?? found?.value) !== value) return `${String(key)} was changed`
    }
    if (differ(this.#counts, counts())) return 'something was added to a prototype'
    if (differ(this.#listeners, listeners())) return 'handlers of process events were added or removed'
    if (pending() > this.#pending) return 'timers or processes are still running'
    const rss = isMainThread ? process.memoryUsage.rss() : process.memoryUsage().heapUsed
    if (rss > this.#memoryMb * MEMORY_PART * 1024 * 1024) return 'it holds on to too much memory'
    if (this.#folder !== null) emptyFolder(this.#folder)
    return null
  }
}

const emptyFolder = (folder: string): void => {
  if (process.cwd() !== folder) process.chdir(folder)
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true, force: true })
}

const globalValues = (): unknown[] =>
  GLOBALS.map((name) => (globalThis as unknown as Record<string, unknown>)[name])

const fingerprint = (): Fingerprint => {
  const globals = globalValues()
  const functions: { of: object; key: PropertyKey; value: unknown }[] = []
  const note = (of: object, key: PropertyKey): void => {
    const found = getOwnPropertyDescriptor(of, key)
    const value = found?.get ?? found?.value
    if (typeof value === 'function') functions.push({ of, key, value })
  }
  for (const value of globals) {
    if (value === process) continue
    for (const holder of [value, (value as { prototype?: unknown } | undefined)?.prototype]) {
      if ((typeof holder !== 'object' && typeof holder !== 'function') || holder === null) continue
      for (const key of ownKeys(holder)) note(holder, key)
    }
  }
  for (const name of OF_PROCESS) note(process, name)
  return { globals, functions }
}

const counts = (): number[] =>
  [Object.prototype, Array.prototype, Function.prototype].map((prototype) => ownKeys(prototype).length)

const listeners = (): number[] =>
  ['uncaughtException', 'unhandledRejection', 'exit', 'SIGTERM', 'SIGINT'].map((name) =>
    process.listenerCount(name),
  )

const pending = (): number =>
  process.getActiveResourcesInfo().filter((resource) => PENDING.has(resource)).length

const differ = (a: readonly number[], b: readonly number[]): boolean =>
  a.some((one, index) => one !== b[index])
