import { Redis } from 'ioredis'
import { posthaste } from 'posthaste'
import { afterAll, expect, it } from 'vitest'
import { dropSchemas, emptySchemaUrl } from '../../servers/postgres.ts'
import { newRedisUrl } from '../../servers/redis.ts'

const JOBS = 10_000
const MINUTES = 120_000

afterAll(dropSchemas)

it(`${JOBS} jobs leave nothing behind in Redis but a few keys`, { timeout: MINUTES }, async () => {
  const engine = newRedisUrl()
  const prefix = new URL(engine).searchParams.get('prefix')
  const redis = new Redis(new URL(engine).href.replace(/\?.*/, ''))
  const keys = async (): Promise<string[]> => {
    const found: string[] = []
    for await (const some of redis.scanStream({ match: `{${prefix}}:*`, count: 1_000 })) found.push(...some)
    return found
  }
  /** Members and fields of all keys: what grows when jobs stay. */
  const size = async (): Promise<number> => {
    const sizes = (await keys()).map(async (key) => {
      const type = await redis.type(key)
      if (type === 'hash') return redis.hlen(key)
      if (type === 'zset') return redis.zcard(key)
      return type === 'set' ? redis.scard(key) : 1
    })
    return (await Promise.all(sizes)).reduce((sum, one) => sum + one, 0)
  }
  const tasks = [{ name: 'it', run: (n: unknown) => n }]
  const ph = await posthaste({
    engine,
    archive: await emptySchemaUrl('kept'),
    archiveAfter: 0,
    tasks: tasks as never,
  })
  try {
    await ph.add('it', 0)
    const worker = ph.work({ concurrency: 100 })
    while (ph.archive()?.moved !== 1) await new Promise((resolve) => setTimeout(resolve, 10))
    const [keysBefore, before] = [(await keys()).length, await size()]

    const items = Array.from({ length: JOBS }, (_, n) => ({ task: 'it', payload: n, ref: `r${n % 100}` }))
    await ph.addMany(items)
    const end = performance.now() + MINUTES / 2
    while ((ph.archive()?.moved ?? 0) < JOBS + 1) {
      if (performance.now() > end) throw new Error(`only ${ph.archive()?.moved} were moved`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    await worker.stop()
    expect((await ph.stats()).states).toMatchObject({ completed: JOBS + 1, ready: 0, running: 0 })
    expect((await keys()).length).toBeLessThanOrEqual(keysBefore + 5)
    expect(await size()).toBeLessThanOrEqual(before + 20)
  } finally {
    await ph.close({ grace: 0 })
    redis.disconnect()
  }
})
