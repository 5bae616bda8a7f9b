import { PosthasteError } from '../core/errors.ts'
import { shown } from '../core/text.ts'
import { HEADER_NAME_LENGTH_MAX, HEADER_VALUE_LENGTH_MAX, REQUEST_HEADERS_MAX } from './limits.ts'

const NAME = /^[!#$%&'*+.^_`|~\dA-Za-z-]+$/
/** Printable Latin-1 and tabs: what may stand in a header; no line ends, no NUL. */
const VALUE = /^[\t\x20-\x7e\xa0-\xff]*$/

/** What frames the message and chooses its receiver is decided by the URL and the body, never by a caller. */
const OURS = new Set([
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'upgrade',
  'te',
  'trailer',
  'expect',
  'keep-alive',
  'accept-encoding',
  'http2-settings',
])

/** What is wrong with a header, or null. */
export const headerProblem = (name: string, value: string): string | null => {
  const lower = name.toLowerCase()
  if (!NAME.test(name) || name.length > HEADER_NAME_LENGTH_MAX) return 'is no name of a header'
  if (OURS.has(lower) || lower.startsWith('proxy-')) return 'cannot be set'
  if (value.length > HEADER_VALUE_LENGTH_MAX) return `is longer than ${HEADER_VALUE_LENGTH_MAX} characters`
  return VALUE.test(value) ? null : 'has a character that no header can have'
}

/**
 * Headers with names in lower case.
 * @throws E_ARGUMENT naming the header
 */
export const checkHeaders = (headers: Readonly<Record<string, string>>): Map<string, string> => {
  const entries = Object.entries(headers)
  if (entries.length > REQUEST_HEADERS_MAX) throw bad('headers', `has more than ${REQUEST_HEADERS_MAX}`)
  const checked = new Map<string, string>()
  for (const [name, value] of entries) {
    const why = headerProblem(name, value)
    if (why !== null) throw bad(`headers[${shown(name)}]`, why)
    checked.set(name.toLowerCase(), value)
  }
  return checked
}

const bad = (field: string, why: string): PosthasteError =>
  new PosthasteError('E_ARGUMENT', `${field} ${why}.`, { field })
