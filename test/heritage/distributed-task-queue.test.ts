import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openEngine, wrapEngine } from 'posthaste/testing'
import { describe, expect, it } from 'vitest'
import { posthaste, task } from '../../src/index.ts'
import { json, run } from '../cli/program.ts'
import { dropSchemas, newSchemaUrl, onPostgres } from '../servers/postgres.ts'
import { newRedisUrl } from '../servers/redis.ts'
import { curl, folder, startServer, until } from './support.ts'

const MAIL = { to: 'user@example.com', subject: 'Welcome', body: 'Hello from the queue' }
/** Handlers by type, as their users write them. `together` ends when two of it run at the same time. */
const TASKS = `
let running = 0
const pause = () => new Promise((resolve) => setTimeout(resolve, 10))
export default [
  {
    name: 'resize',
    run: ({ width, height }) => width * height,
  },
  {
    name: 'together',
    run: async (payload, { signal }) => {
      running += 1
      while (running < 2) {
        if (signal.aborted) throw signal.reason
        await pause()
      }
      return running
    },
  },
  {
    name: 'endless',
    retry: { maxRetries: 0 },
    run: async (payload, { signal }) => {
      while (!signal.aborted) await pause()
      throw signal.reason
    },
  },
]
`

describe('Distributed Task Queue', () => {
  const place = folder()
  const withTasks = (): string[] => {
    writeFileSync(join(place.cwd, 'tasks.mjs'), TASKS)
    return ['--tasks', 'tasks.mjs']
  }
  const finished = (url: string, id: string) =>
    until(
      () => curl(`${url}/v1/jobs/${id}`),
      ({ body }) => ['completed', 'dead', 'cancelled'].includes(body.state),
      `${id} ends`,
    ).then(({ body }) => body)

  it('D1 POST /submit takes a type and its payload', async () => {
    const { url, service } = await startServer(['start'], { cwd: place.cwd })
    const answer = await curl(`${url}/submit`, 'POST', { type: 'email', payload: MAIL })
    expect(answer).toMatchObject({ status: 201, body: { message: 'Job submitted', type: 'email' } })
    expect(await finished(url, answer.body.id)).toMatchObject({ task: 'email', state: 'completed' })
    const { messages } = (await curl(`${url}/mailbox.json`)).body
    expect(messages).toContainEqual(expect.objectContaining({ subject: 'Welcome' }))

    // API and workers may be different programs: what nobody here knows waits for one that does.
    const unknown = await curl(`${url}/submit`, 'POST', { type: 'nobody-knows', payload: {} })
    expect(unknown.status).toBe(201)
    expect((await curl(`${url}/v1/jobs/${unknown.body.id}/explain`)).body).toMatchObject({ state: 'ready' })
    for (const [body, field] of [
      [{ payload: {} }, 'body.type'],
      [{ type: 'no name', payload: {} }, 'type'],
      [{ type: 'email', payload: MAIL, extra: 1 }, 'body.extra'],
    ]) {
      expect(await curl(`${url}/submit`, 'POST', body)).toMatchObject({
        status: 400,
        body: { field, message: expect.stringMatching(/\w/) },
      })
    }
    await service.stop()
  })

  it('D4 results are kept in PostgreSQL, whatever the queue is kept in', { timeout: 60_000 }, async () => {
    const archive = await newSchemaUrl()
    const schema = new URL(archive).searchParams.get('schema')
    const engine = newRedisUrl()
    const env = { POSTHASTE_ARCHIVE: archive, POSTHASTE_ARCHIVE_AFTER: '0' }
    const args = ['start', '--engine', engine, ...withTasks()]
    const { url, service } = await startServer(args, { cwd: place.cwd, env })
    const { body } = await curl(`${url}/submit`, 'POST', {
      type: 'resize',
      payload: { width: 6, height: 7 },
    })
    expect(await finished(url, body.id)).toMatchObject({ state: 'completed', output: 42 })
    // An old number leads there as well.
    const { body: task } = await curl(`${url}/task/`, 'POST', {
      ...{ To: 'example@gmail.com', subject: 'Hello', body: 'Hi there' },
    })
    const rows = async () =>
      onPostgres(`select j.id, k.task, f.state, coalesce(f.output, n.output)
        from ${schema}.finished as f
        join ${schema}.jobs as j on j.id = f.id
        join ${schema}.kinds as k on k.kind = f.kind
        left join ${schema}.notes as n on n.id = f.id
        order by f.finished_at`).catch(() => [])
    const kept = await until(rows, (found) => found.length === 2, 'both results are in PostgreSQL')
    expect(kept[0]).toEqual([body.id, 'resize', 'completed', '42'])

    const queue = await openEngine(engine)
    const query = { sort: { field: 'id', descending: false }, after: null, limit: 10 } as const
    const { jobs } = await until(
      () => queue.list(query),
      (page) => page.jobs.length === 0,
      'Redis is empty',
    )
    expect(jobs).toEqual([])
    await queue.close()
    expect((await curl(`${url}/v1/jobs/${body.id}`)).body).toMatchObject({ state: 'completed', output: 42 })
    expect((await curl(`${url}/task/${task.id}`)).body).toMatchObject({ id: task.id, status: 'ok' })
    expect((await curl(`${url}/v1/stats`)).body).toMatchObject({ total: 2, archive: { ok: true } })
    await service.stop()
    const status = await json(['status', body.id, '--engine', engine, '--archive', archive], {
      cwd: place.cwd,
    })
    expect(status).toMatchObject({ id: body.id, state: 'completed', output: 42 })
    await dropSchemas()
  })

  it('D2 each type checks its payload, and handlers of one’s own are found by type', async () => {
    const { url, service } = await startServer(['start', ...withTasks()], { cwd: place.cwd })
    const refused = await curl(`${url}/submit`, 'POST', { type: 'email', payload: { ...MAIL, to: 'nobody' } })
    expect(refused).toMatchObject({ status: 400, body: { code: 'E_PAYLOAD', field: 'payload.to' } })
    const resize = { type: 'resize', payload: { width: 3, height: 4 } }
    const { id } = (await curl(`${url}/submit`, 'POST', resize)).body
    expect(await finished(url, id)).toMatchObject({ state: 'completed', output: 12 })
    await service.stop()
  })

  it('D6 workers run jobs at the same time, a run has a timeout, and an empty queue is asked less and less', async () => {
    const env = { WORKERCOUNT: '2', WORKERTIMEOUT: '1' }
    const { url, service } = await startServer(['start', ...withTasks()], { cwd: place.cwd, env })
    const submit = async (type: string) =>
      (await curl(`${url}/submit`, 'POST', { type, payload: null })).body.id
    const pair = [await submit('together'), await submit('together')]
    for (const id of pair) expect(await finished(url, id)).toMatchObject({ state: 'completed' })
    expect(await finished(url, await submit('endless'))).toMatchObject({
      state: 'dead',
      lastError: { code: 'E_JOB_TIMEOUT' },
    })
    await service.stop()

    const asked: number[] = []
    const engine = wrapEngine(await openEngine('memory:'), (method, carryOut) => {
      if (method === 'exchange') asked.push(performance.now())
      return carryOut()
    })
    const ph = await posthaste({ engine, tasks: [task({ name: 'nothing', run: () => null })] })
    ph.work()
    const gaps = () => asked.slice(1).map((at, index) => at - (asked[index] ?? 0))
    // A busy machine makes waits longer, never shorter.
    await until(
      async () => gaps(),
      (all) => all.some((gap) => gap > 700),
      'it waits longer between looks',
    )
    await ph.close()
  })

  it('D7 the environment says where to listen, how many work, how often to retry and how long a run may be', async () => {
    const env = { APIADDR: '127.0.0.1:0', WORKERCOUNT: '3', MAXRETRIES: '0', WORKERTIMEOUT: '1' }
    const { url, service } = await startServer(['start', ...withTasks()], { cwd: place.cwd, env })
    await service.match(/3 jobs at a time/)
    const { id } = (await curl(`${url}/submit`, 'POST', { type: 'echo', payload: 'fail' })).body
    expect(await finished(url, id)).toMatchObject({ state: 'dead', attempt: 1, maxRetries: 0 })
    const slow = (await curl(`${url}/submit`, 'POST', { type: 'endless', payload: null })).body.id
    expect(await finished(url, slow)).toMatchObject({ lastError: { code: 'E_JOB_TIMEOUT' } })
    expect(await service.stop()).toBe(0)

    const redis = await run(['doctor'], { cwd: place.cwd, env: { REDISADDR: new URL(newRedisUrl()).host } })
    expect(redis).toMatchObject({ code: 0, stdout: expect.stringMatching(/redis \d/) })
    const chosen = { REDISADDR: '127.0.0.1:6379', POSTHASTE_ENGINE: 'sqlite:./chosen.db' }
    expect(await json(['stats'], { cwd: place.cwd, env: chosen })).toMatchObject({ total: 0 })
    const wrong = await run(['serve'], { cwd: place.cwd, env: { WORKERCOUNT: 'many' } })
    expect(wrong).toMatchObject({ code: 78, stderr: expect.stringMatching(/WORKERCOUNT must be/) })
  })
})
