import { BlockList } from 'node:net'
import { expect, test } from 'vitest'
import { parseAddress } from '../../src/outbound/address.ts'
import { policyOf } from '../../src/outbound/allow.ts'
import { checkTarget, checkUrl } from '../../src/outbound/target.ts'
import { spellingsOf } from './spellings.ts'

/** Another classifier: Node.js's own block list, with IANA's registries written down a second time.
 * One for each family: to a single one, an IPv4 address is also a mapped IPv6 address. */
const forbidden4 = new BlockList()
const forbidden6 = new BlockList()
for (const range of `0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24
  192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 192.168.0.0/16 192.175.48.0/24 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24
  224.0.0.0/4 240.0.0.0/4`.split(/\s+/)) {
  const [base = '', bits] = range.split('/')
  forbidden4.addSubnet(base, Number(bits), 'ipv4')
}
for (const range of `::/3 4000::/2 8000::/1 2001::/23 2001:db8::/32 2002::/16 2620:4f:8000::/48 3fff::/20`.split(
  ' ',
)) {
  const [base = '', bits] = range.split('/')
  forbidden6.addSubnet(base, Number(bits), 'ipv6')
}

/** Mulberry32: the same numbers for the same seed. */
const randomOf = (seed: number) => () => {
  seed = (seed + 0x6d2b79f5) | 0
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
}
const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 1_000_000)
const random = randomOf(seed)
const below = (max: number): number => Math.floor(random() * max)

/** Half of them close to a border of a special range. */
const FIRST = [0, 9, 10, 11, 100, 126, 127, 128, 169, 172, 192, 198, 203, 223, 224, 239, 240, 255]
const SECOND = [0, 15, 16, 18, 19, 20, 31, 32, 51, 52, 63, 64, 88, 127, 128, 167, 168, 169, 175, 254, 255]
const THIRD = [0, 1, 2, 3, 48, 99, 100, 113, 193, 196, 254, 255]
const pick = (from: readonly number[]): number =>
  random() < 0.7 ? (from[below(from.length)] ?? 0) : below(256)
const ipv4 = (): string => [pick(FIRST), pick(SECOND), pick(THIRD), below(256)].join('.')

const HEADS = [
  '0',
  '64:ff9b',
  '100',
  '2000',
  '2001',
  '2001:db8',
  '2001:1',
  '2001:200',
  '2002',
  '2003',
  '2620:4f',
]
const MORE_HEADS = [
  '3ffe',
  '3fff',
  '3fff:fff',
  '4000',
  '5f00',
  'fc00',
  'fe80',
  'fec0',
  'ff02',
  '2620:4f:8000',
]
const ipv6 = (): string => {
  const heads = [...HEADS, ...MORE_HEADS]
  const head = random() < 0.7 ? (heads[below(heads.length)] ?? '') : below(65_536).toString(16)
  const groups = head.split(':')
  while (groups.length < 8) groups.push(random() < 0.5 ? '0' : below(65_536).toString(16))
  const written = groups.map((group) => (random() < 0.3 ? group.padStart(4, '0') : group))
  const text = written.join(':')
  const short = random() < 0.5 ? text.replace(/(?:^|:)0(?::0)+(?::|$)/, '::') : text
  return random() < 0.3 ? short.toUpperCase() : short
}

/** How many; the whole takes a few seconds. */
const ROUNDS = 5_000
const policy = policyOf([])
const none = () => Promise.reject(new Error('an address is not resolved'))

test(`an independent classifier says the same about every spelling (FUZZ_SEED=${seed})`, async () => {
  const wrong: string[] = []
  let checked = 0
  let refused = 0
  const compare = async (host: string, isForbidden: boolean): Promise<void> => {
    checked += 1
    const verdict = await Promise.resolve(`http://${host}/`)
      .then((url) => checkTarget(checkUrl(url), policy, none))
      .then(
        () => false,
        ({ code }) => code === 'E_URL_REFUSED',
      )
    if (verdict) refused += 1
    if (verdict !== isForbidden) wrong.push(`${host}: ${verdict ? 'refused' : 'let through'}`)
  }
  for (let round = 0; round < ROUNDS; round++) {
    const four = ipv4()
    const isForbidden = forbidden4.check(four, 'ipv4')
    for (const host of spellingsOf(four)) {
      // Within IPv6, no spelling of an IPv4 address is an ordinary address.
      await compare(host, host.startsWith('[') || isForbidden)
    }
    for (let i = 0; i < 4; i++) {
      const six = ipv6()
      await compare(`[${six}]`, forbidden6.check(six, 'ipv6'))
    }
  }
  expect(wrong.slice(0, 10)).toEqual([])
  expect(checked).toBeGreaterThan(140_000)
  // Neither all nor nothing.
  expect(refused / checked).toBeGreaterThan(0.3)
  expect(refused / checked).toBeLessThan(0.95)
})

test(`addresses are read as Node.js reads them (FUZZ_SEED=${seed})`, () => {
  for (let round = 0; round < 20_000; round++) {
    const text = random() < 0.5 ? ipv4() : ipv6()
    const parsed = parseAddress(text)
    const one = new BlockList()
    one.addAddress(text, text.includes(':') ? 'ipv6' : 'ipv4')
    const digits = (parsed?.value ?? 0n).toString(16)
    const again =
      parsed?.family === 4
        ? (Buffer.from(digits.padStart(8, '0'), 'hex').join('.') as string)
        : (digits.padStart(32, '0').match(/.{4}/g) ?? []).join(':')
    expect([text, one.check(again, parsed?.family === 4 ? 'ipv4' : 'ipv6')]).toEqual([text, true])
  }
})
