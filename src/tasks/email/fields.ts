import type { Problems } from './problems.ts'

/**
 * The names of a payload's fields. Keys are compared without letter case, hyphens and underscores, so that `To`,
 * `reply_to`, `reply-to` and `replyTo` all work; several names may mean one field.
 */
const MAIL_FIELDS = {
  from: ['from'],
  to: ['to'],
  cc: ['cc'],
  bcc: ['bcc'],
  replyTo: ['replyto'],
  subject: ['subject'],
  text: ['text'],
  html: ['html'],
  body: ['body', 'message'],
  bodyType: ['bodytype'],
  inReplyTo: ['inreplyto'],
  references: ['references'],
  attachments: ['attachments'],
  headers: ['headers'],
  category: ['category'],
  expiresAt: ['expiresat'],
} as const

const ATTACHMENT_FIELDS = {
  filename: ['filename', 'name'],
  content: ['content'],
  encoding: ['encoding'],
  contentType: ['contenttype'],
  cid: ['cid', 'contentid'],
  disposition: ['disposition', 'contentdisposition'],
} as const

/** What other mail programs take and this one does not (yet), with what to do instead. */
const REFUSED_IN_MAIL: Readonly<Record<string, string>> = {
  envelope: 'cannot be given in a payload; recipients come from to, cc and bcc',
  raw: 'is not accepted: a prepared message would pass unchecked',
  messageid: 'is set by Posthaste, the same on every attempt',
  date: 'is set by Posthaste: the time at which the job was added',
  sender: 'is not available; use from',
  priority: 'belongs to the job, not to the mail: give it when you add the job',
  idempotencykey: 'belongs to the job, not to the mail: give it as key when you add the job',
  scheduledat: 'belongs to the job, not to the mail: give a delay or runAt when you add the job',
  tags: 'belong to the job, not to the mail: give them when you add the job',
  metadata: 'belongs to the job, not to the mail: give it when you add the job',
  encoding: 'is chosen by Posthaste',
  textencoding: 'is chosen by Posthaste',
}
const NOT_YET = 'is not available in this version; leave it out'
for (const name of [
  'template',
  'listId',
  'list',
  'topic',
  'transport',
  'sendWindow',
  'tracking',
  'onUncertain',
  'unsubscribe',
  'alternatives',
  'amp',
  'watchHtml',
  'icalEvent',
  'dsn',
  'dkim',
  'attachDataUrls',
  'otp',
]) {
  ;(REFUSED_IN_MAIL as Record<string, string>)[canonical(name)] = NOT_YET
}

const NO_FILES =
  'is not accepted: a payload cannot name files or addresses to read; put the bytes into content'
const REFUSED_IN_ATTACHMENT: Readonly<Record<string, string>> = {
  path: NO_FILES,
  href: NO_FILES,
  raw: 'is not accepted: a prepared message part would pass unchecked',
  headers: 'are not available for attachments',
  httpheaders: NO_FILES,
  contenttransferencoding: 'is chosen by Posthaste',
}

export type MailField = keyof typeof MAIL_FIELDS
export type AttachmentField = keyof typeof ATTACHMENT_FIELDS
export interface Given {
  /** The key as the caller wrote it. */
  readonly key: string
  readonly value: unknown
}

function canonical(key: string): string {
  return key.toLowerCase().replace(/[-_]/g, '')
}

interface FieldTable<F extends string> {
  readonly byName: ReadonlyMap<string, F>
  readonly refused: ReadonlyMap<string, string>
}

function table<F extends string>(
  fields: Readonly<Record<F, readonly string[]>>,
  refused: Readonly<Record<string, string>>,
): FieldTable<F> {
  const byName = new Map<string, F>()
  for (const field of Object.keys(fields) as F[]) for (const name of fields[field]) byName.set(name, field)
  return { byName, refused: new Map(Object.entries(refused)) }
}

const MAIL_TABLE = table<MailField>(MAIL_FIELDS, REFUSED_IN_MAIL)
const ATTACHMENT_TABLE = table<AttachmentField>(ATTACHMENT_FIELDS, REFUSED_IN_ATTACHMENT)

/** Sorts an object's keys into fields. null and undefined count as absent: JSON writers send them for "nothing". */
function readFields<F extends string>(
  input: object,
  fields: FieldTable<F>,
  problems: Problems,
  path: readonly (string | number)[],
): Map<F, Given> {
  const given = new Map<F, Given>()
  for (const [key, value] of Object.entries(input)) {
    if (value === null || value === undefined) continue
    const name = canonical(key)
    const field = fields.byName.get(name)
    if (field === undefined) {
      problems.add([...path, key], fields.refused.get(name) ?? 'is not a known field')
      continue
    }
    const other = given.get(field)
    if (other !== undefined && !same(other.value, value)) {
      problems.add([...path, key], `says something else than "${other.key}"; give only one of them`)
      continue
    }
    if (other === undefined) given.set(field, { key, value })
  }
  return given
}

export const readMailFields = (input: object, problems: Problems): Map<MailField, Given> =>
  readFields(input, MAIL_TABLE, problems, [])

export const readAttachmentFields = (
  input: object,
  problems: Problems,
  path: readonly (string | number)[],
): Map<AttachmentField, Given> => readFields(input, ATTACHMENT_TABLE, problems, path)

/** Payloads are JSON, so equal text means equal values (only the order of keys could differ, which is then refused). */
const same = (a: unknown, b: unknown): boolean => a === b || JSON.stringify(a) === JSON.stringify(b)
