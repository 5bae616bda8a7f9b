import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { posthaste, task } from 'posthaste'
import { expect, it } from 'vitest'
import { folder } from './place.ts'
import { json, run } from './program.ts'

const place = folder()

const document = (name: string, content: unknown): string => {
  writeFileSync(join(place.cwd, name), JSON.stringify(content))
  return name
}

it('a flow is added from a document or from standard input, all or none of it', async () => {
  const jobs = {
    photo: { task: 'echo', payload: 'a picture' },
    page: { task: 'echo', payload: null, after: { photo: 'run' }, deadline: '1h' },
  }
  const file = document('order.json', { jobs })
  const said = await run(['flow', file], place)
  expect(said).toMatchObject({ code: 0 })
  expect(said.stdout).toMatch(/^photo {2}[0-9a-f-]{36}\npage {3}[0-9a-f-]{36}\n$/)

  const input = { ...place.with({}), input: JSON.stringify({ jobs }) }
  const added = await json(['flow', '-'], input)
  const page = await json(['status', added.jobs.page.id], place)
  expect(page).toMatchObject({ state: 'blocked', parents: [{ id: added.jobs.photo.id, onFailure: 'run' }] })
  expect(Date.parse(page.deadlineAt) - Date.parse(page.createdAt)).toBe(3_600_000)
  const shown = await run(['status', page.id], place)
  expect(shown.stdout).toMatch(/deadline +in /)

  const before = (await json(['stats'], place)).total
  const refusals: [content: string, message: string][] = [
    [
      '{"jobs": {"a": {"task": "echo", "after": "b"}, "b": {"task": "echo", "after": "a"}}}',
      'wait for each other',
    ],
    ['{"jobs": {"a": {"task": "echo", "colour": "red"}}}', 'jobs.a.colour is not known'],
    ['{"job": {}}', 'has "job" beside "jobs"'],
    ['{"jobs": ', 'bad.json'],
  ]
  for (const [content, message] of refusals) {
    writeFileSync(join(place.cwd, 'bad.json'), content)
    const refused = await run(['flow', 'bad.json'], place)
    expect(refused.stderr).toContain(message)
    expect(refused.code).toBe(2)
  }
  expect((await json(['stats'], place)).total).toBe(before)
})

it('a blocked job is decided about, and what waits gets another priority', async () => {
  const parent = await json(['submit', '--payload', 'parent', '--delay', '1h'], place)
  const child = await json(['submit', '--payload', 'child', '--after', parent.id], place)
  expect(await run(['resolve', child.id], place)).toMatchObject({ code: 2 })
  const decided = await run(['resolve', child.id, '--to', 'ready', '--reason', 'not needed'], place)
  expect(decided).toMatchObject({ code: 0 })
  expect(decided.stdout).toContain(`ready  ${child.id}  runs as soon as a worker is free\n`)
  const { history } = await json(['status', child.id], place)
  expect(history.at(-1)).toMatchObject({ event: 'resolve', to: 'ready', reason: 'not needed' })
  expect(await run(['resolve', child.id, '--to', 'ready'], place)).toMatchObject({ code: 1 })

  expect(await run(['set-priority', parent.id], place)).toMatchObject({ code: 2 })
  const raised = await run(['set-priority', parent.id, '--priority', 'high'], place)
  expect(raised).toMatchObject({ code: 0 })
  expect(raised.stdout).toContain(`scheduled  ${parent.id}  has priority high\n`)
  const filter = ['--filter', 'state=scheduled']
  const preview = await run(['set-priority', '--priority', '9', ...filter, '--dry-run'], place)
  expect(preview.stdout).toContain('1 job would get another priority')
  const all = await json(['set-priority', '--priority', '9', ...filter, '--yes'], place)
  expect(all).toMatchObject({ action: 'setPriority', priority: 9, done: 1 })
})

it('a batch is opened, filled, closed and shown', async () => {
  const other = await place.another()
  const none = await run(['batch', 'list'], other)
  expect(none.stderr).toContain('There are no batches.')
  const opened = await run(
    ['batch', 'open', '--description', 'import of May', '--on-finish', '{"task":"echo","payload":"done"}'],
    other,
  )
  const id = opened.stdout.trim()
  expect(id).toMatch(/^[0-9a-f-]{36}$/)
  await run(['submit', '--batch', id, '--payload', 'one'], other)
  const closed = await json(['batch', 'close', id], other)
  expect(closed).toMatchObject({ id, state: 'running', total: 1, pending: 1, description: 'import of May' })
  const shown = await run(['batch', 'show', id], other)
  expect(shown.stdout).toMatch(
    /^running {2}.*\n\n {2}what +import of May\n {2}done +0% of 1\n {2}pending +1\n/,
  )
  expect(shown.stdout).toMatch(/on finish +[0-9a-f-]{36} not yet/)
  const list = await run(['batch', 'list'], other)
  expect(list.stdout).toMatch(/^ID +STATE +DONE +JOBS/)
  expect(list.stdout).toMatch(/running +0% +1 /)

  const missing = await run(['batch', 'show', '01890a5d-ac96-774b-bcce-b302099a8057'], other)
  expect(missing).toMatchObject({ code: 1 })
  expect(missing.stderr).toContain('There is no batch')
  expect(await run(['batch', 'open', '--on-death', 'nonsense'], other)).toMatchObject({ code: 2 })
})

it('status shows the steps that are finished', async () => {
  const pack = task({
    name: 'pack',
    retry: { backoff: { base: '1h' } },
    run: async (_, ctx) => {
      await ctx.step('charge the card', () => 4711)
      throw new Error('no paper')
    },
  })
  const ph = await posthaste({ engine: `sqlite:${join(place.cwd, 'posthaste.db')}`, tasks: [pack] })
  const failed = new Promise<string>((resolve) => ph.on('failed', ({ id }) => resolve(id)))
  await ph.add(pack, null)
  ph.work({ tasks: ['pack'] })
  const id = await failed
  await ph.close()
  expect((await run(['status', id], place)).stdout).toMatch(
    /\n {2}steps +\S+ +charge the card {2}(.* ago|just now)/,
  )
  expect((await run(['explain', id], place)).stdout).toContain(
    'One step is finished, the last one "charge the card"',
  )
})

it('times and versions of a job are flags of submit', async () => {
  const add = (...flags: string[]) => json(['submit', '--payload', 'x', ...flags], place)
  const job = await add('--expires-in', '5m', '--deadline', '2h', '--timeout', '1m', '--task-version', '3')
  const age = (at: string): number => Date.parse(at) - Date.parse(job.createdAt)
  expect([age(job.expiresAt), age(job.deadlineAt), job.version]).toEqual([300_000, 7_200_000, 3])
  expect(await add('--expires-at', '2030-01-31T09:00:00Z')).toMatchObject({
    expiresAt: '2030-01-31T09:00:00.000Z',
  })
  const both = await run(
    ['submit', '--payload', 'x', '--expires-in', '1m', '--expires-at', '2030-01-31T09:00:00Z'],
    place,
  )
  expect(both.stderr).toContain('choose one')
  expect((await run(['list'], place)).stdout).toContain('echo v3')
})
