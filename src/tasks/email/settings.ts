import { PosthasteError } from '../../index.ts'
import { AddressError, type Mailbox, parseAddress } from './address.ts'
import { CaptureStore } from './capture/store.ts'
import { CaptureTransport } from './capture/transport.ts'
import { maskUrl, parseSmtpUrl, SmtpUrlError } from './smtp-url.ts'
import { SmtpTransport, type Transport } from './transport.ts'

export interface EmailPackOptions {
  /**
   * `smtp://user:password@host:587`, `smtps://…`, or `capture://`. Default: SMTP_URL of `env`; without either, mail is
   * captured and nothing leaves the machine.
   */
  readonly smtpUrl?: string | undefined
  /** Sender of mails that name none: `a@b.example` or `Name <a@b.example>`. Default: MAIL_FROM of `env`. */
  readonly from?: string | undefined
  /** Folder of the capture mailbox. Default `posthaste-mailbox` in the working directory. */
  readonly mailboxDir?: string | undefined
  /** Where SMTP_URL and MAIL_FROM are looked up. Default `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined
}

export interface EmailSettings {
  readonly from: Mailbox | undefined
  readonly transport: Transport
  readonly capturing: boolean
  readonly store: CaptureStore
}

/** Captured mail goes nowhere, so any sender will do. */
const CAPTURE_FROM: Mailbox = { name: 'Posthaste', address: 'posthaste@localhost' }
const MAILBOX_DIR = 'posthaste-mailbox'

/**
 * Reads and checks the configuration; opens nothing.
 * @throws E_MAIL_CONFIG naming the setting, never its secrets
 */
export function readSettings(options: EmailPackOptions): EmailSettings {
  const env = options.env ?? process.env
  const store = new CaptureStore(options.mailboxDir ?? MAILBOX_DIR)
  const url = options.smtpUrl ?? env.SMTP_URL
  const target = readTarget(url)
  const capturing = target.kind === 'capture'
  const from = readSender(options.from ?? env.MAIL_FROM) ?? (capturing ? CAPTURE_FROM : undefined)
  const transport = capturing ? new CaptureTransport(store) : new SmtpTransport(target.server)
  return { from, transport, capturing, store }
}

function readTarget(url: string | undefined): ReturnType<typeof parseSmtpUrl> {
  try {
    return parseSmtpUrl(url)
  } catch (error) {
    if (!(error instanceof SmtpUrlError)) throw error
    throw new PosthasteError(
      'E_MAIL_CONFIG',
      `SMTP_URL "${maskUrl(url ?? '')}" is not valid: ${error.message}.`,
      {
        field: 'SMTP_URL',
      },
    )
  }
}

function readSender(text: string | undefined): Mailbox | undefined {
  if (text === undefined || text.trim() === '') return undefined
  try {
    const { name, address } = parseAddress(text)
    return { name, address }
  } catch (error) {
    if (!(error instanceof AddressError)) throw error
    throw new PosthasteError('E_MAIL_CONFIG', `MAIL_FROM is not valid: ${error.message}.`, {
      field: 'MAIL_FROM',
    })
  }
}
