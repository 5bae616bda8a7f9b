import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import type { Engine } from '../../src/engines/engine.ts'
import { createMemoryEngine } from '../../src/engines/memory/index.ts'
import { createPostgresEngine } from '../../src/engines/postgres/index.ts'
import { createRedisEngine } from '../../src/engines/redis/index.ts'
import { createSqliteEngine } from '../../src/engines/sqlite/index.ts'
import { dropSchemas, newSchemaUrl } from '../servers/postgres.ts'
import { settle } from './guarantees.ts'
import { startServer } from './redis/lab.ts'

const sqlite = (synchronous: 'full' | 'normal') => (): Engine => {
  const folder = mkdtempSync(join(tmpdir(), 'posthaste-survival-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return createSqliteEngine({ path: join(folder, 'jobs.db'), synchronous })
}
const redis = (settings: Readonly<Record<string, string>>) => async (): Promise<Engine> =>
  createRedisEngine({ url: (await startServer(settings)).url })
const postgres = async (): Promise<Engine> => {
  onTestFinished(dropSchemas)
  return createPostgresEngine({ url: await newSchemaUrl() })
}

/** How a store can be set up, and the engine on one that is set up so. */
const SETUPS: Readonly<Record<string, readonly [engine: string, create: () => Engine | Promise<Engine>]>> = {
  memory: ['memory', () => createMemoryEngine()],
  'sqlite, by default': ['sqlite', sqlite('full')],
  "sqlite, synchronous: 'normal'": ['sqlite', sqlite('normal')],
  'postgres, by default (fsync on)': ['postgres', postgres],
  'redis, appendonly yes, appendfsync always': ['redis', redis({ appendonly: 'yes', appendfsync: 'always' })],
  'redis, appendonly yes, appendfsync everysec': [
    'redis',
    redis({ appendonly: 'yes', appendfsync: 'everysec' }),
  ],
  'redis, by default (appendonly no)': ['redis', redis({})],
}

it.each(Object.entries(SETUPS))('%s says what survives, as the page does', async (name, [kind, create]) => {
  const engine = await create()
  await engine.open()
  const { durability, lossMs } = engine.info()
  await engine.close()
  settle('survival', name, { engine: kind, durability, ...(lossMs === undefined ? {} : { lossMs }) })
  expect(durability).toMatch(/^(none|process|system)$/)
})
