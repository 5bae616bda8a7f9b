import { CONNECTIONS_MAX, IDLE_CONNECTION_MS, MESSAGES_PER_CONNECTION_MAX } from './limits.ts'
import { SmtpSession, type SmtpTimeouts } from './session.ts'
import type { SmtpServer } from './smtp-url.ts'

interface Waiting {
  readonly resolve: (session: SmtpSession | undefined) => void
}

/**
 * The connections of this process to one mail server. Sending over an open connection is many times faster than
 * opening one for each mail; more than a few at once make servers suspicious. Whoever finds none free waits in line.
 */
export class SmtpPool {
  private readonly server: SmtpServer
  private readonly timeouts: SmtpTimeouts
  private readonly idle: { session: SmtpSession; timer: NodeJS.Timeout }[] = []
  private readonly waiting: Waiting[] = []
  private readonly busy = new Set<SmtpSession>()
  private opening = 0
  private closed = false

  constructor(server: SmtpServer, timeouts: SmtpTimeouts) {
    this.server = server
    this.timeouts = timeouts
  }

  /**
   * Runs `use` with a connection of its own. `fresh` insists on a new one. The connection is kept for others when
   * `use` succeeds, and dropped when it fails.
   */
  async with<T>(signal: AbortSignal, fresh: boolean, use: (session: SmtpSession) => Promise<T>): Promise<T> {
    const session = await this.acquire(signal, fresh)
    try {
      const result = await use(session)
      this.release(session)
      return result
    } catch (error) {
      session.destroy()
      this.release(session)
      throw error
    }
  }

  private async acquire(signal: AbortSignal, fresh: boolean): Promise<SmtpSession> {
    for (;;) {
      signal.throwIfAborted()
      if (this.closed) throw new Error('The mail transport is closed.')
      if (!fresh) {
        const kept = this.takeIdle()
        if (kept !== undefined) return kept
      }
      if (this.busy.size + this.opening < CONNECTIONS_MAX) return this.open(signal)
      const handed = await this.turn(signal)
      if (handed !== undefined) return handed
    }
  }

  private async open(signal: AbortSignal): Promise<SmtpSession> {
    this.opening += 1
    try {
      // An idle connection counts as well; the one that waited longest makes room.
      if (this.busy.size + this.opening + this.idle.length > CONNECTIONS_MAX) this.dropIdle()
      const session = await SmtpSession.open(this.server, this.timeouts, signal)
      this.busy.add(session)
      return session
    } finally {
      this.opening -= 1
      // The next in line may try for itself when this one failed.
      if (this.busy.size + this.opening < CONNECTIONS_MAX) this.waiting.shift()?.resolve(undefined)
    }
  }

  private turn(signal: AbortSignal): Promise<SmtpSession | undefined> {
    return new Promise((resolve, reject) => {
      const entry: Waiting = {
        resolve: (session) => {
          signal.removeEventListener('abort', onAbort)
          resolve(session)
        },
      }
      const onAbort = () => {
        this.waiting.splice(this.waiting.indexOf(entry), 1)
        reject(signal.reason)
      }
      signal.addEventListener('abort', onAbort, { once: true })
      this.waiting.push(entry)
    })
  }

  private release(session: SmtpSession): void {
    this.busy.delete(session)
    const keep = session.usable && !this.closed && session.sent < MESSAGES_PER_CONNECTION_MAX
    if (!keep) session.quit()
    const next = this.waiting.shift()
    if (next === undefined) {
      if (keep) this.park(session)
      return
    }
    if (keep) this.busy.add(session)
    next.resolve(keep ? session : undefined)
  }

  private park(session: SmtpSession): void {
    const entry = { session, timer: setTimeout(() => this.expire(session), IDLE_CONNECTION_MS) }
    this.idle.push(entry)
  }

  private expire(session: SmtpSession): void {
    const index = this.idle.findIndex((entry) => entry.session === session)
    if (index >= 0) this.idle.splice(index, 1)
    session.quit()
  }

  /** The one used last: the others may then time out. */
  private takeIdle(): SmtpSession | undefined {
    for (let entry = this.idle.pop(); entry !== undefined; entry = this.idle.pop()) {
      clearTimeout(entry.timer)
      if (!entry.session.usable) continue
      this.busy.add(entry.session)
      return entry.session
    }
    return undefined
  }

  private dropIdle(): void {
    const entry = this.idle.shift()
    if (entry === undefined) return
    clearTimeout(entry.timer)
    entry.session.quit()
  }

  /** Closes idle connections now and busy ones as soon as they are done. Safe to repeat. */
  close(): void {
    this.closed = true
    while (this.idle.length > 0) this.dropIdle()
    for (const { resolve } of this.waiting.splice(0)) resolve(undefined)
  }
}
