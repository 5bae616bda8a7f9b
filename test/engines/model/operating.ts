import fc from 'fast-check'
import { type Action, decideAction } from '../../../src/core/decide.ts'
import type { Change } from '../../../src/core/job.ts'
import { FINISHED_STATES, JOB_STATES } from '../../../src/core/states.ts'
import { withIds } from './adding.ts'
import { documents, index, job, lease, limit, passing, queue, worker, writes } from './arbitraries.ts'
import { type Kind, kind } from './command.ts'
import type { World } from './world.ts'

const action: fc.Arbitrary<Action> = fc.oneof(
  fc.record({ kind: fc.constant('cancel' as const), reason: fc.constantFrom(null, 'not needed') }),
  fc.constant({ kind: 'retry' as const }),
  fc.constant({ kind: 'remove' as const }),
  fc.constant({ kind: 'promote' as const }),
  fc.record({
    kind: fc.constant('resolve' as const),
    to: fc.constantFrom('ready' as const, 'completed' as const, 'dead' as const, 'cancelled' as const),
    reason: fc.constant(null),
  }),
)

const change = async (world: World, changes: readonly Change[]) => {
  world.lastChange = changes
  const verdicts = await world.both('change', (engine) => engine.change(changes))
  for (const { status } of verdicts ?? []) world.tally.add(`change → ${status}`)
}

/** What an operator asks for, judged by the rules on the jobs as they are now. */
const act = async (world: World, asked: readonly { readonly job: number; readonly action: Action }[]) => {
  const jobs = await world.both('get', (engine) => engine.get(asked.map(({ job }) => world.idAt(job))))
  const changes: Change[] = []
  for (const [place, job] of (jobs ?? []).entries()) {
    const what = asked[place]?.action
    if (job === null || what === undefined) continue
    const decision = decideAction(job, what, { by: 'operator', at: world.clock.now() })
    world.tally.add(`operator → ${decision.kind}`)
    if (decision.kind === 'change') changes.push(decision.change)
    if (decision.kind === 'request_cancel') {
      const request = [{ id: job.id, request: decision.request }]
      await world.both('requestCancel', (engine) => engine.requestCancel(request))
    }
  }
  await change(world, changes)
}

const asked = fc.record({ job: index, action })
const fence = fc.nat({ max: 3 })
const state = fc.constantFrom(...JOB_STATES)

/** A change out of thin air: mostly stale, sometimes illegal, now and then right by chance. */
const wild = fc.record({
  job: index,
  fence,
  from: state,
  to: fc.oneof(state, fc.constant('removed' as const)),
})

export const operating: readonly Kind[] = [
  kind('act', asked, (world, one) => act(world, [one])),
  kind('act on several', fc.array(asked, { minLength: 2, maxLength: 5 }), act),
  kind(
    'send round again, with or without a rival',
    fc.record({ job, at: index, hasRival: fc.boolean() }),
    async (world, given) => {
      const query = { sort: { field: 'id', descending: false }, after: null, limit: 200 } as const
      const ended = await world.both('list', (engine) =>
        engine.list({ ...query, states: ['dead', 'cancelled'] }),
      )
      const chosen = ended?.jobs[given.at % Math.max(1, ended.jobs.length)]
      if (chosen === undefined) return
      const [rival] = withIds(world, [given.job])
      if (given.hasRival && rival !== undefined) {
        await world.both('insert', (engine) => engine.insert([{ ...rival, key: chosen.key }]))
      }
      await act(world, [{ job: world.ids.indexOf(chosen.id), action: { kind: 'retry' } }])
    },
  ),
  kind('change again', fc.constant(null), (world) => change(world, world.lastChange)),
  kind('change wildly', wild, (world, { job, ...given }) => {
    const values = {
      attempt: 1,
      retries: 0,
      crashes: 0,
      solo: false,
      reason: null,
      output: null,
      error: null,
    }
    return change(world, [{ id: world.idAt(job), history: null, ...values, ...given } as Change])
  }),
  kind(
    'raise or lower a priority',
    fc.record({ at: index, to: fc.nat({ max: 9 }) }),
    async (world, { at, to }) => {
      const query = { sort: { field: 'id', descending: false }, after: null, limit: 200 } as const
      const ready = await world.both('list', (engine) => engine.list({ ...query, states: ['ready'] }))
      const chosen = ready?.jobs[at % Math.max(1, ready.jobs.length)]
      if (chosen === undefined) return
      const { id, fence, attempt, retries, crashes, solo, reason, output, error, history } = chosen
      const values = { attempt, retries, crashes, solo, reason, output, error, history, priority: to }
      await change(world, [{ id, fence, from: 'ready', to: 'ready', ...values }])
    },
  ),
  kind('ask to cancel', lease, async (world, drawn) => {
    const request = { at: 1, by: 'someone', reason: null }
    const id = world.leaseOf(drawn)?.id ?? world.idAt(drawn.at)
    const verdicts = await world.both('requestCancel', (engine) => engine.requestCancel([{ id, request }]))
    for (const verdict of verdicts ?? []) world.tally.add(`requestCancel → ${verdict}`)
  }),
  kind(
    'pause or resume',
    fc.array(fc.record({ queue, paused: fc.constantFrom(true, false, false), by: worker }), {
      minLength: 1,
      maxLength: 2,
    }),
    (world, requests) => world.both('pause', (engine) => engine.pause(requests)),
  ),
  kind('promote', limit, (world, most) => world.both('promote', (engine) => engine.promote({ limit: most }))),
  kind(
    'prune',
    fc.record({
      ageMs: fc.constantFrom(0, 1_000, 3_600_000),
      count: fc.constantFrom(0, 0, 1, 100),
      minAgeMs: fc.constantFrom(0, 0, 1_000),
      limit,
    }),
    async (world, request) => {
      for (const state of FINISHED_STATES) {
        const answer = await world.both('prune', (engine) => engine.prune({ ...request, state }))
        if (answer !== undefined && answer.removed > 0) world.tally.add('prune → removed')
      }
    },
  ),
  kind(
    'limit, stop, or let go',
    fc.record({
      at: fc.constantFrom(
        ...([
          ['queue', 'a'],
          ['task', 'x'],
          ['group', 'a/g'],
          ['groups', 'a'],
          ['key', 'l1'],
        ] as const),
      ),
      concurrency: fc.constantFrom(null, null, null, 0, 1, 2),
      rate: fc.constantFrom(null, null, { max: 1, perMs: 1_000 }, { max: 2, perMs: 60_000 }),
      weight: fc.constantFrom(null, null, 2, 3),
      pausedBy: fc.constantFrom(null, null, null, 'ada'),
      expect: fc.constantFrom(null, null, 0, 1),
    }),
    async (world, { at: [scope, name], ...rest }) => {
      const write = { scope, name, by: 'someone', ...rest }
      const verdicts = await world.both('setLimits', (engine) => engine.setLimits([write]))
      for (const { status } of verdicts ?? []) world.tally.add(`setLimits → ${status}`)
    },
  ),
  kind('look at limits', fc.constant(null), (world) => world.both('limits', (engine) => engine.limits())),
  kind('look for what is overdue', limit, (world, most) =>
    world.both('overdue', (engine) => engine.overdue({ limit: most, after: null })),
  ),
  kind(
    'hear the news, and clear some',
    fc.array(fc.nat({ max: 5 }), { maxLength: 3 }),
    async (world, places) => {
      await world.both('news', async (engine) => {
        const news = await engine.news({ limit: 1_000, after: null })
        const some = places.flatMap((at) => news[at] ?? [])
        await engine.clearNews(some)
        world.tally.add(`news → ${Math.min(news.length, 1)}`)
        return news.map(({ topic, id }) => ({ topic, id }))
      })
    },
  ),
  kind('look at batches', fc.constant(null), (world) =>
    world.both('batches', (engine) => engine.batches(['b1', 'b2', 'none'])),
  ),
  kind('forget a batch', fc.constantFrom('b1', 'none'), (world, id) =>
    world.both('forgetBatches', (engine) => engine.forgetBatches([id])),
  ),
  kind('write records', writes, async (world, given) => {
    const verdicts = await world.both('putRecords', (engine) => engine.putRecords(given))
    for (const { status } of verdicts ?? []) world.tally.add(`putRecords → ${status}`)
  }),
  kind('read records', documents, (world, keys) =>
    world.both('getRecords', (engine) => engine.getRecords(keys)),
  ),
  kind(
    'list records',
    fc.record({
      collection: fc.constant('things'),
      prefix: fc.constantFrom('', 'a', 'ä'),
      after: fc.constantFrom(null, 'a', 'B'),
      limit,
    }),
    (world, request) => world.both('listRecords', (engine) => engine.listRecords(request)),
  ),
  kind(
    'beat',
    fc.record({
      id: worker,
      about: fc.constant('{}'),
      ttlMs: fc.constantFrom(10, 20_000),
      gone: fc.constantFrom(false, false, true),
    }),
    (world, beat) => world.both('beat', (engine) => engine.beat([beat])),
  ),
  kind('let time pass', passing, async (world, ms) => world.clock.advance(ms)),
  kind('set the clock back', passing, async (world, ms) => {
    // A store knows a time for good only when it wrote something at it.
    const write = { collection: 'things', key: 'time', value: '1', expect: null, ttlMs: null }
    await world.both('putRecords', (engine) => engine.putRecords([write]))
    world.clock.set(world.clock.now() - ms)
  }),
  kind('open anew', fc.constant(null), async (world) => {
    await world.reopenTested()
  }),
]
