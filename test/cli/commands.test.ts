import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { ENGINES } from '../servers/engines.ts'
import { folder, type Place } from './place.ts'
import { exists, json, launch, type Result, run, temporaryFolder } from './program.ts'

const UNKNOWN = '01890a5d-ac96-774b-bcce-b302099a8057'

const payloadAt = (at: () => Place) => async (args: readonly string[], input?: Uint8Array | string) => {
  const { id } = await json(['submit', ...args], input === undefined ? at() : { ...at(), input })
  return (await json(['status', id], at())).payload
}

describe.each(ENGINES)('on %s', (kind) => {
  const place = folder(kind)
  const posthaste = (...args: string[]): Promise<Result> => run(args, place)
  /** Where the jobs are, as it is said on the command line. */
  const where = (): string[] => {
    const engine = place.env['POSTHASTE_ENGINE'] ?? ''
    return kind === 'sqlite' ? ['--database', engine.replace('sqlite:', '')] : ['--engine', engine]
  }

  describe('as its users type it', () => {
    it('worker --workers 8, submit, status --job-id, stats', async () => {
      const at = { cwd: place.cwd }
      const worker = launch(['worker', '--workers', '8', ...where()], at)
      await worker.match(/8 jobs at a time/)

      const hello = await run(['submit', '--payload', 'Hello', ...where()], at)
      expect(hello).toMatchObject({ code: 0 })
      const id = /[0-9a-f-]{36}/.exec(hello.stdout)?.[0] ?? ''
      const urgent = ['submit', '--payload', 'Urgent', '--priority', 'high', '--max-retries', '5']
      expect(await json([...urgent, ...where()], at)).toMatchObject({
        priority: 3,
        maxRetries: 5,
      })
      const failing = ['submit', '--payload', 'fail this', '--max-retries', '0', '--wait', '10s']
      const failed = await run([...failing, '--json', ...where()], at)
      expect(failed.code).toBe(1)
      expect(JSON.parse(failed.stdout)).toMatchObject({ state: 'dead', attempt: 1, reason: 'exhausted' })

      await worker.match(new RegExp(`${id}[^\n]*completed`))
      const status = await run(['status', '--job-id', id, ...where()], at)
      expect(status).toMatchObject({ code: 0, stderr: '' })
      expect(status.stdout).toMatch(/✓ completed {2}echo/)
      expect(status.stdout).toMatch(/output +Hello/)

      const stats = await json(['stats', ...where()], at)
      expect(stats).toMatchObject({
        total: 3,
        states: { completed: 2, dead: 1 },
        workers: [{ concurrency: 8 }],
      })
      expect(await worker.stop()).toBe(0)
    })

    it('a job carries everything that the old system kept', async () => {
      const job = await json(['submit', '--payload', '[1]', '--queue', 'old', '--ref', '17'], place)
      const shown = await json(['status', job.id], place)
      expect(shown).toMatchObject({
        id: job.id,
        task: 'echo',
        payload: [1],
        queue: 'old',
        attempt: 0,
        state: 'ready',
        errors: [],
        lastError: null,
        worker: null,
        startedAt: null,
        ref: '17',
      })
      expect(Date.parse(shown.createdAt)).toBeLessThanOrEqual(Date.now())
      expect(Date.parse(shown.runAt)).toBe(Date.parse(shown.createdAt))
    })
  })

  describe('submit', () => {
    it('passes every option on', async () => {
      const job = await json(
        [
          'submit',
          ...['--payload', 'x', '--task', 'greet', '--queue', 'q', '--priority', '0', '--delay', '1h'],
          ...['--key', 'k', '--ref', 'r', '--group', 'g', '--tag', 'a', '--tag', 'b,c', '--timeout', '10s'],
        ],
        place,
      )
      expect(job).toMatchObject({
        task: 'greet',
        queue: 'q',
        priority: 0,
        state: 'scheduled',
        key: 'k',
        ref: 'r',
        group: 'g',
      })
      expect(job.tags).toEqual(['a', 'b', 'c'])
      const again = await run(['submit', '--payload', 'x', '--key', 'k', '--json'], place)
      expect(JSON.parse(again.stdout)).toMatchObject({ id: job.id, inserted: false })

      const at = await json(['submit', '--payload', 'x', '--at', '2099-01-01T00:00:00Z'], place)
      expect(at).toMatchObject({ state: 'scheduled', runAt: '2099-01-01T00:00:00.000Z' })
    })

    it('adds one job for each line, and says at which line it stopped', async () => {
      const lines = Array.from({ length: 2_500 }, (_, index) => `{"n":${index}}`)
      const added = await json(['submit', '--task', 'bulk', '--lines', '-'], {
        ...place,
        input: `${lines.join('\n')}\n`,
      })
      expect(added).toEqual({ added: 2_500 })
      const { jobs } = await json(['list', '--task', 'bulk', '--limit', '2', '--sort', 'id'], place)
      expect(jobs.map(({ payload }: { payload: unknown }) => payload)).toEqual([{ n: 0 }, { n: 1 }])

      const input = '{"to":"ada@example.com","subject":"a","text":"b"}\n\n{"to":"nobody"}\n'
      const broken = await run(['submit', '--task', 'email', '--lines', '-'], { ...place, input })
      expect(broken.code).toBe(2)
      expect(broken.stderr).toMatch(/Line 3: .*0 jobs added before it/)
    })
  })

  describe('list', () => {
    it('filters and pages', async () => {
      for (const text of ['one', 'two', 'three'])
        await posthaste('submit', '--payload', text, '--queue', 'pages')
      const first = await json(['list', '--queue', 'pages', '--limit', '2'], place)
      expect(first.jobs.map(({ payload }: { payload: string }) => payload)).toEqual(['three', 'two'])
      const second = await json(['list', '--queue', 'pages', '--limit', '2', '--cursor', first.cursor], place)
      expect(second).toMatchObject({ jobs: [{ payload: 'one' }], cursor: null })
      const found = await json(['list', '--search', 'thre', '--state', 'ready,running'], place)
      expect(found.jobs).toHaveLength(1)
    })

    it('is a table that a pipe may cut short', async () => {
      const { stdout, code } = await posthaste('list', '--queue', 'pages')
      expect(code).toBe(0)
      const lines = stdout.trimEnd().split('\n')
      expect(lines[0]).toMatch(/^ID +STATE +TASK/)
      expect(lines).toHaveLength(4)
      expect(stdout).not.toContain('\u001b')
    })
  })

  describe('control', () => {
    let id: string
    beforeEach(async () => {
      id = (await json(['submit', '--payload', 'x', '--queue', 'control'], place)).id
    })

    it('cancels, runs again, removes', async () => {
      expect(await json(['cancel', id, '--reason', 'not needed'], place)).toMatchObject({
        state: 'cancelled',
      })
      const explained = await json(['explain', id], place)
      expect(explained.summary).toMatch(/cancelled by \S+@\S+ .*not needed/)
      expect(await json(['retry', '--job-id', id], place)).toMatchObject({ state: 'ready' })
      expect((await posthaste('remove', id)).code).toBe(0)
      expect((await posthaste('status', id)).code).toBe(1)
    })

    it('answers for each of several jobs', async () => {
      const { code, stdout, stderr } = await posthaste('cancel', UNKNOWN, id)
      expect(code).toBe(1)
      expect(stdout).toContain(id)
      expect(stderr).toContain(`There is no job ${UNKNOWN}`)
      expect((await json(['status', id], place)).state).toBe('cancelled')
    })

    it('pauses and resumes queues', async () => {
      expect(await json(['pause', 'control', 'other'], place)).toEqual({ paused: ['control', 'other'] })
      const { queues } = await json(['stats'], place)
      expect(queues).toContainEqual(
        expect.objectContaining({ queue: 'control', paused: true, pausedBy: expect.stringContaining('@') }),
      )
      expect((await json(['explain', id], place)).reasons[0].code).toBe('queue_paused')
      expect((await posthaste('resume', 'control', 'other')).code).toBe(0)
    })
  })

  describe('doctor', () => {
    it('says what is in order', async () => {
      const { ok, findings } = await json(['doctor'], place)
      expect(ok).toBe(true)
      expect(JSON.stringify(findings)).toMatch(new RegExp(`"${kind} \\d+\\.`))
      // The Redis of the tests keeps nothing on its disk.
      expect(JSON.stringify(findings)).toMatch(kind === 'redis' ? /turn appendonly on/ : /power failure/)
    })
  })
})

describe('by default', () => {
  const place = folder()
  const posthaste = (...args: string[]): Promise<Result> => run(args, place)

  describe('as its users type it', () => {
    it('worker alone serves ./posthaste.db with four jobs at a time', async () => {
      const worker = launch(['worker'], place)
      await worker.match(/4 jobs at a time/)
      expect(await worker.stop('SIGINT')).toBe(0)
      expect(exists(place.cwd, 'posthaste.db')).toBe(true)
    })
  })

  describe('submit', () => {
    const payloadOf = payloadAt(() => place)

    it('reads standard input and files, byte for byte', async () => {
      const bytes = Uint8Array.from({ length: 512 }, (_, index) => index % 256)
      const kept = { $base64: Buffer.from(bytes).toString('base64') }
      expect(await payloadOf(['--payload', '-'], bytes)).toEqual(kept)
      expect(await payloadOf(['--payload-file', '-'], 'line\n')).toBe('line\n')
      await writeFile(join(place.cwd, 'bytes'), bytes)
      expect(await payloadOf(['--payload-file', 'bytes'])).toEqual(kept)
    })

    it.each([
      ['text', 'Grüße, 世界\n'],
      ['{"a": [1, null]}', { a: [1, null] }],
      ['', ''],
      ['-5', -5],
    ])('takes --payload %j as %j', async (text, payload) => {
      expect(await payloadOf(['--payload', typeof payload === 'string' ? payload : text])).toEqual(payload)
    })

    it('takes text that looks like JSON as text when told so', async () => {
      expect(await payloadOf(['--text', '--payload', '42'])).toBe('42')
    })

    it('checks the payload of a task that it knows', async () => {
      const { code, stderr } = await posthaste('submit', '--task', 'email', '--payload', '{"subject":"x"}')
      expect(code).toBe(2)
      expect(stderr).toMatch(/E_PAYLOAD/)
    })
  })

  describe('list', () => {
    it('ends quietly when nobody reads on', async () => {
      const service = launch(['list', '--limit', '200', '--json'], place)
      service.child.stdout?.destroy()
      expect(await service.ended).toBe(0)
      expect(service.output.stderr).toBe('')
    })
  })

  describe('a folder without a database', () => {
    it('stays without one when it is only asked about', async () => {
      const empty = temporaryFolder()
      const at = { cwd: empty.path }
      expect(await run(['stats'], at)).toMatchObject({ code: 0 })
      expect(await json(['list'], at)).toMatchObject({ jobs: [] })
      const list = await run(['list'], at)
      expect(list.stderr).toMatch(/no database at .*\n.*submit --payload hello/)
      expect(await run(['status', UNKNOWN], at)).toMatchObject({ code: 1 })
      expect(exists(empty.path, 'posthaste.db')).toBe(false)
      empty.remove()
    })
  })

  describe('doctor', () => {
    it('says what is not', async () => {
      await writeFile(
        `${place.cwd}/not-a-database`,
        'just some text, long enough to be no database header'.repeat(20),
      )
      const { code, stdout } = await posthaste('doctor', '--database', 'not-a-database')
      expect(code).toBe(1)
      expect(stdout).toMatch(/✗ store/)
    })
  })
})
