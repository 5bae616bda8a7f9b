import { join } from 'node:path'
import { posthaste } from 'posthaste'
import { type EmailPackOptions, emailPack, type MailOutput } from 'posthaste/tasks/email'
import { describe, expect, onTestFinished, test } from 'vitest'
import { deadPort, scriptedServer, smtpServer, temporaryFolder, until } from './support.ts'

/** A whole installation with a worker, as a user would set it up. */
async function installation(options: EmailPackOptions = {}) {
  const folder = await temporaryFolder()
  const pack = emailPack({ mailboxDir: join(folder, 'mailbox'), env: {}, ...options })
  const ph = await posthaste({ engine: `sqlite:${join(folder, 'jobs.db')}`, packs: [pack] })
  const worker = ph.work({ queues: ['mail'] })
  onTestFinished(async () => {
    await worker.stop({ grace: 0 })
    await ph.close()
  })
  return { ph, pack }
}
const plain = { to: 'ada@example.com', subject: 'Hi', text: 'Hello' }
const urlOf = ({ host, port }: { host: string; port: number }) => `smtp://${host}:${port}`

test('without any configuration a mail is captured and shown', async () => {
  const { ph, pack } = await installation()
  const { id } = await ph.add('email', plain)
  const job = await ph.waitFor(id, { timeout: '10s' })
  expect(job).toMatchObject({ state: 'completed', queue: 'mail', payload: plain })
  const output = job.output as MailOutput
  expect(output).toMatchObject({ via: 'capture mailbox', messageId: `<${id}.0@localhost>` })
  const list = pack.routes?.find(({ path }) => path === '/mailbox')
  const page = await (await list?.handler(new Request('http://127.0.0.1/mailbox'), {}))?.text()
  expect(page).toContain('Hello')
  expect(pack.greet?.('http://127.0.0.1:8080')[0]?.text).toContain('http://127.0.0.1:8080/mailbox')
  await pack.verify()
})

describe('the shapes of the old systems', () => {
  test.each([
    [{ To: 'ada@example.com', subject: 'Hi', body: 'Hello' }],
    [{ to: 'ada@example.com', subject: 'Hi', body: 'Hello' }],
    [{ to: 'ada@example.com', subject: 'Hi', message: 'Hello' }],
    ['{"to":"ada@example.com","subject":"Hi","message":"Hello"}'],
  ])('%j', async (payload) => {
    const server = await smtpServer()
    const { ph } = await installation({ smtpUrl: urlOf(server), from: 'Old <old@example.com>' })
    const { id } = await ph.add('email', payload)
    const job = await ph.waitFor(id, { timeout: '10s' })
    expect(job.state).toBe('completed')
    expect(job.payload).toEqual(payload)
    expect(server.received[0]).toMatchObject({ from: 'old@example.com', to: ['ada@example.com'] })
    expect(server.received[0]?.raw.toString()).toContain('\r\n\r\nHello')
  })
})

test('a blob is attached; one that is missing or makes too large a message is not sent', async () => {
  const server = await smtpServer()
  const { ph } = await installation({ smtpUrl: urlOf(server), from: 'a@example.com' })
  const bytes = Buffer.alloc(300_000, 'posthaste ')
  const { hash } = await ph.blobs.put(bytes)
  const attachments = [{ filename: 'big.txt', contentType: 'text/plain', content: { $blob: hash } }]
  const { id } = await ph.add('email', { ...plain, attachments })
  expect(await ph.waitFor(id, { timeout: '20s' })).toMatchObject({
    state: 'completed',
    payload: { attachments },
  })
  const raw = server.received[0]?.raw.toString() ?? ''
  const base64 = raw.slice(raw.indexOf('filename=big.txt')).split('\r\n\r\n')[1]?.split('\r\n--')[0] ?? ''
  expect(Buffer.from(base64, 'base64').equals(bytes)).toBe(true)

  const large = await ph.blobs.put(Buffer.alloc(19_000_000))
  const tooLarge = [
    { content: { $blob: hash } },
    { content: { $blob: large.hash } },
    { content: { $blob: large.hash } },
  ]
  const second = await ph.add('email', { ...plain, attachments: tooLarge })
  const dead = await ph.waitFor(second.id, { timeout: '20s' })
  expect(dead).toMatchObject({ state: 'dead', lastError: { code: 'E_TOO_LARGE' } })
  await ph.blobs.remove(hash)
  const third = await ph.add('email', { ...plain, attachments })
  const missing = await ph.waitFor(third.id, { timeout: '20s' })
  expect(missing).toMatchObject({ state: 'dead', lastError: { code: 'E_BLOB_MISSING' } })
  expect(missing.lastError?.message).toContain(`There is no blob ${hash}`)
  expect(server.received).toHaveLength(1)
})

test('a bad payload is refused when it is added, naming the field', async () => {
  const { ph } = await installation()
  await expect(ph.add('email', { ...plain, to: 'ada@example.com\r\nBcc: evil@x.com' })).rejects.toMatchObject(
    {
      code: 'E_PAYLOAD',
      field: 'payload.to',
      message: expect.stringContaining('U+000D'),
    },
  )
  await expect(ph.add('email', {})).rejects.toThrow(/payload\.to: is missing; payload\.subject: is missing/)
})

test('a mail refused for good ends dead at once, with the reply of the server', async () => {
  const server = await scriptedServer({ rcpt: () => '550 5.1.1 No such user here' })
  const { ph } = await installation({ smtpUrl: urlOf(server), from: 'a@example.com' })
  const { id } = await ph.add('email', plain)
  const job = await ph.waitFor(id, { timeout: '10s' })
  expect(job).toMatchObject({ state: 'dead', attempt: 1 })
  expect(job.lastError?.message).toContain('550 5.1.1 No such user here')
})

test('a mail that is put off waits for its retry, with the reply of the server', async () => {
  const server = await scriptedServer({ rcpt: () => '450 4.2.1 Mailbox busy' })
  const { ph } = await installation({ smtpUrl: urlOf(server), from: 'a@example.com' })
  const { id } = await ph.add('email', plain)
  await until(async () => (await ph.get(id))?.state === 'retrying', 'the job to be retrying')
  const job = await ph.get(id)
  expect(job?.lastError?.message).toContain('450 4.2.1 Mailbox busy')
  const wait = Number(job?.runAt) - Date.now()
  expect(wait).toBeGreaterThan(40_000)
  expect(wait).toBeLessThan(70_000)
})

test('a server that is away costs no attempt', async () => {
  const { ph } = await installation({
    smtpUrl: `smtp://127.0.0.1:${await deadPort()}`,
    from: 'a@example.com',
  })
  const { id } = await ph.add('email', plain)
  await until(async () => (await ph.get(id))?.state === 'scheduled', 'the job to be put back')
  expect(await ph.get(id)).toMatchObject({ state: 'scheduled', attempt: 0 })
})

describe('configuration', () => {
  test('comes from the environment, and options win', async () => {
    const [fromEnv, fromOptions] = [await smtpServer(), await smtpServer()]
    const env = { SMTP_URL: urlOf(fromEnv), MAIL_FROM: 'Env <env@example.com>' }
    const first = await installation({ env })
    await first.ph.waitFor((await first.ph.add('email', plain)).id, { timeout: '10s' })
    expect(fromEnv.received[0]?.from).toBe('env@example.com')
    const second = await installation({ env, smtpUrl: urlOf(fromOptions), from: 'option@example.com' })
    await second.ph.waitFor((await second.ph.add('email', { ...plain, from: 'own@example.com' })).id, {
      timeout: '10s',
    })
    expect(fromOptions.received[0]?.from).toBe('own@example.com')
    expect(fromEnv.received).toHaveLength(1)
  })

  test('a real server without any sender: a clear error, and no mail', async () => {
    const server = await smtpServer()
    const { ph } = await installation({ smtpUrl: urlOf(server) })
    const job = await ph.waitFor((await ph.add('email', plain)).id, { timeout: '10s' })
    expect(job.state).toBe('dead')
    expect(job.lastError?.message).toContain('MAIL_FROM')
    expect(server.received).toEqual([])
  })

  test.each([
    [{ SMTP_URL: 'http://ada:s3cret@mail.example.com' }, 'SMTP_URL'],
    [{ SMTP_URL: 'smtp://ada:s3cret@mail.example.com/path' }, 'SMTP_URL'],
    [{ SMTP_URL: 'smtp://ada:s3/cret@mail.example.com' }, 'SMTP_URL'],
    [{ SMTP_URL: 'nonsense' }, 'SMTP_URL'],
    [{ MAIL_FROM: 'nobody' }, 'MAIL_FROM'],
    [{ MAIL_FROM: 'a@b.c\r\nBcc: x@y.z' }, 'MAIL_FROM'],
  ])('%j is refused at the start, naming the setting and no secret', (env, field) => {
    const open = () => emailPack({ env })
    expect(open).toThrow(expect.objectContaining({ code: 'E_MAIL_CONFIG', field }))
    expect(open).not.toThrow(/s3/)
  })

  test('verify says what is wrong with the server', async () => {
    const { pack } = await installation({ smtpUrl: `smtp://127.0.0.1:${await deadPort()}` })
    await expect(pack.verify()).rejects.toThrow('ECONNREFUSED')
  })
})
