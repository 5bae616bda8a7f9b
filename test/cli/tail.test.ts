import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Followed } from '../../src/cli/followed.ts'
import { posthaste, task } from '../../src/index.ts'
import { ENGINES } from '../servers/engines.ts'
import { folder } from './place.ts'
import { ensureBuilt, json, launch, run, stopAll, temporaryFolder } from './program.ts'

let own: ReturnType<typeof temporaryFolder>
let cwd: string
beforeAll(ensureBuilt, 150_000)
beforeEach(() => {
  own = temporaryFolder()
  cwd = own.path
})
afterEach(async () => {
  await stopAll()
  own.remove()
})

describe.each(ENGINES)('tail on %s', (kind) => {
  const place = folder(kind)

  it('tells what other processes do, as lines for people', async () => {
    const waiting = await json(['submit', '--payload', 'before', '--delay', '1h'], place)
    const tail = launch(['tail'], place)
    await tail.match(/Following what happens/)
    const hello = await json(['submit', '--payload', 'hello', '--queue', 'mail'], place)
    await tail.match(new RegExp(`^\\d\\d:\\d\\d:\\d\\d\\.\\d{3} {2}● ready +echo +${hello.id} {2}mail$`, 'm'))
    const failing = await json(['submit', '--payload', 'fail', '--max-retries', '0'], place)
    const worker = launch(['worker'], place)
    await tail.match(new RegExp(`✓ completed +echo +${hello.id} {2}mail {2}\\d+ms`))
    await tail.match(new RegExp(`✗ dead +echo +${failing.id} .*attempt 1.*The payload asked to fail`))
    await worker.stop()
    await run(['retry', failing.id], place)
    await tail.match(new RegExp(`${failing.id}[\\s\\S]*dead[\\s\\S]*● ready +echo +${failing.id}`))
    await run(['cancel', waiting.id], place)
    await tail.match(new RegExp(`⊘ cancelled +echo +${waiting.id}`))
    expect(await tail.stop('SIGINT')).toBe(0)
  }, 60_000)
})

describe('tail', () => {
  it('tells only what is asked for, as JSON for machines', async () => {
    const tail = launch(['tail', '--json', '--state', 'scheduled', '--queue', 'a,b', '--task', 'echo'], {
      cwd,
    })
    // The database comes to be with the first job; until then there is nothing to follow.
    expect(await tail.ended).toBe(78)
    expect(tail.output.stderr).toMatch(/E_STORE_OPEN.*There is nothing to follow/)

    await json(['submit', '--payload', 'first'], { cwd })
    const args = ['--state', 'scheduled', '--queue', 'a,b', '--task', 'echo']
    const second = launch(['tail', '--json', ...args], { cwd })
    // It says nothing but the answer with --json: what is added until it follows may be missed.
    const wanted: string[] = []
    const deadline = Date.now() + 10_000
    while (second.output.stdout === '') {
      if (Date.now() > deadline) throw new Error('It tells nothing.')
      for (const queue of ['a', 'c']) await json(['submit', '--payload', 'x', '--queue', queue], { cwd })
      const delayed = ['submit', '--payload', 'x', '--delay', '1h']
      await json([...delayed, '--queue', 'c'], { cwd })
      wanted.push((await json([...delayed, '--queue', 'b'], { cwd })).id)
    }
    expect(await second.stop('SIGTERM')).toBe(0)
    for (const line of second.output.stdout.trimEnd().split('\n')) {
      const job = JSON.parse(line)
      expect(job).toMatchObject({ state: 'scheduled', queue: 'b', task: 'echo' })
      expect(wanted).toContain(job.id)
    }
  }, 60_000)

  it('refuses states that there are not', async () => {
    await json(['submit', '--payload', 'x'], { cwd })
    const tail = await run(['tail', '--state', 'done'], { cwd })
    expect(tail).toMatchObject({ code: 2, stderr: expect.stringMatching(/state is "done"/) })
  })
})

describe('looking', () => {
  const states = (look: { changed: readonly { state: string }[] }): string[] =>
    look.changed.map(({ state }) => state)

  it('tells each change once, and finds jobs whose ids are older than what was seen', async () => {
    const ph = await posthaste({ engine: 'memory:', tasks: [task({ name: 'a', run: () => null })] })
    const before = await ph.add('a', null, { delay: '1h' })
    const followed = new Followed(ph, {})
    expect(await followed.begin()).toBe(false)
    expect(states(await followed.look())).toEqual([])
    await ph.add('a', 1, { queue: 'held' })
    expect(states(await followed.look())).toEqual(['ready'])
    expect(states(await followed.look())).toEqual([])
    // Another process made its id a moment before the newest one, and stored it after.
    const { createIdSource } = await import('../../src/core/ids.ts')
    const late = createIdSource({ now: () => Date.now() - 1_000 })()
    await ph.add('a', 2, { id: late, queue: 'held' })
    expect((await followed.look()).changed).toMatchObject([{ id: late }])
    await ph.runNow(before.id)
    const worker = ph.work({ queues: ['default'] })
    await ph.waitFor(before.id)
    expect((await followed.look()).changed).toMatchObject([{ id: before.id, state: 'completed' }])
    await worker.stop()
    await ph.remove(before.id)
    expect(states(await followed.look())).toEqual([])
    await ph.close()
  })

  it('is bounded, and says so', async () => {
    const ph = await posthaste({ engine: 'memory:' })
    const many = (count: number) => Array.from({ length: count }, () => ({ task: 'a', payload: null }))
    await ph.addMany(many(1_500))
    const followed = new Followed(ph, {})
    expect(await followed.begin()).toBe(true)
    expect(await followed.look()).toEqual({ changed: [], missed: false })
    await ph.addMany(many(10))
    const { changed } = await followed.look()
    expect(changed).toHaveLength(10)
    await ph.addMany(many(1_500))
    const look = await followed.look()
    expect(look.changed.length).toBeLessThan(1_500)
    expect(look.missed).toBe(true)
    await ph.close()
  })
})
