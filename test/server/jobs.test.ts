import { describe, expect, it } from 'vitest'
import { task } from '../../src/index.ts'
import { ENGINES } from '../servers/engines.ts'
import { served } from './served.ts'

const greet = task({ name: 'greet', run: (payload) => payload })
const failing = task({
  name: 'failing',
  retry: { maxRetries: 0 },
  run: () => {
    throw new Error('no luck')
  },
})

interface Answer {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: the shape is what the tests are about.
  readonly body: any
}

describe.each(['memory', ...ENGINES] as const)('jobs on %s', (kind) => {
  const at = served(kind, [greet, failing])
  const call = async (path: string, init: RequestInit = {}): Promise<Answer> => {
    const response = await fetch(at.url + path, init)
    return { status: response.status, headers: response.headers, body: await response.json() }
  }
  const post = (path: string, body: unknown): Promise<Answer> =>
    call(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })

  it('are added, read, listed, cancelled and sent round again', async () => {
    const added = await post('/v1/jobs', {
      task: 'greet',
      payload: { name: 'Ada' },
      priority: 'high',
      tags: ['a'],
    })
    expect(added.status).toBe(201)
    expect(added.body).toMatchObject({
      task: 'greet',
      payload: { name: 'Ada' },
      priority: 3,
      state: 'ready',
      tags: ['a'],
    })
    const path = `/v1/jobs/${added.body.id}`
    expect(added.headers.get('location')).toBe(path)
    expect((await call(path)).body).toMatchObject({ id: added.body.id, createdAt: added.body.createdAt })

    const list = await call('/v1/jobs?state=ready,running&task=greet&limit=10')
    expect(list.body.jobs.map(({ id }: { id: string }) => id)).toContain(added.body.id)
    expect((await call('/v1/jobs?state=dead')).body).toEqual({ jobs: [], cursor: null, bounded: false })

    const cancelled = await post(`${path}/cancel`, { reason: 'not wanted' })
    expect(cancelled.body).toMatchObject({ state: 'cancelled' })
    // An action without a body needs no content type.
    expect((await call(`${path}/retry`, { method: 'POST' })).body).toMatchObject({ state: 'ready' })
    expect((await post(`${path}/retry`, {})).body).toMatchObject({ code: 'E_STATE', status: 409 })
  })

  it('with a key are added once', async () => {
    const first = await post('/v1/jobs', { task: 'greet', key: 'once' })
    const second = await post('/v1/jobs', { task: 'greet', key: 'once' })
    expect([first.status, second.status]).toEqual([201, 200])
    expect(second.body.id).toBe(first.body.id)
  })

  it('keep their payload as it was sent', async () => {
    const payload = {
      text: 'Grüße, 世界 \u0000 \u2028',
      numbers: [0, -1.5, 2 ** 53 - 1],
      nested: { deep: [[]] },
      none: null,
    }
    const { body } = await post('/v1/jobs', { task: 'greet', payload })
    expect((await call(`/v1/jobs/${body.id}`)).body.payload).toEqual(payload)
  })

  it('are counted', async () => {
    const before = (await call('/v1/stats')).body.total
    await post('/v1/jobs', { task: 'greet' })
    expect((await call('/v1/stats')).body.total).toBe(before + 1)
  })

  it('show what went wrong, without a stack', async () => {
    at.ph.work()
    const { id } = await at.ph.waitFor((await at.ph.add('failing', null)).id)
    const { body } = await call(`/v1/jobs/${id}`)
    expect(body).toMatchObject({
      state: 'dead',
      lastError: { message: 'no luck' },
      errors: [{ attempt: 1 }],
    })
    expect(JSON.stringify(body)).not.toMatch(/"stack"|node_modules|at run/)
  })
})
