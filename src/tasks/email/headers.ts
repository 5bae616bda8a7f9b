import { HEADER_NAME_LENGTH_MAX, HEADER_VALUE_LENGTH_MAX, HEADERS_MAX } from './limits.ts'
import type { MailHeader } from './mail.ts'
import type { Path, Problems } from './problems.ts'
import { firstUnsafe, quote } from './text.ts'

/** Headers that say who a mail is from, to whom it goes, or how it is built: a payload cannot set them. */
const DENIED = new Set([
  'from',
  'to',
  'cc',
  'bcc',
  'sender',
  'reply-to',
  'subject',
  'date',
  'message-id',
  'in-reply-to',
  'references',
  'return-path',
  'received',
  'received-spf',
  'delivered-to',
  'apparently-to',
  'errors-to',
  'authentication-results',
])
const DENIED_PREFIXES = ['content-', 'mime-', 'dkim-', 'domainkey-', 'arc-', 'resent-', 'x-original-']

/** Those that have a field of their own are named in the refusal. */
const FIELD_OF: Readonly<Record<string, string>> = {
  from: 'from',
  to: 'to',
  cc: 'cc',
  bcc: 'bcc',
  'reply-to': 'replyTo',
  subject: 'subject',
  'in-reply-to': 'inReplyTo',
  references: 'references',
}

/** A field name by RFC 5322 may hold more, but a colon-free word of these is what every relay understands. */
const HEADER_NAME = /^[A-Za-z0-9][A-Za-z0-9_-]*$/

/**
 * Reads extra headers: `{ 'X-Order': '17', 'X-Many': ['a', 'b'] }`, or a list of `{ name | key, value }`.
 * Values are text and nothing else: a mail library would take an object as "already prepared" and write it unchecked.
 */
export function readHeaders(given: unknown, path: Path, problems: Problems): MailHeader[] {
  const headers: MailHeader[] = []
  const add = (name: unknown, value: unknown, at: Path) => {
    const header = readHeader(name, value, at, problems)
    if (header !== undefined) headers.push(header)
  }
  if (Array.isArray(given)) {
    if (given.length > HEADERS_MAX) problems.add(path, `holds more than ${HEADERS_MAX} headers`)
    for (const [index, entry] of given.slice(0, HEADERS_MAX).entries()) {
      const { name, key, value } = (typeof entry === 'object' && entry !== null ? entry : {}) as Record<
        string,
        unknown
      >
      add(name ?? key, value, [...path, index])
    }
  } else if (typeof given === 'object' && given !== null) {
    for (const [name, value] of Object.entries(given)) {
      for (const one of Array.isArray(value) ? value.slice(0, HEADERS_MAX + 1) : [value])
        add(name, one, [...path, name])
    }
  } else {
    problems.add(path, 'must be an object of header names and values')
  }
  if (headers.length > HEADERS_MAX) problems.add(path, `holds more than ${HEADERS_MAX} headers`)
  return headers
}

function readHeader(name: unknown, value: unknown, path: Path, problems: Problems): MailHeader | undefined {
  if (typeof name !== 'string' || !HEADER_NAME.test(name) || name.length > HEADER_NAME_LENGTH_MAX) {
    const shown = typeof name === 'string' ? quote(name) : 'the name'
    return problems.add(
      path,
      `${shown} is no header name: letters, digits, hyphens, at most ${HEADER_NAME_LENGTH_MAX}`,
    )
  }
  const lower = name.toLowerCase()
  const field = FIELD_OF[lower]
  if (field !== undefined) return problems.add(path, `cannot be set as a header; use the field "${field}"`)
  if (DENIED.has(lower) || DENIED_PREFIXES.some((prefix) => lower.startsWith(prefix))) {
    return problems.add(path, 'cannot be set by a payload')
  }
  if (typeof value !== 'string') return problems.add(path, 'must have a text value')
  const unsafe = firstUnsafe(value)
  if (unsafe !== undefined)
    return problems.add(path, `has a value that contains the control character ${unsafe}`)
  if (value.length > HEADER_VALUE_LENGTH_MAX) {
    return problems.add(path, `has a value of more than ${HEADER_VALUE_LENGTH_MAX} characters`)
  }
  return { name, value }
}
