import { copyFileSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Engine } from '../../../src/engines/engine.ts'
import { createRedisEngine } from '../../../src/engines/redis/index.ts'
import { createSqliteEngine } from '../../../src/engines/sqlite/index.ts'
import { ManualClock } from '../../../src/testing/index.ts'
import { newRedisUrl } from '../../servers/redis.ts'
import { asAskedFor } from '../planted.ts'

/** A store of its own for one program, which may be opened several times. */
export interface Store {
  open(clock: ManualClock): Promise<Engine>
  remove(): void
}
/** Where the stores of an engine come from. */
export interface Stores {
  newStore(): Store
  close(): void
}

const opened = async (engine: Engine): Promise<Engine> => {
  await engine.open()
  return asAskedFor(engine)
}

const sqliteStores = async (): Promise<Stores> => {
  const folder = mkdtempSync(join(tmpdir(), 'posthaste-model-'))
  // Durability is not what this looks at; without its syncs, ten times as many programs fit into the same time.
  const open = (path: string, clock: ManualClock): Promise<Engine> =>
    opened(createSqliteEngine({ path, clock, synchronous: 'normal', thread: false }))
  const template = join(folder, 'empty.db')
  await (await open(template, new ManualClock(0))).close()
  const wal = statSync(`${template}-wal`, { throwIfNoEntry: false })
  if ((wal?.size ?? 0) > 0) throw new Error('an engine that is closed leaves everything in one file')
  let programs = 0
  return {
    newStore() {
      const path = join(folder, `${++programs}.db`)
      copyFileSync(template, path)
      return {
        open: (clock) => open(path, clock),
        remove() {
          for (const suffix of ['', '-wal', '-shm', '-bell', '-news'])
            rmSync(`${path}${suffix}`, { force: true })
        },
      }
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  }
}

const redisStores = async (): Promise<Stores> => ({
  newStore() {
    const url = newRedisUrl()
    // The server of the run ends with it.
    return { open: (clock) => opened(createRedisEngine({ url, clock })), remove() {} }
  },
  close() {},
})

/** The engines that are compared with the reference model, by name. */
export const STORES: { readonly [engine: string]: () => Promise<Stores> } = {
  sqlite: sqliteStores,
  redis: redisStores,
}
