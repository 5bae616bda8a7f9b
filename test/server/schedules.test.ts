import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Posthaste, posthaste } from '../../src/index.ts'
import { createServer, type HttpServer } from '../../src/server/index.ts'

let ph: Posthaste
let server: HttpServer
let url: string

beforeAll(async () => {
  ph = await posthaste({ engine: 'memory:' })
  server = createServer({ posthaste: ph, packs: [], logger: ph.logger, token: null })
  url = await server.start({ host: '127.0.0.1', port: 0 })
})
afterAll(async () => {
  await server.stop()
  await ph.close()
})

const call = async (method: string, path: string, body?: unknown) => {
  const answer = await fetch(`${url}/v1/schedules${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await answer.text()
  return { status: answer.status, body: text === '' ? null : JSON.parse(text) }
}

it('schedules are created, read, changed, paused, run and removed', async () => {
  const nightly = {
    name: 'nightly',
    cron: '0 3 * * *',
    timeZone: 'Europe/Berlin',
    task: 'report',
    payload: { a: 1 },
  }
  const created = await call('POST', '', nightly)
  expect(created).toMatchObject({ status: 201, body: { ...nightly, source: 'operator', overlap: 'skip' } })
  expect(created.body.nextRuns).toHaveLength(5)
  expect(await call('POST', '', nightly)).toMatchObject({ status: 409, body: { code: 'E_SCHEDULE_EXISTS' } })
  expect((await call('GET', '')).body.schedules).toEqual([created.body])
  expect((await call('GET', '/nightly')).body).toEqual(created.body)

  const changed = await call('PATCH', '/nightly', { overlap: 'queue', endAt: '2040-01-01T00:00:00Z' })
  expect(changed).toMatchObject({ status: 200, body: { cron: '0 3 * * *', overlap: 'queue' } })
  expect((await call('PATCH', '/nightly', { endAt: null })).body.endAt).toBeNull()
  expect((await call('PUT', '/nightly', { every: '5m', task: 'report' })).body).toMatchObject({
    ...{ cron: null, every: 300_000, payload: null, overlap: 'skip' },
  })

  expect((await call('POST', '/nightly/pause')).body).toMatchObject({ paused: { by: 'http' }, nextRuns: [] })
  expect((await call('POST', '/nightly/resume')).body.paused).toBeNull()
  const ran = await call('POST', '/nightly/run')
  expect(ran).toMatchObject({
    status: 201,
    body: { task: 'report', schedule: { name: 'nightly', at: null } },
  })
  expect(await call('POST', '/nightly/reset')).toMatchObject({ status: 409, body: { code: 'E_STATE' } })
  expect(await call('DELETE', '/nightly')).toEqual({ status: 204, body: null })
  for (const [method, path] of [
    ['GET', ''],
    ['PATCH', ''],
    ['DELETE', ''],
    ['POST', '/pause'],
    ['POST', '/run'],
  ] as const) {
    const missing = await call(method, `/nightly${path}`, method === 'GET' ? undefined : {})
    expect(missing, method).toMatchObject({ status: 404, body: { code: 'E_SCHEDULE_MISSING' } })
  }
})

it('what is wrong is named', async () => {
  const refused = async (body: object, code: string, field: string) =>
    expect(await call('PUT', '/x', { task: 'report', ...body })).toMatchObject({
      status: 400,
      body: { code, field },
    })
  await refused({ cron: '61 * * * *' }, 'E_CRON', 'cron')
  await refused({}, 'E_ARGUMENT', 'cron')
  await refused({ cron: '@daily', zone: 'UTC' }, 'E_ARGUMENT', 'body.zone')
  await refused({ cron: '@daily', timeZone: 'Nowhere' }, 'E_ARGUMENT', 'timeZone')
})

it('their ticks are measured', async () => {
  await call('POST', '', { name: 'counted', every: '1h', task: 'report' })
  const metrics = await (await fetch(`${url}/metrics`)).text()
  expect(metrics).toContain('posthaste_schedule_ticks_total{schedule="counted"} 0')
  expect(metrics).toContain('posthaste_schedule_missed_total{schedule="counted"} 0')
})
