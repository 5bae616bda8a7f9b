import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newRedisUrl } from '../servers/redis.ts'
import { ensureBuilt, exists, run, stopAll, temporaryFolder } from './program.ts'

let folder: ReturnType<typeof temporaryFolder>
let cwd: string
beforeAll(async () => {
  await ensureBuilt()
  folder = temporaryFolder()
  cwd = folder.path
}, 150_000)
afterAll(async () => {
  await stopAll()
  folder.remove()
})

describe('the program on Redis', () => {
  it('is what the older names of a Redis ask for', async () => {
    const url = new URL(newRedisUrl())
    const addresses = [
      { REDISADDR: url.host },
      { REDIS_HOST: url.hostname, REDIS_PORT: url.port },
      { REDISADDR: url.href },
    ]
    for (const env of addresses) {
      const { code, stdout } = await run(['doctor'], { cwd, env })
      expect([code, stdout]).toEqual([0, expect.stringMatching(/redis \d/)])
      expect(stdout).toContain(url.host)
    }
    expect(exists(cwd, 'posthaste.db')).toBe(false)
  })

  it('says in one line what is wrong with a Redis that is not there', async () => {
    const engine = 'redis://:s3cret@127.0.0.1:1'
    const { code, stderr } = await run(['stats', '--engine', engine], { cwd })
    expect(code).not.toBe(0)
    expect(stderr.trim()).toMatch(
      /^.*Redis at redis:\/\/127\.0\.0\.1:1\/0 cannot be reached: .*ECONNREFUSED.*$/,
    )
    expect(stderr).not.toContain('s3cret')
  })
})
