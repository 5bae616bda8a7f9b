import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newRedisUrl } from '../servers/redis.ts'
import { ensureBuilt, exists, json, launch, run, stopAll, temporaryFolder } from './program.ts'

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
  it('works, submits and tells as it does on SQLite, and leaves no file behind', async () => {
    const engine = newRedisUrl()
    const worker = launch(['worker', '--workers', '3', '--engine', engine], { cwd })
    await worker.match(/3 jobs at a time/)
    const hello = await json(['submit', '--payload', 'Hello', '--wait', '10s', '--engine', engine], { cwd })
    expect(hello).toMatchObject({ state: 'completed', output: 'Hello' })
    const status = await run(['status', '--job-id', hello.id, '--engine', engine], { cwd })
    expect(status.stdout).toMatch(/✓ completed {2}echo/)
    const later = await json(['submit', '--payload', 'x', '--delay', '1h', '--engine', engine], { cwd })
    expect((await run(['cancel', later.id, '--engine', engine], { cwd })).code).toBe(0)
    expect(await json(['stats', '--engine', engine], { cwd })).toMatchObject({
      total: 2,
      states: { completed: 1, cancelled: 1 },
      workers: [{ concurrency: 3 }],
    })
    expect((await run(['explain', later.id, '--engine', engine], { cwd })).stdout).toContain('cancelled')
    expect(await worker.stop()).toBe(0)
    expect(exists(cwd, 'posthaste.db')).toBe(false)
  })

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
