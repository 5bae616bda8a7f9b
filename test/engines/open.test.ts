import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { createMemoryEngine } from '../../src/engines/memory/index.ts'
import { openEngine } from '../../src/engines/open.ts'
import { ManualClock } from '../../src/testing/index.ts'
import { dropSchemas, newSchemaUrl } from '../servers/postgres.ts'
import { newRedisUrl } from '../servers/redis.ts'

const folder = mkdtempSync(join(tmpdir(), 'posthaste-open-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

it.each(['memory:', 'memory://', 'MEMORY:'])(
  'opens the memory engine for %s, on the given clock',
  async (url) => {
    const clock = new ManualClock(42_000)
    const engine = await openEngine(url, { clock })
    expect(engine.info().kind).toBe('memory')
    expect(await engine.now()).toBe(42_000)
    await engine.close()
  },
)

it.each(['sqlite:', 'sqlite://', 'SQLITE:'])(
  'opens a database file for %sPATH, on the given clock',
  async (prefix) => {
    const path = join(folder, `${prefix.length} jobs%20.db`)
    const engine = await openEngine(`${prefix}${path}`, { clock: new ManualClock(42_000) })
    expect(engine.info().kind).toBe('sqlite')
    expect(await engine.now()).toBe(42_000)
    await engine.close()
    expect(existsSync(path)).toBe(true)
  },
)

it('opens an installation in Redis for redis://…, on the given clock', async () => {
  const engine = await openEngine(newRedisUrl(), { clock: new ManualClock(42_000) })
  expect(engine.info().kind).toBe('redis')
  expect(await engine.now()).toBe(42_000)
  await engine.close()
})

it('opens a schema of a database for postgres://…, on the given clock', async () => {
  const engine = await openEngine(await newSchemaUrl(), { clock: new ManualClock(42_000) })
  expect(engine.info().kind).toBe('postgres')
  expect(await engine.now()).toBe(42_000)
  await engine.close()
  await dropSchemas()
})

it('opens the engine that it is given', async () => {
  const given = createMemoryEngine()
  const engine = await openEngine(given)
  expect(engine).toBe(given)
  expect(await engine.counts()).toEqual([])
})

it.each([
  ['redis://', /cannot be read|names no host/],
  ['redis://:secret@host/jobs', /number of a database/],
  ['redis://:secret@host/0?tls=1', /only option/],
  ['redis://:secret@host?prefix=a{b}', /The prefix must be/],
  ['rediss://:secret%@host', /escapes nothing|cannot be read/],
  ['postgres://me:sec%ret@ho st:x/db', /URL of the PostgreSQL database is not valid/],
  ['postgres://me:secret@host/db?pgbouncer=secret', /either true or false/],
  ['postgres://me:secret@host/db?shema=secret', /unknown option/],
  ['postgres://me:secret@host/db?schema=pg_secret', /schema must be a name/],
  ['mysql://me:secret@host/db', /no engine for mysql: URLs/],
  ['./jobs.db', /has to be a URL/],
  ['', /has to be a URL/],
  ['sqlite:', /names no database file/],
  ['sqlite::memory:', /lost with its connection/],
  ['sqlite:./jobs.db?mode=ro', /takes no options/],
  ['memory:jobs', /has no address/],
])('refuses %s, says why, and tells no secret', async (url, message) => {
  const error = await openEngine(url).catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({
    code: 'E_ENGINE_UNKNOWN',
    field: 'engine',
    message: expect.stringMatching(message),
  })
  expect(String(error)).not.toContain('secret')
})
