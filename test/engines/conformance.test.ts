import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type CreateEngine, conformance, ManualClock, type Runner } from 'posthaste/conformance'
import { afterAll, describe, it } from 'vitest'
import { guaranteeOf } from '../../src/engines/conformance/guarantees.ts'
import type { Engine } from '../../src/engines/engine.ts'
import { createMemoryEngine } from '../../src/engines/memory/index.ts'
import { createPostgresEngine } from '../../src/engines/postgres/index.ts'
import { createRedisEngine } from '../../src/engines/redis/index.ts'
import { createSqliteEngine } from '../../src/engines/sqlite/index.ts'
import { ofThisRun } from '../servers/engines.ts'
import { dropSchemas, emptySchemaUrl } from '../servers/postgres.ts'
import { newRedisUrl } from '../servers/redis.ts'
import { proofsOf, settle } from './guarantees.ts'
import { asAskedFor } from './planted.ts'
import { openHandle } from './sqlite/lab.ts'

const folder = mkdtempSync(join(tmpdir(), 'posthaste-conformance-'))
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  await dropSchemas()
})

let files = 0
const engines: { readonly [kind: string]: CreateEngine } = {
  memory: async ({ clock }) => createMemoryEngine({ clock }),
  sqlite: async ({ clock }) =>
    createSqliteEngine({ path: join(folder, `${++files}.db`), clock, thread: false }),
  redis: async ({ clock }) => createRedisEngine({ url: newRedisUrl(), clock }),
  postgres: async ({ clock }) => createPostgresEngine({ url: await emptySchemaUrl('conformance'), clock }),
}

describe.each(ofThisRun(Object.keys(engines)))('%s', (kind) => {
  const create: CreateEngine = async (options) => {
    const engine = asAskedFor((await engines[kind]?.(options)) as Engine)
    await engine.open()
    return engine
  }
  /** The cases that were green in this run. */
  const green: { subject: string; name: string; guarantee: string }[] = []
  const noting = (subject: string): Runner => ({
    describe,
    it: (name, body) =>
      it(name, async () => {
        await body()
        green.push({ subject, name, guarantee: guaranteeOf(subject, name) })
      }),
  })
  let runner = noting('')
  conformance(create, {
    describe: (subject, body) =>
      describe(subject, () => {
        runner = noting(subject)
        body()
      }),
    it: (name, body) => runner.it(name, body),
  })

  it('guarantees what docs/guarantees.json says of it', async () => {
    // A file can be written within a transaction of the caller when the engine is given his handle.
    const path = join(folder, `${++files}.db`)
    const engine =
      kind === 'sqlite'
        ? createSqliteEngine({ database: await openHandle(path) })
        : await create({ clock: new ManualClock() })
    const { callerTransactions } = engine.info()
    await engine.close()
    settle('engines', kind, { callerTransactions, proved: proofsOf(green) })
  })
})
