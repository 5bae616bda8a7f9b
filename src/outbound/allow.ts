import { PosthasteError } from '../core/errors.ts'
import { shown } from '../core/text.ts'
import { type Address, isWithin, parseAddress, parseRange, type Range } from './address.ts'
import { PORTS } from './limits.ts'
import { specialty } from './special.ts'

/** One line of the list of targets that an operator allows. */
interface Rule {
  /** Which addresses, one name whatever it resolves to, or every public address. */
  readonly target: Range | string | 'public'
  /** Null: every port. */
  readonly ports: ReadonlySet<number> | null
}

export interface Target {
  /** As the URL has it, without brackets. */
  readonly hostname: string
  readonly port: number
  readonly address: string
}

/** Why a target must not be called; null: it may be. */
export type Policy = (target: Target) => string | null

const ENTRY = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d{1,5}|\*))?$/
const HOST = /^(?=.{1,253}$)[a-z\d_](?:[a-z\d_-]{0,62})(?:\.[a-z\d_-]{1,63})*$/

/**
 * Public addresses on ports 80 and 443, and what the entries allow beyond that: `HOST[:PORT]`, `ADDRESS[:PORT]`,
 * `RANGE[:PORT]` such as `10.0.0.0/8` (IPv6 in brackets), and `*:PORT` for public addresses on another port. Without a
 * port, an entry means 80 and 443; `:*` means all.
 * @throws E_CONFIG naming the entry
 */
export const policyOf = (entries: readonly string[]): Policy => {
  const rules: Rule[] = [{ target: 'public', ports: PORTS }, ...entries.map(parseEntry)]
  return ({ hostname, port, address: text }) => {
    const address = parseAddress(text)
    if (address === null) return `${shown(text)} is no address that can be checked`
    const special = specialty(address)
    const fits = rules.filter(({ target }) =>
      isMeant(target, { hostname, address, isPublic: special === null }),
    )
    if (fits.some(({ ports }) => ports?.has(port) ?? true)) return null
    return special !== null && fits.length === 0
      ? `${text} is not a public address (${special})`
      : `port ${port} is not allowed`
  }
}

const isMeant = (
  target: Rule['target'],
  { hostname, address, isPublic }: { hostname: string; address: Address; isPublic: boolean },
): boolean => {
  if (target === 'public') return isPublic
  return typeof target === 'string' ? target === nameOf(hostname) : isWithin(address, target)
}

/** Names are compared without the dot at their end. */
const nameOf = (hostname: string): string => hostname.toLowerCase().replace(/\.$/, '')

const parseEntry = (entry: string): Rule => {
  const [, bracketed, plain, port] = ENTRY.exec(entry.trim()) ?? []
  const ports = port === undefined ? PORTS : port === '*' ? null : new Set([Number(port)])
  const target = plain === '*' && port !== undefined ? 'public' : targetOf(bracketed ?? plain ?? '')
  if (target === null || [...(ports ?? [])].some((one) => one < 1 || one > 65_535)) {
    throw new PosthasteError(
      'E_CONFIG',
      `httpAllow has ${shown(entry)}, which is no HOST:PORT, 10.0.0.0/8, [fd00::/8]:8080 or *:8080.`,
      { field: 'httpAllow' },
    )
  }
  return { target, ports }
}

const targetOf = (text: string): Range | string | null => {
  const range = parseRange(text)
  if (range !== null) return range
  const name = nameOf(text)
  // What ends in a number is an address in a URL, or nothing.
  return HOST.test(name) && !/(?:^|\.)(?:\d+|0x[\da-f]*)$/.test(name) && name !== 'public' ? name : null
}
