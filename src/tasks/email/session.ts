import { isIP } from 'node:net'
import { Readable } from 'node:stream'
import SMTPConnection from 'nodemailer/lib/smtp-connection'
import type { Failure, Phase } from './classify.ts'
import {
  COMMAND_TIMEOUT_MS,
  CONNECT_TIMEOUT_MS,
  FINAL_REPLY_TIMEOUT_MS,
  GREETING_TIMEOUT_MS,
  QUIT_TIMEOUT_MS,
} from './limits.ts'
import { isLoopbackHost, maskSecrets, type SmtpServer, serverName } from './smtp-url.ts'

/** Waits of a session; tests shorten them. */
export interface SmtpTimeouts {
  readonly connectMs: number
  readonly greetingMs: number
  readonly commandMs: number
  readonly finalReplyMs: number
}

export const SMTP_TIMEOUTS: SmtpTimeouts = {
  connectMs: CONNECT_TIMEOUT_MS,
  greetingMs: GREETING_TIMEOUT_MS,
  commandMs: COMMAND_TIMEOUT_MS,
  finalReplyMs: FINAL_REPLY_TIMEOUT_MS,
}

/** A failed conversation: how far it was, what the server said, and to which recipients. */
export class SmtpError extends Error {
  override readonly name = 'SmtpError'
  readonly failure: Failure
  /** Set when the server answered for recipients one by one. */
  readonly recipients: readonly RefusedRecipient[]

  constructor(
    message: string,
    failure: Failure,
    recipients: readonly RefusedRecipient[] = [],
    cause?: unknown,
  ) {
    super(message, cause === undefined ? {} : { cause })
    this.failure = failure
    this.recipients = recipients
  }
}

export interface RefusedRecipient {
  readonly address: string
  readonly failure: Failure
}

export interface SmtpEnvelope {
  readonly from: string
  readonly to: readonly string[]
}

export interface SendResult {
  readonly accepted: readonly string[]
  readonly refused: readonly RefusedRecipient[]
  /** The server's answer to the message. */
  readonly reply: string
  /** The Message-ID that the server put in place of ours, when it says so (Amazon SES, Microsoft 365). */
  readonly serverMessageId?: string
}

/** What Nodemailer attaches to its errors. */
interface LibraryError extends Error {
  readonly code?: string | undefined
  /** The code before the library put its own in its place, such as CERT_HAS_EXPIRED. */
  readonly originalCode?: string | undefined
  readonly response?: string | undefined
  readonly responseCode?: number | undefined
  readonly recipient?: string | undefined
  readonly rejectedErrors?: readonly LibraryError[] | undefined
}

type Callback<T> = (error?: Error | null, result?: T) => void

/**
 * One connection to a mail server. Nodemailer speaks the protocol; this adds what its high-level interface cannot
 * tell: how far a failed conversation was. The message is read from a stream that the library does not touch before
 * the server asked for it, so "not yet begun", "under way" and "ended, answer lost" are three different failures.
 */
export class SmtpSession {
  private readonly connection: SMTPConnection
  private readonly server: SmtpServer
  private readonly timeouts: SmtpTimeouts
  private ehlo = ''
  /** Ends the step under way when the connection breaks. */
  private onBroken: ((error: LibraryError) => void) | undefined
  /** False once the connection broke, was closed, or is in a state that is not worth sorting out. */
  usable = true
  /** Messages sent. */
  sent = 0

  private constructor(server: SmtpServer, timeouts: SmtpTimeouts) {
    this.server = server
    this.timeouts = timeouts
    const loopback = isLoopbackHost(server.host)
    this.connection = new SMTPConnection({
      // A name server could send "localhost" anywhere; what may go without TLS must not leave this machine.
      host: loopback && isIP(server.host) === 0 ? '127.0.0.1' : server.host,
      servername: isIP(server.host) === 0 ? server.host : undefined,
      port: server.port,
      secure: server.tls === 'implicit',
      requireTLS: server.tls === 'required',
      ignoreTLS: server.tls === 'off',
      tls: { minVersion: 'TLSv1.2' },
      connectionTimeout: timeouts.connectMs,
      dnsTimeout: timeouts.connectMs,
      greetingTimeout: timeouts.greetingMs,
      socketTimeout: timeouts.commandMs,
      socketCloseTimeout: QUIT_TIMEOUT_MS,
    })
    this.connection.on('error', (error: LibraryError) => this.broke(error))
    // The library may close a connection first and report why right afterwards: its reason is the better one.
    this.connection.on('end', () => setImmediate(() => this.broke(closedError())))
  }

  /** Connects, greets, secures and logs in. @throws SmtpError */
  static async open(server: SmtpServer, timeouts: SmtpTimeouts, signal: AbortSignal): Promise<SmtpSession> {
    const session = new SmtpSession(server, timeouts)
    try {
      await session.step('connect', signal, (done: Callback<void>) => session.connection.connect(done))
      session.ehlo = String(session.connection.lastServerResponse || '')
      await session.logIn(signal)
      return session
    } catch (error) {
      session.destroy()
      throw error
    }
  }

  private async logIn(signal: AbortSignal): Promise<void> {
    const { user, password } = this.server
    if (user === undefined) return
    if (!this.connection.allowsAuth) {
      const hint = this.server.tls === 'off' ? ' without TLS' : ''
      throw this.error({ phase: 'login', code: 'ENOAUTH' }, `the server offers no login${hint}`)
    }
    await this.step('login', signal, (done: Callback<boolean>) =>
      this.connection.login({ credentials: { user, pass: password } }, done),
    )
  }

  /** The largest message the server takes, or undefined when it does not say. */
  get sizeMax(): number | undefined {
    const size = Number(/^250[ -]SIZE (\d{1,15})\s*$/im.exec(this.ehlo)?.[1] ?? 0)
    return size === 0 ? undefined : size
  }

  get offersSmtpUtf8(): boolean {
    return /^250[ -]SMTPUTF8\s*$/im.test(this.ehlo)
  }

  /** Sends one message. After a failure the session must not be used again. @throws SmtpError */
  async send(envelope: SmtpEnvelope, bytes: Buffer, signal: AbortSignal): Promise<SendResult> {
    let phase: Phase = 'envelope'
    let offset = 0
    const body = new Readable({
      read: () => {
        if (offset < bytes.length) {
          phase = 'body'
          const end = Math.min(offset + CHUNK_BYTES, bytes.length)
          body.push(bytes.subarray(offset, end))
          offset = end
        } else {
          phase = 'final'
          this.expectReplyWithin(this.timeouts.finalReplyMs)
          body.push(null)
        }
      },
    })
    try {
      const info = await this.step(
        () => phase,
        signal,
        (done: Callback<SendInfo>) =>
          this.connection.send({ from: envelope.from, to: [...envelope.to], size: bytes.length }, body, done),
      )
      this.expectReplyWithin(this.timeouts.commandMs)
      this.sent += 1
      return {
        accepted: info.accepted,
        refused: this.refused(info.rejectedErrors),
        reply: this.mask(info.response),
        ...(info.serverMessageId !== undefined && { serverMessageId: info.serverMessageId }),
      }
    } catch (error) {
      this.destroy()
      throw error
    }
  }

  /** Says goodbye without waiting long for an answer. */
  quit(): void {
    if (!this.usable) return
    this.usable = false
    this.connection.quit()
    setTimeout(() => this.connection.close(), QUIT_TIMEOUT_MS).unref()
  }

  destroy(): void {
    this.usable = false
    this.connection.close()
  }

  /** Runs one exchange. It ends with the library's callback, a broken connection, or the signal; whichever is first. */
  private step<T>(
    phase: Phase | (() => Phase),
    signal: AbortSignal,
    start: (done: Callback<T>) => void,
  ): Promise<T> {
    const now = typeof phase === 'string' ? () => phase : phase
    return new Promise<T>((resolve, reject) => {
      const end = (act: () => void) => {
        signal.removeEventListener('abort', onAbort)
        this.onBroken = undefined
        act()
      }
      const fail = (error: LibraryError) => end(() => reject(this.wrap(error, now())))
      const onAbort = () => {
        const late = signal.reason instanceof Error && signal.reason.name === 'TimeoutError'
        const what = late ? 'no answer within the deadline' : 'the attempt was stopped'
        fail(Object.assign(new Error(what), { code: 'EABORT', cause: signal.reason }))
        this.destroy()
      }
      if (signal.aborted) return onAbort()
      signal.addEventListener('abort', onAbort, { once: true })
      this.onBroken = fail
      start((error, result) => (error ? fail(error as LibraryError) : end(() => resolve(result as T))))
    })
  }

  private broke(error: LibraryError): void {
    this.usable = false
    this.onBroken?.(error)
  }

  private expectReplyWithin(ms: number): void {
    const socket = this.connection._socket
    if (socket) socket.setTimeout(ms)
  }

  private refused(errors: readonly LibraryError[] | undefined): RefusedRecipient[] {
    return (errors ?? []).flatMap((error) =>
      error.recipient === undefined
        ? []
        : [{ address: error.recipient, failure: this.failureOf(error, 'envelope') }],
    )
  }

  private failureOf(error: LibraryError, phase: Phase): Failure {
    return {
      phase,
      ...(error.code !== undefined && {
        code: TLS_TROUBLE.test(error.originalCode ?? '') ? 'ETLS' : error.code,
      }),
      ...(error.responseCode && { replyCode: error.responseCode }),
      ...(error.response !== undefined && { reply: this.mask(error.response) }),
    }
  }

  private wrap(error: LibraryError, phase: Phase): SmtpError {
    return new SmtpError(
      `${serverName(this.server)}: ${this.mask(error.message)}`,
      this.failureOf(error, phase),
      this.refused(error.rejectedErrors),
      error,
    )
  }

  private error(failure: Failure, what: string): SmtpError {
    return new SmtpError(`${serverName(this.server)}: ${what}`, failure)
  }

  private mask(text: string): string {
    return maskSecrets(text, this.server)
  }
}

const CHUNK_BYTES = 64 * 1024

/** A certificate that cannot be trusted, or no TLS where it was expected: no outage, somebody must correct it. */
const TLS_TROUBLE = /CERT|SIGNATURE|_SSL_|_TLS_/

interface SendInfo {
  readonly accepted: string[]
  readonly rejectedErrors?: readonly LibraryError[] | undefined
  readonly response: string
  readonly serverMessageId?: string | undefined
}

const closedError = (): LibraryError =>
  Object.assign(new Error('the server closed the connection'), { code: 'ECONNECTION' })
