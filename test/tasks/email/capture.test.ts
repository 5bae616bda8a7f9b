import { readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { platform } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { CaptureServer } from '../../../src/tasks/email/capture/server.ts'
import { CAPTURE_BOUNDS, CaptureStore } from '../../../src/tasks/email/capture/store.ts'
import { CaptureTransport } from '../../../src/tasks/email/capture/transport.ts'
import { deliver, type MailOutput } from '../../../src/tasks/email/deliver.ts'
import { CAPTURE_DEBRIS_AGE_MS, MESSAGE_BYTES_MAX } from '../../../src/tasks/email/limits.ts'
import { context, mail, TIMEOUTS, temporaryFolder } from './support.ts'

const envelope = { from: 'a@example.com', to: ['b@example.com'] }
const raw = (subject: string, size = 100) =>
  Buffer.from(
    `From: A <a@example.com>\r\nTo: b@example.com\r\nSubject: ${subject}\r\n\r\n${'x'.repeat(size)}\r\n`,
  )

async function store(bounds = {}): Promise<CaptureStore> {
  return new CaptureStore(await temporaryFolder(), { ...CAPTURE_BOUNDS, ...bounds })
}

async function capture(folder: string) {
  const kept = new CaptureStore(folder)
  const transport = new CaptureTransport(kept, TIMEOUTS)
  onTestFinished(() => transport.close())
  const send = (payload: object) =>
    deliver(mail({ to: 'ada@example.com', subject: 'Hi', text: 'Hello', ...payload }), context(), {
      from: { name: 'Posthaste', address: 'posthaste@localhost' },
      transport,
    }) as Promise<MailOutput>
  return { kept, transport, send }
}

/** Speaks to a server: each step waits for a line that begins like this, then sends that. Answers all that was said. */
function talk(port: number, steps: [string, string | Buffer][]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1').on('error', reject)
    onTestFinished(() => void socket.destroy())
    let said = ''
    let seen = 0
    socket.on('data', (chunk) => {
      said += chunk
      const [awaited, answer] = steps[0] ?? []
      const found = awaited === undefined ? -1 : `\r\n${said}`.indexOf(`\r\n${awaited}`, seen)
      if (found < 0 || answer === undefined) return
      seen = said.length
      steps.shift()
      socket.write(answer)
    })
    socket.on('close', () => resolve(said))
  })
}

test('mail goes over real SMTP into the folder, with its whole envelope', async () => {
  const { kept, send } = await capture(await temporaryFolder())
  const output = await send({ subject: 'Grüße', bcc: 'hidden@example.com', text: '.\n..\nlast' })
  const [summary] = await kept.list()
  expect(summary).toMatchObject({
    subject: 'Grüße',
    from: { name: 'Posthaste', address: 'posthaste@localhost' },
    to: [{ name: '', address: 'ada@example.com' }],
    envelope: { from: 'posthaste@localhost', to: ['ada@example.com', 'hidden@example.com'] },
    messageId: output.messageId,
    preview: '. .. last',
    attachments: 0,
  })
  const bytes = await kept.bytes(summary?.id ?? '')
  expect(bytes?.length).toBe(summary?.size)
  expect(bytes?.toString()).toContain('\r\n\r\n.\r\n..\r\nlast')
  expect(output.via).toBe('capture mailbox')
  expect(output.recipients['ada@example.com']?.reply).toContain(`captured as ${summary?.id}`)
})

test('captured mail is still there after a restart', async () => {
  const folder = await temporaryFolder()
  const first = await capture(folder)
  await first.send({ subject: 'one' })
  await first.transport.close()
  const second = await capture(folder)
  await second.send({ subject: 'two' })
  expect((await second.kept.list()).map(({ subject }) => subject)).toEqual(['two', 'one'])
})

test('several writers share one folder', async () => {
  const folder = await temporaryFolder()
  const [one, two] = [await capture(folder), await capture(folder)]
  await Promise.all(Array.from({ length: 40 }, (_, n) => (n % 2 ? one : two).send({ subject: `n${n}` })))
  const subjects = (await one.kept.list()).map(({ subject }) => subject)
  expect(subjects.sort()).toEqual(Array.from({ length: 40 }, (_, n) => `n${n}`).sort())
  expect(await two.kept.list()).toHaveLength(40)
})

describe('the folder is bounded', () => {
  test('by the number of messages: the oldest make room', async () => {
    const kept = await store({ messages: 3 })
    for (let n = 0; n < 7; n++) await kept.add(raw(`n${n}`), envelope)
    expect((await kept.list()).map(({ subject }) => subject)).toEqual(['n6', 'n5', 'n4'])
    expect(await readdir(kept.folder)).toHaveLength(6)
  })

  test('by their bytes', async () => {
    const kept = await store({ totalBytes: 5_000 })
    for (let n = 0; n < 10; n++) await kept.add(raw(`n${n}`, 1_500), envelope)
    const list = await kept.list()
    expect(list.map(({ subject }) => subject)).toEqual(['n9', 'n8', 'n7'])
    expect(list.reduce((sum, { size }) => sum + size, 0)).toBeLessThanOrEqual(5_000)
  })

  test('with several writers at once', async () => {
    const folder = await temporaryFolder()
    const bounds = { ...CAPTURE_BOUNDS, messages: 5 }
    const writers = Array.from({ length: 4 }, () => new CaptureStore(folder, bounds))
    await Promise.all(
      writers.flatMap((one, w) => Array.from({ length: 10 }, (_, n) => one.add(raw(`w${w}n${n}`), envelope))),
    )
    await writers[0]?.add(raw('last'), envelope)
    const list = (await writers[1]?.list()) ?? []
    expect(list).toHaveLength(5)
    expect(list[0]?.subject).toBe('last')
  })

  test('a message that is too large is refused as a server refuses it', async () => {
    const kept = await store()
    const server = new CaptureServer(kept)
    onTestFinished(() => server.close())
    const port = await server.listen()
    const said = await talk(port, [
      ['220 ', 'EHLO x\r\n'],
      ['250 ', 'MAIL FROM:<a@example.com>\r\n'],
      ['250 ', 'RCPT TO:<b@example.com>\r\n'],
      ['250 ', 'DATA\r\n'],
      [
        '354 ',
        Buffer.concat([Buffer.alloc(MESSAGE_BYTES_MAX, 'x\r\n'), Buffer.from('more than that\r\n.\r\n')]),
      ],
      ['552 ', 'QUIT\r\n'],
    ])
    expect(said).toMatch(/^552 /m)
    expect(await kept.list()).toEqual([])
  })
})

// posix: file modes exist only there.
test.runIf(platform() !== 'win32')('nobody else on the machine can read captured mail', async () => {
  const { kept, send } = await capture(join(await temporaryFolder(), 'deeper', 'mailbox'))
  await send({})
  expect((await stat(kept.folder)).mode & 0o777).toBe(0o700)
  for (const name of await readdir(kept.folder)) {
    expect((await stat(join(kept.folder, name))).mode & 0o777).toBe(0o600)
  }
})

test('ids are ordered, and nothing else is taken for one', async () => {
  const kept = await store()
  const ids: string[] = []
  for (let n = 0; n < 20; n++) ids.push(await kept.add(raw(`n${n}`), envelope))
  expect([...ids].sort()).toEqual(ids)
  expect((await kept.list()).map(({ id }) => id)).toEqual([...ids].reverse())
  for (const id of [
    '',
    '..',
    '../../etc/passwd',
    'x',
    `${ids[0]}/..`,
    `${ids[0]}.eml`,
    `${ids[0]}\0`,
    ids[0]?.toUpperCase() ?? '',
  ]) {
    if (id === ids[0]) continue
    expect(await kept.summary(id)).toBeUndefined()
    expect(await kept.bytes(id)).toBeUndefined()
  }
})

test('what is no message is left alone, and what a killed process left behind is removed in time', async () => {
  const kept = await store()
  const id = await kept.add(raw('kept'), envelope)
  const debris = id.replace(/.{12}$/, 'aaaaaaaaaaaa')
  const fresh = id.replace(/.{12}$/, 'bbbbbbbbbbbb')
  const foreign = id.replace(/.{12}$/, 'cccccccccccc')
  const old = new Date(Date.now() - 2 * CAPTURE_DEBRIS_AGE_MS)
  for (const name of [
    `${debris}.eml`,
    `${debris}.tmp`,
    `${fresh}.eml`,
    'notes.txt',
    `${foreign}.json`,
    `${id.slice(0, -1)}.json`,
  ]) {
    await writeFile(join(kept.folder, name), '{"id":"x"}')
    if (!name.startsWith(fresh)) await utimes(join(kept.folder, name), old, old)
  }
  await kept.sweep()
  expect((await kept.list()).map(({ subject }) => subject)).toEqual(['kept'])
  const left = (await readdir(kept.folder)).sort()
  expect(left).toEqual(
    [
      `${id}.eml`,
      `${id}.json`,
      `${fresh}.eml`,
      'notes.txt',
      `${foreign}.json`,
      `${id.slice(0, -1)}.json`,
    ].sort(),
  )
})

test('a message too damaged to be taken apart is kept nevertheless', async () => {
  const kept = await store()
  const nested = Array.from(
    { length: 200 },
    (_, n) => `Content-Type: multipart/mixed; boundary=b${n}\r\n\r\n--b${n}\r\n`,
  ).join('')
  for (const bytes of [
    Buffer.from(nested),
    Buffer.alloc(0),
    Buffer.from([0, 255, 1, 254]),
    Buffer.from('x'.repeat(1_000_000)),
  ]) {
    const id = await kept.add(bytes, envelope)
    expect((await kept.summary(id))?.envelope).toEqual(envelope)
    expect((await kept.bytes(id))?.equals(bytes)).toBe(true)
  }
})

test('the server speaks to this machine only, offers neither TLS nor login, and is gone after close', async () => {
  const server = new CaptureServer(await store())
  const port = await server.listen()
  expect(await server.listen()).toBe(port)
  const greeting = await talk(port, [
    ['220 ', 'EHLO x\r\n'],
    ['250 ', 'QUIT\r\n'],
  ])
  expect(greeting).toMatch(/^220 localhost .*capture mailbox/)
  expect(greeting).not.toMatch(/STARTTLS|AUTH/)
  expect(greeting).toContain(`SIZE ${MESSAGE_BYTES_MAX}`)
  await server.close()
  await server.close()
  await expect(
    new Promise((resolve, reject) => connect(port, '127.0.0.1').on('connect', resolve).on('error', reject)),
  ).rejects.toMatchObject({ code: 'ECONNREFUSED' })
})

test('a folder that cannot be written puts the mail off and says so', async () => {
  const folder = join(await temporaryFolder(), 'file')
  await writeFile(folder, 'not a folder')
  const { send } = await capture(folder)
  await expect(send({})).rejects.toThrow()
  expect(await readFile(folder, 'utf8')).toBe('not a folder')
})
