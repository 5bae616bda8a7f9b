import { createServer } from 'node:net'
import { describe, expect, it } from 'vitest'
import { createRedisEngine } from '../../../src/engines/redis/index.ts'
import { newRedisUrl } from '../../servers/redis.ts'
import { newJob, openClient, openEngine, startProxy, startServer } from './lab.ts'

/** How an engine refuses to open. */
const refusal = async (url: string): Promise<{ code: string; message: string }> => {
  const engine = createRedisEngine({ url, openTimeoutMs: 2_000 })
  try {
    await engine.open()
  } catch (error) {
    return error as { code: string; message: string }
  }
  await engine.close()
  throw new Error('it opened')
}

/** One clear line: the code, what it says, and that it keeps the password to itself. */
const expectRefusal = async (url: string, code: string, says: RegExp): Promise<void> => {
  const { code: found, message } = await refusal(url)
  expect([found, message]).toEqual([code, expect.stringMatching(says)])
  expect(message).not.toContain('\n')
  expect(message).not.toContain('s3cret')
}

describe('opening an installation in Redis', () => {
  it('opens it again as it was, and tells what the server is', async () => {
    const url = newRedisUrl()
    const engine = await openEngine(url)
    const job = newJob()
    await engine.insert([job])
    await engine.close()
    const again = await openEngine(url)
    expect((await again.get([job.id]))[0]?.state).toBe('ready')
    expect(again.info()).toMatchObject({ kind: 'redis', schemaVersion: 2, callerTransactions: false })
    expect(again.info().version).toMatch(/^\d+\.\d+/)
  })

  it('keeps installations of different prefixes and databases apart, all keys in one slot', async () => {
    const server = await startServer()
    const urls = [server.url, `${server.url}/1`, `${server.url}?prefix=other`]
    for (const url of urls) await (await openEngine(url)).insert([newJob({ key: 'k', ref: 'r' })])
    for (const url of urls) expect((await (await openEngine(url)).counts())[0]?.count).toBe(1)
    const keys = await openClient(server.url).keys('*')
    expect(keys.length).toBeGreaterThan(10)
    expect(keys.filter((key) => !/^\{(posthaste|other)\}:/.test(key))).toEqual([])
  })

  it('is refused when the password is wrong or missing, and works with the right one', async () => {
    const server = await startServer({ requirepass: 's3cret p@ss' })
    const at = server.url.replace('redis://', '')
    await expectRefusal(`redis://:s3cretwrong@${at}`, 'E_STORE_OPEN', /refuses the user or the password/)
    await expectRefusal(`redis://${at}`, 'E_STORE_OPEN', /refuses the user or the password/)
    const engine = await openEngine(`redis://:s3cret%20p%40ss@${at}`)
    expect(JSON.stringify(engine.info())).not.toContain('s3cret')
  })

  it('is refused when nobody listens, when nobody answers, and when the host has no address', async () => {
    const silent = createServer((socket) => socket.resume())
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const { port } = silent.address() as { port: number }
    await expectRefusal(`redis://:s3cret@127.0.0.1:${port}`, 'E_STORE_OPEN', /cannot be reached/)
    await new Promise((resolve) => silent.close(resolve))
    await expectRefusal(
      `redis://:s3cret@127.0.0.1:${port}`,
      'E_STORE_OPEN',
      /cannot be reached.*ECONNREFUSED/,
    )
    await expectRefusal('redis://:s3cret@no.such.host.invalid', 'E_STORE_OPEN', /cannot be reached/)
  })

  it('is refused when the server is older than 6.2', async () => {
    const server = await startServer()
    const proxy = await startProxy(server.port, (data) =>
      Buffer.from(
        data
          .toString('latin1')
          .replace(/redis_version:[\d.]+/, (found) =>
            'redis_version:6.0.20'.padEnd(found.length, '0').slice(0, found.length),
          ),
        'latin1',
      ),
    )
    await expectRefusal(proxy.url, 'E_STORE_VERSION', /is Redis 6\.0.*Redis 6\.2 .* oldest/)
  })

  it('is refused when the server may evict jobs, and says how to set it', async () => {
    const server = await startServer({ 'maxmemory-policy': 'allkeys-lru' })
    await expectRefusal(server.url, 'E_STORE_EVICTS', /allkeys-lru.*CONFIG SET maxmemory-policy noeviction/)
    await openClient(server.url).config('SET', 'maxmemory-policy', 'noeviction')
    await openEngine(server.url)
  })

  it('is refused on a replica', async () => {
    const primary = await startServer()
    const replica = await startServer({ replicaof: `127.0.0.1 ${primary.port}` })
    await expectRefusal(replica.url, 'E_STORE_READ_ONLY', /is a replica/)
  })

  it('is refused when the layout is newer, or the keys are not ours', async () => {
    const server = await startServer()
    const client = openClient(server.url)
    await client.set('{posthaste}:schema', '99')
    await expectRefusal(server.url, 'E_STORE_NEWER', /layout 99/)
    await client.set('{posthaste}:schema', 'theirs')
    await expectRefusal(server.url, 'E_STORE_FOREIGN', /belong to another application/)
    await client.del('{posthaste}:schema')
    await client.lpush('{posthaste}:schema', 'theirs')
    await expectRefusal(server.url, 'E_STORE_FOREIGN', /belong to another application/)
    expect(await client.keys('*')).toEqual(['{posthaste}:schema'])
  })

  it('is refused by a cluster node that does not hold the keys', async () => {
    const server = await startServer({ 'cluster-enabled': 'yes', 'cluster-config-file': 'nodes.conf' })
    await expectRefusal(server.url, 'E_STORE_OPEN', /cluster/)
  })

  it('works for a user who may use its keys and its channel alone', async () => {
    const server = await startServer()
    const client = openClient(server.url)
    const rights = ['~{posthaste}:*', '&{posthaste}:*', '+@all', '-@admin', '-@dangerous', '+info']
    await client.acl('SETUSER', 'jobs', 'on', '>s3cret', ...rights)
    const engine = await openEngine(server.url.replace('redis://', 'redis://jobs:s3cret@'))
    await engine.listen(() => {})
    await engine.insert([newJob()])
    expect((await engine.counts())[0]?.count).toBe(1)
    await client.acl('SETUSER', 'other', 'on', '>s3cret', '+@all', '~other:*')
    await expectRefusal(server.url.replace('redis://', 'redis://other:s3cret@'), 'E_STORE_OPEN', /may not do/)
  })

  it('makes its connections like a client of the user, and leaves that one alone', async () => {
    const server = await startServer({ requirepass: 's3cret' })
    const client = openClient(`${server.url.replace('redis://', 'redis://:s3cret@')}/2`)
    client.options.keyPrefix = 'theirs:'
    const engine = createRedisEngine({ client, prefix: 'mine' })
    await engine.open()
    await engine.insert([newJob()])
    expect(engine.info().location).toBe(`${server.url}/2?prefix=mine`)
    await engine.close()
    expect(await client.ping()).toBe('PONG')
    client.options.keyPrefix = ''
    expect(await client.exists('{mine}:schema')).toBe(1)
    expect(() => createRedisEngine({ client: { options: {} } })).toThrow(/must be one of ioredis/)
    expect(() => createRedisEngine({ client, prefix: '{}' })).toThrow(/prefix must be/)
    expect(() => createRedisEngine({})).toThrow(/URL cannot be read/)
  })

  it('takes an address from a host alone', async () => {
    const engine = createRedisEngine({ url: 'redis://example.com' })
    expect(engine.info().location).toBe('redis://example.com:6379/0')
    await engine.close()
  })
})

describe('what survives', () => {
  it.each([
    [{}, 'none', undefined],
    [{ appendonly: 'yes', appendfsync: 'no' }, 'process', undefined],
    [{ appendonly: 'yes', appendfsync: 'everysec' }, 'process', 1_000],
    [{ appendonly: 'yes', appendfsync: 'always' }, 'system', undefined],
  ])('is read from the server: %j', async (settings, durability, lossMs) => {
    const server = await startServer(settings)
    const info = (await openEngine(server.url)).info()
    expect([info.durability, info.lossMs]).toEqual([durability, lossMs])
  })

  it('is read again after the server was started anew', async () => {
    const server = await startServer({ appendonly: 'yes', appendfsync: 'always' })
    const engine = await openEngine(server.url)
    expect(engine.info().durability).toBe('system')
    const client = openClient(server.url)
    await client.config('SET', 'appendfsync', 'everysec')
    await client.call('client', 'kill', 'type', 'normal', 'skipme', 'yes')
    await expect.poll(() => engine.info().durability, { timeout: 5_000 }).toBe('process')
  })
})
