import type { Hint } from '../engine.ts'

/** What listens to the database, on a connection of its own. */
export interface Listening {
  close(): Promise<void>
}
export interface HintsOptions {
  /** By which other engines know whose hints these are. */
  readonly id: string
  readonly channel: string
  /** Tells the others; may fail. */
  readonly notify: (channel: string, message: string) => Promise<unknown>
  /** Is told that there was something to tell. */
  readonly onTell: () => void
  /** Opens a connection that listens and calls back with each message, and once when it is lost. Null: there can be none. */
  readonly connect: ((onMessage: (message: string) => void, onLost: () => void) => Promise<Listening>) | null
}

/** The first hint goes out at once, those that follow are gathered for so long. New jobs are urgent, news are not. */
const READY_PAUSE_MS = 5
const CHANGED_PAUSE_MS = 50
const RECONNECT_FIRST_MS = 100
const RECONNECT_MAX_MS = 5_000

const LETTERS: Readonly<Record<string, Hint>> = { r: 'ready', c: 'changed' }

const messageOf = (hints: readonly Hint[], id: string): string =>
  `${hints.map((hint) => hint[0]).join('')} ${id}`

/**
 * Hints between processes, by NOTIFY: outside the transactions that they tell of, because a transaction that notifies
 * makes all others that do so wait for its commit. Losing a hint costs latency only, so every failure here is ignored.
 */
export class Hints {
  private readonly options: HintsOptions
  private readonly callbacks = new Set<(hint: Hint) => void>()
  private readonly due = new Set<Hint>()
  private quiet: NodeJS.Timeout | undefined
  private sentAt = Number.NEGATIVE_INFINITY
  private listening: Listening | undefined
  private isConnecting = false
  private connecting: Promise<void> | undefined
  private isClosed = false
  private retry: NodeJS.Timeout | undefined

  constructor(options: HintsOptions) {
    this.options = options
  }

  /** Waits until the others' hints are heard, where that is possible; a connection that fails is tried again later. */
  async add(onHint: (hint: Hint) => void): Promise<{ close(): Promise<void> }> {
    // Wrapped, so that one function may listen twice and stop once.
    const callback = (hint: Hint): void => onHint(hint)
    this.callbacks.add(callback)
    // Whoever comes while the first one is connecting waits as well.
    if (this.callbacks.size === 1) this.connecting = this.connect(RECONNECT_FIRST_MS)
    await this.connecting
    return {
      close: async () => {
        this.callbacks.delete(callback)
        if (this.callbacks.size === 0) await this.disconnect()
      },
    }
  }

  /** After a commit. `isSent`: the others were told by what `toSendBehind` gave. */
  tell(hints: readonly Hint[], isSent = false): void {
    if (this.isClosed || hints.length === 0) return
    this.options.onTell()
    for (const hint of hints) {
      this.callBack(hint)
      if (!isSent) this.due.add(hint)
    }
    this.sendWhenDue()
  }

  /**
   * What to send behind a statement that is about to make something known, so that the others hear of it a round trip
   * earlier; null when it is not yet time. When the statement fails they were told in vain.
   */
  toSendBehind(hints: readonly Hint[]): [channel: string, message: string] | null {
    const now = performance.now()
    if (this.isClosed || now < this.sentAt + READY_PAUSE_MS) return null
    const all = [...new Set([...hints, ...this.due])]
    this.due.clear()
    this.sentAt = now
    return [this.options.channel, messageOf(all, this.options.id)]
  }

  async close(): Promise<void> {
    this.isClosed = true
    this.callbacks.clear()
    clearTimeout(this.quiet)
    await this.disconnect()
  }

  private callBack(hint: Hint): void {
    for (const callback of this.callbacks) callback(hint)
  }

  private sendWhenDue(): void {
    if (this.due.size === 0) return
    const isUrgent = this.due.has('ready')
    const waitMs = this.sentAt + (isUrgent ? READY_PAUSE_MS : CHANGED_PAUSE_MS) - performance.now()
    clearTimeout(this.quiet)
    if (waitMs > 0) {
      this.quiet = setTimeout(() => this.sendWhenDue(), waitMs)
      this.quiet.unref()
      return
    }
    const { id, channel, notify } = this.options
    notify(channel, messageOf([...this.due], id)).catch(() => {})
    this.due.clear()
    this.sentAt = performance.now()
  }

  private hear(message: string): void {
    const [letters = '', id] = message.split(' ')
    // Our own were told at once.
    if (id === this.options.id) return
    for (const letter of letters) {
      const hint = LETTERS[letter]
      if (hint !== undefined) this.callBack(hint)
    }
  }

  private async connect(nextMs: number): Promise<void> {
    const { connect } = this.options
    if (connect === null || this.isConnecting || this.isClosed || this.callbacks.size === 0) return
    this.isConnecting = true
    const again = (): void => {
      this.listening = undefined
      if (this.isClosed || this.callbacks.size === 0 || this.retry !== undefined) return
      this.retry = setTimeout(
        () => {
          this.retry = undefined
          // What happened meanwhile was not heard of.
          void this.connect(Math.min(2 * nextMs, RECONNECT_MAX_MS)).then(() => {
            for (const hint of ['ready', 'changed'] as const) this.callBack(hint)
          })
        },
        nextMs * (0.5 + Math.random()),
      )
      this.retry.unref()
    }
    try {
      const listening = await connect((message) => this.hear(message), again)
      if (this.isClosed || this.callbacks.size === 0) await listening.close()
      else this.listening = listening
    } catch {
      again()
    } finally {
      this.isConnecting = false
    }
  }

  private async disconnect(): Promise<void> {
    clearTimeout(this.retry)
    this.retry = undefined
    const { listening } = this
    this.listening = undefined
    await listening?.close().catch(() => {})
  }
}
