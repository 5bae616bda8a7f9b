import { setMaxListeners } from 'node:events'
import { connect, createServer } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { classify, type FailureKind } from '../../../src/tasks/email/classify.ts'
import { CONNECTIONS_MAX } from '../../../src/tasks/email/limits.ts'
import { type SmtpError, SmtpSession, type SmtpTimeouts } from '../../../src/tasks/email/session.ts'
import type { SmtpServer } from '../../../src/tasks/email/smtp-url.ts'
import { SmtpTransport } from '../../../src/tasks/email/transport.ts'
import { deadPort, scriptedServer, smtpServer, TIMEOUTS, until } from './support.ts'

const BYTES = Buffer.from(`Subject: x\r\n\r\n${'line\r\n'.repeat(50)}`)
const forever = new AbortController().signal
// A job has a signal of its own; the sends of these tests share one.
setMaxListeners(0, forever)

function transportTo(server: SmtpServer, timeouts: SmtpTimeouts = TIMEOUTS): SmtpTransport {
  const transport = new SmtpTransport(server, timeouts)
  onTestFinished(() => transport.close())
  return transport
}
const message = (to: readonly string[] = ['ada@example.com'], bytes = BYTES) => ({
  envelope: { from: 'hello@example.com', to },
  bytes,
  addresses: to,
})

/** The failure of a send, with the kind that the classifier makes of it. */
async function failure(sending: Promise<unknown>): Promise<SmtpError & { kind: FailureKind }> {
  const error = await sending.then(
    () => undefined,
    (thrown: SmtpError) => thrown,
  )
  if (error === undefined) throw new Error('It was sent.')
  return Object.assign(error, { kind: classify(error.failure).kind })
}

describe('what went wrong, and how far it was', () => {
  test.each<[string, Parameters<typeof scriptedServer>[0], string, FailureKind]>([
    ['greeting refused', { greeting: '554 no service' }, 'connect', 'broken'],
    ['greeting busy', { greeting: '421 busy' }, 'connect', 'outage'],
    ['dropped before the greeting', { greeting: 'drop' }, 'connect', 'outage'],
    ['dropped at EHLO', { ehlo: 'drop' }, 'connect', 'outage'],
    ['sender refused', { mail: '550 5.7.1 no' }, 'envelope', 'refused'],
    ['sender refused, DATA taken', { mail: '550 5.7.1 no', data: '354 go on' }, 'envelope', 'refused'],
    ['sender put off', { mail: '451 4.3.0 later' }, 'envelope', 'retry'],
    ['dropped at MAIL', { mail: 'drop' }, 'envelope', 'outage'],
    ['recipient unknown', { rcpt: () => '550 5.1.1 unknown' }, 'envelope', 'refused'],
    ['greylisted', { rcpt: () => '451 4.7.1 greylisted, try again in 5 minutes' }, 'envelope', 'throttle'],
    ['dropped at RCPT', { rcpt: () => 'drop' }, 'envelope', 'outage'],
    ['DATA put off', { data: '451 4.3.0 later' }, 'envelope', 'retry'],
    ['dropped at DATA', { data: 'drop' }, 'envelope', 'outage'],
    ['dropped within the message', { body: 'drop' }, 'body', 'outage'],
    ['message refused', { final: '554 5.7.1 spam' }, 'final', 'refused'],
    ['message put off', { final: '451 4.3.0 later' }, 'final', 'retry'],
    [
      'message throttled',
      { final: '454 Throttling failure: Maximum sending rate exceeded.' },
      'final',
      'throttle',
    ],
    ['dropped after the message', { final: 'drop' }, 'final', 'uncertain'],
  ])('%s', async (_, script, phase, kind) => {
    // A long message, so that its end cannot be in the same packet as its beginning.
    const bytes = script.body === 'drop' ? Buffer.alloc(20_000_000, 'line\r\n') : BYTES
    for (const ehlo of ['250-test\r\n250 PIPELINING', '250 test']) {
      const server = await scriptedServer({ ehlo, ...script })
      const error = await failure(transportTo(server).send(message(['ada@example.com'], bytes), forever))
      expect([error.failure.phase, error.kind]).toEqual([phase, kind])
      expect(error.message).toContain(`127.0.0.1:${server.port}`)
    }
  })

  test('nobody listens', async () => {
    const error = await failure(
      transportTo({ host: '127.0.0.1', port: await deadPort(), tls: 'off' }).send(message(), forever),
    )
    expect([error.failure.phase, error.kind]).toEqual(['connect', 'outage'])
    expect(error.message).toContain('ECONNREFUSED')
  })

  test('a name that does not exist', async () => {
    const error = await failure(
      transportTo({ host: 'mail.invalid', port: 25, tls: 'required' }).send(message(), forever),
    )
    expect([error.failure.phase, error.kind]).toEqual(['connect', 'outage'])
  })

  test.each<[string, Parameters<typeof scriptedServer>[0], Partial<SmtpTimeouts>, string, FailureKind]>([
    ['before the greeting', { greeting: 'silence' }, { greetingMs: 100 }, 'connect', 'outage'],
    ['after a command', { mail: 'silence' }, { commandMs: 100 }, 'envelope', 'outage'],
    ['after the message', { final: 'silence' }, { finalReplyMs: 100 }, 'final', 'uncertain'],
  ])('silence %s ends at its own deadline', async (_, script, timeouts, phase, kind) => {
    const server = await scriptedServer(script)
    const error = await failure(transportTo(server, { ...TIMEOUTS, ...timeouts }).send(message(), forever))
    expect([error.failure.phase, error.failure.code, error.kind]).toEqual([phase, 'ETIMEDOUT', kind])
  })

  test('the answer to the message may take longer than the answer to a command', async () => {
    const server = await smtpServer({
      onData: (stream, _, done) => {
        stream.resume()
        stream.on('end', () => setTimeout(done, 1_000))
      },
    })
    const sent = await transportTo(server, { ...TIMEOUTS, commandMs: 400 }).send(message(), forever)
    expect(sent.accepted).toEqual(['ada@example.com'])
  })
})

describe('stopping', () => {
  test.each<[string, Parameters<typeof scriptedServer>[0], string, FailureKind]>([
    ['while connecting', { greeting: 'silence' }, 'connect', 'outage'],
    ['during the envelope', { mail: 'silence' }, 'envelope', 'outage'],
    ['while waiting for the answer', { final: 'silence' }, 'final', 'uncertain'],
  ])('%s', async (_, script, phase, kind) => {
    const server = await scriptedServer(script)
    const stop = new AbortController()
    const sending = failure(transportTo(server).send(message(), stop.signal))
    if (phase === 'final') await until(() => server.messages.length === 1, 'the message')
    else if (phase === 'envelope') await until(() => server.commands.length > 1, 'the envelope')
    stop.abort(new Error('enough'))
    const error = await sending
    expect([error.failure.phase, error.failure.code, error.kind]).toEqual([phase, 'EABORT', kind])
  })

  test('while waiting in line for a connection', async () => {
    const server = await scriptedServer({ final: 'silence' })
    const transport = transportTo(server)
    const holding = Array.from({ length: CONNECTIONS_MAX }, () =>
      transport.send(message(), forever).catch(() => 'cut'),
    )
    await until(() => server.messages.length === CONNECTIONS_MAX, 'all connections to be busy')
    const stop = new AbortController()
    const waiting = transport.send(message(), stop.signal)
    stop.abort(new Error('enough'))
    await expect(waiting).rejects.toThrow('enough')
    expect(holding).toHaveLength(CONNECTIONS_MAX)
  })
})

describe('connections', () => {
  test('are used again, a few at a time, and for every mail', async () => {
    let open = 0
    let most = 0
    let all = 0
    const server = await smtpServer({
      onConnect: (_, done) => {
        all += 1
        open += 1
        most = Math.max(most, open)
        done()
      },
      onClose: () => {
        open -= 1
      },
    })
    const transport = transportTo(server)
    const sending = Array.from({ length: 60 }, (_, n) =>
      transport.send(message([`u${n}@example.com`]), forever),
    )
    await Promise.all(sending)
    expect(server.received.map(({ to }) => to[0]).sort()).toEqual(
      Array.from({ length: 60 }, (_, n) => `u${n}@example.com`).sort(),
    )
    expect(most).toBeLessThanOrEqual(CONNECTIONS_MAX)
    expect(all).toBeLessThanOrEqual(CONNECTIONS_MAX)
    await transport.close()
    await until(() => open === 0, 'all connections to be closed')
  })

  test('one that the server closed while it was idle is replaced without a failure', async () => {
    const sessions: (() => void)[] = []
    const target = await smtpServer()
    const proxy = createServer((client) => {
      const upstream = connect(target.port, '127.0.0.1')
      client.pipe(upstream).on('error', () => {})
      upstream.pipe(client).on('error', () => {})
      sessions.push(() => {
        client.resetAndDestroy()
        upstream.destroy()
      })
    })
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => new Promise<void>((resolve) => proxy.close(() => resolve())))
    const { port } = proxy.address() as { port: number }
    const transport = transportTo({ host: '127.0.0.1', port, tls: 'off' })
    await transport.send(message(), forever)
    sessions[0]?.()
    await transport.send(message(), forever)
    expect(target.received).toHaveLength(2)
    expect(sessions).toHaveLength(2)
  })

  test('one that failed is not used again', async () => {
    const server = await scriptedServer({
      rcpt: (address) => (address.startsWith('bad') ? '550 5.1.1 no' : '250 ok'),
    })
    const transport = transportTo(server)
    await failure(transport.send(message(['bad@example.com']), forever))
    await transport.send(message(['good@example.com']), forever)
    expect(server.commands.filter((line) => line.startsWith('EHLO'))).toHaveLength(2)
  })
})

describe('TLS', () => {
  test('a server without STARTTLS gets no mail and no password when TLS is required', async () => {
    const server = await scriptedServer({ ehlo: '250-test\r\n250 AUTH PLAIN' })
    const error = await failure(
      transportTo({ ...server, tls: 'required', user: 'ada', password: 's3cret' }).send(message(), forever),
    )
    expect([error.failure.phase, error.kind]).toEqual(['connect', 'broken'])
    expect(server.commands.join('\n')).not.toMatch(/AUTH|MAIL/)
    expect(server.messages).toEqual([])
  })

  test('a certificate that cannot be trusted stops the mail and says why', async () => {
    // The library's own certificate: expired, and signed by nobody.
    for (const tls of ['required', 'implicit'] as const) {
      const server = await smtpServer({ disabledCommands: ['AUTH'], secure: tls === 'implicit' })
      const error = await failure(transportTo({ ...server, tls }).send(message(), forever))
      expect([error.failure.phase, error.failure.code, error.kind]).toEqual(['connect', 'ETLS', 'broken'])
      expect(error.message).toMatch(/certificate/)
      expect(server.received).toEqual([])
    }
  })

  test('TLS from the first byte to a server that speaks plain text is no outage', async () => {
    const error = await failure(
      transportTo({ ...(await scriptedServer({})), tls: 'implicit' }).send(message(), forever),
    )
    expect([error.failure.phase, error.kind]).toEqual(['connect', 'broken'])
  })

  test('plain text stays plain on this machine, whatever the server offers', async () => {
    const server = await smtpServer({ disabledCommands: ['AUTH'], logger: false })
    await transportTo(server).send(message(), forever)
    expect(server.received).toHaveLength(1)
  })
})

describe('logging in', () => {
  const login = { user: 'ada', password: 's3cret' }

  test('sends the credentials as they are', async () => {
    const seen: unknown[] = []
    const server = await smtpServer({
      disabledCommands: ['STARTTLS'],
      allowInsecureAuth: true,
      onAuth: ({ username, password }, _, done) => {
        seen.push([username, password])
        done(null, { user: username })
      },
    })
    await transportTo({ ...server, ...login }).send(message(), forever)
    await transportTo({ ...server, ...login }).verify()
    expect(seen).toEqual([
      ['ada', 's3cret'],
      ['ada', 's3cret'],
    ])
    expect(server.received).toHaveLength(1)
  })

  test('a refusal is a matter of configuration, and never shows the password', async () => {
    const ehlo = '250-test\r\n250 AUTH PLAIN'
    const reply = `535 5.7.8 no: ${Buffer.from('\0ada\0s3cret').toString('base64')} s3cret`
    const transport = transportTo({ ...(await scriptedServer({ ehlo, auth: reply })), ...login })
    const errors = [await failure(transport.send(message(), forever)), await failure(transport.verify())]
    for (const error of errors) {
      expect([error.failure.phase, error.kind]).toEqual(['login', 'broken'])
      expect(error.message + JSON.stringify(error.failure)).not.toMatch(/s3cret|AGFkYQ/)
    }
  })

  test('too busy to log in is no wrong password', async () => {
    const ehlo = '250-test\r\n250 AUTH PLAIN'
    const server = await scriptedServer({ ehlo, auth: '454 4.7.0 Temporary authentication failure' })
    expect((await failure(transportTo({ ...server, ...login }).send(message(), forever))).kind).toBe(
      'throttle',
    )
  })

  test('a server that offers no login is not sent to without one', async () => {
    const server = await scriptedServer({})
    const error = await failure(transportTo({ ...server, ...login }).send(message(), forever))
    expect([error.kind, server.messages.length]).toEqual(['broken', 0])
    expect(error.message).toContain('offers no login')
  })
})

describe('what the server says it cannot take is not sent', () => {
  test('a message larger than its SIZE', async () => {
    const server = await scriptedServer({ ehlo: '250-test\r\n250 SIZE 100' })
    const error = await failure(transportTo(server).send(message(), forever))
    expect([error.kind, server.messages.length]).toEqual(['refused', 0])
    expect(error.message).toContain('the server takes 100')
  })

  test('its SIZE is told in advance', async () => {
    const server = await scriptedServer({ ehlo: '250-test\r\n250 SIZE 1000' })
    await transportTo(server).send(message(), forever)
    expect(server.commands).toContain(`MAIL FROM:<hello@example.com> SIZE=${BYTES.length}`)
  })

  test('an address beyond ASCII without SMTPUTF8', async () => {
    const without = await scriptedServer({ ehlo: '250 test' })
    const error = await failure(transportTo(without).send(message(['jürgen@example.com']), forever))
    expect([error.kind, without.messages.length]).toEqual(['refused', 0])
    expect(error.message).toContain('SMTPUTF8')
    const server = await smtpServer()
    await transportTo(server).send(message(['jürgen@example.com']), forever)
    expect(server.received[0]?.to).toEqual(['jürgen@example.com'])
  })
})

test('some recipients are accepted, others are not', async () => {
  const server = await scriptedServer({
    rcpt: (address) =>
      address.startsWith('no')
        ? '550 5.1.1 unknown'
        : address.startsWith('later')
          ? '450 4.2.1 busy'
          : '250 ok',
  })
  const result = await transportTo(server).send(
    message(['yes@x.example', 'no@x.example', 'later@x.example']),
    forever,
  )
  expect(result.accepted).toEqual(['yes@x.example'])
  expect(result.refused.map(({ address, failure: { replyCode } }) => [address, replyCode])).toEqual([
    ['no@x.example', 550],
    ['later@x.example', 450],
  ])
  expect(result.reply).toBe('250 2.0.0 taken')
})

test('all refused: each with its own answer', async () => {
  const server = await scriptedServer({
    rcpt: (address) => (address.startsWith('no') ? '550 5.1.1 unknown' : '450 4.2.1 busy'),
  })
  const error = await failure(transportTo(server).send(message(['no@x.example', 'later@x.example']), forever))
  expect(error.recipients.map(({ failure: { replyCode } }) => replyCode)).toEqual([550, 450])
})

test('verify answers when the server can be used, and says what is wrong when not', async () => {
  const server = await smtpServer()
  await transportTo(server).verify()
  expect(server.received).toEqual([])
  await expect(transportTo({ ...server, port: await deadPort() }).verify()).rejects.toThrow('ECONNREFUSED')
})

test('a session with an aborted signal does not start', async () => {
  const server = await smtpServer()
  await expect(SmtpSession.open(server, TIMEOUTS, AbortSignal.abort(new Error('no')))).rejects.toThrow(
    'stopped',
  )
})
