import { appendFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { expect, it, onTestFinished } from 'vitest'
import { type RedisServer, startRedisServer } from '../../scripts/lib/redis-server.js'

/** Half a transaction, as a server leaves it in its log that is killed in the middle of a write. */
const HALF =
  '*1\r\n$5\r\nMULTI\r\n*4\r\n$7\r\nHINCRBY\r\n$1\r\nh\r\n$1\r\nx\r\n$3\r\n100\r\n*4\r\n$7\r\nHINCRBY\r\n$1\r\nh'

const on = async <T>(server: RedisServer, work: (redis: Redis) => Promise<T>): Promise<T> => {
  const redis = new Redis(server.url)
  try {
    return await work(redis)
  } finally {
    redis.disconnect()
  }
}

it('a transaction that was written by halves is carried out neither now nor with a later one', async () => {
  const server = await startRedisServer({ appendonly: 'yes', appendfsync: 'always' })
  onTestFinished(() => server.stop())
  const twice = `redis.call('HINCRBY', 'h', 'x', 1) return redis.call('HINCRBY', 'h', 'y', 1)`
  await on(server, (redis) => redis.eval(twice, 0))
  await server.halt('SIGKILL')
  const folder = join(server.folder, 'appendonlydir')
  const file = readdirSync(folder).find((name) => name.endsWith('.incr.aof')) ?? ''
  appendFileSync(join(folder, file), HALF)
  await server.start()
  await on(server, (redis) => redis.eval(twice, 0))
  await server.halt('SIGKILL')
  await server.start()
  expect(await on(server, (redis) => redis.hgetall('h'))).toEqual({ x: '2', y: '2' })
})
