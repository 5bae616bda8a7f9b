import { Redis } from 'ioredis'
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type PostgresServer, startPostgresServer } from '../../scripts/lib/postgres-server.js'
import { type RedisServer, startRedisServer } from '../../scripts/lib/redis-server.js'
import { startProxy } from '../engines/redis/lab.ts'
import { ensureBuilt, exists, type Result, run, stopAll, temporaryFolder } from './program.ts'

let folder: ReturnType<typeof temporaryFolder>
let postgres: PostgresServer
let redis: RedisServer
beforeAll(async () => {
  await ensureBuilt()
  folder = temporaryFolder()
  ;[postgres, redis] = await Promise.all([
    startPostgresServer({ password: 'right' }),
    startRedisServer({ requirepass: 'right' }),
  ])
}, 150_000)
afterAll(async () => {
  await stopAll()
  await Promise.all([postgres?.stop(), redis?.stop()])
  folder?.remove()
})

/** URLs of the two servers with a password. */
const pgUrl = (password: string, more = ''): string =>
  postgres.url.replace('postgres@', `postgres:${password}@`) + more
const redisUrl = (password: string, more = ''): string =>
  `redis://:${password}@127.0.0.1:${redis.port}${more}`

/** The same server behind a proxy that changes what it says of itself. */
const disguised = async (url: string, rewrite: (said: string) => string): Promise<string> => {
  const { port } = new URL(url)
  const proxy = await startProxy(Number(port), (data) =>
    Buffer.from(rewrite(data.toString('latin1')), 'latin1'),
  )
  return url.replace(`:${port}`, `:${new URL(proxy.url).port}`)
}

const onPostgres = async (sql: string): Promise<void> => {
  const client = new pg.Client({ connectionString: pgUrl('right') })
  await client.connect()
  await client.query(sql)
  await client.end()
}

const onRedis = async (work: (client: Redis) => Promise<unknown>): Promise<void> => {
  const client = new Redis(redisUrl('right'))
  await work(client)
  client.disconnect()
}

const ANY_PORT = ['--addr', '127.0.0.1:0']

/** What is wrong, the URL (and what makes it so), the code, and the words that have to be in the line. */
const REFUSALS: readonly (readonly [
  what: string,
  url: () => string | Promise<string>,
  code: string,
  says: RegExp,
])[] = [
  ['postgres: a wrong password', () => pgUrl('s3cret'), 'E_STORE_OPEN', /the password is wrong/],
  ['postgres: no password', () => postgres.url, 'E_STORE_OPEN', /asks for a password/],
  [
    'postgres: a missing database',
    () => pgUrl('right').replace(/\/postgres$/, '/nowhere'),
    'E_STORE_OPEN',
    /\/nowhere: there is no such database/,
  ],
  [
    'postgres: nothing listens',
    () => 'postgres://me:s3cret@127.0.0.1:1/jobs',
    'E_STORE_OPEN',
    /127\.0\.0\.1:1\/jobs cannot be reached: nothing listens there/,
  ],
  [
    'postgres: an unknown host',
    () => 'postgres://me:s3cret@no.such.host.invalid/jobs',
    'E_STORE_OPEN',
    /no\.such\.host\.invalid\/jobs cannot be reached/,
  ],
  [
    'postgres: an old server',
    () => disguised(pgUrl('right'), (said) => said.replace(/\b1\d(\d{4})\b/, '12$1')),
    'E_STORE_VERSION',
    /PostgreSQL .* the oldest that works is 13/,
  ],
  [
    'postgres: a schema from a newer version',
    async () => {
      const url = pgUrl('right', '?schema=newer')
      expect((await run(['stats', '--engine', url], { cwd: folder.path })).code).toBe(0)
      await onPostgres(`insert into newer.migrations values (999, '0999_future', 'x')`)
      return url
    },
    'E_STORE_NEWER',
    /version of Posthaste knows/,
  ],
  [
    'postgres: a schema with tables of another application',
    async () => {
      await onPostgres('create schema theirs; create table theirs.orders (id int)')
      return pgUrl('right', '?schema=theirs')
    },
    'E_STORE_FOREIGN',
    /another application/,
  ],
  [
    'postgres: an option that there is not',
    () => pgUrl('s3cret', '?shema=jobs'),
    'E_ENGINE_UNKNOWN',
    /unknown option/,
  ],
  ['postgres: a bad schema', () => pgUrl('s3cret', '?schema=pg_jobs'), 'E_ENGINE_UNKNOWN', /schema must be/],
  [
    'postgres: a bad option',
    () => pgUrl('s3cret', '?pgbouncer=yes'),
    'E_ENGINE_UNKNOWN',
    /either true or false/,
  ],

  ['redis: a wrong password', () => redisUrl('s3cret'), 'E_STORE_OPEN', /refuses the user or the password/],
  [
    'redis: no password',
    () => `redis://127.0.0.1:${redis.port}`,
    'E_STORE_OPEN',
    /refuses the user or the password/,
  ],
  ['redis: a missing database', () => redisUrl('right', '/99'), 'E_STORE_OPEN', /no database of this number/],
  [
    'redis: nothing listens',
    () => 'redis://:s3cret@127.0.0.1:1',
    'E_STORE_OPEN',
    /redis:\/\/127\.0\.0\.1:1\/0 cannot be reached: .*ECONNREFUSED/,
  ],
  [
    'redis: an unknown host',
    () => 'redis://:s3cret@no.such.host.invalid',
    'E_STORE_OPEN',
    /cannot be reached/,
  ],
  [
    'redis: an old server',
    () =>
      disguised(redisUrl('right'), (said) =>
        said.replace(
          /(redis_version:)([\d.]+)/,
          (_, name, version) => name + '6.0.'.padEnd(version.length, '9'),
        ),
      ),
    'E_STORE_VERSION',
    /is Redis 6\.0.*Redis 6\.2 .* oldest/,
  ],
  [
    'redis: a server that evicts',
    () =>
      disguised(redisUrl('right'), (said) =>
        said.replace('maxmemory_policy:noeviction', 'maxmemory_policy:allkeys-lru'.slice(0, 27)),
      ),
    'E_STORE_EVICTS',
    /CONFIG SET maxmemory-policy noeviction/,
  ],
  [
    'redis: a layout from a newer version',
    async () => {
      await onRedis((client) => client.set('{newer}:schema', '99'))
      return redisUrl('right', '?prefix=newer')
    },
    'E_STORE_NEWER',
    /layout 99/,
  ],
  [
    'redis: keys of another application',
    async () => {
      await onRedis((client) => client.set('{theirs}:schema', 'theirs'))
      return redisUrl('right', '?prefix=theirs')
    },
    'E_STORE_FOREIGN',
    /another application/,
  ],
  [
    'redis: an option that there is not',
    () => redisUrl('s3cret', '?prefx=jobs'),
    'E_ENGINE_UNKNOWN',
    /only option/,
  ],
  ['redis: a bad prefix', () => redisUrl('s3cret', '?prefix=a{b}'), 'E_ENGINE_UNKNOWN', /prefix must be/],
  [
    'redis: a database that is no number',
    () => redisUrl('s3cret', '/jobs'),
    'E_ENGINE_UNKNOWN',
    /number of a database/,
  ],

  ['an engine that there is not', () => 'mysql://me:s3cret@127.0.0.1/jobs', 'E_CONFIG', /--engine/],
]

it.each(REFUSALS)('refuses in one line, with nothing started: %s', async (_, url, code, says) => {
  const engine = await url()
  const at = { cwd: folder.path }
  const isOneLine = ({ code: exit, stdout, stderr }: Result): void => {
    expect(stderr).toMatch(says)
    expect(stderr.trimEnd().split('\n')).toHaveLength(1)
    expect(stderr).toMatch(new RegExp(`^posthaste: .* \\(${code}\\)\n$`))
    expect([exit, stdout]).toEqual([78, ''])
    expect(stderr).not.toMatch(/s3cret|right|\n +at /)
  }
  const [asked, started] = await Promise.all([
    run(['stats', '--engine', engine], at),
    run(['start', '--welcome', ...ANY_PORT, '--engine', engine], at),
  ])
  isOneLine(asked)
  isOneLine(started)
  expect(exists(folder.path, 'posthaste-mailbox')).toBe(false)
})

it('refuses with --json in one line of JSON', async () => {
  const { code, stderr } = await run(['stats', '--json', '--engine', pgUrl('s3cret')], { cwd: folder.path })
  expect(code).toBe(78)
  expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'E_STORE_OPEN' } })
  expect(stderr).not.toContain('s3cret')
})

it('finds with doctor what is wrong, and goes on to look at the rest', async () => {
  const { code, stdout } = await run(['doctor', '--engine', redisUrl('s3cret')], { cwd: folder.path })
  expect(code).toBe(78)
  expect(stdout).toMatch(/✗ store +Redis refuses the user or the password/)
  expect(stdout).toMatch(/✓ mail/)
})
