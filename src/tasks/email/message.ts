import { createHash } from 'node:crypto'
import type { MailComposerOptions } from 'nodemailer/lib/mail-composer'
import MailComposer from 'nodemailer/lib/mail-composer'
import type { Mailbox } from './address.ts'
import type { Mail, MailAttachment } from './mail.ts'

/** What stays the same on every attempt to send a mail: a receiver that sees it twice can tell. */
export interface MessageIdentity {
  readonly jobId: string
  readonly createdAt: Date
  readonly from: Mailbox
}

export interface RenderedMessage {
  readonly messageId: string
  /** The complete message, lines ended by CRLF. */
  readonly bytes: Buffer
}

/** `n` numbers the message within its job (there is one so far), never the attempt. */
export function messageIdFor({ jobId, from }: Pick<MessageIdentity, 'jobId' | 'from'>, n = 0): string {
  return `<${jobId}.${n}@${from.address.slice(from.address.lastIndexOf('@') + 1)}>`
}

/**
 * Builds the message. The result depends on the mail and its identity alone: Message-ID, Date and part boundaries
 * come from the job, so a repeated attempt sends the same bytes. Bcc is not part of it.
 */
export async function renderMessage(mail: Mail, identity: MessageIdentity): Promise<RenderedMessage> {
  const messageId = messageIdFor(identity)
  const options: MailComposerOptions = {
    // Nodemailer takes an address apart again unless it comes as an object, and changes the object: give it copies.
    from: { ...identity.from },
    to: copies(mail.to),
    cc: copies(mail.cc),
    replyTo: copies(mail.replyTo),
    subject: mail.subject,
    messageId,
    date: identity.createdAt,
    headers: [...markers(mail), ...mail.headers.map(({ name, value }) => ({ key: name, value }))],
    attachments: mail.attachments.map((one) => ({
      filename: one.filename ?? false,
      content: bytesOf(one),
      contentDisposition: one.disposition,
      contentType: one.contentType,
      cid: one.cid,
    })),
    baseBoundary: createHash('sha256').update(messageId).digest('hex').slice(0, 32),
    newline: 'win',
    // A payload never names files or addresses; should one ever get this far, the library must not open it either.
    disableFileAccess: true,
    disableUrlAccess: true,
    ...(mail.text !== undefined && { text: lines(mail.text) }),
    ...(mail.html !== undefined && { html: lines(mail.html) }),
    ...(mail.inReplyTo !== undefined && { inReplyTo: mail.inReplyTo }),
    ...(mail.references.length > 0 && { references: [...mail.references] }),
  }
  const node = new MailComposer(options).compile()
  return { messageId, bytes: await node.build() }
}

/** Blobs were loaded before. */
function bytesOf({ content, encoding }: MailAttachment): Buffer {
  if (typeof content !== 'string') throw new TypeError('The attachment was not loaded.')
  return Buffer.from(content, encoding)
}

const copies = (mailboxes: readonly Mailbox[]): Mailbox[] => mailboxes.map((one) => ({ ...one }))

/** A line break is CRLF on the wire. A lone CR or LF is how messages are smuggled past a server, so none is left. */
const lines = (text: string): string => text.replace(/\r\n|\r|\n/g, '\r\n')

/** Says that a program sent this (RFC 3834), so that no out-of-office note answers it; or that it is bulk mail. */
function markers({ category, headers }: Mail): { key: string; value: string }[] {
  const marker =
    category === 'bulk'
      ? { key: 'Precedence', value: 'bulk' }
      : { key: 'Auto-Submitted', value: 'auto-generated' }
  const given = headers.some(({ name }) => name.toLowerCase() === marker.key.toLowerCase())
  return given ? [] : [marker]
}
