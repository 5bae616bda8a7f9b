import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { conformance } from '../../../src/engines/conformance/index.ts'
import type * as sources from '../../../src/engines/sqlite/index.ts'
import { buildEngine, removeBuild } from './built.ts'

const folder = mkdtempSync(join(tmpdir(), 'posthaste-sqlite-'))
let files = 0
let built: { readonly url: string; readonly module: typeof sources } | undefined

beforeAll(async () => {
  const url = buildEngine()
  built = { url, module: (await import(url)) as typeof sources }
})
afterAll(() => {
  rmSync(folder, { recursive: true })
  if (built !== undefined) removeBuild(built.url)
})

/** In the thread of its caller it is one of the engines of `../conformance.test.ts`. */
describe('sqlite in a thread of its own', () => {
  conformance(
    async ({ clock }) => {
      const create = built?.module.createSqliteEngine
      if (create === undefined) throw new Error('the build is missing')
      const engine = create({ path: join(folder, `${++files}.db`), clock, thread: true })
      await engine.open()
      return engine
    },
    { describe, it },
  )
})
