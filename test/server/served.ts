import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { type AnyTask, type Posthaste, posthaste } from '../../src/index.ts'
import { silentLogger } from '../../src/runtime/logger.ts'
import { createServer } from '../../src/server/index.ts'
import { type EngineKind, newEngineUrl } from '../servers/engines.ts'
import { dropSchemas } from '../servers/postgres.ts'

export interface Served {
  readonly ph: Posthaste
  readonly url: string
}

/** An installation of this kind and an HTTP server before it, for the tests of one block. */
export const served = (kind: 'memory' | EngineKind, tasks: readonly AnyTask[]): Served => {
  let open: { readonly ph: Posthaste; readonly url: string; close(): Promise<void> } | undefined
  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'posthaste-served-'))
    const engine = kind === 'memory' ? 'memory:' : await newEngineUrl(kind, folder)
    const ph = await posthaste({ engine, tasks })
    const server = createServer({ posthaste: ph, packs: [], logger: silentLogger, token: null })
    const url = await server.start({ host: '127.0.0.1', port: 0 })
    const close = async (): Promise<void> => {
      await server.stop()
      await ph.close({ grace: 0 })
      rmSync(folder, { recursive: true, force: true })
      if (kind === 'postgres') await dropSchemas()
    }
    open = { ph, url, close }
  })
  afterAll(() => open?.close())
  return {
    get ph() {
      return (open as Served).ph
    },
    get url() {
      return (open as Served).url
    },
  }
}
