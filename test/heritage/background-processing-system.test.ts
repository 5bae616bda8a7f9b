import { describe, expect, it } from 'vitest'
import { launch, run } from '../cli/program.ts'
import { ENGINES } from '../servers/engines.ts'
import { newRedisUrl } from '../servers/redis.ts'
import { type Answer, curl, folder, type Server, startServer, until } from './support.ts'

/** As Python writes it, with spaces. */
const PAYLOAD = '{"to": "user@example.com", "subject": "Hello", "message": "Hi there"}'
const QUERY = { job_type: 'send_email', priority: 'high', payload: PAYLOAD }

const FIELDS = [
  'id',
  'job_type',
  'payload',
  'priority',
  'created_at',
  'picked_at',
  'completed_at',
  'status',
  'retry_count',
  'last_error',
]

const ask = ({ url }: Server, body: unknown = QUERY) => curl(`${url}/api/process_query`, 'POST', body)

describe.each(ENGINES)('Background Processing System on %s', (kind) => {
  const place = folder(kind)
  const start = (command = 'start'): Promise<Server> => startServer([command], place)
  const look = ({ url }: Server, id: number | string) => curl(`${url}/api/job/status/${id}`)
  const become = (server: Server, id: number, status: string): Promise<Answer> =>
    until(
      () => look(server, id),
      ({ body }) => body.data.status === status,
      `job ${id} is ${status}`,
    )
  /** A job that fails at once, with a retry far away. */
  const failing = (maxRetries: number) => ({
    task: 'echo',
    payload: 'fail',
    maxRetries,
    backoff: { base: '1h' },
  })

  it('B1 POST /api/process_query takes a payload that is JSON in a string', async () => {
    const server = await start('serve')
    const first = await ask(server)
    expect(first).toMatchObject({
      status: 200,
      body: { message: 'Query processed successfully', query_id: 1, data: { id: 1, status: 'pending' } },
    })
    expect(Object.keys(first.body)).toEqual(['message', 'query_id', 'data'])
    // Numbered apart from the tasks of the other system.
    const mail = { To: 'a@example.com', subject: 's', body: 'b' }
    expect((await curl(`${server.url}/task/`, 'POST', mail)).body.id).toBe(1)
    const many = await Promise.all(Array.from({ length: 30 }, () => ask(server)))
    const ids = many.map(({ body }) => body.query_id).sort((a, b) => a - b)
    expect(ids).toEqual(Array.from({ length: 30 }, (_, index) => index + 2))
    await server.service.stop()
  })

  it('B2 GET /api/job/status/{id} answers what became of it', async () => {
    const server = await start()
    const { query_id } = (await ask(server)).body
    const { status, body } = await become(server, query_id, 'success')
    expect(status).toBe(200)
    expect(body).toMatchObject({
      message: 'Job logs retrieved successfully',
      query_id,
      data: { id: query_id },
    })
    expect(await look(server, 123_456)).toMatchObject({
      status: 404,
      body: { message: 'There is no query 123456.' },
    })
    expect((await look(server, 'x')).status).toBe(400)
    await server.service.stop()
  })

  it('B3 data has the old fields, words and times', async () => {
    const server = await start()
    const before = Date.now() / 1_000
    const added = (await ask(server, { ...QUERY, priority: 'low' })).body.data
    expect(Object.keys(added)).toEqual(FIELDS)
    expect(added).toMatchObject({
      job_type: 'send_email',
      payload: PAYLOAD,
      priority: 'low',
      picked_at: null,
      completed_at: null,
      status: 'pending',
      retry_count: 0,
      last_error: null,
    })
    expect(added.created_at).toBeGreaterThan(before - 1)
    expect(added.created_at).toBeLessThan(Date.now() / 1_000 + 1)

    const { data } = (await become(server, added.id, 'success')).body
    expect(Object.keys(data)).toEqual(FIELDS)
    expect(data).toMatchObject({
      ...added,
      picked_at: data.picked_at,
      completed_at: data.completed_at,
      status: 'success',
    })
    expect(data.picked_at).toBeGreaterThanOrEqual(data.created_at)
    expect(data.completed_at).toBeGreaterThanOrEqual(data.picked_at)
    expect(Number.isInteger(data.created_at * 1_000)).toBe(true)

    const failed = (await ask(server, { job_type: 'echo', priority: 'high', payload: '"fail"' })).body.data
    const waiting = (await become(server, failed.id, 'failed')).body.data
    expect(waiting).toMatchObject({
      priority: 'high',
      retry_count: 1,
      last_error: 'The payload asked to fail.',
      completed_at: null,
    })
    const { jobs } = (await curl(`${server.url}/v1/jobs?ref=query:${failed.id}`)).body
    await curl(`${server.url}/v1/jobs/${jobs[0].id}/cancel`, 'POST')
    expect((await look(server, failed.id)).body.data.status).toBe('permanently_failed')
    await server.service.stop()
  })

  it('B4 high goes before low; what failed waits apart with backoff, and is given up after the limit', async () => {
    const server = await start('serve')
    const queue = `order-${Date.now()}`
    const json = { 'content-type': 'application/json' }
    const ids: string[] = []
    for (const priority of ['low', 'high', 'low', 'high']) {
      const body = { task: 'echo', payload: priority, priority, queue }
      ids.push((await curl(`${server.url}/v1/jobs`, 'POST', body, json)).body.id)
    }
    const retried = (await curl(`${server.url}/v1/jobs`, 'POST', { ...failing(1), queue, priority: 0 }, json))
      .body
    const worker = launch(['worker', '--workers', '1', '--queues', queue], place)
    const list = async () => (await curl(`${server.url}/v1/jobs?queue=${queue}&limit=10`)).body.jobs
    await until(
      list,
      (all) => all.every(({ state }: { state: string }) => state === 'completed' || state === 'retrying'),
      'all have run',
    )
    // The store knows of a job's end before the line that tells it has come through the pipe.
    const completed = async () =>
      [...worker.output.stderr.matchAll(/"job":"([^"]+)"[^\n]*"msg":"job completed"/g)].map(([, id]) => id)
    const order = await until(completed, ({ length }) => length === ids.length, 'the log tells of all')
    expect(order).toEqual([ids[1], ids[3], ids[0], ids[2]])
    // It did not hold up the others, although its priority is the first.
    const path = `${server.url}/v1/jobs/${retried.id}`
    expect((await curl(path)).body).toMatchObject({ state: 'retrying', attempt: 1 })
    await curl(`${path}/run-now`, 'POST')
    const dead = await until(
      () => curl(path),
      ({ body }) => body.state === 'dead',
      'it is given up',
    )
    expect(dead.body).toMatchObject({ attempt: 2, maxRetries: 1, reason: 'exhausted' })
    await Promise.all([worker.stop(), server.service.stop()])
  })

  it('B5 a dashboard shows, filters, sorts and pages all jobs, and everything about one', async () => {
    const server = await start('serve')
    const page = await curl(`${server.url}/dashboard`)
    expect(page).toMatchObject({ status: 200, type: expect.stringMatching(/^text\/html/) })
    expect(page.body).toMatch(/<script type="module"[^>]* src="\/dashboard\/assets\//)
    for (let i = 0; i < 3; i++) await ask(server)
    const jobs = (query: string) => curl(`${server.url}/v1/jobs?task=email&${query}`).then(({ body }) => body)
    for (const column of [
      'id',
      'task',
      'priority',
      'createdAt',
      'startedAt',
      'finishedAt',
      'state',
      'attempt',
    ]) {
      const up = (await jobs(`sort=${column}&limit=200`)).jobs
      const down = (await jobs(`sort=-${column}&limit=200`)).jobs
      expect(up.length).toBeGreaterThan(2)
      expect(down.map(({ id }: { id: string }) => id)).toEqual(
        up.map(({ id }: { id: string }) => id).reverse(),
      )
    }
    const first = await jobs('state=ready&limit=2')
    const second = await jobs(`state=ready&limit=2&cursor=${first.cursor}`)
    expect(first.jobs).toHaveLength(2)
    expect(second.jobs[0].id < first.jobs[1].id).toBe(true)
    const one = await curl(`${server.url}/v1/jobs/${first.jobs[0].id}`)
    expect(one.body).toMatchObject({ payload: { subject: 'Hello' }, history: [{ event: 'add' }], errors: [] })
    await server.service.stop()
  })

  it('B7 the API and the workers are processes of their own', async () => {
    const server = await start('serve')
    const { query_id } = (await ask(server)).body
    expect((await look(server, query_id)).body.data.status).toBe('pending')
    const worker = launch(['worker'], place)
    await become(server, query_id, 'success')
    expect(await Promise.all([server.service.stop(), worker.stop()])).toEqual([0, 0])
  })
})

describe('Background Processing System', () => {
  const place = folder()

  it('B6 REDIS_HOST, REDIS_PORT and REDIS_PASSWORD choose the Redis', async () => {
    const { hostname, port } = new URL(newRedisUrl())
    const found = await run(['doctor'], place.with({ REDIS_HOST: hostname, REDIS_PORT: port }))
    expect(found).toMatchObject({ code: 0, stdout: expect.stringMatching(/redis \d/) })
    const wrong = { REDIS_HOST: hostname, REDIS_PORT: '1', REDIS_PASSWORD: 'hunter2-canary' }
    const refused = await run(['stats'], { cwd: place.cwd, env: wrong })
    expect(refused.code).not.toBe(0)
    expect(refused.stderr).toMatch(/cannot be reached/)
    expect(refused.stderr).not.toContain('hunter2-canary')
  })

  it('B8 a payload is checked for its type of job, and nothing is stored when it is refused', async () => {
    const server = await startServer(['serve'], place)
    const next = (await ask(server)).body.query_id + 1
    const mail = JSON.parse(PAYLOAD)
    for (const [change, code, field] of [
      [{ payload: JSON.stringify({ ...mail, to: undefined }) }, 'E_PAYLOAD', 'payload.to'],
      [{ payload: JSON.stringify({ ...mail, to: 'nobody' }) }, 'E_PAYLOAD', 'payload.to'],
      [{ payload: JSON.stringify({ ...mail, colour: 'red' }) }, 'E_PAYLOAD', 'payload.colour'],
      [{ payload: '{"to":' }, 'E_JSON', 'payload'],
      [{ payload: '{"__proto__": {"a": 1}}' }, 'E_JSON', 'payload'],
      [{ payload: mail }, 'E_ARGUMENT', 'body.payload'],
      [{ payload: undefined }, 'E_ARGUMENT', 'body.payload'],
      [{ priority: 'urgent' }, 'E_PRIORITY', 'priority'],
      [{ job_type: 7 }, 'E_ARGUMENT', 'body.job_type'],
      [{ job_type: 'send email' }, 'E_NAME', 'job_type'],
    ] as const) {
      const { status, body } = await ask(server, { ...QUERY, ...change })
      expect([status, body.code, body.field]).toEqual([400, code, field])
      expect(body.message).toMatch(/\w/)
    }
    expect((await ask(server)).body.query_id).toBe(next)
    await server.service.stop()
  })
})
