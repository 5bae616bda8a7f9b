import { connect, createServer, type Socket } from 'node:net'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { seeded } from '../campaigns/random.ts'
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts'

/** What one end of a connection saw. */
interface End {
  readonly socket: Socket
  /** The pieces as they came. */
  readonly pieces: string[]
  text(): string
  /** How it ended, if it did. */
  over: 'open' | 'end' | 'reset'
}

const watch = (socket: Socket): End => {
  const pieces: string[] = []
  const end: End = { socket, pieces, text: () => pieces.join(''), over: 'open' }
  socket.setNoDelay(true)
  socket.on('data', (data) => pieces.push(data.toString()))
  socket.on('end', () => {
    if (end.over === 'open') end.over = 'end'
  })
  socket.on('error', (error: Error & { code?: string }) => {
    if (error.code === 'ECONNRESET') end.over = 'reset'
  })
  return end
}

const until = async (condition: () => boolean, what: string): Promise<void> => {
  const deadline = performance.now() + 10_000
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`In vain: ${what}.`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

const servers: End[] = []
let proxy: FaultProxy
beforeEach(async () => {
  servers.length = 0
  const server = createServer({ allowHalfOpen: true }, (socket) => servers.push(watch(socket)))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const started = await startFaultProxy(typeof address === 'object' ? (address?.port ?? 0) : 0, 7)
  proxy = started
  onTestFinished(async () => {
    await started.close()
    for (const { socket } of servers) socket.destroy()
    server.close()
  })
})

/** A new connection: the client's end and the server's. */
const join = async (): Promise<[client: End, server: End]> => {
  const before = servers.length
  const client = watch(connect({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true }))
  onTestFinished(() => void client.socket.destroy())
  await until(() => servers.length > before, 'a connection')
  return [client, servers[before] as End]
}

describe('a sound line', () => {
  it('passes everything in both directions, in order, and the end of each side alone', async () => {
    const [client, server] = await join()
    const text = 'x'.repeat(1_000_000)
    client.socket.write(text)
    await until(() => server.text().length === text.length, 'everything that was said')
    client.socket.end()
    await until(() => server.over === 'end', 'the end of the client')
    server.socket.end('answer')
    await until(() => client.text() === 'answer' && client.over === 'end', 'the answer and its end')
    await until(() => proxy.connections().length === 0, 'that nothing is left')
  })

  it('passes a reset', async () => {
    const [client, server] = await join()
    server.socket.resetAndDestroy()
    await until(() => client.over === 'reset', 'the reset')
  })
})

describe('weather', () => {
  it('delays what is said, and keeps its order under jitter', async () => {
    const [client, server] = await join()
    proxy.set({ up: { delayMs: 30, jitterMs: 30 } })
    const from = performance.now()
    for (let n = 0; n < 10; n++) {
      client.socket.write(`${n} `)
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    await until(() => server.text() === '0 1 2 3 4 5 6 7 8 9 ', 'all of it')
    expect(performance.now() - from).toBeGreaterThanOrEqual(30)
  })

  it('cuts what is said into bytes, or into ragged pieces', async () => {
    const [client, server] = await join()
    proxy.set({ up: { pieceBytes: 1 }, down: { pieceBytes: 7, ragged: true } })
    client.socket.write('byte by byte')
    await until(() => server.text() === 'byte by byte', 'all of it')
    expect(server.pieces.length).toBeGreaterThan(3)
    const text = 'in ragged pieces '.repeat(20)
    server.socket.write(text)
    await until(() => client.text() === text, 'all of it')
    expect(client.pieces.length).toBeGreaterThan(10)
  })

  it('loses one direction and not the other, and passes nothing behind a gap', async () => {
    const [client, server] = await join()
    const [unharmed, other] = await join()
    proxy.set({ up: { flow: 'lose' } })
    client.socket.write('lost')
    server.socket.write('heard')
    await until(() => client.text() === 'heard', 'what was said the other way')
    await proxy.heal()
    client.socket.end('behind the gap')
    unharmed.socket.write('never lost anything')
    await until(() => other.text() === 'never lost anything', 'what was said on another connection')
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect([server.text(), server.over]).toEqual(['', 'open'])
  })

  it('accepts connections into a black hole, and tells no end of any', async () => {
    const [client, server] = await join()
    proxy.set({ up: { flow: 'lose' }, down: { flow: 'lose' } })
    client.socket.destroy()
    const [late] = await join()
    late.socket.write('into the hole')
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(server.over).toBe('open')
    expect(servers[1]?.text()).toBe('')
  })

  it('holds what is said, and delivers it when it is healed', async () => {
    const [client, server] = await join()
    proxy.set({ up: { flow: 'hold' } })
    client.socket.write('late')
    client.socket.end()
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect([server.text(), server.over]).toEqual(['', 'open'])
    await proxy.heal()
    await until(() => server.text() === 'late' && server.over === 'end', 'what was held, and the end')
  })

  it('reads slowly, so that a sender feels it', async () => {
    const [client, server] = await join()
    proxy.set({ down: { bytesPerSecond: 20_000 } })
    let isFull = false
    for (let n = 0; n < 2_000 && !isFull; n++) isFull = !server.socket.write('x'.repeat(65_536))
    expect(isFull).toBe(true)
    await until(() => client.text().length > 2_000, 'some of it')
    expect(client.text().length).toBeLessThan(65_536)
    expect(server.socket.writableLength).toBeGreaterThan(0)
  })
})

describe('breaks', () => {
  it('resets or ends all connections, or one', async () => {
    const [one] = await join()
    const [two] = await join()
    proxy.connections()[0]?.stop('reset')
    await until(() => one.over === 'reset', 'the reset')
    expect(two.over).toBe('open')
    proxy.stop('end')
    await until(() => two.over === 'end', 'the end')
  })

  it('ends a reply in its midst', async () => {
    const [client, server] = await join()
    proxy.truncate(5, 'end')
    server.socket.write('a long reply')
    await until(() => client.over === 'end', 'the end')
    expect(client.text()).toBe('a lon')
    const [other, again] = await join()
    again.socket.write('another')
    await until(() => other.over === 'end', 'the end of the next')
    expect(other.text()).toBe('anoth')
  })

  it('refuses connections, and takes them at the same port when it is healed', async () => {
    const [client, server] = await join()
    await proxy.refuse()
    const refused = connect({ port: proxy.port, host: '127.0.0.1' })
    const code = await new Promise((resolve) =>
      refused.once('error', (error: Error & { code?: string }) => resolve(error.code)),
    )
    expect(code).toBe('ECONNREFUSED')
    client.socket.write('still there')
    await until(() => server.text() === 'still there', 'what is said on an open connection')
    await proxy.heal()
    const [other] = await join()
    expect(other.over).toBe('open')
    expect(proxy.accepted()).toBe(2)
  })

  it('one connection may have a weather of its own', async () => {
    const [one, first] = await join()
    const [two, second] = await join()
    proxy.connections()[0]?.set({ up: { flow: 'hold' } })
    one.socket.write('held')
    two.socket.write('passed')
    await until(() => second.text() === 'passed', 'what was said on the other')
    expect(first.text()).toBe('')
    proxy.connections()[0]?.heal()
    await until(() => first.text() === 'held', 'what was held')
  })
})

it('chance is that of the seed', () => {
  const draw = (seed: number) => {
    const random = seeded(seed)
    return [random.next(), random.between(1, 100), random.shuffle([1, 2, 3, 4, 5])]
  }
  expect(draw(5)).toEqual(draw(5))
  expect(draw(5)).not.toEqual(draw(6))
})
