import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { ENGINES } from '../servers/engines.ts'
import { onPostgres } from '../servers/postgres.ts'
import { smtpServer } from '../tasks/email/support.ts'
import { curl, folder, type Server, startServer, until } from './support.ts'

const MAIL = { To: 'example@gmail.com', subject: 'Hello', body: 'This is a test email' }

const create = (server: Server, body: unknown = MAIL, path = '/task/') =>
  curl(server.url + path, 'POST', body)
const look = (server: Server, id: number) => curl(`${server.url}/task/${id}`)

describe.each(ENGINES)('Task Queue Processor on %s', (kind) => {
  const place = folder(kind)

  it('T1 POST /task/ answers 201 with an integer id, counted on across restarts and processes', async () => {
    const options = place
    const first = await startServer(['serve'], options)
    expect(await create(first)).toMatchObject({ status: 201, body: { message: 'Task Created', id: 1 } })
    expect((await create(first, MAIL, '/task')).body).toEqual({ message: 'Task Created', id: 2 })

    const second = await startServer(['serve'], options)
    const many = await Promise.all(
      Array.from({ length: 40 }, (_, index) => create(index % 2 === 0 ? first : second)),
    )
    const ids = many.map(({ body }) => body.id).sort((a, b) => a - b)
    expect(ids).toEqual(Array.from({ length: 40 }, (_, index) => index + 3))

    await Promise.all([first.service.stop(), second.service.stop()])
    const third = await startServer(['serve'], options)
    expect((await create(third)).body.id).toBe(43)
    expect((await look(third, 1)).body).toMatchObject({ id: 1, status: 'pending' })
    await third.service.stop()
  })

  it('T2 GET /task/{id} answers the status, and says in the old way when there is no such task', async () => {
    const server = await startServer(['serve'], place)
    const { id } = (await create(server)).body
    expect(await look(server, id)).toMatchObject({
      status: 200,
      body: { id, status: 'pending', type: 'email', attempts: 0, last_error: null },
    })
    expect(await look(server, 999_999)).toMatchObject({
      status: 404,
      body: { message: 'There is no task 999999.', code: 'E_JOB_MISSING', field: 'id' },
    })
    expect(await curl(`${server.url}/task/twelve`)).toMatchObject({
      status: 400,
      body: { message: 'id is no number.', field: 'id' },
    })
    await server.service.stop()
  })

  it('T3 a task is pending, in-progress, and then ok or failed, and a stream tells it as it happens', async () => {
    let release = (): void => undefined
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const smtp = await smtpServer({
      onRcptTo: ({ address }, _session, done) => {
        if (address.startsWith('nobody'))
          done(Object.assign(new Error('5.1.1 no such user'), { responseCode: 550 }))
        else void held.then(() => done())
      },
    })
    const env = { SMTP_URL: `smtp://127.0.0.1:${smtp.port}`, MAIL_FROM: 'shop@example.com' }
    const mails = (await place.another()).with(env)
    const server = await startServer(['serve'], mails)
    const waiting = (await create(server)).body.id
    const refused = (await create(server, { ...MAIL, To: 'nobody@example.com' })).body.id
    expect((await look(server, waiting)).body.status).toBe('pending')
    await server.service.stop()

    const running = await startServer(['start'], mails)
    const stream = await fetch(`${running.url}/v1/events`)
    const failed = await until(
      () => look(running, refused),
      ({ body }) => body.status !== 'pending' && body.status !== 'in-progress',
      'the refused mail fails',
    )
    expect(failed.body).toMatchObject({
      status: 'failed',
      attempts: 1,
      last_error: expect.stringMatching(/550/),
    })
    await until(
      () => look(running, waiting),
      ({ body }) => body.status === 'in-progress',
      'the mail is being sent',
    )
    release()
    await until(
      () => look(running, waiting),
      ({ body }) => body.status === 'ok',
      'the mail is sent',
    )
    let told = ''
    for await (const chunk of stream.body as unknown as AsyncIterable<Uint8Array>) {
      told += Buffer.from(chunk).toString()
      if (new RegExp(`"event":"completed".*"ref":"task:${waiting}"`).test(told)) break
    }
    expect(await running.service.stop()).toBe(0)
  })

  it('T4 a pool of workers retries what failed, up to a limit', async () => {
    const worker = await startServer(['start', '--workers', '5'], place)
    await worker.service.match(/5 jobs at a time/)
    const body = { task: 'echo', payload: 'fail', maxRetries: 2, backoff: { base: '10ms', jitter: 0 } }
    const { id } = (await curl(`${worker.url}/v1/jobs`, 'POST', body, { 'content-type': 'application/json' }))
      .body
    const job = await until(
      () => curl(`${worker.url}/v1/jobs/${id}`),
      (answer) => answer.body.state === 'dead',
      'it is given up',
    )
    expect(job.body).toMatchObject({ state: 'dead', attempt: 3, maxRetries: 2 })
    expect(job.body.errors).toHaveLength(3)
    await worker.service.stop()
  })

  it('T5 images and API calls are kinds of task', async () => {
    const server = await startServer(['start'], place)
    const json = { 'content-type': 'application/json' }
    const { body } = await curl(`${server.url}/v1/tasks`)
    const names = body.tasks.map(({ name }: { name: string }) => name)
    expect(names).toEqual(expect.arrayContaining(['email', 'image', 'data', 'http']))
    const picture = await sharp({ create: { width: 8, height: 4, channels: 3, background: '#36c' } })
      .png()
      .toBuffer()
    const payload = { source: { $base64: picture.toString('base64') }, output: { resize: { width: 4 } } }
    const added = await curl(`${server.url}/v1/jobs`, 'POST', { task: 'image', payload }, json)
    expect(added).toMatchObject({ status: 201 })
    const { id } = added.body
    const job = await until(
      () => curl(`${server.url}/v1/jobs/${id}`),
      (answer) => answer.body.state === 'completed',
      'the image is made',
    )
    expect(job.body.output).toMatchObject({ outputs: [{ width: 4, height: 2, format: 'png' }] })
    // A private address is refused before anything is sent.
    const call = { task: 'http', payload: { url: 'http://127.0.0.1:9/' } }
    const refused = (await curl(`${server.url}/v1/jobs`, 'POST', call, json)).body.id
    const dead = await until(
      () => curl(`${server.url}/v1/jobs/${refused}`),
      (answer) => answer.body.state === 'dead',
      'the call is refused',
    )
    expect(dead.body.lastError.code).toBe('E_URL_REFUSED')
    await server.service.stop()
  })

  it('T5 mail is a kind of task', async () => {
    const server = await startServer(['start'], place)
    const { id } = (await create(server, { ...MAIL, subject: 'One kind' })).body
    await until(
      () => look(server, id),
      ({ body }) => body.status === 'ok',
      'the mail is captured',
    )
    const { messages } = (await curl(`${server.url}/mailbox.json`)).body
    expect(messages).toContainEqual(expect.objectContaining({ subject: 'One kind' }))
    await server.service.stop()
  })
})

describe('Task Queue Processor in a database', () => {
  const place = folder('postgres')

  it('T6 PostgreSQL keeps the tasks and their statuses', async () => {
    const schema = new URL(place.env['POSTHASTE_ENGINE'] ?? '').searchParams.get('schema')
    const rowsOf = (id: number) =>
      onPostgres(
        `select payload::json ->> 'subject', state from ${schema}.jobs left join ${schema}.finished using (id)
          where ref = 'task:${id}'`,
      )
    const first = await startServer(['serve'], place)
    const { id } = (await create(first)).body
    expect(await rowsOf(id)).toEqual([[MAIL.subject, null]])
    first.service.child.kill('SIGKILL')
    await first.service.ended

    const second = await startServer(['start'], place)
    await until(
      () => look(second, id),
      ({ body }) => body.status === 'ok',
      'the task of the process that was killed is done',
    )
    expect(await rowsOf(id)).toEqual([[MAIL.subject, 'completed']])
    await second.service.stop()
    const third = await startServer(['serve'], place)
    expect((await look(third, id)).body).toMatchObject({ id, status: 'ok', attempts: 1 })
    expect((await create(third)).body.id).toBe(id + 1)
    await third.service.stop()
  })
})
