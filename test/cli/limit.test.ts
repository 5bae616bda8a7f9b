import { expect, it } from 'vitest'
import { folder } from './place.ts'
import { json, run } from './program.ts'

const place = folder()

it('limits are set, listed, removed; what is wrong is said', async () => {
  const set = await run(
    ['limit', 'set', '--queue', 'mail', '--concurrency', '20', '--rate', '100/1m'],
    place.with({}),
  )
  expect(set).toMatchObject({ code: 0 })
  expect(set.stdout).toMatch(/^OF +NAME +RUNNING +LIMIT +RATE/)
  expect(set.stdout).toMatch(/queue +mail +0 +20 +100 in 1m +– +open/)
  const group = await json(
    ['limit', 'set', '--queue', 'mail', '--group', 'acme', '--concurrency', '2', '--weight', '3'],
    place.with({}),
  )
  expect(group).toMatchObject({
    scope: 'group',
    group: 'acme',
    concurrency: 2,
    weight: 3,
    by: expect.stringMatching(/^\S+@\S+$/),
    version: 1,
  })
  await run(['limit', 'set', '--queue', 'mail', '--groups', '--rate', '5/s'], place.with({}))

  const list = await run(['limit', 'list'], place.with({}))
  expect(list.stdout).toMatch(/group +mail \/ acme +0 +2 +– +3 +open/)
  expect(list.stdout).toMatch(/group +mail \/ every group +0 +– +5 in 1s/)
  const conflict = await run(
    ['limit', 'set', '--queue', 'mail', '--concurrency', '1', '--if-version', '7'],
    place.with({}),
  )
  expect(conflict.stderr).toContain('The limit has version 1, not 7.')
  const removed = await run(['limit', 'remove', '--queue', 'mail', '--group', 'acme'], place.with({}))
  expect(removed.stdout).toBe('Removed: the limit of group acme of queue mail.\n')
  const again = await run(['limit', 'remove', '--queue', 'mail', '--group', 'acme'], place.with({}))
  expect(again).toMatchObject({ code: 1 })
  expect(again.stderr).toContain('Nothing bounds group acme of queue mail.')

  const usage = async (args: string[]) => (await run(['limit', 'set', ...args], place.with({}))).stderr
  expect(await usage(['--concurrency', '1'])).toContain('Of what? Give --queue NAME')
  expect(await usage(['--task', 'x'])).toContain('concurrency is missing')
  expect(await usage(['--task', 'x', '--rate', 'fast'])).toContain('such as 100/1m')
  expect(await usage(['--group', 'x', '--concurrency', '1'])).toContain('queue is missing')
  expect(await run(['limit', 'reset', '--task', 'x'], place.with({}))).toMatchObject({ code: 1 })
})

it('a task, a group and a key are paused, explained and resumed', async () => {
  const paused = await run(['pause', 'slow', '--task', 'echo'], place.with({}))
  expect(paused.stdout).toMatch(/^Paused: slow, task echo\. Go on with: \S.* resume slow --task echo\n$/)
  const { id } = await json(
    ['submit', '--payload', 'x', '--queue', 'mail', '--group', 'g', '--limit', 'relay 7'],
    place.with({}),
  )
  await run(['pause', '--key', 'relay 7'], place.with({}))
  await run(['pause', '--queue', 'mail', '--group', 'g'], place.with({}))
  const explained = await run(['explain', id], place.with({}))
  for (const what of ['Task echo', 'Group g of queue mail', 'Limit key relay 7'])
    expect(explained.stdout).toMatch(new RegExp(`${what} is paused by \\S+@\\S+`))
  expect((await run(['stats'], place.with({}))).stdout).toMatch(/echo .* \S+@\S+\n/)

  const queue = await run(['explain', '--queue', 'mail'], place.with({}))
  expect(queue.stdout).toMatch(/^mail\n/)
  expect(queue.stdout).toContain('No worker is alive.')
  expect(queue.stdout).toContain('1 ready, the oldest for')
  expect(await json(['explain', '--queue', 'mail'], place.with({}))).toMatchObject({
    queue: 'mail',
    ready: 1,
  })
  expect((await run(['explain', id, '--queue', 'mail'], place.with({}))).code).toBe(2)

  const resumed = await run(['resume', 'slow', '--task', 'echo'], place.with({}))
  expect(resumed.stdout).toBe('Resumed: slow, task echo.\n')
  const both = await json(['resume', '--queue', 'mail', '--group', 'g'], place.with({}))
  expect(both).toEqual({ resumed: [{ queue: 'mail', group: 'g' }] })
  expect((await run(['pause'], place.with({}))).code).toBe(2)

  const audit = await run(['audit'], place.with({}))
  expect(audit.stdout).toMatch(/ pause +group g of queue mail +done/)
  expect(audit.stdout).toMatch(/ pause +limit key relay 7 +done/)
})
