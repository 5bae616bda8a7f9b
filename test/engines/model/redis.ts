import { createRedisEngine } from '../../../src/engines/redis/index.ts'
import { newRedisUrl } from '../../servers/redis.ts'
import type { Stores } from './run.ts'

/** A prefix of its own for each program; all of them go with the server of the run. */
export const redisStores = (): Stores => {
  let last: { readonly program: number; readonly url: string } | undefined
  return {
    async create(program, clock) {
      if (last?.program !== program) last = { program, url: newRedisUrl() }
      return createRedisEngine({ url: last.url, clock })
    },
    remove: () => {},
    end: async () => {},
  }
}
