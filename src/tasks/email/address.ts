import { domainToASCII } from 'node:url'
import {
  ADDRESS_BYTES_MAX,
  DISPLAY_NAME_LENGTH_MAX,
  DOMAIN_LABEL_LENGTH_MAX,
  LOCAL_PART_BYTES_MAX,
} from './limits.ts'
import { firstUnsafe, hasUnsafeInAddress, quote, utf8Length } from './text.ts'

/**
 * One mailbox and nothing else. A mail library reads `u@x, evil@y` as two recipients and a line break inside an
 * address as the begin of another header, so nothing that is not exactly one plain address passes here. Quoted local
 * parts, comments, groups and address literals are legal mail but mostly attacks, and are refused as well.
 */
export interface Mailbox {
  /** Display name, or ''. */
  readonly name: string
  /** local@domain; the domain in lower-case ASCII. */
  readonly address: string
}

export interface ParsedAddress extends Mailbox {
  /** A non-ASCII local part: the mail server must offer SMTPUTF8. */
  readonly needsSmtpUtf8: boolean
}

/** What is wrong with an address. The message completes "…: " after the name of the field. */
export class AddressError extends Error {
  override readonly name = 'AddressError'
}

const refuse = (why: string): never => {
  throw new AddressError(why)
}

/** RFC 5322 atext, and any other code point beyond ASCII; UNSAFE_IN_ADDRESS has removed the harmful ones of those. */
const LOCAL_ATOM = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u{80}-\u{10FFFF}-]+$/u
const LABEL = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/
const ASCII_DOMAIN = /^[A-Za-z0-9.-]*$/

/**
 * Reads `a@b.example` or `Name <a@b.example>` or `"Name, with comma" <a@b.example>`.
 * @throws AddressError when it is not exactly one mailbox.
 */
export function parseAddress(text: string): ParsedAddress {
  const unsafe = firstUnsafe(text)
  if (unsafe !== undefined) return refuse(`${quote(text)} contains the control character ${unsafe}`)
  if (text.length > ADDRESS_BYTES_MAX + DISPLAY_NAME_LENGTH_MAX + 8)
    return refuse('is too long for one address')
  const trimmed = text.trim()
  if (!trimmed.endsWith('>')) return checkAddress(trimmed, '')
  // A display name may hold '<' only inside quotes, an address never: the last one opens it.
  const open = trimmed.lastIndexOf('<')
  if (open < 0) return refuse(`${quote(text)} has ">" without "<"`)
  return checkAddress(trimmed.slice(open + 1, -1), readName(trimmed.slice(0, open).trim(), text))
}

/** Checks a bare address with a display name given apart, as in `{ name, address }`. */
export function checkAddress(address: string, name: string): ParsedAddress {
  if (address === '') return refuse('is empty')
  if (utf8Length(address) > ADDRESS_BYTES_MAX) return refuse(`is longer than ${ADDRESS_BYTES_MAX} bytes`)
  if (/[,;]/.test(address))
    return refuse(`${quote(address)} looks like several addresses; give them as an array`)
  if (hasUnsafeInAddress(address))
    return refuse(`${quote(address)} contains a space or an invisible character`)
  const at = address.lastIndexOf('@')
  if (at < 0) return refuse(`${quote(address)} has no "@"`)
  const local = checkLocalPart(address.slice(0, at), address)
  const domain = checkDomain(address.slice(at + 1), address)
  if (utf8Length(local) + 1 + domain.length > ADDRESS_BYTES_MAX) {
    return refuse(`is longer than ${ADDRESS_BYTES_MAX} bytes once its domain is written in ASCII`)
  }
  return { name: checkName(name), address: `${local}@${domain}`, needsSmtpUtf8: needsSmtpUtf8(local) }
}

/** Whether an address (already checked) can only be handed to a server that offers SMTPUTF8. */
export const needsSmtpUtf8 = (address: string): boolean => utf8Length(address) !== address.length

function checkLocalPart(local: string, address: string): string {
  if (local === '') return refuse(`${quote(address)} has nothing before "@"`)
  if (utf8Length(local) > LOCAL_PART_BYTES_MAX) {
    return refuse(`has more than ${LOCAL_PART_BYTES_MAX} bytes before "@"`)
  }
  if (local.startsWith('"'))
    return refuse(`${quote(address)} has a quoted part before "@", which is not accepted`)
  for (const atom of local.split('.')) {
    if (atom === '') return refuse(`${quote(address)} has a dot in the wrong place before "@"`)
    if (!LOCAL_ATOM.test(atom))
      return refuse(`${quote(address)} has a character before "@" that is not allowed`)
  }
  return local
}

function checkDomain(given: string, address: string): string {
  if (given.startsWith('['))
    return refuse(`${quote(address)} names a bare network address, which is not accepted`)
  // domainToASCII decodes percent signs and accepts more than names; it only ever sees what is truly international.
  const plain = ASCII_DOMAIN.test(given) ? given : internationalDomain(given, address)
  const domain = plain.toLowerCase()
  const labels = domain.split('.')
  for (const label of labels) {
    if (label.length > DOMAIN_LABEL_LENGTH_MAX) {
      return refuse(`${quote(address)} has a domain label of more than ${DOMAIN_LABEL_LENGTH_MAX} characters`)
    }
    if (!LABEL.test(label)) return refuse(`${quote(address)} has no valid domain after "@"`)
    if (label.startsWith('xn--') && domainToASCII(label) === '') {
      return refuse(`${quote(address)} has an invalid international domain label`)
    }
  }
  // A single label reaches nobody, but localhost is what people write while they develop.
  if (labels.length < 2 && domain !== 'localhost')
    return refuse(`${quote(address)} has a domain without a dot`)
  if (/^[0-9]+$/.test(labels.at(-1) ?? ''))
    return refuse(`${quote(address)} has a number where a domain ends`)
  return domain
}

function internationalDomain(given: string, address: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: this is the ASCII range, to find what ASCII is not allowed here.
  for (const ascii of given.match(/[\x00-\x7f]/g) ?? []) {
    if (!ASCII_DOMAIN.test(ascii)) return refuse(`${quote(address)} has no valid domain after "@"`)
  }
  const domain = domainToASCII(given)
  return ASCII_DOMAIN.test(domain) && domain !== ''
    ? domain
    : refuse(`${quote(address)} has no valid domain after "@"`)
}

/** A display name: quoted, with backslash escapes, or plain words without the characters that structure a list. */
function readName(name: string, text: string): string {
  if (!name.startsWith('"')) {
    if (/["<>,;:@()\\[\]]/.test(name)) {
      return refuse(`${quote(text)} is not one mailbox; put a name with special characters in double quotes`)
    }
    return name
  }
  const inner = /^"((?:[^"\\]|\\.)*)"$/su.exec(name)?.[1]
  return inner === undefined
    ? refuse(`${quote(text)} has an unfinished quoted name`)
    : inner.replace(/\\(.)/gsu, '$1')
}

export function checkName(name: string): string {
  const unsafe = firstUnsafe(name)
  if (unsafe !== undefined) return refuse(`has a name that contains the control character ${unsafe}`)
  if (name.length > DISPLAY_NAME_LENGTH_MAX) {
    return refuse(`has a name of more than ${DISPLAY_NAME_LENGTH_MAX} characters`)
  }
  return name.trim()
}
