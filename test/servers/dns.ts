import { createSocket } from 'node:dgram'
import { promises } from 'node:dns'
import type { AddressInfo } from 'node:net'
import { parseAddress } from '../../src/outbound/address.ts'

const TYPE_A = 1
const TYPE_AAAA = 28
const NAME_ERROR = 3

/** The addresses of a name for the nth question about it, from 0; null: there is no such name. */
export type Zone = (name: string, nth: number) => readonly string[] | null

export interface DnsServer {
  /** What asks it, by UDP, as a resolver of the system would. */
  readonly resolve: (name: string) => Promise<string[]>
  /** Names in the order in which they were asked for; each counts once for A and AAAA together. */
  readonly asked: readonly string[]
  close(): Promise<void>
}

/** A name server on a loopback port whose answers may change from one question to the next. */
export const dnsServer = async (zone: Zone): Promise<DnsServer> => {
  const asked: string[] = []
  const current = new Map<string, readonly string[] | null>()
  const socket = createSocket('udp4')
  socket.on('message', (query, { port, address }) => {
    const { name, type, end } = question(query)
    const fitting = (current.get(name) ?? []).filter((one) => one.includes(':') === (type === TYPE_AAAA))
    const known = current.get(name) !== null
    socket.send(answer(query.subarray(0, end), known ? fitting : null), port, address)
  })
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  const resolver = new promises.Resolver({ timeout: 2_000, tries: 2 })
  resolver.setServers([`127.0.0.1:${(socket.address() as AddressInfo).port}`])
  return {
    asked,
    async resolve(name) {
      current.set(name, zone(name, asked.filter((one) => one === name).length))
      asked.push(name)
      const none = (error: NodeJS.ErrnoException): string[] => {
        if (error.code === 'ENODATA') return []
        throw error
      }
      const found = await Promise.all([
        resolver.resolve4(name).catch(none),
        resolver.resolve6(name).catch(none),
      ])
      return found.flat()
    },
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  }
}

const question = (query: Buffer): { name: string; type: number; end: number } => {
  const labels: string[] = []
  let at = 12
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  return { name: labels.join('.'), type: query.readUInt16BE(at + 1), end: at + 5 }
}

const answer = (query: Buffer, addresses: readonly string[] | null): Buffer => {
  const head = Buffer.from(query)
  head.writeUInt16BE(addresses === null ? 0x8180 | NAME_ERROR : 0x8180, 2)
  head.writeUInt16BE(addresses?.length ?? 0, 6)
  head.writeUInt32BE(0, 8)
  return Buffer.concat([head, ...(addresses ?? []).map(record)])
}

const record = (address: string): Buffer => {
  const parsed = parseAddress(address)
  if (parsed === null) throw new Error(`${address} is no address`)
  const length = parsed.family === 4 ? 4 : 16
  const data = Buffer.from(parsed.value.toString(16).padStart(length * 2, '0'), 'hex')
  const head = Buffer.alloc(12)
  head.writeUInt16BE(0xc00c, 0)
  head.writeUInt16BE(parsed.family === 4 ? TYPE_A : TYPE_AAAA, 2)
  head.writeUInt16BE(1, 4)
  // Nobody may keep it: the next question is answered anew.
  head.writeUInt32BE(0, 6)
  head.writeUInt16BE(length, 10)
  return Buffer.concat([head, data])
}
