import type { AddressInfo } from 'node:net'
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from 'smtp-server'
import {
  CAPTURE_CLIENTS_MAX,
  CAPTURE_SOCKET_TIMEOUT_MS,
  MESSAGE_BYTES_MAX,
  QUIT_TIMEOUT_MS,
  RECIPIENTS_MAX,
} from '../limits.ts'
import type { CaptureStore } from './store.ts'

const LOOPBACK = '127.0.0.1'

/**
 * The mail server of the capture mailbox: listens on this machine only, takes every mail, keeps it in a folder, and
 * has no code that could send one on. Without TLS, because the certificate that the library brings has expired and
 * nothing leaves the machine.
 */
export class CaptureServer {
  private readonly store: CaptureStore
  private readonly server: SMTPServer
  private port: number | undefined

  constructor(store: CaptureStore) {
    this.store = store
    this.server = new SMTPServer({
      name: 'localhost',
      banner: 'Posthaste capture mailbox',
      disabledCommands: ['AUTH', 'STARTTLS'],
      disableReverseLookup: true,
      logger: false,
      size: MESSAGE_BYTES_MAX,
      rejectOversized: true,
      maxClients: CAPTURE_CLIENTS_MAX,
      maxRecipients: 2 * RECIPIENTS_MAX,
      socketTimeout: CAPTURE_SOCKET_TIMEOUT_MS,
      closeTimeout: QUIT_TIMEOUT_MS,
      onData: (stream, session, done) => {
        this.receive(stream, session).then(
          (id) => done(null, `captured as ${id}`),
          () => done(Object.assign(new Error('The mail could not be kept'), { responseCode: 452 })),
        )
      },
    })
    // A client that vanishes is no reason to stop.
    this.server.on('error', () => {})
  }

  /** Listens on a free port and answers it. Safe to repeat. */
  async listen(): Promise<number> {
    if (this.port !== undefined) return this.port
    await this.store.sweep()
    return new Promise((resolve, reject) => {
      const listener = this.server.listen(0, LOOPBACK, () => {
        listener.off('error', reject)
        this.port = (listener.address() as AddressInfo).port
        resolve(this.port)
      })
      listener.once('error', reject)
    })
  }

  private async receive(stream: SMTPServerDataStream, session: SMTPServerSession): Promise<string> {
    const chunks: Buffer[] = []
    let length = 0
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      length += chunk.length
      // The library answers 552 at the end; until then nothing beyond the bound is held in memory.
      if (length <= MESSAGE_BYTES_MAX) chunks.push(chunk)
    }
    if (stream.sizeExceeded || length > MESSAGE_BYTES_MAX) return 'nothing'
    const { mailFrom, rcptTo } = session.envelope
    return this.store.add(Buffer.concat(chunks), {
      from: mailFrom === false ? '' : mailFrom.address,
      to: rcptTo.map(({ address }) => address),
    })
  }

  async close(): Promise<void> {
    if (this.port === undefined) return
    this.port = undefined
    await new Promise<void>((resolve) => this.server.close(() => resolve()))
  }
}
