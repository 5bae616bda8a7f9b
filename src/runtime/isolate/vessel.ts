import { moduleFile } from '../../core/place.ts'

/** A process or a thread, seen from the worker: it is told texts and tells texts until it is gone. */
export interface Vessel {
  /** What logs call it. */
  readonly name: string
  /** Its own, removed with it. */
  readonly folder: string
  say(text: string): void
  /** Asks it to end by itself. */
  end(): void
  /** Ends it at once, with the processes that it has started. Harmless when it is gone. */
  kill(): void
}

/** What a vessel's owner hears. Nothing follows `gone`. */
export interface VesselEvents {
  readonly text: (text: unknown) => void
  readonly output: (stream: 'stdout' | 'stderr', text: string) => void
  readonly gone: (ending: Ending) => void
}

/** How a vessel ended. */
export type Ending =
  | { readonly kind: 'exit'; readonly code: number }
  | { readonly kind: 'signal'; readonly signal: string }
  | { readonly kind: 'memory'; readonly what: string }
  /** It never began, or broke in a way of its own. */
  | { readonly kind: 'error'; readonly error: unknown }

/** What a thread is started with; the process's main thread is given the same by the thread that watches it. */
export interface Start {
  readonly port: import('node:worker_threads').MessagePort
  /** An Int32Array over it: see INBOX and BUSY. */
  readonly shared: SharedArrayBuffer
}

/** Raised after every message to the child, so that a child can sleep until the next one. */
export const INBOX = 0
/** 1 while a run is under way. */
export const BUSY = 1
export const SHARED_BYTES = 8

/** File descriptors of a child process beside the usual three. */
export const TO_WORKER_FD = 3
export const FROM_WORKER_FD = 4

/** When what a child has said before its end may come later than the end itself, it is waited for this long. */
export const LAST_WORDS_MS = 250

/** Share of a child's memory that its heap may take; the rest is for code, stacks, buffers and native libraries. */
const HEAP_PART = 0.75
export const heapMb = (memoryMb: number): number => Math.floor(memoryMb * HEAP_PART)

/** The file that a child begins with. */
export const entryOf = (name: 'main' | 'watch'): URL => moduleFile(`runtime/isolate/child/${name}`)
