import { copyFileSync, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSqliteEngine } from '../../../src/engines/sqlite/index.ts'
import { ManualClock } from '../../../src/testing/index.ts'
import type { Stores } from './run.ts'

/** Files in a folder of their own, each one a copy of an empty database: that is quicker than to make one. */
export const sqliteStores = async (): Promise<Stores> => {
  const folder = mkdtempSync(join(tmpdir(), 'posthaste-model-'))
  const template = join(folder, 'empty.db')
  const pathOf = (program: number): string => join(folder, `${program}.db`)
  // Durability is not what this looks at; without its syncs, ten times as many programs fit into the same time.
  const create = (path: string, clock: ManualClock) =>
    createSqliteEngine({ path, clock, synchronous: 'normal', thread: false })
  const empty = create(template, new ManualClock(0))
  await empty.open()
  await empty.close()
  const wal = statSync(`${template}-wal`, { throwIfNoEntry: false })
  if ((wal?.size ?? 0) > 0) throw new Error('an engine that is closed leaves everything in one file')
  return {
    async create(program, clock) {
      const path = pathOf(program)
      if (!existsSync(path)) copyFileSync(template, path)
      return create(path, clock)
    },
    remove(program) {
      for (const suffix of ['', '-wal', '-shm', '-bell', '-news'])
        rmSync(`${pathOf(program)}${suffix}`, { force: true })
    },
    end: async () => rmSync(folder, { recursive: true, force: true }),
  }
}
