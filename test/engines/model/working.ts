import fc from 'fast-check'
import { decide, resolvePolicy } from '../../../src/core/decide.ts'
import type { JobRecord, Settlement } from '../../../src/core/job.ts'
import type { ExchangeRequest, LogLine } from '../../../src/engines/engine.ts'
import { withIds } from './adding.ts'
import { claim, type DrawnLease, type Ending, ending, lease, limit, worker } from './arbitraries.ts'
import { type Kind, kind } from './command.ts'
import type { World } from './world.ts'

/** What the rules make of a run: the write of its worker. */
const settlementOf = (world: World, drawn: Ending, job = world.leaseOf(drawn.lease)): Settlement[] => {
  if (job === undefined) return []
  const { progress, checkpoint, add, records } = drawn
  const started = job.started || drawn.wasStarted
  const run = {
    started,
    startedAt: started ? world.clock.now() : null,
    at: world.clock.now(),
    by: job.worker ?? 'nobody',
    random: 0.5,
    ...(progress === undefined ? {} : { progress }),
    ...(checkpoint === undefined ? {} : { checkpoint }),
    ...(add === undefined ? {} : { add: withIds(world, add) }),
    ...(records === undefined ? {} : { records }),
  }
  return [decide(job, drawn.outcome, run, resolvePolicy(job, {}))]
}

const exchange = async (world: World, request: ExchangeRequest) => {
  const answer = await world.both('exchange', (engine) => engine.exchange(request))
  if (answer === undefined) return []
  world.leases.push(...answer.jobs)
  if (request.settle !== undefined) world.lastSettle = request.settle
  for (const verdict of answer.settled) world.tally.add(`settle → ${verdict}`)
  for (const verdict of answer.started) world.tally.add(`start → ${verdict}`)
  for (const verdict of answer.renewed) world.tally.add(`renew → ${verdict}`)
  if (answer.unknown.length > 0) world.tally.add('renew → unknown')
  for (const job of answer.jobs) world.tally.add(job.solo ? 'claim → solo' : 'claim → job')
  return answer.jobs
}

const leasesOf = (world: World, drawn: readonly DrawnLease[]): JobRecord[] =>
  drawn.flatMap((one) => world.leaseOf(one) ?? [])

const startsOf = (world: World, drawn: readonly DrawnLease[]) =>
  leasesOf(world, drawn).map(({ id, fence, attempt }) => ({
    id,
    fence,
    attempt: attempt + 1,
    startedAt: world.clock.now(),
  }))

const leases = fc.array(lease, { minLength: 1, maxLength: 3 })
const endings = fc.array(ending, { minLength: 1, maxLength: 4 })
const line: fc.Arbitrary<LogLine> = fc.record({
  seq: fc.integer({ min: 1, max: 5 }),
  at: fc.constant(1),
  level: fc.constantFrom('info', 'error'),
  message: fc.constantFrom('hello', 'größer'),
})
const report = fc.record(
  {
    lease,
    progress: fc.constantFrom('1', null),
    checkpoint: fc.constantFrom('{"step":1}', null),
    log: fc.array(line, { maxLength: 3 }),
  },
  { requiredKeys: ['lease'] },
)

/** What the maintainer does with a lease that ran out. */
const rescue = (world: World, job: JobRecord): Settlement => {
  const run = {
    started: job.started,
    startedAt: job.startedAt,
    at: world.clock.now(),
    by: 'maintainer',
    random: 0.5,
  }
  return decide(job, { kind: 'expired' }, run, resolvePolicy(job, {}))
}

export const working: readonly Kind[] = [
  kind('claim', fc.record({ worker, claim }), exchange),
  kind('settle', ending, (world, drawn) =>
    exchange(world, { worker: null, settle: settlementOf(world, drawn) }),
  ),
  kind('settle several', endings, (world, drawn) =>
    exchange(world, { worker: null, settle: drawn.flatMap((one) => settlementOf(world, one)) }),
  ),
  kind(
    'run to an end',
    fc.record({ worker, claim, ending, isUnwanted: fc.boolean() }),
    async (world, given) => {
      const jobs = await exchange(world, { worker: given.worker, claim: given.claim })
      const request = { at: 1, by: 'someone', reason: null }
      const requests = given.isUnwanted ? jobs.map(({ id }) => ({ id, request })) : []
      await world.both('requestCancel', (engine) => engine.requestCancel(requests))
      const leases = jobs.map(({ id, fence }) => ({ id, fence }))
      await exchange(world, { worker: given.worker, renew: { leases, leaseMs: 1_000, complete: true } })
      const settle = jobs.flatMap((job) => settlementOf(world, given.ending, job))
      await exchange(world, { worker: null, settle })
    },
  ),
  kind('settle again', fc.constant(null), (world) =>
    exchange(world, { worker: null, settle: world.lastSettle }),
  ),
  kind('start', fc.record({ worker, leases }), (world, given) =>
    exchange(world, { worker: given.worker, start: startsOf(world, given.leases) }),
  ),
  kind('renew', fc.record({ worker, leases, complete: fc.boolean() }), (world, given) => {
    const renew = { leases: leasesOf(world, given.leases), leaseMs: 30_000, complete: given.complete }
    return exchange(world, { worker: given.worker, renew })
  }),
  kind(
    'say everything at once',
    fc.record({ worker, endings, leases, complete: fc.boolean(), claim }),
    (world, given) =>
      exchange(world, {
        worker: given.worker,
        settle: given.endings.flatMap((one) => settlementOf(world, one)),
        start: startsOf(world, given.leases),
        renew: { leases: leasesOf(world, given.leases), leaseMs: 30_000, complete: given.complete },
        claim: given.claim,
      }),
  ),
  kind('claim at the same time', fc.array(claim, { minLength: 2, maxLength: 4 }), (world, claims) =>
    world.bothAtOnce(
      'claim',
      claims.map((one) => (engine) => engine.exchange({ worker: 'w3', claim: one })),
    ),
  ),
  kind('report', fc.array(report, { minLength: 1, maxLength: 3 }), async (world, drawn) => {
    const reports = drawn.flatMap(({ lease: at, ...values }) =>
      leasesOf(world, [at]).map(({ id, fence }) => ({ id, fence, ...values })),
    )
    const verdicts = await world.both('report', (engine) => engine.report(reports))
    for (const verdict of verdicts ?? []) world.tally.add(`report → ${verdict}`)
  }),
  kind(
    'rescue',
    fc.record({ limit, waitMs: fc.constantFrom(0, 500, 30_000, 30_000), claim }),
    async (world, given) => {
      world.clock.advance(given.waitMs)
      const found = await world.both('expired', (engine) =>
        engine.expired({ limit: given.limit, after: null }),
      )
      if (found === undefined || found.length === 0) return
      world.tally.add('expired → found')
      await exchange(world, { worker: null, settle: found.map((job) => rescue(world, job)) })
      // What ran out of its lease is handed out alone the next time.
      await exchange(world, { worker: 'w2', claim: given.claim })
    },
  ),
  kind('look for expired leases behind one', lease, async (world, at) => {
    const job = world.leaseOf(at)
    const after =
      job?.leaseUntil === undefined || job.leaseUntil === null
        ? null
        : { leaseUntil: job.leaseUntil, id: job.id }
    await world.both('expired', (engine) => engine.expired({ limit: 3, after }))
  }),
]
