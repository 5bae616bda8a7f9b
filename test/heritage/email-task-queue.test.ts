import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { STATES } from '../../src/core/states.ts'
import { json, launch } from '../cli/program.ts'
import { portable } from '../repo/rules/portable.ts'
import { readTree } from '../repo/tree.ts'
import { ENGINES } from '../servers/engines.ts'
import { smtpServer } from '../tasks/email/support.ts'
import { curl, folder, startServer, until } from './support.ts'

const JSON_BODY = { 'content-type': 'application/json' }

describe.each(ENGINES)('EmailTaskQueue on %s', (kind) => {
  const place = folder(kind)
  const shown = (...args: string[]) => json(args, place)

  it('E1 jobs have unique ids and wait in named queues', async () => {
    const jobs = []
    for (const queue of ['mails', 'mails', 'reports']) {
      jobs.push(await shown('submit', '--payload', 'x', '--queue', queue))
    }
    expect(new Set(jobs.map(({ id }) => id)).size).toBe(3)
    const listed = (await shown('list', '--queue', 'mails')).jobs
    expect(listed.map(({ id }: { id: string }) => id)).toEqual([jobs[1].id, jobs[0].id])
    const { queues } = await shown('stats')
    expect(queues).toMatchObject([
      { queue: 'mails', total: 2 },
      { queue: 'reports', total: 1 },
    ])
  })

  it('E7 every field that a job carried is visible', async () => {
    const { url, service } = await startServer(['start'], place)
    const body = { task: 'echo', payload: 'fail', queue: 'fields', maxRetries: 1, backoff: { base: '1h' } }
    const { id } = (await curl(`${url}/v1/jobs`, 'POST', body, JSON_BODY)).body
    const { body: job } = await until(
      () => curl(`${url}/v1/jobs/${id}`),
      (answer) => answer.body.state === 'retrying',
      'it fails',
    )
    const old = {
      id: job.id,
      name: job.task,
      args: job.payload,
      queue: job.queue,
      created_at: Date.parse(job.createdAt),
      next_execution_at: Date.parse(job.runAt),
      last_executed_at: Date.parse(job.startedAt),
      attempts: job.attempt,
      state: STATES[job.state as keyof typeof STATES].heritage.emailTaskQueue,
      error_details: job.lastError.message,
      reserved_by: job.worker,
    }
    expect(old).toMatchObject({
      id,
      name: 'echo',
      args: 'fail',
      queue: 'fields',
      attempts: 1,
      state: 'failed',
      error_details: 'The payload asked to fail.',
      reserved_by: expect.stringMatching(/^[0-9a-f-]{36}$/),
    })
    expect(old.last_executed_at).toBeGreaterThanOrEqual(old.created_at)
    expect(old.next_execution_at).toBeGreaterThan(old.last_executed_at)
    const words = Object.values(STATES).map(({ heritage }) => heritage.emailTaskQueue)
    expect(new Set(words)).toEqual(new Set(['waiting', 'running', 'failed', 'completed']))
    await service.stop()
  })
})

describe.each(['sqlite', 'redis'] as const)('EmailTaskQueue with its jobs in %s', (kind) => {
  const place = folder(kind)

  it('E2 jobs persist in SQLite, or in Redis as the backend of the queue, whoever adds and runs them', async () => {
    const { id } = await json(['submit', '--payload', '{"a": 1}', '--queue', 'kept'], place)
    const { url, service } = await startServer(['serve'], place)
    expect((await curl(`${url}/v1/jobs/${id}`)).body).toMatchObject({ payload: { a: 1 }, state: 'ready' })
    const body = { task: 'echo', payload: 'by the page', queue: 'kept' }
    const second = (await curl(`${url}/v1/jobs`, 'POST', body, JSON_BODY)).body.id
    service.child.kill('SIGKILL')
    await service.ended

    const worker = launch(['worker', '--queues', 'kept'], place)
    const { jobs } = await until(
      () => json(['list', '--queue', 'kept'], place),
      (list) => list.jobs.every(({ state }: { state: string }) => state === 'completed'),
      'both are done',
    )
    expect(jobs.map((job: { id: string; output: unknown }) => [job.id, job.output])).toEqual([
      [second, 'by the page'],
      [id, { a: 1 }],
    ])
    await worker.stop()
    expect(existsSync(join(place.cwd, 'posthaste.db'))).toBe(kind === 'sqlite')
  })
})

describe('EmailTaskQueue', () => {
  const place = folder()
  const shown = (...args: string[]) => json(args, place)

  it('E3 workers run several jobs at the same time', async () => {
    writeFileSync(
      join(place.cwd, 'meet.mjs'),
      `let here = 0
      export default { name: 'meet', run: async () => {
        here += 1
        while (here < 3) await new Promise((resolve) => setTimeout(resolve, 10))
        return here
      } }`,
    )
    const worker = launch(['worker', '--workers', '3', '--tasks', 'meet.mjs'], place)
    const jobs = []
    for (let i = 0; i < 3; i++) jobs.push(await shown('submit', '--task', 'meet', '--payload', 'x'))
    for (const { id } of jobs) await worker.match(new RegExp(`"job":"${id}"[^\n]*"msg":"job completed"`))
    await worker.stop()
  })

  it('E4 logs are lines of JSON with time, level, job and message', async () => {
    const worker = launch(['worker', '--log', 'debug'], place)
    const { id } = await shown('submit', '--payload', 'logged')
    await worker.match(new RegExp(`"job":"${id}"[^\n]*"msg":"job completed"`))
    await worker.stop()
    const lines = worker.output.stderr.split('\n').filter((line) => line.startsWith('{'))
    const log = lines.map((line) => JSON.parse(line))
    for (const line of log) {
      expect(line).toMatchObject({
        level: expect.any(Number),
        time: expect.any(Number),
        msg: expect.any(String),
      })
    }
    expect(log).toContainEqual(
      expect.objectContaining({ job: id, task: 'echo', queue: 'default', state: 'completed' }),
    )
  })

  it('E5 runs here, and says where it relies on what only some systems have', async () => {
    expect(await shown('doctor')).toMatchObject({ ok: true })
    expect(portable.check(readTree())).toEqual([])
  })

  it('E6 a web application takes jobs from its own page', async () => {
    const { url, service } = await startServer(['serve'], place)
    const page = { ...JSON_BODY, origin: url, 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors' }
    const body = { task: 'echo', payload: 'from a page', queue: 'web' }
    expect(await curl(`${url}/v1/jobs`, 'POST', body, page)).toMatchObject({
      status: 201,
      body: { queue: 'web', state: 'ready' },
    })
    expect(await curl(url, 'GET', undefined, { accept: 'text/html' })).toMatchObject({
      status: 200,
      type: expect.stringMatching(/^text\/html/),
    })
    await service.stop()
  })

  it('E8 mail is really sent, with credentials from the configuration', async () => {
    const logins: unknown[] = []
    const smtp = await smtpServer({
      disabledCommands: ['STARTTLS'],
      authMethods: ['PLAIN', 'LOGIN'],
      allowInsecureAuth: true,
      onAuth: ({ username, password }, _session, done) => {
        logins.push({ username, password })
        done(null, { user: username })
      },
    })
    const env = {
      SMTP_URL: `smtp://mailer:pass-canary@127.0.0.1:${smtp.port}`,
      MAIL_FROM: 'Shop <shop@example.com>',
    }
    const worker = launch(['worker'], place.with(env))
    const payload = JSON.stringify({ to: 'ada@example.com', subject: 'Sent', text: 'For real.' })
    const { id } = await shown('submit', '--task', 'email', '--payload', payload)
    await worker.match(new RegExp(`"job":"${id}"[^\n]*"msg":"job completed"`))
    await worker.stop()
    expect(smtp.received).toMatchObject([{ from: 'shop@example.com', to: ['ada@example.com'] }])
    expect(smtp.received[0]?.raw.toString()).toMatch(/^Subject: Sent\r$/m)
    expect(logins).toEqual([{ username: 'mailer', password: 'pass-canary' }])
    expect(worker.output.stdout + worker.output.stderr).not.toContain('pass-canary')
  })

  it('E9 retries are configured for all jobs, or for one', async () => {
    const { url, service } = await startServer(['start'], place.with({ MAXRETRIES: '1' }))
    const add = async (options: object) =>
      (await curl(`${url}/v1/jobs`, 'POST', { task: 'echo', payload: 'fail', ...options }, JSON_BODY)).body.id
    const soon = { backoff: { base: '10ms', jitter: 0 } }
    for (const [id, attempts] of [
      [await add(soon), 2],
      [await add({ ...soon, maxRetries: 3 }), 4],
    ]) {
      const { body } = await until(
        () => curl(`${url}/v1/jobs/${id}`),
        (answer) => answer.body.state === 'dead',
        'it is given up',
      )
      expect(body.attempt).toBe(attempts)
    }
    await service.stop()
  })
})
