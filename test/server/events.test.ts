import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { type AnyTask, type Posthaste, posthaste, task } from '../../src/index.ts'
import { silentLogger } from '../../src/runtime/logger.ts'
import { createApp } from '../../src/server/http/app.ts'
import { HTTP_LIMITS } from '../../src/server/http/limits.ts'
import { STREAM_LIMITS } from '../../src/server/http/routes-events.ts'
import { createServer } from '../../src/server/index.ts'
import { ENGINES, newEngineUrl } from '../servers/engines.ts'
import { dropSchemas } from '../servers/postgres.ts'

const SOON_MS = 10_000
const cleanups: (() => Promise<unknown> | unknown)[] = []
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean()
})

const installation = async (engine = 'memory:', tasks: readonly AnyTask[] = []): Promise<Posthaste> => {
  const ph = await posthaste({ engine, tasks })
  cleanups.push(() => ph.close({ grace: 0 }))
  return ph
}
const served = async (ph: Posthaste) => {
  const server = createServer({ posthaste: ph, packs: [], logger: silentLogger, token: null })
  const url = await server.start({ host: '127.0.0.1', port: 0 })
  cleanups.push(() => server.stop())
  return { url, server }
}

interface Told {
  readonly id: string
  readonly event: string
  // biome-ignore lint/suspicious/noExplicitAny: the shape is what the tests are about.
  readonly data: any
}

/** Reads a stream in the background, as a browser does. */
const listen = async (url: string, lastId?: string) => {
  const cut = new AbortController()
  const headers: Record<string, string> = lastId === undefined ? {} : { 'last-event-id': lastId }
  const response = await fetch(`${url}/v1/events`, { headers, signal: cut.signal })
  const told: Told[] = []
  let comments = 0
  let isOver = false
  const read = async () => {
    let text = ''
    const decoder = new TextDecoder()
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      text += decoder.decode(chunk, { stream: true })
      const blocks = text.split('\n\n')
      text = blocks.pop() ?? ''
      for (const block of blocks) {
        const fields = new Map(
          block.split('\n').map((line) => [line.split(': ')[0], line.slice(line.indexOf(': ') + 2)]),
        )
        if (!fields.has('event')) comments += 1
        else
          told.push({
            id: fields.get('id') ?? '',
            event: fields.get('event') ?? '',
            data: JSON.parse(fields.get('data') ?? 'null'),
          })
      }
    }
  }
  const done = read()
    .catch(() => undefined)
    .finally(() => {
      isOver = true
    })
  cleanups.push(() => cut.abort())
  const stream = {
    status: response.status,
    type: response.headers.get('content-type'),
    told,
    isOver: () => isOver,
    comments: () => comments,
    async end() {
      cut.abort()
      await done
    },
    /** Waits for the first event that fits. */
    async hears(event: string, fits: (data: Told['data']) => boolean = () => true): Promise<Told> {
      const until = Date.now() + SOON_MS
      for (;;) {
        const found = told.find((one) => one.event === event && fits(one.data))
        if (found !== undefined) return found
        if (Date.now() > until)
          throw new Error(`no ${event}; heard ${JSON.stringify(told.map((one) => one.event))}`)
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
    },
  }
  await stream.hears('hello')
  return stream
}

const eventually = async (isTrue: () => boolean): Promise<void> => {
  const until = Date.now() + SOON_MS
  while (!isTrue()) {
    if (Date.now() > until) throw new Error('it did not happen')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

const talks = task({
  name: 'talks',
  run: (_, ctx) => {
    ctx.log('line one\nline two')
    ctx.progress({ half: true })
    return 'output that no table shows'
  },
})

describe.each(ENGINES)('GET /v1/events on %s', (kind) => {
  const newUrl = async (): Promise<string> => {
    const folder = await mkdtemp(join(tmpdir(), 'posthaste-events-'))
    cleanups.push(() => rm(folder, { recursive: true, force: true }))
    return await newEngineUrl(kind, folder)
  }
  afterAll(dropSchemas)

  it('tells the life of a job, its log and progress, queues, and the numbers', async () => {
    const ph = await installation(await newUrl(), [talks])
    const { url } = await served(ph)
    const stream = await listen(url)
    expect(stream.type).toBe('text/event-stream')
    const { id } = await ph.add('talks', { secret: 'hidden' })
    const added = await stream.hears('job', ({ event }) => event === 'added')
    expect(added.data.job).toMatchObject({ id, task: 'talks', queue: 'default', state: 'ready' })
    ph.work()
    const completed = await stream.hears('job', ({ event }) => event === 'completed')
    expect(completed.data.job).toMatchObject({ id, state: 'completed' })
    expect((await stream.hears('log')).data).toMatchObject({
      id,
      message: 'line one\nline two',
      level: 'info',
    })
    expect((await stream.hears('progress')).data).toMatchObject({ id, progress: { half: true } })
    await ph.pause('mail', { by: 'ops' })
    expect((await stream.hears('queue')).data).toEqual({ queue: 'mail', by: 'ops', paused: true })
    const { data } = await stream.hears('stats', ({ states }) => states.completed === 1)
    expect(data).toMatchObject({ total: 1, workers: 1, oldestReadyAgeMs: null })
    // Rows only: what can be large, or secret, is asked for job by job.
    expect(JSON.stringify(stream.told)).not.toMatch(/hidden|no table shows/)
  })

  it('tells that another process changed something', async () => {
    const engine = await newUrl()
    const { url } = await served(await installation(engine))
    const other = await installation(engine)
    const stream = await listen(url)
    // Once: the stream was answered, so the store is listened to.
    await other.pause('mail')
    await stream.hears('changed')
  })
})

describe('GET /v1/events', () => {
  it('goes on where a stream broke off', async () => {
    const ph = await installation()
    const { url } = await served(ph)
    const first = await listen(url)
    const one = await ph.add('x', null)
    const { id: seen } = await first.hears('job', ({ job }) => job.id === one.id)
    await first.end()
    const two = await ph.add('x', null)
    const second = await listen(url, seen)
    await second.hears('job', ({ job }) => job.id === two.id)
    expect(second.told.filter(({ data }) => data.job?.id === one.id)).toEqual([])
  })

  it.each(['unknown', 'AAAAAAAA.5', '', 'AAAAAAAA.-1', '.', '%'])(
    'says so when it cannot go on from %j',
    async (lastId) => {
      const { url } = await served(await installation())
      const stream = await listen(url, lastId === '' ? ' ' : lastId)
      if (lastId !== '') await stream.hears('changed', ({ missed }) => missed === true)
    },
  )

  it('says "too much" instead of telling a flood', async () => {
    const ph = await installation()
    const { url } = await served(ph)
    const stream = await listen(url)
    await ph.addMany(Array.from({ length: 2_000 }, () => ({ task: 'x', payload: null })))
    await stream.hears('changed', ({ missed }) => missed === true)
    expect(stream.told.filter(({ event }) => event === 'job').length).toBeLessThanOrEqual(400)
    // And it listens again afterwards.
    const { id } = await ph.add('x', null)
    await stream.hears('job', ({ job }) => job.id === id)
  })

  it('opens no stream for HEAD', async () => {
    const { url } = await served(await installation())
    for (let n = 0; n <= STREAM_LIMITS.streams; n++) {
      expect((await fetch(`${url}/v1/events`, { method: 'HEAD' })).status).toBe(200)
    }
    expect((await listen(url)).status).toBe(200)
  })

  it('ends with the server, which does not wait for it', async () => {
    const ph = await installation()
    const { url, server } = await served(ph)
    const stream = await listen(url)
    // A browser opens connections ahead; those are not waited for either.
    const ahead = connect(Number(new URL(url).port), '127.0.0.1')
    cleanups.push(() => ahead.destroy())
    await once(ahead, 'connect')
    const closed = once(ahead, 'close')
    const grace = AbortSignal.timeout(HTTP_LIMITS.stopGraceMs)
    await Promise.all([server.stop(), closed, eventually(stream.isOver)])
    expect(grace.aborted).toBe(false)
  })
})

describe('streams are bounded', () => {
  /** Requests that come from somewhere else than this machine. */
  const remote = async (tasks: readonly AnyTask[] = []) => {
    const ph = await installation('memory:', tasks)
    const stopping = new AbortController()
    cleanups.push(() => stopping.abort())
    const deps = { posthaste: ph, packs: [], logger: silentLogger, token: null }
    const app = createApp(deps, [], stopping.signal)
    const get = (address: string) =>
      app.fetch(new Request('http://localhost/v1/events', { headers: { host: 'localhost' } }), {
        incoming: { socket: { remoteAddress: address } },
      })
    return { ph, get }
  }

  it('in all, and for each address but loopback', async () => {
    const { get } = await remote()
    const open: Response[] = []
    for (let n = 0; n < STREAM_LIMITS.perAddress; n++) open.push(await get('192.0.2.1'))
    expect(open.every(({ status }) => status === 200)).toBe(true)
    const refused = await get('192.0.2.1')
    expect(refused.status).toBe(429)
    expect(await refused.json()).toMatchObject({
      code: 'E_TOO_MANY',
      data: { limit: STREAM_LIMITS.perAddress },
    })
    while (open.length < STREAM_LIMITS.streams) open.push(await get('::ffff:127.0.0.1'))
    expect(open.every(({ status }) => status === 200)).toBe(true)
    expect((await get('127.0.0.1')).status).toBe(429)
    await open[0]?.body?.cancel()
    expect((await get('127.0.0.1')).status).toBe(200)
  })

  it('and cut when their reader does not read', async () => {
    const shouts = task({
      name: 'shouts',
      run: async (_, ctx) => {
        for (let n = 0; n < 150; n++) ctx.progress('x'.repeat(15_000) + n)
      },
    })
    const { ph, get } = await remote([shouts])
    const silent = await get('192.0.2.1')
    const { id } = await ph.add('shouts', null)
    ph.work()
    await ph.waitFor(id)
    // What is in the buffer can still be read, and then it is over.
    let bytes = 0
    for await (const chunk of silent.body as unknown as AsyncIterable<Uint8Array>) bytes += chunk.byteLength
    expect(bytes).toBeGreaterThan(STREAM_LIMITS.bufferBytes)
    expect(bytes).toBeLessThan(STREAM_LIMITS.bufferBytes + 100_000)
  })
})
