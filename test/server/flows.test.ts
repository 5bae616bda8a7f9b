import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newId, type Posthaste, posthaste, task } from '../../src/index.ts'
import { silentLogger } from '../../src/runtime/logger.ts'
import { createServer, type HttpServer } from '../../src/server/index.ts'
import { raw } from './raw.ts'

const echo = task({ name: 'echo', run: (payload) => payload })

let ph: Posthaste
let server: HttpServer
let url: string
beforeAll(async () => {
  ph = await posthaste({ engine: 'memory:', tasks: [echo] })
  server = createServer({ posthaste: ph as Posthaste, packs: [], logger: silentLogger, token: null })
  url = await server.start({ host: '127.0.0.1', port: 0 })
  ph.work()
})
afterAll(async () => {
  await server.stop()
  await ph.close({ grace: 0 })
})

const post = (path: string, body: unknown = {}) =>
  raw(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
const get = (path: string) => raw(`${url}${path}`)

describe('keys over HTTP', () => {
  it('the answer says what happened to the job that had the key', async () => {
    const key = { key: newId(), onConflict: 'replace' }
    const first = await post('/v1/jobs', { task: 'other', key, delay: '1h' })
    expect(first).toMatchObject({ status: 201, body: { outcome: 'inserted', other: null } })
    const second = await post('/v1/jobs', { task: 'other', key })
    expect(second).toMatchObject({ status: 201, body: { outcome: 'replaced', other: first.body.id } })
    const third = await post('/v1/jobs', { task: 'other', key: key.key })
    expect(third).toMatchObject({ status: 200, body: { id: second.body.id, outcome: 'kept' } })
    const fourth = await post('/v1/jobs', { task: 'other', key: { ...key, onConflict: 'reject' } })
    expect(fourth).toMatchObject({ status: 409, body: { code: 'E_KEY_TAKEN' } })
    const wrong = await post('/v1/jobs', { task: 'other', key: { key: 'k', until: 'never' } })
    expect(wrong).toMatchObject({ status: 400, body: { field: 'key.until' } })
  })
})

describe('flows over HTTP', () => {
  it('jobs run after their parents, and are found by them', async () => {
    const { status, body } = await post('/v1/flows', {
      jobs: { a: { task: 'echo', payload: 1 }, b: { task: 'echo', payload: 2, after: { a: 'run' } } },
    })
    expect(status).toBe(201)
    const done = await ph.waitFor(body.jobs.b.id)
    expect(done.parents).toEqual([{ id: body.jobs.a.id, name: 'a', onFailure: 'run' }])
    const children = await get(`/v1/jobs?parent=${body.jobs.a.id}`)
    expect(children.body.jobs.map(({ id }: { id: string }) => id)).toEqual([body.jobs.b.id])
    const later = await post('/v1/jobs', { task: 'echo', after: [{ id: body.jobs.b.id, name: 'b' }] })
    expect((await ph.waitFor(later.body.id)).state).toBe('completed')
  })

  it('what is wrong is named', async () => {
    const one = { task: 'echo' }
    expect(
      await post('/v1/flows', { jobs: { a: { ...one, after: 'b' }, b: { ...one, after: 'a' } } }),
    ).toMatchObject({ status: 400, body: { code: 'E_FLOW_CIRCLE' } })
    expect(await post('/v1/flows', { jobs: { a: { ...one, key: 'k' } } })).toMatchObject({
      status: 400,
      body: { field: 'body.jobs.a.key' },
    })
    expect(await post('/v1/jobs', { ...one, after: newId() })).toMatchObject({
      status: 404,
      body: { code: 'E_PARENT_MISSING' },
    })
  })
})

describe('batches over HTTP', () => {
  it('open, add, close, look', async () => {
    const { status, body } = await post('/v1/batches', {
      description: 'import',
      onSuccess: { task: 'echo', payload: 'done' },
    })
    expect(status).toBe(201)
    expect(body).toMatchObject({ state: 'open', description: 'import', total: 0 })
    const path = `/v1/batches/${body.id}`
    const job = await post('/v1/jobs', { task: 'echo', payload: 1, batch: body.id })
    await ph.waitFor(job.body.id)
    await post(`${path}/close`)
    const { callbacks } = (await get(path)).body
    await ph.waitFor(callbacks.success.id)
    expect((await get(path)).body).toMatchObject({ state: 'succeeded', completed: 1, progress: 1 })
    expect((await get('/v1/batches')).body.batches).toHaveLength(1)
    expect(await post('/v1/jobs', { task: 'echo', batch: body.id })).toMatchObject({ status: 409 })
  })

  it('one that does not exist is not found', async () => {
    expect(await get(`/v1/batches/${newId()}`)).toMatchObject({
      status: 404,
      body: { code: 'E_BATCH_MISSING' },
    })
    expect(await post(`/v1/batches/${newId()}/close`)).toMatchObject({ status: 404 })
    expect(await post('/v1/batches', { colour: 1 })).toMatchObject({
      status: 400,
      body: { field: 'body.colour' },
    })
  })
})
