import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { openEngine, wrapEngine } from 'posthaste/testing'
import sharp from 'sharp'
import { describe, expect, it, onTestFinished } from 'vitest'
import { posthaste, task } from '../../src/index.ts'
import { json, launch, run } from '../cli/program.ts'
import { ENGINES } from '../servers/engines.ts'
import { newSchemaUrl, onPostgres } from '../servers/postgres.ts'
import { newRedisUrl } from '../servers/redis.ts'
import { curl, folder, type Place, startServer, until } from './support.ts'

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

const withTasks = ({ cwd }: Place): string[] => {
  writeFileSync(join(cwd, 'tasks.mjs'), TASKS)
  return ['--tasks', 'tasks.mjs']
}
const finished = (url: string, id: string) =>
  until(
    () => curl(`${url}/v1/jobs/${id}`),
    ({ body }) => ['completed', 'dead', 'cancelled'].includes(body.state),
    `${id} ends`,
  ).then(({ body }) => body)

describe.each(ENGINES)('Distributed Task Queue on %s', (kind) => {
  const place = folder(kind)

  it('D1 POST /submit takes a type and its payload', async () => {
    const { url, service } = await startServer(['start'], place)
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
    const kept = place.with({ POSTHASTE_ARCHIVE: archive, POSTHASTE_ARCHIVE_AFTER: '0' })
    const { url, service } = await startServer(['start', ...withTasks(place)], kept)
    const resize = { type: 'resize', payload: { width: 6, height: 7 } }
    const { id } = (await curl(`${url}/submit`, 'POST', resize)).body
    expect(await finished(url, id)).toMatchObject({ state: 'completed', output: 42 })
    // A number of the other old system leads there as well.
    const mail = { To: 'example@gmail.com', subject: 'Hello', body: 'Hi there' }
    const { body: numbered } = await curl(`${url}/task/`, 'POST', mail)
    const rows = (): Promise<unknown[][]> =>
      onPostgres(`select j.id, k.task, f.state, coalesce(f.output, n.output)
        from ${schema}.finished as f
        join ${schema}.jobs as j on j.id = f.id
        join ${schema}.kinds as k on k.kind = f.kind
        left join ${schema}.notes as n on n.id = f.id`)
    const both = (found: unknown[][]): boolean =>
      found.some(([one]) => one === id) && found.some(([, task]) => task === 'email')
    expect(await until(rows, both, 'both results are in PostgreSQL')).toContainEqual([
      ...[id, 'resize', 'completed', '42'],
    ])

    // The queue alone has let go of it; who asks the two does not notice.
    const alone = () => run(['status', id, '--json'], place)
    await until(alone, ({ code }) => code === 1, 'the job has left the queue')
    expect((await curl(`${url}/v1/jobs/${id}`)).body).toMatchObject({ state: 'completed', output: 42 })
    expect((await curl(`${url}/task/${numbered.id}`)).body).toMatchObject({ id: numbered.id, status: 'ok' })
    expect((await curl(`${url}/v1/stats`)).body).toMatchObject({ archive: { kind: 'postgres', ok: true } })
    await service.stop()
    expect(await json(['status', id], kept)).toMatchObject({ id, state: 'completed', output: 42 })
  })

  it('D2 images are resized, data is processed and APIs are called by type', {
    timeout: 60_000,
  }, async () => {
    const seen: string[] = []
    const api = createServer((request, response) => {
      seen.push(`${request.method} ${request.url}`)
      response.setHeader('content-type', 'application/json').end('{"taken":true}')
    })
    await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void api.close())
    const port = (api.address() as AddressInfo).port
    const files = join(place.cwd, 'files')
    mkdirSync(files)
    const photo = sharp({ create: { width: 80, height: 40, channels: 3, background: '#36c' } })
    await photo.png().toFile(join(files, 'photo.png'))
    writeFileSync(join(files, 'orders.csv'), 'who,amount\nada,2\nbob,3\nada,4\n')
    const at = place.with({ POSTHASTE_FILES: files, POSTHASTE_HTTP_ALLOW: `127.0.0.1:${port}` })
    const { url, service } = await startServer(['start'], at)
    const submit = async (type: string, payload: unknown) =>
      await finished(url, (await curl(`${url}/submit`, 'POST', { type, payload })).body.id)

    const image = await submit('image_resize', { path: 'photo.png', width: 20, height: 20 })
    expect(image).toMatchObject({ state: 'completed', output: { outputs: [{ width: 20, height: 10 }] } })
    const sql = 'SELECT who, sum(amount)::INT AS total FROM orders GROUP BY who ORDER BY who'
    const data = await submit('data_processing', { sql, inputs: { orders: { file: 'orders.csv' } } })
    expect(data).toMatchObject({
      output: {
        rows: [
          { who: 'ada', total: 6 },
          { who: 'bob', total: 3 },
        ],
      },
    })
    const call = await submit('api_call', { url: `http://127.0.0.1:${port}/orders`, body: { item: 'tea' } })
    expect(call).toMatchObject({ state: 'completed', output: { status: 200 } })
    expect(seen).toEqual(['POST /orders'])
    const wrong = await curl(`${url}/submit`, 'POST', { type: 'image', payload: { source: 'a', size: 1 } })
    expect(wrong).toMatchObject({ status: 400, body: { code: 'E_PAYLOAD' } })
    await service.stop()
  })

  it('D2 each type checks its payload, and handlers of one’s own are found by type', async () => {
    const { url, service } = await startServer(['start', ...withTasks(place)], place)
    const refused = await curl(`${url}/submit`, 'POST', { type: 'email', payload: { ...MAIL, to: 'nobody' } })
    expect(refused).toMatchObject({ status: 400, body: { code: 'E_PAYLOAD', field: 'payload.to' } })
    const resize = { type: 'resize', payload: { width: 3, height: 4 } }
    const { id } = (await curl(`${url}/submit`, 'POST', resize)).body
    expect(await finished(url, id)).toMatchObject({ state: 'completed', output: 12 })
    await service.stop()
  })
})

describe('Distributed Task Queue', () => {
  const place = folder()

  it('D5 a recurring job is declared with cron syntax, and its workers run it again and again', async () => {
    const cron = ['schedule', 'add', 'beat', '--cron', '* * * * * *', '--task', 'resize']
    const added = await json([...cron, '--payload', '{"width":6,"height":7}'], place.with({}))
    expect(added).toMatchObject({ name: 'beat', cron: '* * * * * *', task: 'resize' })
    const { url, service } = await startServer(['start', ...withTasks(place)], place.with({}))
    const ran = await until(
      async () =>
        (await curl(`${url}/v1/jobs?task=resize&state=completed`)).body.jobs as { output: number }[],
      (jobs) => jobs.length >= 2,
      'two ticks to have run',
    )
    expect(ran[0]?.output).toBe(42)
    await service.stop()
    expect((await run(['schedule', 'list'], place.with({}))).stdout).toMatch(
      /beat +\* \* \* \* \* \* +resize/,
    )
  })

  it('D3 jobs are put into Redis, taken out by workers elsewhere, and their status is kept there', async () => {
    const redis = newRedisUrl()
    const env = { REDISADDR: redis }
    const { url, service } = await startServer(['serve', ...withTasks(place)], place.with(env))
    const submit = async (payload: unknown) =>
      (await curl(`${url}/submit`, 'POST', { type: 'resize', payload })).body.id
    const id = await submit({ width: 6, height: 7 })
    const client = new Redis(redis.replace(/\?.*/, ''))
    const prefix = new URL(redis.replace('redis:', 'http:')).searchParams.get('prefix')
    expect((await client.keys(`{${prefix}}:*`)).length).toBeGreaterThan(0)
    expect(await json(['status', '--job-id', id], place.with(env))).toMatchObject({ state: 'ready' })

    // Its settings are read from the environment, as the API's are: it needs no word of the API.
    const worker = launch(['worker', '--tasks', 'tasks.mjs'], place.with(env))
    expect(await finished(url, id)).toMatchObject({ state: 'completed', output: 42 })
    await worker.stop()
    const next = await submit({ width: 1, height: 1 })
    expect((await curl(`${url}/v1/jobs/${next}`)).body).toMatchObject({ state: 'ready', attempt: 0 })
    await service.stop()
    expect((await json(['stats'], place.with(env))).states).toMatchObject({ ready: 1, completed: 1 })

    await client.del(await client.keys(`{${prefix}}:*`))
    expect(await json(['stats'], place.with(env))).toMatchObject({ total: 0 })
    client.disconnect()
  })

  it('D6 workers run jobs at the same time, a run has a timeout, and an empty queue is asked less and less', async () => {
    const env = { WORKERCOUNT: '2', WORKERTIMEOUT: '1' }
    const { url, service } = await startServer(['start', ...withTasks(place)], place.with(env))
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
    const { url, service } = await startServer(['start', ...withTasks(place)], place.with(env))
    await service.match(/3 jobs at a time/)
    const { id } = (await curl(`${url}/submit`, 'POST', { type: 'echo', payload: 'fail' })).body
    expect(await finished(url, id)).toMatchObject({ state: 'dead', attempt: 1, maxRetries: 0 })
    const slow = (await curl(`${url}/submit`, 'POST', { type: 'endless', payload: null })).body.id
    expect(await finished(url, slow)).toMatchObject({ lastError: { code: 'E_JOB_TIMEOUT' } })
    expect(await service.stop()).toBe(0)

    const redis = await run(['doctor'], place.with({ REDISADDR: new URL(newRedisUrl()).host }))
    expect(redis).toMatchObject({ code: 0, stdout: expect.stringMatching(/redis \d/) })
    const chosen = { REDISADDR: '127.0.0.1:6379', POSTHASTE_ENGINE: 'sqlite:./chosen.db' }
    expect(await json(['stats'], { cwd: place.cwd, env: chosen })).toMatchObject({ total: 0 })
    const wrong = await run(['serve'], place.with({ WORKERCOUNT: 'many' }))
    expect(wrong).toMatchObject({ code: 78, stderr: expect.stringMatching(/WORKERCOUNT must be/) })
  })
})
