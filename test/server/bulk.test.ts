import { expect, it } from 'vitest'
import { task } from '../../src/index.ts'
import { until } from '../runtime/open.ts'
import { served } from './served.ts'

const boom = task({
  name: 'boom',
  retry: { maxRetries: 0 },
  run: ({ n }: { n: number }) => Promise.reject(new Error(`row ${n} is locked`)),
})
const at = served('sqlite', [boom])

// biome-ignore lint/suspicious/noExplicitAny: the shape is what the tests are about.
const call = async (method: string, path: string, body?: object): Promise<{ status: number; body: any }> => {
  const response = await fetch(at.url + path, {
    method,
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  })
  return { status: response.status, body: await response.json() }
}

const over = async (id: string) => {
  await until(async () => (await call('GET', `/v1/bulk/${id}`)).body.state !== 'running')
  return (await call('GET', `/v1/bulk/${id}`)).body
}

it('previews, runs, is read while it goes on, is undone, and is written down', async () => {
  const worker = at.ph.work()
  await at.ph.addMany(Array.from({ length: 12 }, (_, n) => ({ task: 'boom', payload: { n } })))
  await until(async () => (await at.ph.stats()).states.dead === 12)
  await worker.stop()

  const letters = await call('GET', '/v1/dead-letters?task=boom')
  expect(letters).toMatchObject({ status: 200, body: { bounded: false, groups: [{ count: 12 }] } })
  const [{ fingerprint, error, pattern }] = letters.body.groups
  expect(pattern).toBe('row * is locked')
  expect(error.stack).toBeUndefined()

  const filter = { fingerprint }
  const preview = await call('POST', '/v1/jobs/bulk', { action: 'remove', filter, dryRun: true })
  expect(preview).toMatchObject({ status: 200, body: { action: 'remove', count: 12, undoable: true } })
  expect(preview.body.sample).toHaveLength(10)
  expect(preview.body.sample[0].payload).toBeUndefined()

  const removed = await call('POST', '/v1/jobs/bulk', { action: 'remove', filter })
  expect(removed).toMatchObject({ status: 202, body: { action: 'remove', by: 'http' } })
  expect(await over(removed.body.id)).toMatchObject({ state: 'done', done: 12 })
  expect((await call('GET', '/v1/jobs')).body.jobs).toEqual([])

  const undo = await call('POST', `/v1/bulk/${removed.body.id}/undo`)
  expect(undo).toMatchObject({ status: 202, body: { action: 'undo', undoes: removed.body.id } })
  expect(await over(undo.body.id)).toMatchObject({ state: 'done', done: 12 })
  expect((await call('GET', '/v1/jobs')).body.jobs).toHaveLength(12)

  const runs = await call('GET', '/v1/bulk?limit=1')
  expect(runs.body.runs.map(({ id }: { id: string }) => id)).toEqual([undo.body.id])
  const audit = await call('GET', `/v1/audit?bulk=${removed.body.id}`)
  expect(audit.body.entries).toMatchObject([
    { action: 'bulk.end', by: 'http', count: 12, ok: true, details: { state: 'done', done: 12 } },
    { action: 'bulk.start', by: 'http', details: { action: 'remove' } },
  ])
})

it('stops a run that waits for its canary', async () => {
  const run = await call('POST', '/v1/jobs/bulk', { action: 'retry', filter: { task: 'boom' }, canary: 2 })
  await until(async () => (await call('GET', `/v1/bulk/${run.body.id}`)).body.canary.sent.length === 2)
  const stopped = await call('POST', `/v1/bulk/${run.body.id}/stop`)
  expect(stopped).toMatchObject({ status: 200, body: { state: 'stopped', why: 'stopped by http', done: 2 } })
})

it('refuses what is not clear', async () => {
  const bulk = (body: object) => call('POST', '/v1/jobs/bulk', body)
  const refused = { status: 400, body: { code: 'E_ARGUMENT' } }
  expect(await bulk({ action: 'retry' })).toMatchObject({ ...refused, body: { field: 'filter' } })
  expect(await bulk({ action: 'retry', filter: { state: ['dead', 'cancelled'] } })).toMatchObject(refused)
  expect(await bulk({ action: 'retry', filter: { state: 'completed' } })).toMatchObject(refused)
  expect(await bulk({ action: 'explode', all: true })).toMatchObject({
    ...refused,
    body: { field: 'action' },
  })
  expect(await bulk({ action: 'cancel', all: true, canary: 3 })).toMatchObject(refused)
  expect(await bulk({ action: 'retry', filter: { fingerprint: 'x' } })).toMatchObject(refused)
  expect(await bulk({ action: 'retry', all: true, dryRun: true })).toMatchObject({ status: 200 })
  const unknown = '01890a5d-ac96-774b-bcce-b302099a8057'
  expect(await call('GET', `/v1/bulk/${unknown}`)).toMatchObject({
    ...{ status: 404, body: { code: 'E_BULK_MISSING' } },
  })
  expect(await call('POST', `/v1/bulk/${unknown}/undo`)).toMatchObject({ status: 404 })
})
