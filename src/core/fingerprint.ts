import { createHash } from 'node:crypto'
import type { JobError, JobRecord } from './job.ts'
import { clip } from './text.ts'

/** What stands in a pattern where errors of one kind differ. */
const ANY = '*'
/** Two errors that agree so far are taken for the same kind: behind it stand dumps of data. */
const PATTERN_LENGTH_MAX = 300
/** 48 bits: among a thousand kinds of errors, two share a fingerprint once in half a billion installations. */
const FINGERPRINT_LENGTH = 12

/** What is looked at of a message: reading it costs time in proportion to its length. */
const MESSAGE_LENGTH_MAX = 2_000

/**
 * What differs between two errors of one kind, in the order in which it is taken out. The bounds and the classes keep
 * every search linear in the length of the text.
 */
const VARIABLE: readonly RegExp[] = [
  // Quoted text; an apostrophe within a word opens and closes nothing.
  /"[^"]*"|`[^`]*`|“[^”]*”|«[^»]*»|(?<![\p{L}\p{N}])'[^']*'(?![\p{L}\p{N}])/gu,
  // URLs, and addresses of mail.
  /\b[a-z][a-z\d+.-]{1,30}:\/\/[^\s"'<>)\]]+/gi,
  /<?(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){0,9}>?/g,
  // Paths; a slash between two words ("read/write") begins none.
  /(?<![\p{L}\p{N}_*<])(?:[A-Za-z]:|\.{1,2}|~)?[/\\][^\s"'<>(),;:]+/gu,
  // Addresses of IPv6: hex digits between at least two colons.
  /\[?(?<![\w:])(?=[\da-f:.]{0,45}:[\da-f:.]{0,45}:)[\da-f:]{2,39}(?:[\d.]{7,15})?(?![\w:])\]?/gi,
  // Hosts with a port; the port says that it is one.
  /(?<![\w.-])[a-z][\w-]{0,62}(?:\.[\w-]{1,63}){0,9}:\d{1,5}(?!\w)/gi,
  // Words with a digit: numbers with their units, ids, versions, dates, addresses of IPv4.
  /[\p{L}_-]*\p{N}[\p{L}\p{N}_-]*/gu,
  // Hex digits that happen to be letters alone.
  /(?<![\w])[a-f]{8,}(?!\w)/gi,
]

/** Several in a row, a list or a dotted number, are as many as there happened to be. */
const SEVERAL = /\*(?:[\s.,:;/+()[\]{}|=-]{0,3}\*)+/g

/**
 * What errors of one kind have in common: the message without numbers, ids, hex digits, quoted text, paths and
 * addresses. For people: 'connect ECONNREFUSED *'.
 */
export const errorPattern = (message: string): string => {
  let text = message.slice(0, MESSAGE_LENGTH_MAX)
  for (const variable of VARIABLE) text = text.replace(variable, ANY)
  return clip(text.replace(/\s+/g, ' ').replace(SEVERAL, ANY).trim(), PATTERN_LENGTH_MAX)
}

/**
 * A short, stable name for the kind of an error: 12 hex digits of a digest of its name, its code and the pattern of its
 * message. The same in every process and on every engine; the stack does not count, because a deploy changes it.
 */
export const fingerprintOf = ({ name, code, message }: Omit<JobError, 'stack'>): string =>
  createHash('sha256')
    .update(`${name}\0${code ?? ''}\0${errorPattern(message)}`)
    .digest('hex')
    .slice(0, FINGERPRINT_LENGTH)

/** Whether a text looks like a fingerprint. */
export const isFingerprint = (text: string): boolean => /^[\da-f]{12}$/.test(text)

/** The error that a job ended with, or is retried for; one that was declared dead without an error says its reason. */
export const errorOfJob = ({ error, reason }: Pick<JobRecord, 'error' | 'reason'>): JobError =>
  error === null
    ? { name: 'NoError', message: reason ?? 'no reason was given' }
    : (JSON.parse(error) as JobError)
