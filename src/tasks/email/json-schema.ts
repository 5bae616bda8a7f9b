import { ATTACHMENTS_MAX, SUBJECT_LENGTH_MAX } from './limits.ts'

const text = { type: 'string' }
const address = {
  anyOf: [
    text,
    {
      type: 'object',
      properties: { name: text, address: { type: 'string', format: 'email' } },
      required: ['address'],
      additionalProperties: false,
    },
  ],
}
const addresses = { anyOf: [address, { type: 'array', items: address }] }
const blob = {
  type: 'object',
  properties: {
    $blob: { type: 'string', description: 'The hash that the upload answered.' },
    name: text,
    type: { type: 'string', description: 'A media type.' },
  },
  required: ['$blob'],
}

/**
 * What a mail looks like, for people who write one. The reader of payloads is the judge: it takes other spellings of the
 * names as well, and looks closer.
 */
export const MAIL_JSON_SCHEMA = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  description: 'Sends a mail, or keeps it in the mailbox page while no mail server is set.',
  examples: [{ to: 'Ada <ada@example.com>', subject: 'Hello', text: 'It works.' }],
  type: 'object',
  properties: {
    from: { ...address, description: 'Who sends it. Default: MAIL_FROM.' },
    to: { ...addresses, description: 'An address is "ada@example.com" or "Ada <ada@example.com>".' },
    cc: { ...addresses, description: 'Who gets a copy.' },
    bcc: { ...addresses, description: 'Who gets a copy that the others do not see.' },
    replyTo: { ...addresses, description: 'Where answers go.' },
    subject: { type: 'string', maxLength: SUBJECT_LENGTH_MAX },
    text: { type: 'string', description: 'At least one of text, html and attachments.' },
    html: { type: 'string', description: 'Images in it are attachments with a cid: <img src="cid:logo">.' },
    inReplyTo: { type: 'string', description: 'The Message-ID of the mail that this one answers.' },
    references: {
      anyOf: [text, { type: 'array', items: text }],
      description: 'The Message-IDs of the mails before this one.',
    },
    attachments: {
      type: 'array',
      maxItems: ATTACHMENTS_MAX,
      description: 'Files that go with it.',
      items: {
        type: 'object',
        properties: {
          content: {
            anyOf: [text, blob],
            description: 'Base64, unless encoding is utf8; or an upload, for what is larger.',
          },
          encoding: { enum: ['base64', 'utf8'], description: 'Of the content. Default: base64.' },
          filename: text,
          contentType: { type: 'string', description: 'A media type, such as application/pdf.' },
          cid: { type: 'string', description: 'The name under which the HTML shows it.' },
          disposition: {
            enum: ['attachment', 'inline'],
            description: 'Default: inline with a cid, else attachment.',
          },
        },
        required: ['content'],
      },
    },
    headers: {
      type: 'object',
      additionalProperties: { anyOf: [text, { type: 'array', items: text }] },
      description: 'More headers, such as "X-Order": "1047".',
    },
    category: {
      enum: ['transactional', 'bulk'],
      description: 'Whether it is for one reader or for many. Default: transactional.',
    },
    expiresAt: {
      type: ['string', 'number'],
      description: 'Not sent after this. A time such as "2030-01-31T12:00:00Z". Default: after 72 hours.',
    },
  },
  required: ['to', 'subject'],
} as const
