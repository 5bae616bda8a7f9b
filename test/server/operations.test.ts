import { beforeAll, describe, expect, it } from 'vitest'
import { task } from '../../src/index.ts'
import { ENGINES } from '../servers/engines.ts'
import { served } from './served.ts'

const LINES = 5
const JSON_HEADERS = { 'content-type': 'application/json' }
const chatty = task({
  name: 'chatty',
  queue: 'talk',
  retry: { maxRetries: 0 },
  run: (payload, ctx) => {
    for (let n = 1; n <= LINES; n++) ctx.log(`line ${n}`, n === 2 ? 'warn' : 'info')
    if (payload === 'fail') throw new Error('no luck')
    return { said: LINES }
  },
})

describe.each(['memory', ...ENGINES] as const)('on %s', (kind) => {
  const at = served(kind, [chatty])
  beforeAll(() => {
    at.ph.work({ queues: ['talk'], concurrency: 3 })
  })

  // biome-ignore lint/suspicious/noExplicitAny: the shape is what the tests are about.
  type Answer = { status: number; body: any }
  const call = async (method: string, path: string, json?: object): Promise<Answer> => {
    const body = json === undefined ? {} : { body: JSON.stringify(json), headers: JSON_HEADERS }
    const response = await fetch(at.url + path, { method, ...body })
    return { status: response.status, body: await response.json() }
  }

  describe('/v1/queues', () => {
    it('are listed with their numbers, paused and resumed', async () => {
      await at.ph.add('other', null, { queue: 'mail' })
      const before = await call('GET', '/v1/queues')
      expect(before.body.queues).toContainEqual(
        expect.objectContaining({ queue: 'mail', paused: false, total: 1 }),
      )
      expect(Date.parse(before.body.at)).toBeGreaterThan(0)
      const paused = await call('POST', '/v1/queues/mail/pause')
      expect(paused).toMatchObject({ status: 200, body: { queue: 'mail', paused: true, pausedBy: 'http' } })
      // Safe to repeat: who paused it first is kept.
      expect((await call('POST', '/v1/queues/mail/pause')).body.pausedAt).toBe(paused.body.pausedAt)
      expect((await call('POST', '/v1/queues/mail/resume')).body).toMatchObject({
        queue: 'mail',
        paused: false,
      })
    })

    it('can be paused before they have a job', async () => {
      expect((await call('POST', '/v1/queues/later/pause')).body).toMatchObject({
        queue: 'later',
        paused: true,
      })
    })

    it('have names', async () => {
      const refused = await call('POST', `/v1/queues/${encodeURIComponent('<no name>')}/pause`)
      expect(refused).toMatchObject({ status: 400, body: { code: 'E_NAME', field: 'queue' } })
    })
  })

  it('/v1/workers tells who is alive', async () => {
    const { body } = await call('GET', '/v1/workers')
    expect(body.workers).toMatchObject([
      { pid: process.pid, concurrency: 3, queues: ['talk'], tasks: ['chatty'] },
    ])
  })

  describe('a job', () => {
    it('has a log, line by line and page by page', async () => {
      const { id } = await at.ph.add('chatty', null)
      await at.ph.waitFor(id)
      const all = await call('GET', `/v1/jobs/${id}/logs`)
      expect(all.body.lines.map(({ message }: { message: string }) => message)).toEqual(
        Array.from({ length: LINES }, (_, n) => `line ${n + 1}`),
      )
      expect(all.body.lines[1]).toMatchObject({ level: 'warn', fence: 1, seq: 2 })
      expect(new Date(all.body.lines[0].at).toISOString()).toBe(all.body.lines[0].at)
      const first = await call('GET', `/v1/jobs/${id}/logs?limit=2`)
      expect(first.body).toMatchObject({ lines: all.body.lines.slice(0, 2), cursor: '1.2' })
      const rest = await call('GET', `/v1/jobs/${id}/logs?after=${first.body.cursor}`)
      expect(rest.body.lines).toEqual(all.body.lines.slice(2))
      // At the end the cursor stays, so that the next question goes on from there.
      const end = await call('GET', `/v1/jobs/${id}/logs?after=${rest.body.cursor}`)
      expect(end.body).toEqual({ lines: [], cursor: rest.body.cursor })
    })

    it.each(['x', '1', '1.2.3', '1.x', '-', '1e3.1e400'])('has no log after %j', async (after) => {
      const { id } = await at.ph.add('chatty', null)
      const { status, body } = await call('GET', `/v1/jobs/${id}/logs?after=${after}`)
      expect({ status, code: body.code, field: body.field }).toEqual({
        status: 400,
        code: 'E_CURSOR',
        field: 'after',
      })
    })

    it('is explained, run now, and removed for good', async () => {
      const { id } = await at.ph.add('other', null, { delay: '1h', queue: 'unserved' })
      const said = await call('GET', `/v1/jobs/${id}/explain`)
      expect(said.body).toMatchObject({
        id,
        state: 'scheduled',
        reasons: [{ code: 'scheduled' }, { code: 'queue_not_served' }],
      })
      expect((await call('POST', `/v1/jobs/${id}/run-now`)).body).toMatchObject({ id, state: 'ready' })
      expect((await call('DELETE', `/v1/jobs/${id}`)).body).toMatchObject({ id, state: 'ready' })
      for (const [method, rest] of [
        ['GET', ''],
        ['DELETE', ''],
        ['GET', '/explain'],
        ['POST', '/run-now'],
      ]) {
        const missing = await call(method ?? '', `/v1/jobs/${id}${rest}`)
        expect(missing).toMatchObject({ status: 404, body: { code: 'E_JOB_MISSING' } })
      }
      expect((await call('GET', `/v1/jobs/${id}/logs`)).body.lines).toEqual([])
    })

    it('gets another priority while it waits', async () => {
      const { id } = await at.ph.add('other', null, { queue: 'unserved' })
      const raised = await call('POST', `/v1/jobs/${id}/priority`, { priority: 'high' })
      expect(raised).toMatchObject({ status: 200, body: { id, state: 'ready', priority: 3 } })
      expect(await call('POST', `/v1/jobs/${id}/priority`, { priority: 'soon' })).toMatchObject({
        status: 400,
        body: { code: 'E_PRIORITY', field: 'priority' },
      })
      await at.ph.remove(id)
    })

    it('that is held is decided about', async () => {
      const parent = await at.ph.add('other', null, { queue: 'unserved' })
      const after = [{ id: parent.id, onParentFailure: 'hold' }] as const
      const { id } = await at.ph.add('other', null, { queue: 'unserved', after })
      await at.ph.cancel(parent.id)
      const wrong = await call('POST', `/v1/jobs/${id}/resolve`, { to: 'running' })
      expect(wrong).toMatchObject({ status: 400, body: { code: 'E_ARGUMENT', field: 'to' } })
      const decided = await call('POST', `/v1/jobs/${id}/resolve`, { to: 'completed', reason: 'by hand' })
      expect(decided).toMatchObject({ status: 200, body: { id, state: 'completed' } })
      expect(decided.body.history.at(-1)).toMatchObject({ event: 'resolve', by: 'http', reason: 'by hand' })
      expect(await call('POST', `/v1/jobs/${id}/resolve`, { to: 'ready' })).toMatchObject({ status: 409 })
    })

    it('is told what its state does not allow', async () => {
      const { id } = await at.ph.add('chatty', null)
      await at.ph.waitFor(id)
      expect(await call('POST', `/v1/jobs/${id}/run-now`)).toMatchObject({
        status: 409,
        body: { code: 'E_STATE' },
      })
    })
  })

  it('a page of rows leaves out what can be large', async () => {
    const { id } = await at.ph.add('chatty', 'fail', { metadata: { note: 'x' } })
    await at.ph.waitFor(id)
    const { body } = await call('GET', '/v1/jobs?view=row&task=chatty&state=dead')
    expect(body.jobs[0]).toMatchObject({ id, state: 'dead', lastError: { message: 'no luck' } })
    for (const field of ['payload', 'output', 'history', 'errors', 'progress', 'checkpoint', 'metadata']) {
      expect(body.jobs[0]).not.toHaveProperty(field)
    }
    expect((await call('GET', '/v1/jobs?view=all')).body).toMatchObject({
      code: 'E_ARGUMENT',
      field: 'query.view',
    })
  })
})
