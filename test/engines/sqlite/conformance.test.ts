import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, it } from 'vitest'
import { conformance } from '../../../src/engines/conformance/index.ts'
import { createSqliteEngine } from '../../../src/engines/sqlite/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'posthaste-sqlite-'))
afterAll(() => rmSync(folder, { recursive: true }))
let files = 0

describe.each([{ place: 'the main thread', thread: false }])('sqlite in $place', ({ thread }) => {
  conformance(
    async ({ clock }) => {
      const engine = createSqliteEngine({ path: join(folder, `${++files}.db`), clock, thread })
      await engine.open()
      return engine
    },
    { describe, it },
  )
})
