import type { BlobRef } from '../../index.ts'
import type { Mailbox } from './address.ts'

/**
 * The one form in which the pack handles a mail, whatever names and shapes its sender used. It is plain JSON, and
 * reading it again as a payload gives the same mail.
 */
export interface Mail {
  /** Absent: the configured sender. */
  readonly from?: Mailbox
  readonly to: readonly Mailbox[]
  readonly cc: readonly Mailbox[]
  readonly bcc: readonly Mailbox[]
  readonly replyTo: readonly Mailbox[]
  readonly subject: string
  readonly text?: string
  readonly html?: string
  readonly inReplyTo?: string
  readonly references: readonly string[]
  readonly attachments: readonly MailAttachment[]
  readonly headers: readonly MailHeader[]
  /** Bulk mail is marked as such; transactional mail is marked as sent by a program. */
  readonly category: MailCategory
  /** ISO 8601; not sent after this. Absent: 72 hours after the job was added. */
  readonly expiresAt?: string
}

export type MailCategory = 'transactional' | 'bulk'

export interface MailHeader {
  readonly name: string
  readonly value: string
}

export interface MailAttachment {
  readonly filename?: string
  readonly contentType?: string
  /** Without angle brackets; an HTML body refers to it as `cid:…`. */
  readonly cid?: string
  readonly disposition: 'attachment' | 'inline'
  /** Base64, or where the bytes lie. */
  readonly content: string | BlobRef
  readonly encoding: 'base64'
}

/** One mailbox as a payload may write it: `a@b.example`, `Name <a@b.example>`, or an object. */
export type AddressInput = string | { readonly name?: string; readonly address: string }

/**
 * What a payload looks like. Names are Nodemailer's; any letter case and `snake_case` are accepted as well, and so are
 * `body` and `message` for the text (with `bodyType: 'html'` for HTML). See docs/email.md.
 */
export interface MailInput {
  readonly from?: AddressInput
  readonly to?: AddressInput | readonly AddressInput[]
  readonly cc?: AddressInput | readonly AddressInput[]
  readonly bcc?: AddressInput | readonly AddressInput[]
  readonly replyTo?: AddressInput | readonly AddressInput[]
  readonly subject?: string
  readonly text?: string
  readonly html?: string
  readonly body?: string
  readonly message?: string
  readonly bodyType?: 'text' | 'html'
  readonly inReplyTo?: string
  readonly references?: string | readonly string[]
  readonly attachments?: readonly AttachmentInput[]
  readonly headers?:
    | Readonly<Record<string, string | readonly string[]>>
    | readonly { readonly key?: string; readonly name?: string; readonly value: string }[]
  readonly category?: MailCategory
  readonly expiresAt?: string | number | Date
}

export interface AttachmentInput {
  readonly filename?: string
  /** Base64, unless `encoding` is `utf8`; or a blob: what is larger than 64 KB is stored there first. */
  readonly content: string | BlobRef
  readonly encoding?: 'base64' | 'utf8'
  readonly contentType?: string
  readonly cid?: string
  readonly contentId?: string
  readonly disposition?: 'attachment' | 'inline'
}
