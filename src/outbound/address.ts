import { isIPv4, isIPv6 } from 'node:net'

/** An address as a number of 32 or 128 bits. */
export interface Address {
  readonly family: 4 | 6
  readonly value: bigint
}

/** Addresses that begin with the same `bits` bits. */
export interface Range extends Address {
  readonly bits: number
}

/**
 * An address as DNS and URL parsers write it: four decimal numbers, or IPv6 without brackets. Null for anything else,
 * a zone (`fe80::1%eth0`) included: what one machine calls an interface, another does not.
 */
export const parseAddress = (text: string): Address | null => {
  if (isIPv4(text)) return { family: 4, value: decimals(text) }
  if (!isIPv6(text) || text.includes('%')) return null
  const [head = '', tail] = withoutDots(text).split('::')
  const before = groups(head)
  const after = groups(tail ?? '')
  const zeros = tail === undefined ? [] : Array<bigint>(8 - before.length - after.length).fill(0n)
  const value = [...before, ...zeros, ...after].reduce((sum, group) => (sum << 16n) | group, 0n)
  return { family: 6, value }
}

const decimals = (text: string): bigint =>
  text.split('.').reduce((sum, part) => (sum << 8n) | BigInt(part), 0n)

/** The last 32 bits may be written as an IPv4 address. */
const withoutDots = (text: string): string =>
  text.replace(/[\d.]+\.[\d.]+$/, (dotted) => {
    const value = decimals(dotted)
    return `${(value >> 16n).toString(16)}:${(value & 0xffffn).toString(16)}`
  })

const groups = (text: string): bigint[] =>
  text === '' ? [] : text.split(':').map((group) => BigInt(`0x${group}`))

/** `10.0.0.0/8`, `fd00::/8`, or one address. Null when it is neither, or when bits beyond the prefix are set. */
export const parseRange = (text: string): Range | null => {
  const [, base = '', length] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? []
  const address = parseAddress(base)
  if (address === null) return null
  const all = address.family === 4 ? 32 : 128
  const bits = length === undefined ? all : Number(length)
  if (bits > all || (address.value & ((1n << BigInt(all - bits)) - 1n)) !== 0n) return null
  return { ...address, bits }
}

export const isWithin = ({ family, value }: Address, range: Range): boolean => {
  if (family !== range.family) return false
  const rest = BigInt((family === 4 ? 32 : 128) - range.bits)
  return value >> rest === range.value >> rest
}
