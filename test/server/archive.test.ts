import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { faultyEngine } from 'posthaste/testing'
import { afterEach, expect, it } from 'vitest'
import { openEngine } from '../../src/engines/open.ts'
import { posthaste } from '../../src/index.ts'
import { silentLogger } from '../../src/runtime/logger.ts'
import { createServer } from '../../src/server/index.ts'
import { raw } from './raw.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

it('an archive is read through HTTP, and its absence is told there', { timeout: 30_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'posthaste-server-archive-'))
  closing.push(() => rmSync(folder, { recursive: true, force: true }))
  const archive = faultyEngine(await openEngine(`sqlite:${join(folder, 'archive.db')}`))
  const tasks = [{ name: 'it', run: () => 'done' }]
  const ph = await posthaste({
    engine: `sqlite:${join(folder, 'jobs.db')}`,
    archive,
    archiveAfter: 0,
    tasks: tasks as never,
  })
  closing.push(() => ph.close({ grace: 0 }))
  const server = createServer({ posthaste: ph, packs: [], logger: silentLogger, token: null })
  closing.push(() => server.stop())
  const base = await server.start({ host: '127.0.0.1', port: 0 })
  const get = async (path: string) => {
    const { status, text } = await raw(`${base}${path}`)
    return { status, body: JSON.parse(text) }
  }
  const metrics = async () => (await raw(`${base}/metrics`)).text

  const { id } = await ph.add('it', null)
  ph.work()
  await ph.waitFor(id)
  while (ph.archive()?.moved === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  expect((await get(`/v1/jobs/${id}`)).body).toMatchObject({ state: 'completed', output: 'done' })
  expect((await get('/v1/jobs?state=completed')).body.jobs).toMatchObject([{ id }])
  expect((await get('/v1/stats')).body).toMatchObject({ total: 1, archive: { kind: 'sqlite', ok: true } })
  expect((await get('/healthz')).body).toMatchObject({ archive: { kind: 'sqlite', ok: true }, warnings: [] })
  expect(await metrics()).toMatch(/^posthaste_jobs\{queue="default",task="it",state="completed"\} 1$/m)
  expect(await metrics()).toMatch(/^posthaste_archive_up 1$/m)
  expect(await metrics()).toMatch(/^posthaste_archive_moved_total 1$/m)

  archive.inject({ times: Number.POSITIVE_INFINITY })
  const health = await get('/healthz')
  expect(health).toMatchObject({ status: 200, body: { status: 'ok', archive: { ok: false } } })
  expect(health.body.warnings).toEqual([expect.stringContaining('archive')])
  expect(await metrics()).toMatch(/^posthaste_archive_up 0$/m)
  expect(await get(`/v1/jobs/${id}`)).toMatchObject({ status: 503, body: { code: 'E_ARCHIVE' } })
  expect((await get('/v1/jobs?state=ready')).status).toBe(200)
  expect((await get('/v1/stats')).body).toMatchObject({ total: 0, archive: { ok: false } })
  archive.heal()
  expect((await get(`/v1/jobs/${id}`)).status).toBe(200)
  expect(await metrics()).toMatch(/^posthaste_archive_up 1$/m)
})
