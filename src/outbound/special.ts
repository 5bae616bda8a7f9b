import { type Address, isWithin, parseRange, type Range } from './address.ts'

/**
 * The addresses that are not simply somebody's server on the internet, from IANA's registries of special-purpose
 * addresses, with multicast. Some of them are reachable from everywhere (anycast of AS112, NAT64); a job has no business
 * there, and several lead back into the own network by another spelling.
 */
const SPECIAL_IPV4: readonly (readonly [range: string, what: string])[] = [
  ['0.0.0.0/8', 'this network'],
  ['10.0.0.0/8', 'private'],
  ['100.64.0.0/10', 'shared by a carrier'],
  ['127.0.0.0/8', 'loopback'],
  ['169.254.0.0/16', 'link-local'],
  ['172.16.0.0/12', 'private'],
  ['192.0.0.0/24', 'protocol assignments'],
  ['192.0.2.0/24', 'documentation'],
  ['192.31.196.0/24', 'AS112'],
  ['192.52.193.0/24', 'multicast relays'],
  ['192.88.99.0/24', '6to4 relays'],
  ['192.168.0.0/16', 'private'],
  ['192.175.48.0/24', 'AS112'],
  ['198.18.0.0/15', 'benchmarks'],
  ['198.51.100.0/24', 'documentation'],
  ['203.0.113.0/24', 'documentation'],
  ['224.0.0.0/4', 'multicast'],
  ['240.0.0.0/4', 'reserved'],
]

/** Within 2000::/3. Everything outside it is special: loopback, mapped IPv4, NAT64, private, link-local, multicast. */
const GLOBAL_IPV6 = '2000::/3'
const SPECIAL_IPV6: readonly (readonly [range: string, what: string])[] = [
  ['2001::/23', 'protocol assignments (Teredo, benchmarks, ORCHID)'],
  ['2001:db8::/32', 'documentation'],
  ['2002::/16', '6to4'],
  ['2620:4f:8000::/48', 'AS112'],
  ['3fff::/20', 'documentation'],
]

const range = (text: string): Range => {
  const parsed = parseRange(text)
  if (parsed === null) throw new TypeError(`${text} is no range of addresses.`)
  return parsed
}
const SPECIAL = [...SPECIAL_IPV4, ...SPECIAL_IPV6].map(([text, what]) => ({ range: range(text), what }))
const GLOBAL = range(GLOBAL_IPV6)

/** What is special about an address, in a word for people; null: it is global unicast, an ordinary public address. */
export const specialty = (address: Address): string | null => {
  if (address.family === 6 && !isWithin(address, GLOBAL)) return 'not global unicast'
  return SPECIAL.find((special) => isWithin(address, special.range))?.what ?? null
}
