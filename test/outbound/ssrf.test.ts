import { createOutbound } from 'posthaste/outbound'
import { describe, expect, onTestFinished, test } from 'vitest'
import { parseAddress } from '../../src/outbound/address.ts'
import { specialty } from '../../src/outbound/special.ts'
import { type DnsServer, dnsServer, type Zone } from '../servers/dns.ts'
import { countSockets, listener } from './lab.ts'
import {
  FORBIDDEN_IPV4,
  FORBIDDEN_IPV6,
  FORBIDDEN_URLS,
  LOOPBACK_NAMES,
  MORE_FORBIDDEN_IPV4,
  PUBLIC,
  spellingsOf,
} from './spellings.ts'

/** Stands for the internet: nothing on this machine, and routed nowhere. */
const ELSEWHERE = '203.0.113.7'

const ZONE: Record<string, readonly string[]> = {
  'public.example': [ELSEWHERE],
  'mixed.example': ['1.1.1.1', '127.0.0.1'],
  'mixed6.example': ['1.1.1.1', '::1'],
  'mapped.example': ['::ffff:127.0.0.1'],
  'nat64.example': ['64:ff9b::7f00:1'],
}
const zone: Zone = (name) => ZONE[name] ?? ['127.0.0.1']

const nameServer = async (answers: Zone): Promise<DnsServer> => {
  const server = await dnsServer(answers)
  onTestFinished(() => server.close())
  return server
}

const hostsOf = (addresses: readonly string[]): string[] =>
  addresses.map((address) => (address.includes(':') ? `[${address}]` : address))
const HOSTS = [
  ...FORBIDDEN_IPV4.flatMap(spellingsOf),
  ...hostsOf([...MORE_FORBIDDEN_IPV4, ...FORBIDDEN_IPV6]),
  ...LOOPBACK_NAMES,
]

describe('what must not be called is not even connected to', () => {
  test('there are enough of them', () => {
    expect(new Set([...HOSTS, ...FORBIDDEN_URLS]).size).toBeGreaterThan(250)
  })

  test('in every spelling of an address or a URL', async () => {
    const server = await listener()
    const { resolve } = await nameServer(zone)
    const outbound = createOutbound({ allow: [`*:${server.port}`, `${ELSEWHERE}:80`], resolve })
    const sockets = countSockets()
    const urls = [
      ...HOSTS.map((host) => `http://${host}:${server.port}/`),
      ...HOSTS.map((host) => `http://${host}/`),
      ...FORBIDDEN_URLS.map((url) => url.replaceAll('PORT', String(server.port))),
    ]
    for (const url of urls) {
      const outcome = await outbound.request({ url, timeoutMs: 5_000 }).then(
        () => 'called',
        ({ code }) => code,
      )
      expect([url, outcome]).toEqual([url, 'E_URL_REFUSED'])
    }
    expect(server.connections).toEqual([])
    expect(sockets.count).toBe(0)
  })

  test('by a redirect to any of them', async () => {
    const targets = [...HOSTS.map((host) => `http://${host}:PORT/`), ...FORBIDDEN_URLS].filter(
      // These are paths on the server itself, as a redirect.
      (url) => !['', '/'].includes(url),
    )
    const server = await listener((request, response) => {
      const target = targets[Number(request.url?.slice(1))]?.replaceAll('PORT', String(server.port)) ?? ''
      response.writeHead(302, { location: encodeLocation(target) }).end()
    })
    const { resolve } = await nameServer(zone)
    const outbound = createOutbound({ allow: [`*:${server.port}`, `127.0.0.2:${server.port}`], resolve })
    for (const [i, target] of targets.entries()) {
      const outcome = await outbound.request({ url: `http://127.0.0.2:${server.port}/${i}` }).then(
        () => 'called',
        ({ code }) => code,
      )
      // A line end cannot stand in a header, and what is a path here is asked of the same server again.
      const isPath = /^(http:)?\/?[^/\\:]*$|^http:\/?1/.test(target)
      expect([target, outcome]).toEqual([target, isPath ? expect.any(String) : 'E_URL_REFUSED'])
    }
    expect(new Set(server.connections)).toEqual(new Set(['127.0.0.2']))
  })

  test('by a redirect to a name that then means another address', async () => {
    const server = await listener((_request, response) =>
      response.writeHead(302, { location: `http://rebind.example:${server.port}/again` }).end(),
    )
    const { resolve, asked } = await nameServer((_name, nth) => [nth === 0 ? '127.0.0.2' : '127.0.0.1'])
    const outbound = createOutbound({ allow: [`127.0.0.2:${server.port}`], resolve })
    const url = `http://rebind.example:${server.port}/`
    await expect(outbound.request({ url })).rejects.toMatchObject({ code: 'E_URL_REFUSED' })
    expect(asked).toHaveLength(2)
    expect(server.connections).toEqual(['127.0.0.2'])
  })

  test('by a name server that changes its mind between check and connection', async () => {
    const server = await listener()
    const { resolve, asked } = await nameServer((_name, nth) => [nth === 0 ? ELSEWHERE : '127.0.0.1'])
    const outbound = createOutbound({ allow: [`${ELSEWHERE}:${server.port}`], resolve })
    const url = `http://rebind.example:${server.port}/`
    await expect(outbound.request({ url, timeoutMs: 300 })).rejects.toMatchObject({
      code: 'E_REQUEST_FAILED',
    })
    expect(asked).toEqual(['rebind.example'])
    await expect(outbound.request({ url })).rejects.toMatchObject({ code: 'E_URL_REFUSED' })
    expect(server.connections).toEqual([])
  })

  test('by a proxy of the environment', async () => {
    const proxy = await listener()
    const server = await listener()
    const names = ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'ALL_PROXY', 'NODE_USE_ENV_PROXY']
    const before = names.map((name) => [name, process.env[name]] as const)
    onTestFinished(() => {
      for (const [name, value] of before) {
        if (value === undefined) delete process.env[name]
        else process.env[name] = value
      }
    })
    for (const name of names) process.env[name] = `http://127.0.0.1:${proxy.port}`
    process.env['NODE_USE_ENV_PROXY'] = '1'
    const outbound = createOutbound({ allow: [`127.0.0.2:${server.port}`] })
    expect((await outbound.request({ url: `http://127.0.0.2:${server.port}/` })).status).toBe(200)
    expect(proxy.connections).toEqual([])
    expect(server.connections).toEqual(['127.0.0.2'])
  })
})

test('the listener would have seen it', async () => {
  const server = await listener()
  const sockets = countSockets()
  const outbound = createOutbound({ allow: [`127.0.0.1:${server.port}`] })
  for (const host of spellingsOf('127.0.0.1').slice(0, 17)) {
    const response = await outbound.request({ url: `http://${host}:${server.port}/` })
    expect([host, (await response.bytes()).toString()]).toEqual([host, 'reached'])
  }
  expect(server.connections).toHaveLength(17)
  expect(sockets.count).toBe(17)
})

describe('addresses', () => {
  test('that are special are known, and their neighbours are public', () => {
    const said = (addresses: readonly string[]) =>
      addresses.filter((address) => {
        const parsed = parseAddress(address)
        return parsed !== null && specialty(parsed) === null
      })
    expect(said([...FORBIDDEN_IPV4, ...MORE_FORBIDDEN_IPV4, ...FORBIDDEN_IPV6])).toEqual([])
    expect(said(PUBLIC)).toEqual(PUBLIC)
  })

  test('are read as they are written', () => {
    expect(parseAddress('1.2.3.4')).toEqual({ family: 4, value: 0x01020304n })
    expect(parseAddress('2001:db8::1:0:2')?.value).toBe(0x20010db8000000000000000100000002n)
    expect(parseAddress('::ffff:1.2.3.4')?.value).toBe(0xffff01020304n)
    expect(parseAddress('1:2:3:4:5:6:7:8')?.value).toBe(0x00010002000300040005000600070008n)
    expect(parseAddress('1::')?.value).toBe(1n << 112n)
    for (const wrong of [
      '',
      '1.2.3',
      '01.2.3.4',
      'fe80::1%eth0',
      '[::1]',
      ':::',
      '1::2::3',
      'x',
      '0x7f000001',
    ]) {
      expect([wrong, parseAddress(wrong)]).toEqual([wrong, null])
    }
  })
})

/** As a server would have to write it. */
const encodeLocation = (url: string): string =>
  Buffer.from(url.replace(/[\r\n]/g, ''), 'utf8').toString('latin1')
