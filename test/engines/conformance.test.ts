import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type CreateEngine, conformance } from 'posthaste/conformance'
import { afterAll, describe, it } from 'vitest'
import type { Engine } from '../../src/engines/engine.ts'
import { createMemoryEngine } from '../../src/engines/memory/index.ts'
import { createPostgresEngine } from '../../src/engines/postgres/index.ts'
import { createRedisEngine } from '../../src/engines/redis/index.ts'
import { createSqliteEngine } from '../../src/engines/sqlite/index.ts'
import { dropSchemas, emptySchemaUrl } from '../servers/postgres.ts'
import { newRedisUrl } from '../servers/redis.ts'
import { asAskedFor } from './planted.ts'

const folder = mkdtempSync(join(tmpdir(), 'posthaste-conformance-'))
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  await dropSchemas()
})

let files = 0
const engines: { readonly [kind: string]: CreateEngine } = {
  memory: async ({ clock }) => createMemoryEngine({ clock }),
  sqlite: async ({ clock }) => createSqliteEngine({ path: join(folder, `${++files}.db`), clock }),
  redis: async ({ clock }) => createRedisEngine({ url: newRedisUrl(), clock }),
  postgres: async ({ clock }) => createPostgresEngine({ url: await emptySchemaUrl('conformance'), clock }),
}

describe.each(Object.keys(engines))('%s', (kind) => {
  conformance(
    async (options) => {
      const engine = asAskedFor((await engines[kind]?.(options)) as Engine)
      await engine.open()
      return engine
    },
    { describe, it },
  )
})
