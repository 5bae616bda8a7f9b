import { Redis } from 'ioredis'
import type { Hint } from '../engine.ts'
import { connectionOptions, type Link, type LinkOptions, waitUnnoticed } from './link.ts'

/**
 * Hints travel by publish and subscribe, on a connection of their own for whoever listens. A script publishes what it
 * did in the same step; when this process did so a moment ago, the hint waits here until that moment is over. Losing
 * one costs latency only, so every failure here is ignored: polling finds the job.
 */
const HINTS: Readonly<Record<string, Hint>> = { r: 'ready', c: 'changed' }
const LETTERS = ['r', 'c'] as const

/** After a hint, the next one of its kind comes only after this. New jobs are urgent, news are not. */
const PAUSE_MS: Readonly<Record<string, number>> = { r: 1, c: 20 }
/** How long listening waits for its connection. Later it comes by itself. */
const SUBSCRIBE_TIMEOUT_MS = 2_000
const RECONNECT_MAX_MS = 1_000

/** What this process tells. */
export class Bells {
  private readonly link: Link
  private readonly channel: string
  private readonly silent = new Map<string, { isDue: boolean }>()
  private isClosed = false

  constructor(link: Link, channel: string) {
    this.link = link
    this.channel = channel
  }

  /** The hints that a script may publish now. */
  allowed(): string {
    let letters = ''
    for (const letter of LETTERS) if (!this.silent.has(letter)) letters += letter
    return letters
  }

  /** What a script said that it published, and did not publish: letters, a space, letters. */
  heard(said: string): void {
    if (said === ' ') return
    const [told = '', left = ''] = said.split(' ')
    for (const letter of told) this.rest(letter)
    for (const letter of left) {
      const rest = this.silent.get(letter)
      if (rest === undefined) this.ring(letter)
      else rest.isDue = true
    }
  }

  close(): void {
    this.isClosed = true
  }

  private ring(letter: string): void {
    this.rest(letter)
    if (this.isClosed) return
    this.link.call('publish', [this.channel, letter]).catch(() => {
      // Nobody was told: everyone polls.
    })
  }

  private rest(letter: string): void {
    if (this.silent.has(letter)) return
    const rest = { isDue: false }
    this.silent.set(letter, rest)
    setTimeout(() => {
      this.silent.delete(letter)
      if (rest.isDue) this.ring(letter)
    }, PAUSE_MS[letter]).unref()
  }
}

/** What this process hears. */
export class Listeners {
  private readonly options: LinkOptions
  private readonly channel: string
  private readonly callbacks = new Set<(hint: Hint) => void>()
  private redis: Redis | undefined
  private subscribed: Promise<void> | undefined

  constructor(options: LinkOptions, channel: string) {
    this.options = options
    this.channel = channel
  }

  async add(onHint: (hint: Hint) => void): Promise<{ close(): Promise<void> }> {
    // Wrapped, so that one function may listen twice and stop once.
    const callback = (hint: Hint): void => onHint(hint)
    this.callbacks.add(callback)
    this.subscribed ??= this.subscribe()
    await this.subscribed
    return {
      close: async () => {
        this.callbacks.delete(callback)
        if (this.callbacks.size === 0) this.close()
      },
    }
  }

  /** The other connection had to be made anew: this one, on which nothing is asked, may be dead without a sign of it. */
  renew(): void {
    if (this.redis?.status === 'ready') this.redis.stream.destroy()
  }

  close(): void {
    this.callbacks.clear()
    this.redis?.disconnect()
    this.redis?.stream?.destroy()
    this.redis = undefined
    this.subscribed = undefined
  }

  private async subscribe(): Promise<void> {
    const redis = new Redis({
      ...connectionOptions(this.options),
      // This connection is told things instead of asking them: what it says must wait until it is there.
      enableOfflineQueue: true,
      maxRetriesPerRequest: null,
      retryStrategy: (times) => Math.min(times * 100, RECONNECT_MAX_MS),
    })
    this.redis = redis
    redis.on('error', () => {})
    redis.on('ready', () => redis.stream.unref())
    waitUnnoticed(redis)
    redis.on('message', (_channel, letters) => this.tell(letters))
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, SUBSCRIBE_TIMEOUT_MS)
    })
    const done = redis.subscribe(this.channel).then(
      () => {},
      () => {},
    )
    await Promise.race([done, late])
    clearTimeout(timer)
  }

  private tell(letters: string): void {
    for (const letter of letters) {
      const hint = HINTS[letter]
      if (hint !== undefined) for (const callback of [...this.callbacks]) callback(hint)
    }
  }
}
