import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import { onTestFinished } from 'vitest'
import { blobStore } from '../../../src/blobs/open.ts'
import type { TaskContext } from '../../../src/runtime/task.ts'
import type { Mail } from '../../../src/tasks/email/mail.ts'
import { mailSchema } from '../../../src/tasks/email/payload.ts'
import type { SmtpTimeouts } from '../../../src/tasks/email/session.ts'
import type { SmtpServer } from '../../../src/tasks/email/smtp-url.ts'

/** Short enough for tests, long enough for a busy machine. */
export const TIMEOUTS: SmtpTimeouts = {
  connectMs: 5_000,
  greetingMs: 5_000,
  commandMs: 5_000,
  finalReplyMs: 5_000,
}

export interface Received {
  readonly from: string
  readonly to: readonly string[]
  readonly raw: Buffer
}

/** A real SMTP server on a free loopback port, closed at the end of the test. */
export async function smtpServer(
  options: SMTPServerOptions = {},
): Promise<SmtpServer & { received: Received[] }> {
  const received: Received[] = []
  const server = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    closeTimeout: 100,
    logger: false,
    onData: (stream, session, done) => {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope
        received.push({
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          raw: Buffer.concat(chunks),
        })
        done()
      })
    },
    ...options,
  })
  server.on('error', () => {})
  const listener = await new Promise<ReturnType<SMTPServer['listen']>>((resolve) => {
    const listening = server.listen(0, '127.0.0.1', () => resolve(listening))
  })
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())))
  return { host: '127.0.0.1', port: (listener.address() as AddressInfo).port, tls: 'off', received }
}

/** How a scripted server answers: text is sent, 'drop' cuts the connection, 'silence' says nothing. */
export type Answer = string | 'drop' | 'silence'
export interface Script {
  readonly greeting?: Answer
  readonly ehlo?: Answer
  readonly auth?: Answer
  readonly mail?: Answer
  readonly rcpt?: (address: string) => Answer
  readonly data?: Answer
  /** As soon as the first bytes of the message arrive. */
  readonly body?: 'drop'
  /** After the final dot. */
  readonly final?: Answer | ((count: number) => Answer)
}

/** A server that follows a script and makes every mistake that a server can make. `messages` holds what ended with a dot. */
export async function scriptedServer(
  script: Script,
): Promise<SmtpServer & { messages: string[]; commands: string[]; opened: () => number }> {
  const messages: string[] = []
  const commands: string[] = []
  const sockets = new Set<Socket>()
  let opened = 0
  const server = createServer((socket) => {
    sockets.add(socket)
    opened += 1
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    const answer = (what: Answer) => {
      if (what === 'drop') socket.destroy()
      else if (what !== 'silence') socket.write(`${what}\r\n`)
    }
    let buffer = ''
    let body = false
    let accepted = 0
    answer(script.greeting ?? '220 test')
    socket.on('data', (chunk) => {
      buffer += chunk.toString('latin1')
      for (;;) {
        if (body) {
          if (script.body === 'drop' && buffer.length > 0) return socket.destroy()
          const end = buffer.indexOf('\r\n.\r\n')
          if (end < 0) return
          messages.push(buffer.slice(0, end))
          buffer = buffer.slice(end + 5)
          body = false
          const final = script.final ?? '250 2.0.0 taken'
          answer(typeof final === 'function' ? final(messages.length) : final)
          continue
        }
        const end = buffer.indexOf('\r\n')
        if (end < 0) return
        const line = buffer.slice(0, end)
        buffer = buffer.slice(end + 2)
        commands.push(line)
        const verb = line.split(' ')[0]?.toUpperCase()
        if (verb === 'MAIL') accepted = 0
        if (verb === 'EHLO') answer(script.ehlo ?? '250-test\r\n250-PIPELINING\r\n250 SMTPUTF8')
        else if (verb === 'AUTH') answer(script.auth ?? '235 2.7.0 welcome')
        else if (verb === 'MAIL') answer(script.mail ?? '250 2.1.0 ok')
        else if (verb === 'RCPT') {
          const reply = script.rcpt?.(/<(.*)>/.exec(line)?.[1] ?? '') ?? '250 2.1.5 ok'
          if (reply.startsWith('250')) accepted += 1
          answer(reply)
        } else if (verb === 'DATA') {
          const refused = accepted === 0 || (script.mail !== undefined && !script.mail.startsWith('250'))
          const reply = script.data ?? (refused ? '503 5.5.1 nobody to send to' : '354 go on')
          body = reply.startsWith('354')
          answer(reply)
        } else if (verb === 'QUIT') socket.end('221 bye\r\n')
        else answer('502 5.5.1 unknown command')
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise<void>((resolve) => server.close(() => resolve()))
  })
  return {
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    tls: 'off',
    messages,
    commands,
    opened: () => opened,
  }
}

/** A port on which nobody listens. */
export async function deadPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise<void>((resolve) => server.close(() => resolve()))
  return port
}

export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'posthaste-mail-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** What a handler is given, with a checkpoint that outlives the attempt as it does in a store. */
export interface TestContext extends TaskContext {
  readonly logged: string[]
  saved: unknown
}

export function context(
  overrides: { id?: string; createdAt?: Date; signal?: AbortSignal } = {},
): TestContext {
  const logged: string[] = []
  const self: TestContext = {
    job: {
      id: overrides.id ?? randomUUID(),
      task: 'email',
      version: 1,
      queue: 'mail',
      group: null,
      priority: 5,
      createdAt: overrides.createdAt ?? new Date(),
      runAt: new Date(),
      attempt: 1,
      maxRetries: 30,
      key: null,
      ref: null,
      tags: [],
    },
    blobs: blobStore('temporary:'),
    parents: async () => ({}),
    attempt: 1,
    fence: 1,
    signal: overrides.signal ?? new AbortController().signal,
    logged,
    saved: undefined,
    step: async (_name, work) => work(),
    progress: () => {},
    log: (message) => void logged.push(message),
    checkpoint: {
      get: () => self.saved,
      // Through JSON, as a store would keep it.
      set: async (value) => {
        self.saved = JSON.parse(JSON.stringify(value))
      },
    },
    add: () => {
      throw new Error('not used')
    },
  }
  return self
}

/** The mail that a payload means; fails the test when it is refused. */
export function mail(payload: unknown): Mail {
  const result = mailSchema['~standard'].validate(payload)
  if ('issues' in result) throw new Error(JSON.stringify(result.issues))
  return result.value
}

/** What is wrong with a payload, as "path: message". */
export function problems(payload: unknown): string[] {
  const result = mailSchema['~standard'].validate(payload)
  return 'issues' in result ? result.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) : []
}

/** Waits until a condition holds, within a deadline. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  deadlineMs = 10_000,
): Promise<void> {
  const end = performance.now() + deadlineMs
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`Waited in vain: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
