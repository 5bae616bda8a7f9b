import { describe, expect, it } from 'vitest'
import {
  type ConfigSources,
  describeConfig,
  formatAddress,
  loadConfig,
  SETTINGS,
  type Setting,
} from '../../src/core/config.ts'
import { PosthasteError } from '../../src/core/errors.ts'

const problemsOf = (sources: ConfigSources): readonly string[] => {
  try {
    loadConfig(sources)
  } catch (error) {
    if (!(error instanceof PosthasteError)) throw error
    expect(error.code).toBe('E_CONFIG')
    const problems = error.data?.['problems'] as string[]
    for (const problem of problems) expect(error.message).toContain(problem)
    return problems
  }
  return []
}

describe('loadConfig', () => {
  it('has a default for everything that needs one', () => {
    const { sources, ...config } = loadConfig()
    expect(config).toEqual({
      engine: 'sqlite:./posthaste.db',
      archive: null,
      archiveAfter: 60_000,
      addr: { host: '127.0.0.1', port: 8080 },
      token: null,
      smtpUrl: null,
      mailFrom: null,
      httpAllow: [],
      blobs: null,
      blobQuota: 10 * 1024 ** 3,
      blobMaxSize: 1024 ** 3,
      blobKeep: 30 * 86_400_000,
      files: null,
      logLevel: 'info',
      workers: 10,
      maxRetries: 5,
      timeout: 300_000,
      ageing: null,
    })
    expect(new Set(Object.values(sources))).toEqual(new Set(['default']))
  })

  it('takes flags before the environment before the file', () => {
    const env = { POSTHASTE_ADDR: '127.0.0.1:2', POSTHASTE_LOG: 'warn' }
    const file = { addr: '127.0.0.1:3', logLevel: 'error', workers: 3 }
    const config = loadConfig({ flags: { addr: '127.0.0.1:1', workers: undefined }, env, file })
    expect(config).toMatchObject({ addr: { port: 1 }, logLevel: 'warn', workers: 3 })
    expect(config.sources).toMatchObject({
      addr: '--addr',
      logLevel: 'POSTHASTE_LOG',
      workers: 'file',
      engine: 'default',
    })
  })

  it('reads the names of the older systems, after its own', () => {
    const env = { APIADDR: '0.0.0.0:9000', WORKERCOUNT: '7', MAXRETRIES: '0', WORKERTIMEOUT: '10' }
    expect(loadConfig({ env })).toMatchObject({
      addr: { host: '0.0.0.0', port: 9000 },
      workers: 7,
      maxRetries: 0,
      timeout: 10_000,
    })
    expect(loadConfig({ env: { ...env, POSTHASTE_ADDR: '[::1]:0' } }).addr).toEqual({ host: '::1', port: 0 })
  })

  it('reads ageing as a duration, and none when nothing says so', () => {
    expect(loadConfig({ env: { POSTHASTE_AGEING: '10m' } })).toMatchObject({
      ageing: 600_000,
      sources: { ageing: 'POSTHASTE_AGEING' },
    })
    expect(loadConfig({ flags: { ageing: '1h' }, file: { ageing: '2h' } }).ageing).toBe(3_600_000)
    expect(problemsOf({ env: { POSTHASTE_AGEING: 'soon' } })).toEqual([
      expect.stringContaining('POSTHASTE_AGEING must be a duration'),
    ])
  })

  it('reads sizes as people write them', () => {
    for (const [text, size] of [
      ['512', 512],
      ['500MB', 500 * 1024 ** 2],
      ['10 GiB', 10 * 1024 ** 3],
      ['1t', 1024 ** 4],
    ] as const) {
      expect(loadConfig({ env: { POSTHASTE_BLOB_QUOTA: text } }).blobQuota).toBe(size)
    }
    expect(loadConfig({ file: { blobMaxSize: 1_000 } }).blobMaxSize).toBe(1_000)
  })

  it('takes an empty variable for one that is not set', () => {
    expect(
      loadConfig({ env: { SMTP_URL: '', POSTHASTE_LOG: ' ', POSTHASTE_TOKEN: '' } }).sources,
    ).toMatchObject({
      smtpUrl: 'default',
      logLevel: 'default',
    })
  })

  it('reads numbers and durations as the file writes them', () => {
    expect(loadConfig({ file: { workers: 2, timeout: '90s' } })).toMatchObject({
      workers: 2,
      timeout: 90_000,
    })
    expect(loadConfig({ file: { timeout: 500 }, flags: { maxRetries: '9' } })).toMatchObject({
      timeout: 500,
      maxRetries: 9,
    })
  })

  it.each([
    [
      { POSTHASTE_ENGINE: 'mysql://u:c4n4ry@h/db' },
      /^POSTHASTE_ENGINE must be the URL of an engine that this version has/,
    ],
    [{ POSTHASTE_ENGINE: 'sqlite:' }, /^POSTHASTE_ENGINE /],
    [{ POSTHASTE_ENGINE: './jobs.db' }, /^POSTHASTE_ENGINE /],
    [{ POSTHASTE_ADDR: '8080' }, /^POSTHASTE_ADDR must be HOST:PORT/],
    [{ POSTHASTE_ADDR: 'localhost:70000' }, /^POSTHASTE_ADDR /],
    [{ APIADDR: ':8080' }, /^APIADDR must be HOST:PORT/],
    [{ POSTHASTE_TOKEN: 'c4n4ry' }, /^POSTHASTE_TOKEN must be at least 16/],
    [{ SMTP_URL: 'http://user:c4n4ry@host' }, /^SMTP_URL must be a URL such as smtp:/],
    [{ SMTP_URL: 'c4n4ry' }, /^SMTP_URL /],
    [{ MAIL_FROM: 'nobody' }, /^MAIL_FROM must be one mail address/],
    [{ MAIL_FROM: 'a@b\r\nBcc: c@d' }, /^MAIL_FROM /],
    [{ POSTHASTE_LOG: 'loud' }, /^POSTHASTE_LOG must be one of trace, debug/],
    [{ POSTHASTE_SECRETS: 'c4n4ry' }, /^POSTHASTE_SECRETS is no setting of Posthaste\.$/],
    [{ POSTHASTE_BLOBS: '/var/blobs' }, /^POSTHASTE_BLOBS must be folder:PATH or s3:/],
    [{ POSTHASTE_BLOBS: 'https://key:c4n4ry@host/bucket' }, /^POSTHASTE_BLOBS /],
    [{ POSTHASTE_BLOB_QUOTA: '10 apples' }, /^POSTHASTE_BLOB_QUOTA must be a number of bytes/],
    [{ POSTHASTE_BLOB_QUOTA: '0' }, /^POSTHASTE_BLOB_QUOTA /],
    [{ POSTHASTE_BLOB_KEEP: '1s' }, /^POSTHASTE_BLOB_KEEP must be a duration/],
    [{ WORKERCOUNT: '0' }, /^WORKERCOUNT must be a whole number from 1 to 10000; it is "0"\.$/],
    [{ WORKERCOUNT: '1.5' }, /^WORKERCOUNT /],
    [{ MAXRETRIES: '-1' }, /^MAXRETRIES /],
    [{ MAXRETRIES: 'five' }, /^MAXRETRIES /],
    [{ WORKERTIMEOUT: '10s' }, /^WORKERTIMEOUT /],
    [{ POSTHASTE_ENGIN: 'memory:' }, /^POSTHASTE_ENGIN is no setting of Posthaste\.$/],
    [{ REDISADDR: '6379', REDIS_PASSWORD: 'c4n4ry' }, /^REDISADDR must be HOST:PORT, such as/],
    [{ REDIS_HOST: 'redis', REDIS_PORT: 'x' }, /^REDIS_HOST and REDIS_PORT must be HOST:PORT/],
    [{ POSTHASTE_ENGINE: 'redis://' }, /^POSTHASTE_ENGINE must be the URL of an engine/],
  ])('refuses %j', (env, problem) => {
    const problems = problemsOf({ env })
    expect(problems).toEqual([expect.stringMatching(problem)])
    expect(problems.join()).not.toContain('c4n4ry')
  })

  it.each([
    [{ REDISADDR: '127.0.0.1:6379' }, 'redis://127.0.0.1:6379'],
    [{ REDISADDR: '[::1]:7000' }, 'redis://[::1]:7000'],
    [{ REDISADDR: 'rediss://cache.example.com/2' }, 'rediss://cache.example.com/2'],
    [{ REDISADDR: 'a:1', REDIS_HOST: 'b' }, 'redis://a:1'],
    [{ REDIS_HOST: 'redis' }, 'redis://redis:6379'],
    [{ REDIS_HOST: '::1', REDIS_PORT: '7000' }, 'redis://[::1]:7000'],
    [{ REDIS_HOST: 'redis', REDIS_PORT: '1', REDIS_PASSWORD: 'p@s:s/' }, 'redis://:p%40s%3As%2F@redis:1'],
    [{ REDIS_PORT: '1', REDIS_PASSWORD: 'x' }, 'sqlite:./posthaste.db'],
  ])('takes %j for an engine when no other is given', (env, engine) => {
    expect(loadConfig({ env }).engine).toBe(engine)
    expect(loadConfig({ env: { ...env, POSTHASTE_ENGINE: 'memory:' } }).engine).toBe('memory:')
    expect(loadConfig({ env, file: { engine: 'memory:' } }).engine).toBe('memory:')
    expect(loadConfig({ env, flags: { engine: 'memory:' } }).engine).toBe('memory:')
  })

  it('shows where an engine of an older name came from, without its password', () => {
    const config = loadConfig({ env: { REDIS_HOST: 'redis', REDIS_PASSWORD: 'c4n4ry' } })
    const line = describeConfig(config).find(({ name }) => name === 'engine')
    expect(line?.source).toBe('REDIS_HOST')
    expect(line?.value).not.toContain('c4n4ry')
  })

  it('tells all problems at once', () => {
    const problems = problemsOf({
      env: { POSTHASTE_X: '1', WORKERCOUNT: 'x' },
      flags: { addr: 'nowhere' },
      file: { colour: 'red', logLevel: 5 },
    })
    expect(problems).toHaveLength(5)
    for (const name of [
      'POSTHASTE_X',
      'WORKERCOUNT',
      '--addr',
      '"colour"',
      'logLevel in the configuration file',
    ]) {
      expect(problems.some((problem) => problem.startsWith(name))).toBe(true)
    }
  })

  it('refuses a file that exports no object', () => {
    for (const file of [5, null, [], 'x']) expect(problemsOf({ file })).toHaveLength(1)
    expect(problemsOf({ file: JSON.parse('{"__proto__":1}') })).toEqual([
      '"__proto__" in the configuration file is no setting of Posthaste.',
    ])
  })
})

describe('describeConfig', () => {
  it('shows every setting, its source, and no secret', () => {
    const env = {
      POSTHASTE_TOKEN: 'c4n4ry-c4n4ry-c4n4ry',
      SMTP_URL: 'smtp://user:c4n4ry@mail.example.com:587',
      MAIL_FROM: 'Example Shop <shop@example.com>',
    }
    const lines = describeConfig(loadConfig({ env, file: { timeout: '90s' } }))
    expect(JSON.stringify(lines)).not.toContain('c4n4ry')
    expect(lines).toContainEqual({ name: 'token', value: '***', source: 'POSTHASTE_TOKEN' })
    expect(lines).toContainEqual({
      name: 'smtpUrl',
      value: 'smtp://user:***@mail.example.com:587',
      source: 'SMTP_URL',
    })
    expect(lines).toContainEqual({
      name: 'mailFrom',
      value: 'Example Shop <shop@example.com>',
      source: 'MAIL_FROM',
    })
    expect(lines).toContainEqual({ name: 'timeout', value: '1m 30s', source: 'file' })
    expect(lines).toContainEqual({ name: 'addr', value: '127.0.0.1:8080', source: 'default' })
    expect(lines.map(({ name }) => name)).toEqual(SETTINGS.map(({ name }) => name))
  })

  it('writes addresses as they are read', () => {
    for (const text of ['127.0.0.1:8080', '[::1]:0', 'localhost:1']) {
      expect(formatAddress(loadConfig({ env: { POSTHASTE_ADDR: text } }).addr)).toBe(text)
    }
  })
})

describe('the table of settings', () => {
  it('names everything once, gives no secret a flag, and its defaults hold', () => {
    const settings: readonly Setting[] = SETTINGS
    const names = settings
      .flatMap(({ env, aliases }) => [env, ...aliases.map((alias) => alias.env)])
      .filter((name) => name !== null)
    expect(new Set(names).size).toBe(names.length)
    for (const setting of settings) {
      if (setting.secret) expect(setting.flag).toBeNull()
      if (setting.default !== null) expect(setting.schema.safeParse(setting.default).success).toBe(true)
      expect(setting.meaning).toMatch(/^[A-Z].*\.$/)
    }
  })
})
