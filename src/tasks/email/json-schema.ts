import { ATTACHMENTS_MAX, SUBJECT_LENGTH_MAX } from './limits.ts'

const text = { type: 'string' }
const address = {
  anyOf: [
    text,
    {
      type: 'object',
      properties: { name: text, address: text },
      required: ['address'],
      additionalProperties: false,
    },
  ],
}
const addresses = { anyOf: [address, { type: 'array', items: address }] }
const blob = { type: 'object', properties: { $blob: text, name: text, type: text }, required: ['$blob'] }

/**
 * What a mail looks like, for people who write one. The reader of payloads is the judge: it takes other spellings of the
 * names as well, and looks closer.
 */
export const MAIL_JSON_SCHEMA = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  properties: {
    from: { ...address, description: 'Default: MAIL_FROM.' },
    to: addresses,
    cc: addresses,
    bcc: addresses,
    replyTo: addresses,
    subject: { type: 'string', maxLength: SUBJECT_LENGTH_MAX },
    text: { type: 'string', description: 'At least one of text, html and attachments.' },
    html: text,
    inReplyTo: text,
    references: { anyOf: [text, { type: 'array', items: text }] },
    attachments: {
      type: 'array',
      maxItems: ATTACHMENTS_MAX,
      items: {
        type: 'object',
        properties: {
          content: { anyOf: [{ type: 'string', description: 'Base64, unless encoding is utf8.' }, blob] },
          encoding: { enum: ['base64', 'utf8'] },
          filename: text,
          contentType: text,
          cid: text,
          disposition: { enum: ['attachment', 'inline'] },
        },
        required: ['content'],
      },
    },
    headers: { type: 'object', additionalProperties: { anyOf: [text, { type: 'array', items: text }] } },
    category: { enum: ['transactional', 'bulk'] },
    expiresAt: { type: ['string', 'number'], description: 'Not sent after this. Default: after 72 hours.' },
  },
  required: ['to', 'subject'],
} as const
