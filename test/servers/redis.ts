import { randomBytes } from 'node:crypto'
import { inject } from 'vitest'
import type { TestProject } from 'vitest/node'
import { startRedisServer } from '../../scripts/lib/redis-server.js'

declare module 'vitest' {
  interface ProvidedContext {
    readonly redis: { readonly url: string } | { readonly trouble: string }
  }
}

/** One server for all test files of a run: TEST_REDIS_URL, or one that is started here and stopped at the end. */
export const setup = async ({ provide }: TestProject): Promise<(() => Promise<void>) | undefined> => {
  const given = process.env['TEST_REDIS_URL']
  if (given !== undefined && given !== '') {
    provide('redis', { url: given })
    return undefined
  }
  try {
    const server = await startRedisServer()
    provide('redis', { url: server.url })
    return server.stop
  } catch (error) {
    // Only the files that need it fail, and say why.
    provide('redis', { trouble: (error as Error).message })
    return undefined
  }
}

/** The URL of an installation that nobody else has, on the server of this run. */
export const newRedisUrl = (): string => {
  const redis = inject('redis')
  if ('trouble' in redis) throw new Error(redis.trouble)
  const url = new URL(redis.url)
  url.searchParams.set('prefix', `test-${randomBytes(8).toString('hex')}`)
  return url.href
}
