import { closeSync, type FSWatcher, openSync, utimesSync, watch } from 'node:fs'
import type { Hint } from '../engine.ts'

/**
 * Hints between processes: a small file beside the database is touched after a commit, and whoever listens watches it.
 * (Watching the write-ahead log itself would tell too early: before the commit can be seen.) There is one file for
 * each hint. Losing a ring costs latency only, so every failure here is ignored: polling finds the job.
 */
const SUFFIXES: Readonly<Record<Hint, string>> = { ready: '-bell', changed: '-news' }

/** A bell that rang a moment ago rings again only after this. New jobs are urgent, news are not. */
const PAUSE_MS: Readonly<Record<Hint, number>> = { ready: 1, changed: 20 }

const nothing = (): void => {}

/** Makes the files of the bells. Unlike the database, they may be opened and closed by anyone. */
export const makeBells = (path: string): void => {
  for (const suffix of Object.values(SUFFIXES)) {
    try {
      // For its owner alone; on Windows the mode has no meaning.
      closeSync(openSync(path + suffix, 'a', 0o600))
    } catch {
      // Then nobody is told, and everyone polls.
    }
  }
}

/** Rings after commits, the first time at once. */
export class Bells {
  private readonly path: string
  private readonly silent = new Map<Hint, { isDue: boolean }>()

  constructor(path: string) {
    this.path = path
  }

  ring(hints: readonly Hint[]): void {
    for (const hint of hints) {
      const rest = this.silent.get(hint)
      if (rest === undefined) this.touch(hint)
      else rest.isDue = true
    }
  }

  private touch(hint: Hint): void {
    const now = Date.now() / 1_000
    try {
      utimesSync(this.path + SUFFIXES[hint], now, now)
    } catch {
      // Someone removed the file: then everyone polls.
    }
    const rest = { isDue: false }
    this.silent.set(hint, rest)
    setTimeout(() => {
      this.silent.delete(hint)
      if (rest.isDue) this.touch(hint)
    }, PAUSE_MS[hint]).unref()
  }
}

/** Listens to both bells, in the process that wants to know. */
export class Listeners {
  private readonly path: string
  private readonly callbacks = new Set<(hint: Hint) => void>()
  private watchers: FSWatcher[] = []

  constructor(path: string) {
    this.path = path
  }

  add(onHint: (hint: Hint) => void): { close(): Promise<void> } {
    // Wrapped, so that one function may listen twice and stop once.
    const callback = (hint: Hint): void => onHint(hint)
    this.callbacks.add(callback)
    if (this.watchers.length === 0) this.watch()
    return {
      close: async () => {
        this.callbacks.delete(callback)
        if (this.callbacks.size === 0) this.close()
      },
    }
  }

  tell(hint: Hint): void {
    for (const callback of this.callbacks) callback(hint)
  }

  close(): void {
    this.callbacks.clear()
    for (const watcher of this.watchers) watcher.close()
    this.watchers = []
  }

  private watch(): void {
    for (const hint of ['ready', 'changed'] as const) {
      try {
        const watcher = watch(this.path + SUFFIXES[hint], { persistent: false }, () => this.tell(hint))
        watcher.on('error', nothing)
        this.watchers.push(watcher)
      } catch {
        // No watching here (a limit of the system, a network share): polling has to do.
      }
    }
  }
}
