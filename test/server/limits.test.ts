import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Posthaste, posthaste } from '../../src/index.ts'
import { createServer, type HttpServer } from '../../src/server/index.ts'

let ph: Posthaste
let server: HttpServer
let url: string

beforeAll(async () => {
  ph = await posthaste({ engine: 'memory:', limits: [{ task: 'report', concurrency: 1 }] })
  server = createServer({ posthaste: ph, packs: [], logger: ph.logger, token: null })
  url = await server.start({ host: '127.0.0.1', port: 0 })
})
afterAll(async () => {
  await server.stop()
  await ph.close()
})

const call = async (method: string, path: string, body?: unknown) => {
  const answer = await fetch(`${url}/v1/${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await answer.text()
  return { status: answer.status, body: text === '' ? null : JSON.parse(text) }
}

it('limits are set, listed, removed and reset', async () => {
  const group = { queue: 'mail', group: 'acme' }
  const set = await call('PUT', 'limits', {
    ...group,
    concurrency: 2,
    rate: { max: 10, per: '1m' },
    weight: 3,
  })
  expect(set).toMatchObject({
    status: 200,
    body: { ...group, scope: 'group', concurrency: 2, rate: { max: 10, per: 60_000 }, weight: 3, by: 'http' },
  })
  expect(await call('PUT', 'limits', { ...group, concurrency: 3, version: 7 })).toMatchObject({
    ...{ status: 409, body: { code: 'E_CONFLICT', field: 'version' } },
  })
  const { version } = set.body
  expect((await call('PUT', 'limits', { ...group, concurrency: 3, rate: null, version })).body).toMatchObject(
    {
      ...{ concurrency: 3, rate: null, weight: null, version: 2 },
    },
  )
  const { limits } = (await call('GET', 'limits')).body
  expect(limits).toMatchObject([{ ...group }, { task: 'report', concurrency: 1, source: 'code' }])
  expect(await call('DELETE', 'limits', group)).toEqual({ status: 204, body: null })
  expect(await call('DELETE', 'limits', group)).toMatchObject({
    status: 404,
    body: { code: 'E_LIMIT_MISSING' },
  })
  expect((await call('DELETE', 'limits', { task: 'report' })).status).toBe(204)
  expect((await call('GET', 'limits')).body.limits).toEqual([])
  expect((await call('POST', 'limits/reset', { task: 'report' })).body).toMatchObject({ concurrency: 1 })
  expect(await call('POST', 'limits/reset', { task: 'x' })).toMatchObject({
    status: 409,
    body: { code: 'E_STATE' },
  })
})

it('a task, a group and a key are paused and resumed', async () => {
  for (const target of [
    { task: 't' },
    { queue: 'q', group: 'g' },
    { queue: 'q', groups: true },
    { key: 'a key' },
  ]) {
    expect((await call('POST', 'limits/pause', target)).body).toEqual({ ...target, paused: true })
    expect(await ph.limits.get(target as { task: string })).toMatchObject({ paused: { by: 'http' } })
    expect((await call('POST', 'limits/resume', target)).body).toEqual({ ...target, paused: false })
    expect(await ph.limits.get(target as { task: string })).toBeNull()
  }
  await call('POST', 'limits/pause', { queue: 'whole' })
  expect((await call('GET', 'queues')).body.queues).toMatchObject([
    { queue: 'whole', paused: true, pausedBy: 'http' },
  ])
  await call('POST', 'limits/resume', { queue: 'whole' })
})

it('jobs have a group and a limit key', async () => {
  const { body } = await call('POST', 'jobs', { task: 'report', group: 'acme', limit: 'relay' })
  expect(body).toMatchObject({ group: 'acme', limit: 'relay' })
  const paused = await call('POST', 'limits/pause', { key: 'relay' })
  expect(paused.status).toBe(200)
  const { reasons } = (await call('GET', `jobs/${body.id}/explain`)).body
  expect(reasons[0]).toMatchObject({ code: 'key_paused', data: { key: 'relay', by: 'http' } })
})

it('a queue is explained', async () => {
  const { status, body } = await call('GET', 'queues/default/explain')
  expect(status).toBe(200)
  expect(body).toMatchObject({ queue: 'default', ready: 1, tasks: [{ task: 'report', known: false }] })
  expect(body.reasons.map(({ code }: { code: string }) => code)).toEqual([
    'no_worker',
    'key_paused',
    'backlog',
  ])
})

it('what is wrong is named', async () => {
  const refused = async (body: object, code: string, field: string) =>
    expect(await call('PUT', 'limits', body)).toMatchObject({ status: 400, body: { code, field } })
  await refused({ concurrency: 1 }, 'E_ARGUMENT', 'queue')
  await refused({ queue: 'a b', concurrency: 1 }, 'E_NAME', 'queue')
  await refused({ queue: 'q' }, 'E_ARGUMENT', 'concurrency')
  await refused({ queue: 'q', most: 1 }, 'E_ARGUMENT', 'body.most')
  await refused({ queue: 'q', rate: { max: 1, per: 'x' } }, 'E_DURATION', 'rate.per')
  await refused({ task: 't', weight: 2 }, 'E_ARGUMENT', 'weight')
})
