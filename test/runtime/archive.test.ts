import { join } from 'node:path'
import { type Posthaste, type PosthasteOptions, posthaste } from 'posthaste'
import { faultyEngine } from 'posthaste/testing'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { openEngine } from '../../src/engines/open.ts'
import { dropSchemas, emptySchemaUrl } from '../servers/postgres.ts'
import { newRedisUrl } from '../servers/redis.ts'
import { newFolder, until } from './open.ts'

const MINUTE = 60_000
const sqlite = async (name: string) => `sqlite:${join(await newFolder(), `${name}.db`)}`

const PAIRS: { readonly [name: string]: () => Promise<{ engine: string; archive: string }> } = {
  'sqlite → sqlite': async () => ({ engine: await sqlite('jobs'), archive: await sqlite('archive') }),
  'redis → postgres': async () => ({ engine: newRedisUrl(), archive: await emptySchemaUrl('kept') }),
  'postgres → sqlite': async () => ({
    engine: await emptySchemaUrl('jobs'),
    archive: await sqlite('archive'),
  }),
}

const toClose: Posthaste[] = []
afterEach(async () => {
  await Promise.all(toClose.splice(0).map((ph) => ph.close({ grace: 0 })))
})
afterAll(dropSchemas)

const tasks = [
  { name: 'double', run: (n: unknown) => (n as number) * 2 },
  {
    name: 'mends',
    retry: { maxRetries: 0 },
    run: async (_: unknown, ctx: { attempt: number; log: (message: string) => void }) => {
      ctx.log(`attempt ${ctx.attempt}`)
      if (ctx.attempt === 1) throw new Error('not yet')
      return 'mended'
    },
  },
] as NonNullable<PosthasteOptions['tasks']>

const opened = async (options: PosthasteOptions): Promise<Posthaste> => {
  const ph = await posthaste({ tasks, archiveAfter: 0, ...options })
  toClose.push(ph)
  return ph as Posthaste
}

describe.each(Object.keys(PAIRS))('an installation with an archive, %s', (pair) => {
  const urls = () => (PAIRS[pair] as (typeof PAIRS)[string])()

  it('reads finished jobs as if they were still there', { timeout: MINUTE }, async () => {
    const at = await urls()
    const ph = await opened(at)
    const added = await ph.addMany(
      [1, 2, 3].map((payload) => ({ task: 'double', payload, ref: `ref-${payload}` })),
    )
    const later = await ph.add('double', 4, { delay: '1h' })
    ph.work()
    for (const { id } of added) expect((await ph.waitFor(id)).state).toBe('completed')
    const engine = await openEngine(at.engine)
    const ids = added.map(({ id }) => id)
    await until(async () => (await engine.get(ids)).every((job) => job === null))
    await engine.close()

    const [first] = ids as [string]
    expect(await ph.get(first)).toMatchObject({ state: 'completed', output: 2, attempt: 1, ref: 'ref-1' })
    expect(await ph.waitFor(first, { timeout: '5s' })).toMatchObject({ output: 2 })
    expect((await ph.explain(first)).reasons[0]).toMatchObject({ code: 'completed' })
    expect((await ph.list({ ref: 'ref-2' })).jobs).toMatchObject([{ output: 4 }])
    const pages: string[] = []
    let cursor: string | null = null
    do {
      const page: Awaited<ReturnType<Posthaste['list']>> = await ph.list({ limit: 1, cursor, sort: 'id' })
      pages.push(...page.jobs.map(({ id }) => id))
      cursor = page.cursor
    } while (cursor !== null)
    expect(pages).toEqual([...ids, later.id])
    const stats = await ph.stats()
    expect(stats).toMatchObject({ total: 4, states: { completed: 3, scheduled: 1 }, archive: { ok: true } })
    expect(ph.archive()).toMatchObject({ ok: true, moved: 3 })
    // Another program, without a worker, sees the same.
    const other = await opened(at)
    expect(await other.get(first)).toMatchObject({ output: 2 })
    // The archive alone is a store like any other.
    const kept = await opened({ engine: at.archive, archive: null })
    expect((await kept.stats()).states).toMatchObject({ completed: 3, scheduled: 0 })
  })

  it('sends a dead job round again out of the archive, and removes it for good', {
    timeout: MINUTE,
  }, async () => {
    const at = await urls()
    const ph = await opened(at)
    const { id } = await ph.add('mends', null, { key: 'one' })
    ph.work()
    expect((await ph.waitFor(id)).state).toBe('dead')
    await until(() => ph.archive()?.moved === 1)
    expect(await ph.retry(id)).toMatchObject({ attempt: 1, key: 'one' })
    expect(await ph.waitFor(id)).toMatchObject({ state: 'completed', output: 'mended', attempt: 2 })
    await until(() => ph.archive()?.moved === 2)
    const job = await ph.get(id)
    expect(job?.errors).toMatchObject([{ message: 'not yet' }])
    expect(job?.history.map(({ event }) => event)).toEqual(
      expect.arrayContaining(['add', 'fail', 'retry', 'complete']),
    )
    expect((await ph.logs(id)).map(({ message }) => message)).toEqual(['attempt 1', 'attempt 2'])
    expect((await ph.stats()).total).toBe(1)
    await expect(ph.retry(id)).rejects.toMatchObject({ code: 'E_STATE' })
    // Adding the same id again is adding the same job again.
    await ph.add('mends', null, { id })
    expect((await ph.stats()).total).toBe(1)

    expect(await ph.remove(id)).toMatchObject({ id, state: 'completed' })
    expect(await ph.get(id)).toBeNull()
    expect((await ph.stats()).total).toBe(0)
  })
})

describe('an archive', () => {
  it('that is away keeps nobody from working, and is told of', { timeout: MINUTE }, async () => {
    const at = await (PAIRS['sqlite → sqlite'] as (typeof PAIRS)[string])()
    const archive = faultyEngine(await openEngine(at.archive))
    const warnings: string[] = []
    const warn = (fields: { step?: string; err?: Error }) =>
      void warnings.push(`${fields.step} ${fields.err?.message}`)
    const quiet = () => undefined
    const logger = { debug: quiet, info: quiet, warn, error: warn }
    const ph = await opened({ engine: at.engine, archive, logger: logger as never })
    archive.inject({ times: Number.POSITIVE_INFINITY })
    const { id } = await ph.add('double', 1)
    ph.work()
    expect(await ph.waitFor(id)).toMatchObject({ output: 2 })
    await until(() => warnings.some((line) => /^archive .*The archive .* failed/.test(line)))
    expect(ph.archive()?.ok).toBe(false)
    expect(await ph.stats()).toMatchObject({ total: 1, archive: { ok: false } })
    expect(await ph.explain(id)).toMatchObject({ state: 'completed' })
    expect((await ph.list({ state: ['ready', 'running'] })).jobs).toEqual([])
    await expect(ph.list()).rejects.toMatchObject({ code: 'E_ARCHIVE' })
    archive.heal()
    await until(() => ph.archive()?.moved === 1)
    expect(await ph.stats()).toMatchObject({ total: 1, archive: { ok: true, error: null } })
    expect((await ph.list()).jobs).toHaveLength(1)
  })

  it('has to be another store than the engine, and no memory', async () => {
    const engine = await sqlite('jobs')
    const refused = { code: 'E_ARGUMENT', field: 'archive' }
    await expect(posthaste({ engine, archive: engine })).rejects.toMatchObject(refused)
    await expect(posthaste({ engine, archive: 'memory:' })).rejects.toMatchObject(refused)
    await expect(posthaste({ engine, archive: 7 as never })).rejects.toMatchObject(refused)
    await expect(posthaste({ engine, archive: 'sqlite:/no/such/folder/a.db' })).rejects.toMatchObject({
      code: 'E_STORE_OPEN',
    })
    await expect(posthaste({ engine, archiveAfter: 'soon' as never })).rejects.toMatchObject({
      field: 'archiveAfter',
    })
    // Nothing was left open: the file can be opened again.
    await opened({ engine })
  })
})
