import { needsSmtpUtf8 } from './address.ts'
import { Breaker } from './breaker.ts'
import { classify } from './classify.ts'
import { VERIFY_TIMEOUT_MS } from './limits.ts'
import { SmtpPool } from './pool.ts'
import {
  type SendResult,
  SMTP_TIMEOUTS,
  type SmtpEnvelope,
  SmtpError,
  SmtpSession,
  type SmtpTimeouts,
} from './session.ts'
import { type SmtpServer, serverName } from './smtp-url.ts'

/** What the mail task needs of a way to send. */
export interface Transport {
  /** For people: where mail goes, without secrets. */
  readonly name: string
  readonly breaker: Breaker
  /** Hands one message over. @throws SmtpError */
  send(message: OutgoingMessage, signal: AbortSignal): Promise<SendResult>
  /** Connects, says hello and logs in, within a deadline. @throws SmtpError */
  verify(): Promise<void>
  close(): Promise<void>
}

export interface OutgoingMessage {
  readonly envelope: SmtpEnvelope
  readonly bytes: Buffer
  /** Every address that the message mentions, in its envelope or its headers. */
  readonly addresses: readonly string[]
}

/** Sends through a mail server, over the connections of this process. */
export class SmtpTransport implements Transport {
  readonly name: string
  readonly breaker = new Breaker()
  private readonly server: SmtpServer
  private readonly timeouts: SmtpTimeouts
  private readonly pool: SmtpPool

  constructor(server: SmtpServer, timeouts: SmtpTimeouts = SMTP_TIMEOUTS) {
    this.server = server
    this.timeouts = timeouts
    this.name = serverName(server)
    this.pool = new SmtpPool(server, timeouts)
  }

  async send(message: OutgoingMessage, signal: AbortSignal): Promise<SendResult> {
    let reused = false
    const attempt = (fresh: boolean) =>
      this.pool.with(signal, fresh, (session) => {
        reused = session.sent > 0
        this.refuseWhatTheServerCannotTake(session, message)
        return session.send(message.envelope, message.bytes, signal)
      })
    try {
      return await attempt(false)
    } catch (error) {
      // A server may close a connection that it finds idle for too long. That shows only when it is used again, and
      // nothing of the message was sent then: a new connection tells whether the server is really gone.
      const stale = reused && error instanceof SmtpError && error.failure.phase === 'envelope'
      if (!stale || signal.aborted || classify(error.failure).kind !== 'outage') throw error
      return attempt(true)
    }
  }

  /** Nodemailer would send to a server that said it cannot take this; some of those lose or mangle it. */
  private refuseWhatTheServerCannotTake(session: SmtpSession, { bytes, addresses }: OutgoingMessage): void {
    const refuse = (what: string): never => {
      throw new SmtpError(`${this.name}: ${what}`, { phase: 'envelope', code: 'EMESSAGE' })
    }
    if (session.sizeMax !== undefined && bytes.length > session.sizeMax) {
      refuse(`the message has ${bytes.length} bytes, the server takes ${session.sizeMax}`)
    }
    const international = addresses.find(needsSmtpUtf8)
    if (international !== undefined && !session.offersSmtpUtf8) {
      refuse(`${international} needs SMTPUTF8, which the server does not offer (5.6.7)`)
    }
  }

  async verify(): Promise<void> {
    const signal = AbortSignal.timeout(VERIFY_TIMEOUT_MS)
    const session = await SmtpSession.open(this.server, this.timeouts, signal)
    session.quit()
  }

  async close(): Promise<void> {
    this.pool.close()
  }
}
