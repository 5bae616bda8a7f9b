import { AddressError, checkAddress, checkName, type Mailbox, parseAddress } from './address.ts'
import { readAttachments } from './attachments.ts'
import { type Given, type MailField, readMailFields } from './fields.ts'
import { readHeaders } from './headers.ts'
import { MAIL_JSON_SCHEMA } from './json-schema.ts'
import {
  MESSAGE_BYTES_MAX,
  PAYLOAD_TEXT_LENGTH_MAX,
  RECIPIENTS_MAX,
  REFERENCES_MAX,
  REPLY_TO_MAX,
  SUBJECT_LENGTH_MAX,
} from './limits.ts'
import type { Mail, MailInput } from './mail.ts'
import { type Path, type Problem, Problems } from './problems.ts'
import { firstUnsafe, utf8Length } from './text.ts'

/** The part of Standard Schema (https://standardschema.dev) that the pack offers. */
export interface MailSchema {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: 'posthaste'
    readonly validate: (value: unknown) => { readonly value: Mail } | { readonly issues: readonly Problem[] }
    readonly jsonSchema: { readonly input: () => Readonly<Record<string, unknown>> }
    readonly types?: { readonly input: MailInput | string; readonly output: Mail } | undefined
  }
}

/**
 * Checks payloads of the email task and brings them into one form. Jobs keep the payload as it was given; the task
 * reads it through this again when it runs, so what is stored and what is checked cannot drift apart.
 */
export const mailSchema: MailSchema = {
  '~standard': {
    version: 1,
    vendor: 'posthaste',
    jsonSchema: { input: () => MAIL_JSON_SCHEMA },
    validate: (value) => {
      const problems = new Problems()
      const mail = readMail(value, problems)
      return mail === undefined || problems.found ? { issues: problems.list } : { value: mail }
    },
  },
}

/** A payload is an object, or the text of a JSON object: an old client sends it as a string. */
function readMail(given: unknown, problems: Problems): Mail | undefined {
  const input = typeof given === 'string' ? parseText(given, problems) : given
  if (problems.found) return undefined
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    return problems.add([], 'must be an object with to, subject and text or html')
  }
  const fields = readMailFields(input, problems)
  const reader = new FieldReader(fields, problems)

  const from = reader.mailboxes('from', 1)[0]
  const recipients = reader.recipients()
  const replyTo = reader.mailboxes('replyTo', REPLY_TO_MAX)
  const subject = reader.line('subject', SUBJECT_LENGTH_MAX)
  if (subject === undefined && !fields.has('subject')) problems.add(['subject'], 'is missing')
  const { text, html } = reader.bodies()
  const attachments = reader.list('attachments', readAttachments)
  const headers = reader.list('headers', readHeaders)
  const inReplyTo = reader.messageIds('inReplyTo', 1)[0]
  const references = reader.messageIds('references', REFERENCES_MAX)
  const category = reader.category()
  const expiresAt = reader.time('expiresAt')
  if (text === undefined && html === undefined && attachments.length === 0 && !problems.found) {
    problems.add(['text'], 'is missing: a mail needs text, html or an attachment')
  }
  const bytes = [text, html, ...attachments.map((one) => one.content)].reduce(
    (sum, part) => sum + (typeof part === 'string' ? utf8Length(part) : 0),
    0,
  )
  if (bytes > MESSAGE_BYTES_MAX)
    problems.add([], `makes a message of more than ${MESSAGE_BYTES_MAX / 1024 / 1024} MB`)
  return {
    ...(from !== undefined && { from }),
    ...recipients,
    replyTo,
    subject: subject ?? '',
    ...(text !== undefined && { text }),
    ...(html !== undefined && { html }),
    ...(inReplyTo !== undefined && { inReplyTo }),
    references,
    attachments,
    headers,
    category,
    ...(expiresAt !== undefined && { expiresAt }),
  }
}

function parseText(text: string, problems: Problems): unknown {
  if (text.length > PAYLOAD_TEXT_LENGTH_MAX) return problems.add([], 'is too long')
  try {
    return JSON.parse(text)
  } catch {
    return problems.add([], 'is text, but not the text of a JSON object')
  }
}

class FieldReader {
  private readonly fields: ReadonlyMap<MailField, Given>
  private readonly problems: Problems

  constructor(fields: ReadonlyMap<MailField, Given>, problems: Problems) {
    this.fields = fields
    this.problems = problems
  }

  list<T>(field: MailField, read: (given: unknown, path: Path, problems: Problems) => T[]): T[] {
    const given = this.fields.get(field)
    return given === undefined ? [] : read(given.value, [given.key], this.problems)
  }

  /** One mailbox, or an array of them; each element holds exactly one. */
  mailboxes(field: MailField, max: number): Mailbox[] {
    const given = this.fields.get(field)
    if (given === undefined) return []
    const entries: unknown[] = Array.isArray(given.value) ? given.value : [given.value]
    if (entries.length > max) {
      this.problems.add([given.key], `holds ${entries.length} addresses; at most ${max} are possible`)
      return []
    }
    return entries.flatMap((entry, index) => {
      const path = Array.isArray(given.value) ? [given.key, index] : [given.key]
      return readMailbox(entry, path, this.problems) ?? []
    })
  }

  /** Nobody gets a mail twice: an address counts where it is named first. The local part is the receiver's business. */
  recipients(): Pick<Mail, 'to' | 'cc' | 'bcc'> {
    const before = this.problems.list.length
    const seen = new Set<string>()
    const unique = (field: 'to' | 'cc' | 'bcc') =>
      // A little more than the bound may come in, because duplicates do not count.
      this.mailboxes(field, 2 * RECIPIENTS_MAX).filter(
        ({ address }) => !seen.has(address) && seen.add(address),
      )
    const recipients = { to: unique('to'), cc: unique('cc'), bcc: unique('bcc') }
    const key = this.fields.get('to')?.key ?? 'to'
    if (seen.size > RECIPIENTS_MAX) {
      this.problems.add(
        [key],
        `and cc and bcc hold ${seen.size} recipients; at most ${RECIPIENTS_MAX} are possible`,
      )
    }
    if (seen.size === 0 && this.problems.list.length === before) this.problems.add([key], 'is missing')
    return recipients
  }

  line(field: MailField, lengthMax: number): string | undefined {
    const given = this.fields.get(field)
    if (given === undefined) return undefined
    if (typeof given.value !== 'string') return this.problems.add([given.key], 'must be text')
    const unsafe = firstUnsafe(given.value)
    if (unsafe !== undefined)
      return this.problems.add([given.key], `contains the control character ${unsafe}`)
    if (given.value.length > lengthMax)
      return this.problems.add([given.key], `has more than ${lengthMax} characters`)
    return given.value
  }

  bodies(): { text?: string; html?: string } {
    const bodyType = this.bodyType()
    const body = this.fields.get('body')
    const given: Record<'text' | 'html', Given | undefined> = {
      text: this.fields.get('text'),
      html: this.fields.get('html'),
    }
    if (body !== undefined) {
      const other = given[bodyType]
      if (other !== undefined && other.value !== body.value) {
        this.problems.add([body.key], `says something else than "${other.key}"; give only one of them`)
      }
      given[bodyType] = body
    } else if (this.fields.has('bodyType')) {
      this.problems.add(
        [this.fields.get('bodyType')?.key ?? 'bodyType'],
        'needs a body; text and html need no type',
      )
    }
    const text = this.content(given.text)
    const html = this.content(given.html)
    return { ...(text !== undefined && { text }), ...(html !== undefined && { html }) }
  }

  private bodyType(): 'text' | 'html' {
    const given = this.fields.get('bodyType')
    const value = typeof given?.value === 'string' ? given.value.toLowerCase() : given?.value
    if (value === 'html') return 'html'
    if (given !== undefined && value !== 'text') this.problems.add([given.key], 'must be "text" or "html"')
    return 'text'
  }

  private content(given: Given | undefined): string | undefined {
    if (given === undefined) return undefined
    if (typeof given.value !== 'string') {
      return this.problems.add([given.key], 'must be text; files, streams and objects are not accepted')
    }
    if (/\p{Cs}|\0/u.test(given.value)) {
      return this.problems.add([given.key], 'contains a NUL character or half of a surrogate pair')
    }
    return given.value
  }

  /** Message ids of other mails: `<local@domain>`, with or without the angle brackets. */
  messageIds(field: MailField, max: number): string[] {
    const given = this.fields.get(field)
    if (given === undefined) return []
    const entries: unknown[] = Array.isArray(given.value) ? given.value : [given.value]
    if (entries.length > max) {
      this.problems.add([given.key], `holds more than ${max} message ids`)
      return []
    }
    return entries.flatMap((entry) => {
      const ids =
        typeof entry === 'string' && entry.length <= 998 * max
          ? entry.split(' ').filter((id) => id !== '')
          : ['']
      if (ids.length > max || ids.some((id) => !MESSAGE_ID.test(id))) {
        this.problems.add([given.key], 'must be the Message-ID of a mail, such as <id@example.com>')
        return []
      }
      return ids.map((id) => (id.startsWith('<') ? id : `<${id}>`))
    })
  }

  category(): Mail['category'] {
    const given = this.fields.get('category')
    if (given === undefined || given.value === 'transactional') return 'transactional'
    if (given.value !== 'bulk') this.problems.add([given.key], 'must be "transactional" or "bulk"')
    return 'bulk'
  }

  time(field: MailField): string | undefined {
    const given = this.fields.get(field)
    if (given === undefined) return undefined
    const { value } = given
    // A date without a zone would mean another moment on every machine.
    const zoned =
      typeof value === 'string' ? /^\d{4}-\d{2}-\d{2}T[\d:.]+(?:Z|[+-]\d{2}:?\d{2})$/.test(value) : true
    const time =
      typeof value === 'string' || typeof value === 'number' || value instanceof Date ? new Date(value) : null
    if (!zoned || time === null || Number.isNaN(time.getTime())) {
      return this.problems.add([given.key], 'must be a time such as "2030-01-31T12:00:00Z"')
    }
    return time.toISOString()
  }
}

const MESSAGE_ID = /^(?:<[!-;=?-~]{3,250}>|[!-;=?-~]{3,250})$/

function readMailbox(given: unknown, path: Path, problems: Problems): Mailbox | undefined {
  try {
    if (typeof given === 'string') return bare(parseAddress(given))
    if (typeof given === 'object' && given !== null && !Array.isArray(given)) {
      const { name, address, ...rest } = given as Record<string, unknown>
      const unknown = Object.keys(rest)[0]
      if (unknown !== undefined) return problems.add([...path, unknown], 'is not a known field of an address')
      if (typeof address === 'string' && (name === undefined || name === null || typeof name === 'string')) {
        return bare(checkAddress(address, checkName(name ?? '')))
      }
    }
    return problems.add(path, 'must be an address: "a@b.example", "Name <a@b.example>", or { name, address }')
  } catch (error) {
    if (error instanceof AddressError) return problems.add(path, error.message)
    throw error
  }
}

const bare = ({ name, address }: Mailbox): Mailbox => ({ name, address })
