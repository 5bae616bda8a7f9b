import { type Pack, task } from '../../index.ts'
import { deliver, type MailOutput } from './deliver.ts'
import { RUN_TIMEOUT_MS } from './limits.ts'
import { mailboxRoutes } from './mailbox/routes.ts'
import { mailSchema } from './payload.ts'
import { MAIL_RETRIES, mailBackoffMs } from './retry.ts'
import { type EmailPackOptions, readSettings } from './settings.ts'

export interface EmailPack extends Pack {
  /** Connects to the mail server, says hello and logs in, within 20 seconds. @throws an error that says what failed */
  readonly verify: () => Promise<void>
}

/**
 * Mail as jobs: the task `email`, and the capture mailbox under `/mailbox`.
 *
 * @example
 * const ph = await posthaste({ engine: 'sqlite:./jobs.db', packs: [emailPack()] })
 * await ph.add('email', { to: 'ada@example.com', subject: 'Hello', text: 'It works.' })
 *
 * @throws E_MAIL_CONFIG when SMTP_URL or MAIL_FROM cannot be used
 */
export function emailPack(options: EmailPackOptions = {}): EmailPack {
  const { from, transport, capturing, store } = readSettings(options)
  const email = task({
    name: 'email',
    payload: mailSchema,
    queue: 'mail',
    timeout: RUN_TIMEOUT_MS,
    retry: { maxRetries: MAIL_RETRIES, backoff: (retry) => mailBackoffMs(retry) },
    run: (mail, context) => deliver(mail, context, { from, transport }),
  })
  const target = capturing ? 'captured here, nothing is sent' : `sent through ${transport.name}`
  return {
    name: 'email',
    tasks: [email],
    routes: mailboxRoutes(store, { capturing, target }),
    close: () => transport.close(),
    greet: (baseUrl) => [
      capturing
        ? { label: 'Mailbox', text: `${baseUrl}/mailbox (mail is captured here; set SMTP_URL to send it)` }
        : { label: 'Mail', text: target },
    ],
    verify: () => transport.verify(),
  }
}

export type { RecipientOutcome, RecipientStatus } from './deliver.ts'
export type { AddressInput, AttachmentInput, MailInput } from './mail.ts'
export type { EmailPackOptions, MailOutput }
