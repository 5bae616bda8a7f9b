import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { STATES } from '../../src/core/states.ts'
import { exists, json, launch, run } from '../cli/program.ts'
import { ENGINES } from '../servers/engines.ts'
import { curl, folder, startServer, until } from './support.ts'

describe.each(ENGINES)('async-job-queue on %s', (kind) => {
  const place = folder(kind)
  const cli = (...args: string[]) => run(args, place)
  const shown = (...args: string[]) => json(args, place)
  const status = (id: string) =>
    cli('status', '--job-id', id, '--json').then(({ stdout }) => JSON.parse(stdout))
  const become = (id: string, state: string) =>
    until(
      () => status(id),
      (job) => job.state === state,
      `${id} is ${state}`,
    )
  /** A command is a process: many jobs are looked at with one. */
  const allBecome = (queue: string, isRight: (jobs: readonly { id: string; state: string }[]) => boolean) =>
    until(
      () => shown('list', '--queue', queue).then(({ jobs }) => jobs),
      isRight,
      `all of ${queue} are as they should be`,
    )

  it('A1 jobs survive restarts', async () => {
    const { id } = await shown('submit', '--payload', 'kept')
    const worker = launch(['worker'], place)
    await become(id, 'completed')
    worker.child.kill('SIGKILL')
    await worker.ended
    expect(await status(id)).toMatchObject({ payload: 'kept', state: 'completed', output: 'kept' })
  })

  it('A2 critical, high, normal (the default) and low, first in first out within one', async () => {
    const queue = ['--queue', 'priorities']
    const order: string[] = []
    for (const priority of ['low', '', 'high', 'critical', 'normal', 'high']) {
      const chosen = priority === '' ? [] : ['--priority', priority]
      order.push((await shown('submit', '--payload', priority, ...queue, ...chosen)).id)
    }
    const worker = launch(['worker', '--workers', '1', '--queues', 'priorities'], place)
    await allBecome('priorities', (jobs) => jobs.every(({ state }) => state === 'completed'))
    await worker.stop()
    const [low, plain, high, critical, normal, high2] = order
    const completed = [...worker.output.stderr.matchAll(/"job":"([^"]+)"[^\n]*"msg":"job completed"/g)]
    expect(completed.map(([, id]) => id)).toEqual([critical, high, high2, plain, normal, low])
  })

  it('A3 retries come after 2, 4, 8 … seconds with the old preset', async () => {
    const { url, service } = await startServer(['start'], place)
    const body = { task: 'echo', payload: 'fail', maxRetries: 2, backoff: 'heritage' }
    const { id } = (await curl(`${url}/v1/jobs`, 'POST', body, { 'content-type': 'application/json' })).body
    for (const [attempt, seconds] of [
      [1, 2],
      [2, 4],
    ]) {
      const { body: job } = await until(
        () => curl(`${url}/v1/jobs/${id}`),
        ({ body: one }) => one.state === 'retrying' && one.attempt === attempt,
        `attempt ${attempt} fails`,
      )
      const wait = Date.parse(job.runAt) - Date.parse(job.errors.at(-1).at)
      // A busy machine settles a little after the failure, never before it.
      expect(wait / 1_000).toBeGreaterThan((seconds ?? 0) - 0.1)
      expect(wait / 1_000).toBeLessThan((seconds ?? 0) + 1.5)
      await curl(`${url}/v1/jobs/${id}/run-now`, 'POST')
    }
    expect(await become(id, 'dead')).toMatchObject({ attempt: 3, maxRetries: 2, reason: 'exhausted' })
    await service.stop()
  })

  it('A4 dead jobs are kept, and go round again by hand', async () => {
    const worker = launch(['worker'], place)
    const { id } = await shown('submit', '--payload', 'fail for ever', '--max-retries', '0')
    await become(id, 'dead')
    await worker.stop()
    const { jobs } = await shown('list', '--state', 'dead')
    expect(jobs.map((job: { id: string }) => job.id)).toContain(id)
    const retried = await cli('retry', id)
    expect(retried).toMatchObject({ code: 0, stdout: expect.stringContaining('ready') })
    expect(await status(id)).toMatchObject({ state: 'ready', attempt: 1, errors: [{ attempt: 1 }] })
    await cli('cancel', id)
  })

  it('A6 submit takes any bytes, a priority and a number of retries; the handler echoes, or fails on demand', async () => {
    const args = ['submit', '--payload', 'Process this', '--priority', 'high', '--max-retries', '5']
    const echo = await shown(...args)
    expect(echo).toMatchObject({ task: 'echo', priority: 3, maxRetries: 5 })
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index)
    const any = await json(['submit', '--payload', '-'], { ...place, input: bytes })
    const fail = await shown('submit', '--payload', 'failing on purpose', '--max-retries', '0')
    const worker = launch(['worker'], place)
    expect(await become(echo.id, 'completed')).toMatchObject({ output: 'Process this' })
    const base64 = Buffer.from(bytes).toString('base64')
    expect(await become(any.id, 'completed')).toMatchObject({ output: { $base64: base64 } })
    expect(await become(fail.id, 'dead')).toMatchObject({ attempt: 1 })
    await worker.stop()
  })

  it('A7 stats, and status --job-id', async () => {
    const { id } = await shown('submit', '--payload', 'counted', '--delay', '1h')
    const stats = await cli('stats')
    expect(stats).toMatchObject({ code: 0, stdout: expect.stringMatching(/scheduled/) })
    expect((await shown('stats')).states.scheduled).toBeGreaterThan(0)
    expect((await cli('status', '--job-id', id)).stdout).toContain(id)
    const unknown = await cli('status', '--job-id', '01890a5d-ac96-774b-bcce-b302099a8057')
    expect(unknown).toMatchObject({ code: 1, stderr: expect.stringMatching(/There is no job/) })
  })

  it('A8 Pending, Running, Completed, Failed and DeadLetter have their states', async () => {
    writeFileSync(
      join(place.cwd, 'hold.mjs'),
      `export default { name: 'hold', run: (_, { signal }) =>
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))) }`,
    )
    const queue = ['--queue', 'states']
    const pending = await shown('submit', '--payload', 'x', '--queue', 'nobody-works-here')
    const running = await shown('submit', '--task', 'hold', '--payload', 'x', ...queue)
    const completed = await shown('submit', '--payload', 'x', ...queue)
    const failed = await shown('submit', '--payload', 'fail', ...queue)
    const dead = await shown('submit', '--payload', 'fail', '--max-retries', '0', ...queue)
    const args = ['worker', '--queues', 'states', '--tasks', 'hold.mjs', '--grace', '0s']
    const worker = launch(args, place)
    const old = { Running: running, Completed: completed, Failed: failed, DeadLetter: dead }
    const wordOf = (state: string) => STATES[state as keyof typeof STATES].heritage.asyncJobQueue
    await allBecome('states', (jobs) =>
      Object.entries(old).every(([word, { id }]) =>
        jobs.some((job) => job.id === id && wordOf(job.state) === word),
      ),
    )
    expect(wordOf((await status(pending.id)).state)).toBe('Pending')
    await worker.stop()
  })

  it('A10 delayed jobs, several queues, timeouts that stop long jobs, metrics', async () => {
    writeFileSync(
      join(place.cwd, 'slow.mjs'),
      `export default { name: 'slow', run: (_, { signal }) =>
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))) }`,
    )
    const delayed = await shown('submit', '--payload', 'later', '--delay', '1h', '--queue', 'reports')
    expect(delayed.state).toBe('scheduled')
    expect(Date.parse(delayed.runAt) - Date.parse(delayed.createdAt)).toBe(3_600_000)
    const args = ['--task', 'slow', '--payload', 'x', '--timeout', '100ms', '--max-retries', '0']
    const slow = await shown('submit', ...args, '--queue', 'long')
    const { url, service } = await startServer(['start', '--tasks', 'slow.mjs'], place)
    expect(await become(slow.id, 'dead')).toMatchObject({ lastError: { code: 'E_JOB_TIMEOUT' } })
    const metrics = await curl(`${url}/metrics`)
    expect(metrics.body).toContain('posthaste_jobs{queue="reports",task="echo",state="scheduled"} 1\n')
    expect(metrics.body).toContain('posthaste_jobs{queue="long",task="slow",state="dead"} 1\n')
    expect(metrics.body).toContain('posthaste_runs_total{task="slow",outcome="dead"} 1\n')
    await service.stop()
  })
})

describe('async-job-queue', () => {
  const place = folder()

  it('A10 job dependencies, and several workers over one queue', async () => {
    const first = await json(['submit', '--payload', 'first'], place)
    const second = await json(['submit', '--payload', 'second', '--after', first.id], place)
    expect(second.state).toBe('blocked')
    const workers = [launch(['worker'], place), launch(['worker'], place)]
    const done = await until(
      () => json(['status', second.id], place),
      ({ state }) => state === 'completed',
      'the second follows the first',
    )
    expect(Date.parse(done.startedAt)).toBeGreaterThanOrEqual(
      Date.parse((await json(['status', first.id], place)).finishedAt),
    )
    for (const worker of workers) expect(await worker.stop()).toBe(0)
  })

  it('A5 worker, worker --workers 8, worker --database PATH', async () => {
    mkdirSync(join(place.cwd, 'elsewhere'))
    for (const [args, says] of [
      [['worker'], /4 jobs at a time/],
      [['worker', '--workers', '8'], /8 jobs at a time/],
      [['worker', '--database', join(place.cwd, 'elsewhere', 'jobs.db')], /elsewhere/],
    ] as const) {
      const worker = launch(args, place)
      await worker.match(says)
      expect(await worker.stop('SIGINT')).toBe(0)
    }
    expect(exists(place.cwd, 'posthaste.db')).toBe(true)
    expect(exists(join(place.cwd, 'elsewhere'), 'jobs.db')).toBe(true)
  })

  it('A9 a handler is a function of the payload', async () => {
    writeFileSync(
      join(place.cwd, 'own.mjs'),
      `export default { name: 'shout', run: (payload) => payload.toUpperCase() }`,
    )
    const worker = launch(['worker', '--tasks', 'own.mjs'], place)
    const args = ['submit', '--task', 'shout', '--payload', 'hello', '--wait', '10s']
    expect(await json(args, place)).toMatchObject({ state: 'completed', output: 'HELLO' })
    await worker.stop()
  })
})
