import PostalMime from 'postal-mime'
import { describe, expect, onTestFinished, test } from 'vitest'
import { isSnooze, RetryAfter } from '../../../src/runtime/task.ts'
import { deliver, type MailOutput } from '../../../src/tasks/email/deliver.ts'
import type { SmtpServer } from '../../../src/tasks/email/smtp-url.ts'
import { SmtpTransport } from '../../../src/tasks/email/transport.ts'
import {
  context,
  deadPort,
  mail,
  scriptedServer,
  smtpServer,
  type TestContext,
  TIMEOUTS,
  until,
} from './support.ts'

const plain = { from: 'Hello <hello@example.com>', to: 'ada@example.com', subject: 'Hi', text: 'Hello' }

function sender(server: SmtpServer) {
  const transport = new SmtpTransport(server, TIMEOUTS)
  onTestFinished(() => transport.close())
  return (payload: unknown, run: TestContext = context(), now?: () => number) =>
    deliver(mail(payload), run, { from: undefined, transport, ...(now !== undefined && { now }) })
}

test('a mail is delivered as it was given, and the output says to whom', async () => {
  const server = await smtpServer()
  const run = context({ id: 'job-1', createdAt: new Date('2026-01-02T03:04:05Z') })
  const payload = { ...plain, cc: 'b@example.com', bcc: 'c@example.com' }
  const output = (await sender(server)(payload, run, () => +run.job.createdAt + 1_000)) as MailOutput
  const [received] = server.received
  expect(received?.from).toBe('hello@example.com')
  expect(received?.to).toEqual(['ada@example.com', 'b@example.com', 'c@example.com'])
  const email = await PostalMime.parse(received?.raw ?? '')
  expect([email.subject, email.text?.trim(), email.date]).toEqual(['Hi', 'Hello', '2026-01-02T03:04:05.000Z'])
  expect(email.headers.map(({ key }) => key)).not.toContain('bcc')
  expect(output.messageId).toBe(email.messageId)
  expect(output.messageId).toBe('<job-1.0@example.com>')
  expect(output.via).toBe(`127.0.0.1:${server.port}`)
  expect(Object.keys(output.recipients)).toEqual(['ada@example.com', 'b@example.com', 'c@example.com'])
  expect(output.recipients['ada@example.com']).toMatchObject({
    status: 'accepted',
    reply: expect.stringMatching(/^250/),
  })
  expect(run.saved).toBeUndefined()
})

test('every attempt has the same Message-ID, Date and bytes', async () => {
  const server = await scriptedServer({ final: (count) => (count < 3 ? '451 4.3.0 later' : '250 ok') })
  const send = sender(server)
  const run = context()
  await expect(send({ ...plain, html: '<p>x</p>' }, run)).rejects.toThrow('4.3.0 later')
  await expect(send({ ...plain, html: '<p>x</p>' }, run)).rejects.toMatchObject({
    code: 'E_MAIL_DEFERRED',
    retriable: true,
  })
  await send({ ...plain, html: '<p>x</p>' }, run)
  expect(new Set(server.messages).size).toBe(1)
  expect(server.messages).toHaveLength(3)
  expect(server.messages[0]).toContain(`Message-ID: <${run.job.id}.0@example.com>`)
})

describe('what the server says decides what becomes of the job', () => {
  test.each(['550 5.1.1 No such user', '554 5.7.1 Rejected', '552 5.3.4 Too big'])(
    '%s ends it',
    async (reply) => {
      const atRecipient = sender(await scriptedServer({ rcpt: () => reply }))
      await expect(atRecipient(plain)).rejects.toMatchObject({ code: 'E_MAIL_REFUSED', retriable: false })
      const atEnd = sender(await scriptedServer({ final: reply }))
      await expect(atEnd(plain)).rejects.toThrow(reply)
      await expect(atEnd(plain)).rejects.toMatchObject({ code: 'E_MAIL_REFUSED', retriable: false })
    },
  )

  test.each(['450 4.2.1 Busy', '451 4.3.0 Local error', '452 4.2.2 Full'])(
    '%s is tried again',
    async (reply) => {
      await expect(sender(await scriptedServer({ rcpt: () => reply }))(plain)).rejects.toMatchObject({
        code: 'E_MAIL_DEFERRED',
      })
      await expect(sender(await scriptedServer({ final: reply }))(plain)).rejects.toMatchObject({
        code: 'E_MAIL_DEFERRED',
      })
    },
  )

  test('a wait that the server names is kept', async () => {
    const send = sender(await scriptedServer({ rcpt: () => '450 4.2.1 try again in 7 minutes' }))
    const error = await send(plain).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(RetryAfter)
    expect((error as RetryAfter).delay).toBe(420_000)
  })

  test.each(['421 4.7.0 Too fast', '451 4.7.1 Greylisted', '454 Throttling failure'])(
    '%s puts it back without a charge',
    async (reply) => {
      const later = await sender(await scriptedServer({ rcpt: () => reply }))(plain)
      expect(isSnooze(later) && later.reason).toContain(reply)
      expect(isSnooze(later) && (later.delay as number) >= 60_000 && (later.delay as number) <= 66_001).toBe(
        true,
      )
    },
  )

  test("a server that is away is nobody's fault; others do not even try meanwhile", async () => {
    const server = await scriptedServer({ greeting: 'drop' })
    const send = sender(server)
    const first = await send(plain)
    expect(isSnooze(first) && first.reason).toMatch(/cannot be reached/)
    const second = await send(plain)
    expect(isSnooze(second) && second.reason).toMatch(/cannot be reached/)
    expect(server.opened()).toBe(1)
    const refused = await sender({ host: '127.0.0.1', port: await deadPort(), tls: 'off' })(plain)
    expect(isSnooze(refused) && refused.reason).toContain('ECONNREFUSED')
  })

  test('a wrong password waits for a person, and says so', async () => {
    const server = await scriptedServer({
      ehlo: '250-test\r\n250 AUTH PLAIN',
      auth: '535 5.7.8 Bad credentials',
    })
    const later = await sender({ ...server, user: 'ada', password: 's3cret' })(plain)
    expect(isSnooze(later) && later.reason).toMatch(/refused the user name or password.*535 5\.7\.8/)
    expect(isSnooze(later) && later.delay).toBeGreaterThanOrEqual(60_000)
  })

  test('a lost answer is told apart from a failure', async () => {
    const run = context()
    await expect(sender(await scriptedServer({ final: 'drop' }))(plain, run)).rejects.toMatchObject({
      code: 'E_MAIL_UNCERTAIN',
      retriable: true,
    })
    expect(run.saved).toMatchObject({ from: { address: 'hello@example.com' } })
  })

  test('a drop within the message is safe to repeat and not uncertain', async () => {
    const send = sender(await scriptedServer({ body: 'drop' }))
    expect(isSnooze(await send({ ...plain, text: 'line\n'.repeat(1_000_000) }))).toBe(true)
  })
})

describe('recipients are settled one by one', () => {
  const payload = {
    ...plain,
    to: ['yes@x.example', 'no@x.example', 'later@x.example'],
    bcc: 'hidden@x.example',
  }

  test('who accepted or refused is never asked again', async () => {
    let patient = false
    const server = await scriptedServer({
      rcpt: (address) => {
        if (address.startsWith('no')) return '550 5.1.1 unknown'
        return address.startsWith('later') && !patient ? '450 4.2.1 busy' : '250 2.1.5 ok'
      },
    })
    const send = sender(server)
    const run = context()
    await expect(send(payload, run)).rejects.toMatchObject({ code: 'E_MAIL_DEFERRED' })
    patient = true
    const asked = server.commands.length
    const output = (await send(payload, run)) as MailOutput
    const again = server.commands.slice(asked).filter((line) => line.startsWith('RCPT'))
    expect(again).toEqual(['RCPT TO:<later@x.example>'])
    expect(Object.entries(output.recipients).map(([address, { status }]) => [address, status])).toEqual([
      ['yes@x.example', 'accepted'],
      ['hidden@x.example', 'accepted'],
      ['no@x.example', 'refused'],
      ['later@x.example', 'accepted'],
    ])
    // The headers name all of them on both attempts; only the envelope is smaller.
    expect(new Set(server.messages).size).toBe(1)
    expect(server.messages[0]).toContain('later@x.example')
  })

  test('the sender of the first attempt stays, whatever is configured later', async () => {
    const server = await scriptedServer({ final: (count) => (count === 1 ? 'drop' : '250 ok') })
    const transport = new SmtpTransport(server, TIMEOUTS)
    onTestFinished(() => transport.close())
    const { from: _, ...anonymous } = plain
    const run = context()
    const as = (address: string) => deliver(mail(anonymous), run, { from: { name: '', address }, transport })
    await expect(as('one@example.com')).rejects.toMatchObject({ code: 'E_MAIL_UNCERTAIN' })
    expect(await as('two@example.org')).toMatchObject({ messageId: `<${run.job.id}.0@example.com>` })
  })

  test('some refused for good and the rest accepted: done, and the output tells', async () => {
    const server = await scriptedServer({
      rcpt: (address) => (address.startsWith('no') ? '550 5.1.1 unknown' : '250 ok'),
    })
    const output = (await sender(server)(payload)) as MailOutput
    expect(output.recipients['no@x.example']).toEqual({
      status: 'refused',
      reply: 'there is no such recipient: 550 5.1.1 unknown',
    })
    expect(output.recipients['yes@x.example']?.status).toBe('accepted')
  })

  test('a mix of refused and put off is tried again, for those put off', async () => {
    const server = await scriptedServer({
      rcpt: (address) => (address.startsWith('later') ? '450 4.2.1 busy' : '550 5.1.1 no'),
    })
    const run = context()
    await expect(sender(server)(payload, run)).rejects.toMatchObject({ code: 'E_MAIL_DEFERRED' })
    expect(run.saved).toMatchObject({
      recipients: { 'no@x.example': { status: 'refused' }, 'later@x.example': { status: 'deferred' } },
    })
  })
})

describe('a mail that is too late', () => {
  const hours = 3_600_000

  test('is not sent after 72 hours, or after its own time', async () => {
    const server = await smtpServer()
    const send = sender(server)
    const old = () => context({ createdAt: new Date(Date.now() - 73 * hours) })
    await expect(send(plain, old())).rejects.toMatchObject({ code: 'E_MAIL_EXPIRED', retriable: false })
    const early = { ...plain, expiresAt: new Date(Date.now() - 1_000).toISOString() }
    await expect(send(early)).rejects.toMatchObject({ code: 'E_MAIL_EXPIRED' })
    expect(server.received).toEqual([])
    const late = { ...plain, expiresAt: new Date(Date.now() + hours).toISOString() }
    await send(late, old())
    expect(server.received).toHaveLength(1)
  })

  test('counts as done for those who have it', async () => {
    const server = await scriptedServer({
      rcpt: (address) => (address.startsWith('later') ? '450 4.2.1 busy' : '250 ok'),
    })
    const send = sender(server)
    const run = context()
    const payload = { ...plain, to: ['yes@x.example', 'later@x.example'] }
    await expect(send(payload, run)).rejects.toMatchObject({ code: 'E_MAIL_DEFERRED' })
    const output = (await send(payload, run, () => Date.now() + 73 * hours)) as MailOutput
    expect(output.recipients['yes@x.example']?.status).toBe('accepted')
    expect(output.recipients['later@x.example']).toMatchObject({
      status: 'expired',
      reply: expect.stringContaining('450'),
    })
  })

  test('is looked at again when it expires, not later', async () => {
    const send = sender({ host: '127.0.0.1', port: await deadPort(), tls: 'off' })
    const later = await send({ ...plain, expiresAt: new Date(Date.now() + 2_000).toISOString() })
    expect(isSnooze(later) && later.delay).toBeLessThanOrEqual(2_001)
  })
})

test('without any sender the mail fails with what to set', async () => {
  const server = await smtpServer()
  const { from: _, ...anonymous } = plain
  await expect(sender(server)(anonymous)).rejects.toThrow(/MAIL_FROM/)
  await expect(sender(server)(anonymous)).rejects.toMatchObject({ code: 'E_MAIL_CONFIG', field: 'from' })
  expect(server.received).toEqual([])
})

test('a stopped run ends with the reason of its signal, and says when the mail may be out', async () => {
  const server = await scriptedServer({ final: 'silence' })
  const stop = new AbortController()
  const run = context({ signal: stop.signal })
  const sending = sender(server)(plain, run)
  await until(() => server.messages.length === 1, 'the message')
  stop.abort(new Error('shutting down'))
  await expect(sending).rejects.toThrow('shutting down')
  expect(run.logged.join()).toContain('may have been accepted')
})
