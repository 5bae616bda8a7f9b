import { Breaker } from '../breaker.ts'
import type { SendResult, SmtpTimeouts } from '../session.ts'
import { SMTP_TIMEOUTS } from '../session.ts'
import { type OutgoingMessage, SmtpTransport, type Transport } from '../transport.ts'
import { CaptureServer } from './server.ts'
import type { CaptureStore } from './store.ts'

/**
 * Sends to the capture mailbox: over real SMTP, so that what is tried out is what will run, to a server of this
 * process, which starts with the first mail. Processes that share a folder each have a server of their own.
 */
export class CaptureTransport implements Transport {
  readonly name = 'capture mailbox'
  readonly breaker = new Breaker()
  private readonly server: CaptureServer
  private readonly timeouts: SmtpTimeouts
  private smtp: Promise<SmtpTransport> | undefined

  constructor(store: CaptureStore, timeouts: SmtpTimeouts = SMTP_TIMEOUTS) {
    this.server = new CaptureServer(store)
    this.timeouts = timeouts
  }

  async send(message: OutgoingMessage, signal: AbortSignal): Promise<SendResult> {
    return (await this.started()).send(message, signal)
  }

  async verify(): Promise<void> {
    await (await this.started()).verify()
  }

  async close(): Promise<void> {
    const smtp = await this.smtp?.catch(() => undefined)
    this.smtp = undefined
    await smtp?.close()
    await this.server.close()
  }

  private started(): Promise<SmtpTransport> {
    this.smtp ??= this.server
      .listen()
      .then((port) => new SmtpTransport({ host: '127.0.0.1', port, tls: 'off' }, this.timeouts))
      .catch((error: unknown) => {
        // The next mail tries again.
        this.smtp = undefined
        throw error
      })
    return this.smtp
  }
}
